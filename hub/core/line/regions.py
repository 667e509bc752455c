"""The state of a line: five regions that move apart from one another, and the status derived from them (domain.md
§3.2)."""

from __future__ import annotations

from hub.core.codes import START_QUALIFICATION
from hub.core.facts import Facts
from hub.core.line import stays, transfers
from hub.core.views import Absence, Enrolment, Line, Placement, Regions, Support

_WAITING = ("", "waitlisted", "temporary", "accepted")
"""Outcomes of a placement while it is open, the furthest last; "" is a request that nobody decided on."""


def regions(line: Line) -> Regions:
    return Regions(
        enrolment=_enrolment(line),
        participation=sorted(p.kind for p in line.participations if not p.end),
        transfer=min((t.state for t in line.transfers), key=transfers.GRAVEST.index, default="none"),
        support=str(max((s.level for s in line.supports if running(s)), default=0)),
        tlv=line.tlvs[-1].action if line.tlvs else "none",
        attendance=_attendance(line.absences),
    )


def running(support: Support) -> bool:
    return support.direction != "end"


def _enrolment(line: Line) -> str:
    if stays.running(line):
        return "enrolled"
    waiting = [_WAITING.index(p.outcome) for p in line.placements if awaited(line, p)]
    if waiting:
        return _WAITING[max(waiting)] or "requested"
    return "ended" if stays.counted(line) else "none"


def awaited(line: Line, placement: Placement) -> bool:
    """Whether a request is open, or the place that it gave has still to be taken."""
    since = placement.decided_on or placement.requested_on
    return placement.outcome in _WAITING and stays.expected(
        line, placement.to_org, since, placement.start, placement.stage
    )


def _attendance(absences: list[Absence]) -> str:
    known = [a for a in absences if a.how != "error"]
    open_ = sorted(a.kind for a in known if not a.closed_on)
    return open_[0] if open_ else "closed" if known else "ok"


def status(line: Line) -> str:
    if line.closed_on:
        return "left-region" if line.close_reason == "left-region" else "closed"
    if on_the_way(line):
        return "in-transition"
    enrolled = stays.counted(line)
    if not enrolled:
        return "anticipated" if line.placements and not line.participations else "active"
    if stays.running(line):
        return "active"
    return _after(enrolled)


def _after(enrolled: list[Enrolment]) -> str:
    """Nobody enrols the learner any more: no gap with a startkwalificatie (domain.md §5.3)."""
    if any(e.diploma in START_QUALIFICATION for e in enrolled):
        return "active"
    return "left-region" if max(enrolled, key=lambda e: (e.end, e.id)).reason == "moved-out" else "gap"


def on_the_way(line: Line) -> bool:
    """Whether a school waits for the learner: by a handover that is not finished, or by a place it gave."""
    return any(
        t.state in transfers.OPEN and not stays.came(line, t.to_org, t.prepared_on) for t in line.transfers
    ) or any(p.outcome in stays.PLACED and awaited(line, p) for p in line.placements)


def close(line: Line, facts: Facts) -> None:
    """Writes whether and why the line is closed. A death closes it whoever tells it: E29, or the school by E9."""
    told = facts.closing
    died = next((e for e in line.enrolments if e.reason == "death"), None)
    if told is not None:
        line.closed_on, line.close_reason = told["closedOn"], told["reason"]
    elif died is not None:
        line.closed_on, line.close_reason = died.end, "deceased"
