"""What one view adds to the census (domain.md §3.6): numbers per cell, that sum up over all views in any order.

Every measure is a partition: its names are disjoint classes of one population, and no population is part of that of
another table. So no table can be subtracted from another: M1 tells changes of stage and M12 of school within a stage;
M3 handovers that wait and M5 those that are finished; M4 and M9 tell of the city what was done or may still be, and per
organisation (in bands) what is overdue, so that no sum over organisations stands anywhere.
Nothing depends on today: what does is told by date, and sorted into classes when tables are made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise

from hub.core import calendar
from hub.core.census.metrics import LONGER, OTHERWISE, STANDING, WAITING, WITHIN
from hub.core.life import school_year
from hub.core.views import (
    Census,
    Certificate,
    Enrolment,
    Group,
    Line,
    Offer,
    Onboard,
    Places,
    Progress,
    Tlv,
    Transfer,
    View,
)

LOST = frozenset({"wrong-recipient", "withdrawn", "purged"})
GRANTED = frozenset({"accepted", "temporary"})
OVERDUE = {
    "T06": "M3|standing|overdue/",
    "T07": "M4|standing|initial/",
    "T08": "M4|standing|follow-up/",
    "T10": "M9|standing|overdue/",
}
"""Signals that are counted per responsible organisation."""

LANGUAGE = {band: at for at, band in enumerate(("preA1", "A1", "A2", "B1", "B2", "C1", "C2"))}
LITERACY = {band: at for at, band in enumerate(("<1F", "1F", "2F", "3F", "4F"))} | {"1S": 2}
GAINS = ("none", "one", "two", "more")
ADJUSTED = {"yes": "adjusted", "partly": "partly", "no": "not-adjusted"}


def counts(view: View) -> dict[str, int]:
    """What one view adds to the census, as `metric|period|measure/category..`: only numbers above 0; {} for a line
    that went into another one. `STANDING` is the period of what stands, others are school years."""
    if isinstance(view, Line):
        return {} if view.merged_into else dict(Counter(_line(view)))
    if isinstance(view, Group):
        return {cell: n for cell, n in _group(view) if n}
    if isinstance(view, Offer):
        return dict(Counter(_offer(view)))
    if isinstance(view, Places):
        return {f"M2|{STANDING}|places/free": view.free} if view.free else {}
    return _erased(view)


def _erased(view: Census) -> dict[str, int]:
    """Aggregates tell of the past of the city, in which those who were erased took part."""
    return {cell: n for cell, n in view.kept.items() if n}


def _group(group: Group) -> Iterator[tuple[str, int]]:
    """M2. A rumour is not counted: it stays with gemeente and Taalcentrum."""
    if group.status == "arrived":
        yield f"M2|{STANDING}|minors/arrived", group.total
    elif group.certainty in ("", "rumour"):
        return
    elif group.status != "cancelled":
        yield f"M2|{STANDING}|minors/announced", group.total
    elif not group.waves:
        yield f"M2|{STANDING}|minors/not-come", group.total
        yield f"M2|{STANDING}|groups/not-come", 1


def _offer(offer: Offer) -> Iterator[str]:
    """M15: a school profile (sop) offers support until its last day."""
    if offer.kind == "sop":
        return (f"M15|{STANDING}|offers/{code}/{offer.valid_to}" for code in offer.codes)
    return iter(())


def _line(line: Line) -> Iterator[str]:
    yield from _stages(line.enrolments)
    if line.placements:
        yield from _newcomer(line)
    if line.transfers or line.signals:
        yield from _handovers(line)
    if line.certificates:
        yield from _certificates(line)
    for onboard in line.onboards:
        yield f"M7|{school_year(onboard.start)}|onboard/{_onboard(onboard, line)}"
    if line.tlvs and not line.closed_on:
        yield from _tlvs(line)
    yield from _care(line)
    yield from _results(line)


def _stages(enrolments: Iterable[Enrolment]) -> Iterator[str]:
    """M1 and M12, from one primary enrolment to the next."""
    steps = [e for e in enrolments if e.primary and e.start]
    if not steps:
        return
    yield f"M1|{school_year(steps[0].start)}|moves/none/{steps[0].stage}"
    for before, after in pairwise(steps):
        year = school_year(after.start)
        if before.stage != after.stage:
            yield f"M1|{year}|moves/{before.stage}/{after.stage}"
        elif before.org != after.org:
            yield f"M12|{year}|changes/{after.org}/{after.start[5:7]}"
    last = steps[-1]
    if last.end and last.reason not in ("death", "error"):
        yield f"M1|{school_year(last.end)}|moves/{last.stage}/none"


def _newcomer(line: Line) -> Iterator[str]:
    """M2: how long the first place of a newcomer took, from the first request."""
    asked = [p for p in line.placements if p.reason == "newcomer" and p.requested_on]
    if not asked:
        return
    first = min(p.requested_on for p in asked)
    granted = min((p.start or p.decided_on for p in asked if p.outcome in GRANTED), default="")
    waits = any(p.outcome in ("", "waitlisted") for p in asked)
    term = _term(first, granted) if granted else WAITING if waits else OTHERWISE
    yield f"M2|{school_year(first)}|persons/{term}"


def _term(first: str, granted: str) -> str:
    within = (term for term, months in WITHIN.items() if granted <= calendar.add_months(first, months))
    return next(within, LONGER)


def _handovers(line: Line) -> Iterator[str]:
    late = {(signal.rule, signal.subject.rpartition("/")[2]) for signal in line.signals}
    for transfer in line.transfers:
        if transfer.prepared_on:
            yield from _handover(transfer, late)
    for signal in line.signals:
        if signal.rule in OVERDUE:
            yield OVERDUE[signal.rule] + signal.responsible


def _handover(transfer: Transfer, late: set[tuple[str, str]]) -> Iterator[str]:
    """M3 while it waits, M5 when it is finished, M4 of warm ones; what is late is counted by its signal alone."""
    lost = transfer.state in LOST
    if transfer.acknowledged_on or lost:
        yield f"M5|{school_year(transfer.prepared_on)}|finished/{_finish(transfer)}"
    elif ("T06", transfer.id) not in late:
        yield f"M3|{STANDING}|waiting/{transfer.to_org}"
    if transfer.warm_needed and not lost and not {("T07", transfer.id), ("T08", transfer.id)} & late:
        done = transfer.warm_follow_up_on and "complete"
        phase = done or (transfer.warm_initial_on and "follow-up") or "initial"
        yield f"M4|{school_year(transfer.prepared_on)}|warm/{phase}"


def _finish(transfer: Transfer) -> str:
    if transfer.state not in LOST:
        return "accepted"
    wrong = "wrong-recipient" in (transfer.state, transfer.withdrawn_for)
    return "wrong-recipient" if wrong else "corrected"


def _certificates(line: Line) -> Iterator[str]:
    """M6. One of which only a recognition is known is not counted yet."""
    for one in line.certificates:
        if one.issuer:
            fate = "revoked" if one.status == "revoked" else _recognised(one.issuer, one, line)
            yield f"M6|{school_year(one.issued_on)}|certificates/{one.sector}/{fate}"


def _recognised(issuer: str, one: Certificate, line: Line) -> str:
    """Carried over when someone recognised it who was no party when it was issued: neither issuer nor school of that
    day."""
    if not one.recognised_by:
        return "open"
    day = one.issued_on
    there = {issuer, *(e.org for e in line.enrolments if e.start <= day and (not e.end or e.end >= day))}
    return "recognised" if there.issuperset(one.recognised_by) else "carried-over"


def _onboard(onboard: Onboard, line: Line) -> str:
    """M7: what came of it; while nothing did, whether both tracks are alive."""
    since = [e for e in line.enrolments if e.end >= onboard.start or not e.end]
    diploma = any(e.diploma not in ("", "none") and e.stage in ("vo", "vavo", "pro", "vso") for e in since)
    mbo = any(e.stage == "mbo" and e.primary and e.start > onboard.start for e in since)
    if diploma or mbo:
        return "diploma-mbo" if diploma and mbo else "diploma" if diploma else "mbo"
    tracks = [p for p in line.participations if p.kind in ("onboard-vo", "onboard-mbo")]
    alive = {p.kind for p in tracks if not p.end}
    return ("stopped", "one-track", "both-tracks")[len(alive)]


def _tlvs(line: Line) -> Iterator[str]:
    """M8: the last TLV of each kind by its month of end, and whether the learner is where it is for."""
    last: dict[str, Tlv] = {}
    for tlv in line.tlvs:
        if tlv.action in ("granted", "renewed", "expired") and tlv.end >= last.get(tlv.kind, tlv).end:
            last[tlv.kind] = tlv
    stages = {e.stage for e in line.enrolments if not e.end}
    for kind, tlv in last.items():
        used = ("vo" if kind == "lwoo" else kind) in stages
        yield f"M8|{STANDING}|{'used' if used else 'spare'}/{kind}/{tlv.end[:7]}"


def _care(line: Line) -> Iterator[str]:
    """M9, M10 and M15."""
    for review in line.reviews:
        yield f"M9|{review.year}|held/{review.moment}/{review.outcome}"
    if line.closed_on:
        return
    for absence in line.absences:
        if absence.since and not absence.closed_on:
            yield f"M10|{STANDING}|open/{absence.kind}/{absence.since[:7]}"
    for code, until in sorted({(s.code, s.until) for s in line.supports if s.code and s.direction != "end"}):
        yield f"M15|{STANDING}|asked/{code}/{until}"


def _results(line: Line) -> Iterator[str]:
    """M11 and M13."""
    for advice in line.advice:
        if advice.moment == "definitive":
            yield f"M11|{advice.year}|advice/{ADJUSTED.get(advice.adjusted, 'not-applicable')}"
    for told in line.progress:
        if told.moment == "vo-year3" and told.versus_advice:
            yield f"M11|{school_year(told.on)}|year3/{told.versus_advice}"
    before = [p for p in line.progress if p.moment == "language-before"]
    after = [p for p in line.progress if p.moment == "language-after"]
    if before and after:
        yield from _gain(before[0], after[-1])


def _gain(before: Progress, after: Progress) -> Iterator[str]:
    """Bands between the first measurement and the last, on the same scale."""
    for scale, first, last in (
        (LANGUAGE, before.erk, after.erk),
        (LITERACY, before.reference, after.reference),
    ):
        if first in scale and last in scale:
            bands = min(max(scale[last] - scale[first], 0), len(GAINS) - 1)
            yield f"M13|{school_year(after.on)}|gain/{GAINS[bands]}"
            return
