"""What a gap is, and what the rules share to find one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from hub.core import calendar
from hub.core.partners import Role
from hub.core.policy import Policy
from hub.core.rules import Calendar
from hub.core.state import Fact

GRACE_DAYS = 1
"""Events of one moment may come in any order within a day; no clock judges before (scenario S7)."""


class Gap(NamedTuple):
    """Something missing: from the day `at` on it is `severity` (info, warn, breach), until the day `until`, on which
    it no longer is ("" = until the facts change). One gap (`key`) may have several thresholds. `due` is the date that
    people are told, `responsible` the OrgRef of who must act, `subject` the aggregate it is about."""

    key: str
    rule: str
    severity: str
    at: str
    due: str
    responsible: str
    subject: str
    until: str = ""


class Term(NamedTuple):
    """A date by which something must be done: `severity` from the day `at` on."""

    severity: str
    due: str
    at: str


def after(severity: str, due: str) -> Term:
    """A term on whose last day one may still act: it has passed the day after."""
    return Term(severity, due, calendar.add_days(due, 1))


def on(severity: str, due: str) -> Term:
    """A term that has passed on the day itself."""
    return Term(severity, due, due)


def told(*facts: Fact | None) -> str:
    """First day on which a clock that these facts start may judge: what belongs with them has come in by then."""
    newest = max([fact.known for fact in facts if fact is not None], default="")
    return calendar.add_days(newest, GRACE_DAYS) if newest else ""


def fresh(start: Fact, dates: Calendar) -> Fact | None:
    """An enrolment as something newly known; None when it is only told again in a later school year (roll-over), as
    every clock would start anew on 1 August."""
    again = calendar.year_start(start.data["occurredOn"], dates) > start.data["startOn"]
    return None if again else start


def raised(
    rule: str, subject: str, responsible: str, known: str, *terms: Term, key: str = "", until: str = ""
) -> Iterator[Gap]:
    """The thresholds of one gap, none before the day `known`, nor when it is over by then; without anybody to act
    there is none. `key` tells gaps of one rule apart where the subject does not."""
    name = key or f"{rule}/{subject}"
    for term in terms if responsible else ():
        starts = max(term.at, known)
        if not until or starts < until:
            yield Gap(name, rule, term.severity, starts, term.due, responsible, subject, until)


def left_on(end: Fact | None) -> str:
    """First day on which one is no longer there; "" while nobody knows."""
    return calendar.add_days(end.data["endOn"], 1) if end else ""


def aged(month: str, months: int) -> str:
    """First day on which who was born in `month` (`YYYY-MM`) is so many months old: ages are reached at the end of the
    month (domain.md §3.1)."""
    return calendar.add_months(f"{month}-01", months + 1)


def role_org(policy: Policy, role: Role) -> str:
    """OrgRef of the authority with a role; "" when the directory has none."""
    return next((org.ref for partner in policy.directory.with_role(role) for org in partner.orgs), "")
