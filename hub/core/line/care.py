"""Support, TLV, ijkpunten and absence of a line: all of it P2 (domain.md §2.6)."""

from __future__ import annotations

from hub.core.facts import Facts, Parts
from hub.core.line.rows import data, newest, rows
from hub.core.views import Absence, Review, Support, Tlv


def tlvs(facts: Facts) -> list[Tlv]:
    """In order of decision, the newest last."""
    return rows(facts, "tlv", _tlv, lambda t: (t.on, t.end, t.ref))


def _tlv(ref: str, parts: Parts) -> Tlv:
    told = data(parts, "decided")
    return Tlv(
        ref=ref,
        kind=told.get("kind", ""),
        category=told.get("category", ""),
        start=told.get("from", ""),
        end=told.get("to", ""),
        action=told.get("action", ""),
        requested_by=told.get("requestedBy", ""),
        org=told.get("orgId", ""),
        on=told.get("occurredOn", ""),
        at=newest(parts.values()),
    )


def supports(facts: Facts) -> list[Support]:
    return rows(facts, "support", _support, lambda s: (s.start, s.id))


def _support(id: str, parts: Parts) -> Support:
    told = data(parts, "changed")
    return Support(
        id=id,
        org=told.get("atOrg") or told.get("orgId", ""),
        level=told.get("level", 0),
        direction=told.get("direction", ""),
        start=told.get("from", ""),
        until=told.get("until", ""),
        code=told.get("supportCode", ""),
        evaluated_on=told.get("oppEvaluatedOn", ""),
        told_by=told.get("orgId", ""),
        at=newest(parts.values()),
    )


def reviews(facts: Facts) -> list[Review]:
    return rows(facts, "review", _review, lambda r: (r.held_on, r.moment, r.year))


def _review(id: str, parts: Parts) -> Review:
    """`id` is the moment and the school year: `end-groep5.2026-2027`."""
    told = data(parts, "held")
    moment, _, year = id.partition(".")
    return Review(
        moment=moment,
        year=year,
        held_on=told.get("heldOn", ""),
        outcome=told.get("outcome", ""),
        org=told.get("orgId", ""),
        at=newest(parts.values()),
    )


def absences(facts: Facts) -> list[Absence]:
    return rows(facts, "absence", _absence, lambda a: (a.since or a.closed_on, a.id))


def _absence(id: str, parts: Parts) -> Absence:
    opened, closed = data(parts, "opened"), data(parts, "closed")
    return Absence(
        id=id,
        kind=opened.get("kind", ""),
        since=opened.get("since", ""),
        cause=opened.get("causeCode", ""),
        last_org=opened.get("lastOrg", ""),
        told_by=opened.get("orgId") or closed.get("orgId", ""),
        closed_on=closed.get("closedOn", ""),
        how=closed.get("how", ""),
        at=newest(parts.values()),
    )
