"""T11: a thuiszitter case that stays open (domain.md F29)."""

from __future__ import annotations

from collections.abc import Iterator

from hub.core import calendar
from hub.core.case import Case
from hub.core.gaps.gap import Gap, on, raised, role_org, told
from hub.core.partners import Role


def still_open(case: Case) -> Iterator[Gap]:
    """Four weeks, then three months at home: leerplicht and swv each have a gap of their own."""
    rules = case.policy.rules
    for opened, closed in case.facts.couples("absence"):
        if closed is not None:
            continue
        since, subject = opened.data["since"], f"absence/{opened.data['caseId']}"
        terms = (
            on("warn", calendar.add_days(since, rules.absence_warn_days)),
            on("breach", calendar.add_months(since, rules.absence_breach_months)),
        )
        for role in (Role.LEERPLICHT, Role.SWV):
            key, org = f"T11/{subject}/{role}", role_org(case.policy, role)
            yield from raised("T11", subject, org, told(opened), *terms, key=key)
