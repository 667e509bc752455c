"""Which organisations have to do with a line, and which still have: the one idea of an active relation (domain.md
§3.6, D5)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from hub.core.line import regions, stays, transfers
from hub.core.views import Line, Support, Tlv


class Tie(NamedTuple):
    """`case` when it is about a case alone (support, TLV, absence), which is no reason to see the rest of the line."""

    org: str
    active: bool
    case: bool = False


def ties(line: Line) -> Iterator[Tie]:
    """Every tie of every organisation named in the line; one may have several. None is active on a closed line."""
    for tie in (*_at_school(line), *_on_the_way(line), *_cases(line), *_past(line)):
        if tie.org:
            yield tie._replace(active=False) if line.closed_on else tie


def _at_school(line: Line) -> Iterator[Tie]:
    enrolled = {e.id for e in stays.running(line)}
    for e in line.enrolments:
        yield Tie(e.org, e.id in enrolled)
    for p in line.participations:
        yield Tie(p.org, not p.end)


def _on_the_way(line: Line) -> Iterator[Tie]:
    """Who waits for the learner. A wrong receiver loses the line at once (scenario S6)."""
    for t in line.transfers:
        awaited = t.state == "complete" and stays.expected(line, t.to_org, t.prepared_on, t.planned_start)
        here = t.state in transfers.OPEN and not stays.gone(line, t.to_org, t.prepared_on)
        yield Tie(t.to_org, awaited or here)
        yield Tie(t.from_org, False)
    for p in line.placements:
        yield Tie(p.to_org, p.outcome in stays.PLACED and regions.awaited(line, p))
        yield Tie(p.asked_by, False)


def _cases(line: Line) -> Iterator[Tie]:
    """A school that the learner left has no more to do with support there; an open absence is of who told it."""
    day = line.as_of[:10]
    for support in line.supports:
        for org in (support.org, support.told_by):
            yield Tie(org, _runs(support, day) and not stays.gone(line, org), True)
    for tlv in line.tlvs:
        for org in (tlv.org, tlv.requested_by):
            yield Tie(org, _holds(tlv, day) and not stays.gone(line, org), True)
    for absence in line.absences:
        for org in (absence.last_org, absence.told_by):
            yield Tie(org, not absence.closed_on, True)


def _runs(support: Support, day: str) -> bool:
    """As of the newest fact: a view knows no today."""
    return regions.running(support) and (not support.until or support.until >= day)


def _holds(tlv: Tlv, day: str) -> bool:
    return tlv.action in ("granted", "renewed") and tlv.end >= day


def _past(line: Line) -> Iterator[Tie]:
    """Named, and no reason to see anything."""
    for moved in line.returns:
        yield Tie(moved.from_org, False)
        yield Tie(moved.to_org, False)
    told = [a.org for a in line.advice] + [r.org for r in line.reviews] + [p.org for p in line.progress]
    for org in told:
        yield Tie(org, False)
    for certificate in line.certificates:
        for org in (certificate.issuer, *certificate.effects):
            yield Tie(org, False)
