"""Which enrolments still run, and whether a learner came where a place was waiting."""

from __future__ import annotations

from collections.abc import Iterator

from hub.core.line.transfers import LOST
from hub.core.views import Enrolment, Line, Onboard

PLACED = frozenset({"accepted", "temporary"})
"""Outcomes of E7 that give a place."""


def counted(line: Line) -> list[Enrolment]:
    """Without those that were told by mistake."""
    return [e for e in line.enrolments if e.reason != "error"]


def running(line: Line) -> list[Enrolment]:
    """Enrolments without an end, newest first. One that a later primary enrolment came from is taken as left, though
    its own end has not come in yet (scenario S7); never one side of an ONboard double track."""
    open_ = [e for e in line.enrolments if not e.end]
    if len(open_) > 1:
        left = set(_left(line))
        open_ = [e for e in open_ if not any(org == e.org and e.start < day for org, day in left)]
        open_.sort(key=lambda e: (e.start, e.id), reverse=True)
    return open_


def _left(line: Line) -> Iterator[tuple[str, str]]:
    """Organisations left, and the day of the start elsewhere: by the enrolment itself (`from`), by a handover between
    the two, or by a return. No link is guessed (domain.md D4)."""
    for new in line.enrolments:
        if not new.primary or not new.start:
            continue
        origins = {new.came_from} if new.came_from else set()
        origins |= {t.from_org for t in line.transfers if t.to_org == new.org and t.state not in LOST}
        origins |= {r.from_org for r in line.returns if r.to_org == new.org}
        for org in origins:
            if org != new.org and not double_track(line.onboards, org, new.org):
                yield org, new.start


def double_track(onboards: list[Onboard], *orgs: str) -> bool:
    """Whether these are the two sides of one ONboard."""
    return bool(onboards) and any(set(orgs) == {one.vo_school, one.mbo_org} for one in onboards)


def expected(line: Line, org: str, since: str, start: str, stage: str = "") -> bool:
    """Whether a learner who was given a place on the day `since` has still to come: never came, and did not start
    elsewhere instead, be it on the planned day or later, or at a school of that stage."""
    return not came(line, org, since) and not any(
        e.primary
        and e.org != org
        and (e.start >= (start or since) or bool(stage and e.stage == stage and e.start > since))
        for e in counted(line)
    )


def came(line: Line, org: str, since: str) -> bool:
    """Whether the learner is or was there after that day."""
    return any(not end or end >= since for end in _stays(line, org))


def gone(line: Line, org: str, since: str = "") -> bool:
    """Whether the learner was there since that day and is no more."""
    return came(line, org, since) and org not in there(line)


def there(line: Line) -> set[str]:
    """Where the learner is enrolled or attends."""
    return {e.org for e in running(line)} | {p.org for p in line.participations if not p.end}


def _stays(line: Line, org: str) -> Iterator[str]:
    yield from (e.end for e in counted(line) if e.org == org)
    yield from (p.end for p in line.participations if p.org == org)
