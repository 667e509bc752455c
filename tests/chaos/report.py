"""What a run says: a line per fault while it goes on, and a table at its end. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from hub.core.catalogue.base import PREFIX
from tests.chaos.checker import Verdict
from tests.chaos.faults import Done
from tests.chaos.plan import Fault

SHOWN = 20
"""Repeats that nothing explains, and differences, of which more is told."""


def progress(done: Done, begun: float) -> str:
    """`begun` is when the load began (seconds since 1970)."""
    mark = "" if done.real else "   NO EFFECT"
    fault = done.fault
    return f"{done.began - begun:7.1f} s  #{fault.number:<4} {fault.name:20} {done.effect}{mark}"


def table(
    seed: int, planned: Sequence[Fault], done: Sequence[Done], verdict: Verdict, begun: float
) -> Iterator[str]:
    yield from _faults(planned, done)
    yield ""
    yield f"seed           {seed}"
    yield f"faults         {len(done)} of {len(planned)}, {sum(not d.real for d in done)} without effect"
    yield f"accepted       {verdict.accepted} events"
    back = f", {verdict.withdrawn} taken back before" if verdict.withdrawn else ""
    yield f"delivered      {verdict.delivered} of {verdict.promised} deliveries that the policy names{back}"
    yield f"lost           {verdict.lost}"
    yield f"out of order   {verdict.disordered}"
    yield f"duplicates     {len(verdict.repeats)}"
    for why, times in verdict.explained.most_common():
        yield f"  {times:6}  {why}"
    yield f"unexplained    {len(verdict.unexplained)}"
    for one in verdict.unexplained[:SHOWN]:
        yield f"         {one.at - begun:7.1f} s  {one.subscription} number {one.numbers[0]}, then {one.numbers[1]}"
    if verdict.resaid:
        yield f"signals said again under another id   {verdict.resaid}"
    yield f"longest stall  {_stall(verdict, begun)}"
    yield from _differences(verdict)
    yield "everything is as the policy says" if verdict.ok else "FAILED"


def _faults(planned: Sequence[Fault], done: Sequence[Done]) -> Iterator[str]:
    wanted = Counter(fault.name for fault in planned)
    real = Counter(d.fault.name for d in done if d.real)
    empty = Counter(d.fault.name for d in done if not d.real)
    yield f"{'fault':22}{'planned':>8}{'done':>6}{'no effect':>11}"
    for name in sorted(wanted):
        yield f"{name:22}{wanted[name]:8}{real[name]:6}{empty[name]:11}"


def _stall(verdict: Verdict, begun: float) -> str:
    stall = verdict.stall
    if stall is None:
        return "none"
    meanwhile = ", ".join(stall.faults) or "no fault meanwhile"
    return f"{stall.seconds:.1f} s at {stall.began - begun:.1f} s, {stall.subscription}: {meanwhile}"


def _differences(verdict: Verdict) -> Iterator[str]:
    for found, times in sorted(verdict.differences.items())[:SHOWN]:
        about = " · ".join(filter(None, (found.type.removeprefix(PREFIX), found.partner)))
        yield f"{times:6} x {found.what}" + (f": {about}" if about else "")
