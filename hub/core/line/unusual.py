"""Odd transitions: shown, and never refused (domain.md §3.3, D9)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from hub.core.line import stays
from hub.core.views import Enrolment, Line

NORMAL_NEXT: dict[str, frozenset[str]] = {
    "opvang": frozenset({"opvang", "po", "sbo", "so"}),
    "po": frozenset({"po", "sbo", "so", "vo", "pro", "vso"}),
    "sbo": frozenset({"po", "sbo", "so", "vo", "pro", "vso"}),
    "so": frozenset({"po", "sbo", "so", "vo", "pro", "vso"}),
    "isk": frozenset({"isk", "po", "vo", "pro", "vso", "mbo"}),
    "vo": frozenset({"vo", "isk", "pro", "vso", "vavo", "mbo", "hbo", "wo"}),
    "pro": frozenset({"vo", "pro", "vso", "mbo", "work"}),
    "vso": frozenset({"vo", "pro", "vso", "mbo", "work"}),
    "vavo": frozenset({"vavo", "mbo", "hbo", "wo"}),
    "mbo": frozenset({"mbo", "hbo", "work"}),
    "hbo": frozenset({"hbo", "wo", "work"}),
    "wo": frozenset({"wo", "hbo", "work"}),
    "work": frozenset({"vavo", "mbo", "work"}),
    "none": frozenset({"vavo", "mbo", "work"}),
}

AFTER_DROP_OUT = frozenset({"vavo", "mbo", "work"})
MBO_AT_MOST = {"isk": 2, "pro": 1, "vso": 1}
"""Highest mbo level that is a normal next step: entree, after isk also level 2."""

PO_FROM_MONTHS = 48
"""A child may start in po in the month of its fourth birthday."""


def unusual(line: Line) -> list[str]:
    return [*_primaries(line), *_ages(line), *_steps(line)]


def _primaries(line: Line) -> Iterator[str]:
    """Two running at once, but for the two sides of ONboard, which belong together."""
    orgs = [e.org for e in stays.running(line) if e.primary]
    if len(orgs) > 1 and not stays.double_track(line.onboards, *orgs):
        yield "two-primaries"


def _ages(line: Line) -> Iterator[str]:
    for e in line.enrolments:
        if e.stage == "po" and e.reason != "error" and line.birth_month:
            months = _months(e.start) - _months(line.birth_month)
            if months < PO_FROM_MONTHS:
                yield f"age-{months // 12}-po"


def _months(day: str) -> int:
    return int(day[:4]) * 12 + int(day[5:7])


def _steps(line: Line) -> Iterator[str]:
    steps = [e for e in stays.counted(line) if e.start and e.primary]
    for before, after in pairwise(steps):
        if not stays.double_track(line.onboards, before.org, after.org):
            yield from _step(before, after)


def _step(before: Enrolment, after: Enrolment) -> Iterator[str]:
    here, there = _place(before), _place(after)
    normal = NORMAL_NEXT.get(here, frozenset())
    if before.reason == "dropout":
        normal |= AFTER_DROP_OUT
    if there not in normal:
        yield f"{here}-{there}"
    elif there == "mbo" and after.mbo_level > MBO_AT_MOST.get(here, after.mbo_level):
        yield f"{here}-mbo{after.mbo_level}"


def _place(enrolment: Enrolment) -> str:
    return "isk" if enrolment.level == "isk" else enrolment.stage
