"""Where a learner is, was and asked to be: enrolments, participations, placements and returns (domain.md D3)."""

from __future__ import annotations

from collections.abc import Iterator

from hub.core.facts import Facts, Parts
from hub.core.line.rows import data, newest, privacy, rows
from hub.core.views import Enrolment, Onboard, Participation, Placement, Return


def enrolments(facts: Facts) -> list[Enrolment]:
    return rows(facts, "enrolment", _enrolment, lambda e: (e.start or e.end, e.id))


def _enrolment(id: str, parts: Parts) -> Enrolment:
    start, end = data(parts, "start"), data(parts, "end")
    level = start.get("level", "")
    return Enrolment(
        id=id,
        org=start.get("orgId") or end.get("orgId", ""),
        stage=start.get("stage", ""),
        year=start.get("year", ""),
        level=",".join(level) if isinstance(level, list) else level,
        start=start.get("startOn", ""),
        end=end.get("endOn", ""),
        reason=end.get("reason", ""),
        diploma=end.get("diploma", ""),
        next_org=end.get("nextOrg", ""),
        primary=start.get("primary", False),
        mbo_level=start.get("mboLevel", 0),
        code=start.get("code", ""),
        came_from=start.get("from", ""),
        privacy=privacy(parts),
        at=newest(parts.values()),
    )


def onboards(facts: Facts) -> list[Onboard]:
    return rows(facts, "onboard", _onboard, lambda o: (o.start, o.id))


def _onboard(id: str, parts: Parts) -> Onboard:
    told = data(parts, "enrolled")
    return Onboard(
        id=id,
        base=told.get("baseEnrolment", ""),
        vo_school=told.get("voSchool", ""),
        mbo_org=told.get("mboOrg", ""),
        start=told.get("startOn", ""),
        planned_exam=told.get("plannedExam", ""),
        told_by=told.get("orgId", ""),
        at=newest(parts.values()),
    )


def participations(facts: Facts, enrolled: list[Enrolment], onboarded: list[Onboard]) -> list[Participation]:
    """Also the two tracks of ONboard, unless they are told as participations of their own (E10)."""
    found = rows(facts, "participation", _participation, _by_start)
    known = {(p.kind, p.org) for p in found} if onboarded else set()
    for one in onboarded:
        found += [t for t in _tracks(one, enrolled) if (t.kind, t.org) not in known]
    return sorted(found, key=_by_start)


def _by_start(row: Participation) -> tuple[str, str]:
    return (row.start or row.end, row.id)


def _participation(id: str, parts: Parts) -> Participation:
    start, end = data(parts, "start"), data(parts, "end")
    return Participation(
        id=id,
        kind=start.get("kind") or end.get("kind", ""),
        org=start.get("atOrg") or end.get("orgId", ""),
        start=start.get("startOn", ""),
        planned_end=start.get("plannedEnd", ""),
        end=end.get("endOn", ""),
        result=end.get("result", ""),
        enrolment=start.get("enrolmentId", ""),
        sector=start.get("sector", ""),
        erk=end.get("erkBand", ""),
        next_org=end.get("next", ""),
        privacy=_class(parts),
        at=newest(parts.values()),
    )


def _class(parts: Parts) -> str:
    """An end that does not say what ended is P2 by itself; its start knows better."""
    start = parts.get("start")
    return start.privacy if start and "kind" not in data(parts, "end") else privacy(parts)


def _tracks(onboard: Onboard, enrolled: list[Enrolment]) -> Iterator[Participation]:
    """ONboard is two tracks at once (domain.md §3.4); each ends with the enrolment at its own school."""
    for kind, org in (("onboard-vo", onboard.vo_school), ("onboard-mbo", onboard.mbo_org)):
        here = [e for e in enrolled if e.org == org and (not e.end or e.end >= onboard.start)]
        last = max(here, key=lambda e: (e.end, e.id)) if here and all(e.end for e in here) else None
        yield Participation(
            f"{onboard.id}/{kind}",
            kind,
            org,
            onboard.start,
            end=last.end if last else "",
            result=_result(last) if last else "",
            at=onboard.at,
        )


def _result(ended: Enrolment) -> str:
    return "completed" if ended.reason == "graduated" else "stopped"


def placements(facts: Facts) -> list[Placement]:
    return rows(facts, "placement", _placement, lambda p: (p.requested_on or p.decided_on, p.id))


def _placement(id: str, parts: Parts) -> Placement:
    asked, decided = data(parts, "requested"), data(parts, "decided")
    return Placement(
        id=id,
        to_org=asked.get("toOrg") or decided.get("orgId", ""),
        asked_by=asked.get("orgId", ""),
        stage=asked.get("stage", ""),
        reason=asked.get("reason", ""),
        requested_on=asked.get("occurredOn", ""),
        rank=asked.get("preferenceRank", 0),
        support=asked.get("supportExpected", False),
        outcome=decided.get("outcome", ""),
        decided_on=decided.get("decidedOn", ""),
        start=decided.get("startOn") or asked.get("requestedStart", ""),
        privacy=privacy(parts),
        at=newest(parts.values()),
    )


def returns(facts: Facts) -> list[Return]:
    return rows(facts, "return", _return, lambda r: (r.on, r.id))


def _return(id: str, parts: Parts) -> Return:
    told = data(parts, "moved")
    return Return(
        id=id,
        direction=told.get("direction", ""),
        from_org=told.get("from", ""),
        to_org=told.get("toOrg", ""),
        on=told.get("occurredOn", ""),
        privacy=privacy(parts),
        at=newest(parts.values()),
    )
