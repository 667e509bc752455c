"""T04: who must go to school and is enrolled nowhere; T17: who changed school again and again."""

from __future__ import annotations

from collections.abc import Iterator

from hub.core import calendar, life
from hub.core.case import Case
from hub.core.facts import Data
from hub.core.gaps.gap import Gap, aged, fresh, on, raised, told
from hub.core.state import Fact

_DUTY_FROM, _DUTY_TO = 5, 18
_SETTLED = frozenset({"exempt", "moved", "reached-18"})
_NO_SCHOOL = frozenset({"opvang", "work", "none"})


def ended(case: Case) -> Iterator[Gap]:
    """T04: enrolment ended, nothing new: 7 days to the school, 28 days to leerplicht. No longer from 18 on."""
    known = case.facts.stays()
    left = [(end, start) for start, end in known if end and start.data["primary"]]
    month = case.facts.birth_month if left else ""
    if not month:
        return
    end, start = max(left, key=lambda pair: (pair[0].data["endOn"], pair[0].data["enrolmentId"]))
    day = end.data["endOn"]
    if _went_on(known, start, day) or not _duty(case, month, day):
        return
    rules = case.policy.rules
    terms = (
        on("warn", calendar.add_days(day, rules.enrolment_gap_warn_days)),
        on("breach", calendar.add_days(day, rules.enrolment_gap_breach_days)),
    )
    subject = f"enrolment/{end.data['enrolmentId']}"
    adult = aged(month, 12 * _DUTY_TO)
    yield from raised("T04", subject, start.data["orgId"], told(start, end), *terms, until=adult)


def _went_on(known: list[tuple[Fact, Fact | None]], left: Fact, day: str) -> bool:
    """Another enrolment runs, or started since."""
    others = ((start, end) for start, end in known if start is not left)
    return any(end is None or start.data["startOn"] >= day for start, end in others)


def _duty(case: Case, month: str, day: str) -> bool:
    """Leerplicht, then kwalificatieplicht (domain.md §5.3), and no exemption given since."""
    if not _DUTY_FROM <= life.age_on(month, day) < _DUTY_TO or life.qualified(case.facts):
        return False
    closed = (data for _, data in case.facts.each("absence", "closed"))
    return not any(data["how"] in _SETTLED and data["closedOn"] >= day for data in closed)


def changes(case: Case) -> Iterator[Gap]:
    """T17: three schools within 24 months, for the information of the third, as long as the months hold."""
    rules = case.policy.rules
    if len(case.facts.family("enrolment")) < rules.changes:
        return
    schools = _schools(case)
    for place in range(len(schools) - rules.changes + 1):
        some = schools[place : place + rules.changes]
        last = some[-1].data
        over = calendar.add_months(some[0].data["startOn"], rules.changes_months)
        if last["startOn"] < over:
            known = told(*(fresh(start, rules.calendar) for start in some))
            term = on("info", last["startOn"])
            subject = f"enrolment/{last['enrolmentId']}"
            yield from raised("T17", subject, last["orgId"], known, term, key="T17", until=over)


def _schools(case: Case) -> list[Fact]:
    """Starts of primary enrolments by date. A new one at the same school is no change."""
    starts = [start for start, _ in case.facts.stays() if _counts(start.data)]
    found: list[Fact] = []
    for start in sorted(starts, key=lambda start: (start.data["startOn"], start.data["enrolmentId"])):
        if not found or found[-1].data["orgId"] != start.data["orgId"]:
            found.append(start)
    return found


def _counts(start: Data) -> bool:
    return start["primary"] and start["stage"] not in _NO_SCHOOL
