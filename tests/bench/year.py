"""How fast the core is on the generated year of Almere, on one core and without Kafka.

`python -m tests.bench.year [EVENTS [RUNS]]`. Three figures: `step` alone (admitted events on states that are kept as
objects; what an event asks of other aggregates is left out), the same events folded into plain dictionaries without
routing, rules or journal (the floor), and a whole replay as `hub replay` does it: door, commands, clocks, snapshots.
The collector of garbage is set as in the processor. When `make wheel` has made a wheel of the sources as they are, also
`step` of its compiled core. With 156000 events also the volume of every flow is held against domain.md §4.3.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from hub import directory
from hub.core.directory import Directory
from hub.core.offline import Offline
from hub.core.policy import Policy
from hub.demo import story
from hub.demo.lives import FLOWS
from hub.demo.run import DIRECTORY
from hub.replay import Arrival, Door, fold
from hub.stream import garbage
from tests.bench import compiled
from tests.bench.steps import Fed, admitted, arrivals, rate, steps, tell
from tests.bench.table import median, show

EVENTS, RUNS = 40_000, 3


class Rates(NamedTuple):
    """Events per second, best of the runs."""

    step: float
    plain: float
    replay: float


def main(events: int = EVENTS, runs: int = RUNS) -> Rates:
    """Prints the comparison."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    try:
        return compare(events, runs)
    finally:
        os.sched_setaffinity(0, cores)


def compare(events: int, runs: int) -> Rates:
    partners = Directory(directory.load(DIRECTORY))
    begun = time.perf_counter()
    told = tell(partners, events)
    print(f"{len(told):,} events told in {time.perf_counter() - begun:.1f} s")
    volumes(Counter(one.flow for one in told), events)
    given = arrivals(told)
    policy = Policy(partners)
    fed = admitted(given, partners)
    jobs: dict[str, Callable[[], int]] = {
        "step": lambda: steps(fed, policy),
        "plain dictionaries": lambda: plain(fed),
        "whole replay": lambda: replay(given, policy),
    }
    garbage.settle()
    rates = {name: [rate(job) for _ in range(runs)] for name, job in jobs.items()}
    if wheel := compiled.current():
        with compiled.unpacked(wheel) as core:
            rates["step, compiled"] = compiled.ask(core, events, runs).rates
    lines = [(name, f"{max(done):,.0f}", median(done)) for name, done in rates.items()]
    show(
        f"The year: {len(fed):,} admitted events, one core",
        ("", "best events/s", "median (least-most)"),
        lines,
    )
    return Rates(*(max(rates[name]) for name in jobs))


def volumes(told: Counter[str], events: int) -> None:
    """Raises AssertionError when a flow of a full year is a tenth off."""
    shares = {flow: told[flow] / (size * events / story.FULL) for flow, size in FLOWS.items()}
    print(
        "  of what domain.md §4.3 wants: "
        + ", ".join(f"{flow} {share:.0%}" for flow, share in shares.items())
    )
    assert events < story.FULL or all(0.9 < share < 1.1 for share in shares.values())


def plain(fed: Sequence[Fed]) -> int:
    """What any fold must do: know a repeat, keep the newest of each thing, per key."""
    states: dict[bytes, dict[str, object]] = {}
    seen: set[tuple[str, str]] = set()
    for one, _ in fed:
        event = one.event
        named = (event.source, event.id)
        if named not in seen:
            seen.add(named)
            states.setdefault(one.key, {})[f"{event.type}/{event.subject}"] = event.data
    return len(fed)


def replay(given: Sequence[Arrival], policy: Policy) -> int:
    fold(given, Door(policy.directory), Offline(policy))
    return len(given)


if __name__ == "__main__":
    chosen = [int(argument) for argument in sys.argv[1:]]
    main(*chosen, *(EVENTS, RUNS)[len(chosen) :])
