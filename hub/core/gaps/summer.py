"""T14: zomerlek, a learner who meant to go to mbo and never arrived (domain.md F39)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from hub.core import calendar
from hub.core.case import Case
from hub.core.facts import Data
from hub.core.gaps.gap import Gap, on, raised, told
from hub.core.partners import Role
from hub.core.rules import Calendar
from hub.core.state import Fact

_FROM = frozenset({"vo", "pro", "vso", "vavo"})
_ARRIVED = frozenset({"mbo", "hbo", "wo"})
_TO_MBO = frozenset({"VOMBO", "WECMBO"})


class _Intent(NamedTuple):
    """A sign that a learner goes to mbo after the day `start`; `org` told it."""

    start: str
    subject: str
    fact: Fact
    org: str


def _accepted(case: Case) -> Iterator[_Intent]:
    for asked, decided in case.facts.couples("placement"):
        if decided is None or asked.data["reason"] != "vo-mbo" or decided.data["outcome"] != "accepted":
            continue
        start = decided.data.get("startOn") or asked.data.get("requestedStart") or decided.data["decidedOn"]
        yield _Intent(start, f"placement/{asked.data['requestId']}", decided, asked.data["orgId"])


def _handed_over(case: Case) -> Iterator[_Intent]:
    for prepared, withdrawn in case.facts.couples("handover"):
        data = prepared.data
        if withdrawn is None and data["transfer"] in _TO_MBO:
            yield _Intent(data["plannedStart"], f"handover/{data['handoverId']}", prepared, data["fromOrg"])


def _left_for(case: Case) -> Iterator[_Intent]:
    """Left vo for an organisation that is an mbo and no vo school as well."""
    for start, end in case.facts.stays():
        if end is None or start.data["stage"] not in _FROM:
            continue
        if any(p.has(Role.MBO) and not p.has(Role.VO) for p in case.partner(end.data.get("nextOrg"))):
            id = start.data["enrolmentId"]
            yield _Intent(end.data["endOn"], f"enrolment/{id}", end, start.data["orgId"])


_SIGNS = (
    (("placement", "decided"), _accepted),
    (("handover", "prepared"), _handed_over),
    (("enrolment", "end"), _left_for),
)
"""What tells of them, by the kind of fact without which it has nothing to tell."""


def not_arrived(case: Case) -> Iterator[Gap]:
    """No mbo enrolment on 1 October: to the school that the learner left, and the doorstroompunt at once."""
    kinds = case.facts.kinds
    meant = [intent for kind, sign in _SIGNS if kind in kinds for intent in sign(case)]
    if not meant:
        return
    dates = case.policy.rules.calendar
    day = max(calendar.next_fixed(dates.count_day, intent.start) for intent in meant)
    meant = [intent for intent in meant if calendar.next_fixed(dates.count_day, intent.start) == day]
    if _elsewhere(case, day, dates):
        return
    first = min(meant, key=lambda intent: intent.subject)
    known = min(told(intent.fact) for intent in meant)
    school = _school(case) or first.org
    yield from raised("T14", first.subject, school, known, on("breach", day), key=f"T14/{day}")


def _elsewhere(case: Case, day: str, dates: Calendar) -> bool:
    """Enrolled in mbo or further, stayed in or went to another school this school year, or on ONboard."""
    first = calendar.year_start(day, dates)
    if any(data["startOn"] >= first for _, data in case.facts.each("onboard", "enrolled")):
        return True
    here = (start.data for start, end in case.facts.stays() if end is None or end.data["endOn"] >= day)
    return any(start["stage"] in _ARRIVED or _told(start) >= first for start in here)


def _told(start: Data) -> str:
    """The last day on which an enrolment was said to begin or go on."""
    return str(max(start["startOn"], start["occurredOn"]))


def _school(case: Case) -> str:
    """The last vo school."""
    known = [
        (start.data["startOn"], start.data["enrolmentId"], start.data["orgId"])
        for start, _ in case.facts.stays()
        if start.data["stage"] in _FROM
    ]
    return str(max(known)[2]) if known else ""
