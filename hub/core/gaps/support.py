"""T09: a TLV that ends; T10: an ijkpunt that was not held (domain.md F21, F22)."""

from __future__ import annotations

from collections.abc import Iterator

from hub.core import calendar, life
from hub.core.case import Case
from hub.core.codes import SPECIAL_STAGES
from hub.core.facts import Data
from hub.core.gaps.gap import Gap, Term, after, fresh, left_on, on, raised, told
from hub.core.rules import Calendar
from hub.core.state import Fact

_MOMENTS = {"2": "end-kleuter", "5": "end-groep5", "12": "end-klas2"}
"""Year group (CL-YEAR) at the end of which an ijkpunt is held."""
_YEAR_BEFORE = {"3": "2", "6": "5", "13": "12"}


def ending(case: Case) -> Iterator[Gap]:
    """T09: the last TLV of a learner ends: info half a year before, warnings after that, and a breach when the learner
    is in special education or pro without one. To the school that has the learner, else the one that asked for it.

    A later TLV takes the place of an earlier one. Who leaves before the end needs no new one.
    """
    decided = [parts["decided"] for parts in case.facts.family("tlv").values() if "decided" in parts]
    tlv = max((fact for fact in decided if fact.data["action"] != "refused"), key=_order, default=None)
    if tlv is None:
        return
    ends = _end(tlv.data)
    there = _enrolled(case, tlv.data["kind"])
    stay = [(start.data, left_on(end)) for start, end in there if end is None or end.data["endOn"] > ends]
    if there and not stay:
        return
    terms = [*_notices(ends, case.policy.rules.tlv_notice)]
    school, until = tlv.data["requestedBy"], calendar.add_days(ends, 1)
    if stay:
        here, until = max(stay, key=lambda pair: (pair[0]["startOn"], pair[0]["enrolmentId"]))
        school = here["orgId"]
        terms.append(after("breach", ends))
    yield from raised("T09", f"tlv/{tlv.data['tlvRef']}", school, told(tlv), *terms, until=until)


def _order(tlv: Fact) -> tuple[str, str]:
    return _end(tlv.data), tlv.data["tlvRef"]


def _end(tlv: Data) -> str:
    """Last day of a TLV; one that is taken back ends on that day."""
    ends = str(tlv["to"])
    return min(ends, tlv["occurredOn"]) if tlv["action"] == "revoked" else ends


def _enrolled(case: Case, kind: str) -> list[tuple[Fact, Fact | None]]:
    """Enrolments that need a TLV of that kind."""
    stages = {*SPECIAL_STAGES, "vo"} if kind == "lwoo" else SPECIAL_STAGES
    return [pair for pair in case.facts.stays() if pair[0].data["stage"] in stages]


def _notices(ends: str, notices: tuple[str, ...]) -> Iterator[Term]:
    """The first is for information, later ones warn. Each tells its own day, so each is told anew."""
    for number, notice in enumerate(notices):
        yield on("warn" if number else "info", calendar.before(ends, notice))


def unreviewed(case: Case) -> Iterator[Gap]:
    """T10: of learners with support or a TLV, in groep 2, groep 5 and klas 2: no ijkpunt by 31 July.

    Also settled by one held later, and by a TLV renewed in that school year or since (scenario S11).
    """
    dates = case.policy.rules.calendar
    for start, end in case.facts.stays():
        year, first, known = _in_year(start, dates)
        moment = _MOMENTS.get(year)
        last = calendar.last_school_day(first, dates)
        left = end is not None and end.data["endOn"] < last
        if moment is None or left or not start.data["primary"] or not _supported(case, last):
            continue
        if not _reviewed(case, moment, first):
            subject = f"review/{moment}.{life.school_year(first)}"
            due = calendar.in_year(dates.review_by, first, dates)
            yield from raised("T10", subject, start.data["orgId"], known, after("breach", due))


def _in_year(start: Fact, dates: Calendar) -> tuple[str, str, str]:
    """Year group, first day of the school year in it, and from when a clock may judge that.

    An enrolment tells one year group, the newest. Told at roll-over it hides the last one, whose ijkpunt is due on
    that very day: then the year before counts.
    """
    told_for = max(start.data["startOn"], start.data["occurredOn"])
    first = calendar.year_start(told_for, dates)
    year = str(start.data.get("year") or "")
    if year in _YEAR_BEFORE and fresh(start, dates) is None:
        return _YEAR_BEFORE[year], calendar.add_months(first, -12), ""
    return year, first, told(start)


def _supported(case: Case, day: str) -> bool:
    given = (data for _, data in case.facts.each("support", "changed"))
    return life.has_tlv(case.facts, day) or any(_runs(data, day) for data in given)


def _runs(support: Data, day: str) -> bool:
    if support["level"] == 0 or support["direction"] == "end":
        return False
    return bool(support["from"] <= day <= (support.get("until") or day))


def _reviewed(case: Case, moment: str, first: str) -> bool:
    held = (data for _, data in case.facts.each("review", "held"))
    if any(data["moment"] == moment and data["heldOn"] >= first for data in held):
        return True
    tlvs = (data for _, data in case.facts.each("tlv", "decided"))
    return any(data["action"] == "renewed" and data["occurredOn"] >= first for data in tlvs)
