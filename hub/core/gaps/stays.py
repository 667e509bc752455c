"""T16: a temporary place that lasts too long without a plan for what comes after (domain.md F04, F26)."""

from __future__ import annotations

from collections.abc import Iterator

from hub.core import calendar
from hub.core.case import Case
from hub.core.facts import Data
from hub.core.gaps.gap import Gap, Term, on, raised, told
from hub.core.rules import Rules

_IN_VAIN = frozenset({"declined", "withdrawn"})


def overstayed(case: Case) -> Iterator[Gap]:
    """To the taalcentrum or OPDC. A planned end is a plan until that day; the longest stay allowed is a breach with
    any plan."""
    rules = case.policy.rules
    for start, end in case.facts.couples("participation"):
        if end is None and start.data["kind"] in rules.stay_months:
            terms = _terms(start.data, rules, _planned(case, start.data))
            subject = f"participation/{start.data['participationId']}"
            yield from raised("T16", subject, start.data["atOrg"], told(start), *terms)


def _terms(start: Data, rules: Rules, planned: bool) -> Iterator[Term]:
    begun, kind = start["startOn"], start["kind"]
    if not planned:
        due = calendar.add_months(begun, rules.stay_months[kind])
        ends = start.get("plannedEnd")
        yield on("warn", max(due, calendar.add_days(ends, 1)) if ends else due)
    if kind in rules.stay_limit_months:
        yield on("breach", calendar.add_months(begun, rules.stay_limit_months[kind]))


def _planned(case: Case, start: Data) -> bool:
    """A place asked for elsewhere, a handover to it, or a return."""
    if case.facts.of("return", start["participationId"]):
        return True
    here, since = start["atOrg"], start["startOn"]
    for prepared, withdrawn in case.facts.couples("handover"):
        if withdrawn is None and prepared.data["fromOrg"] == here and prepared.data["occurredOn"] >= since:
            return True
    for asked, decided in case.facts.couples("placement"):
        in_vain = decided is not None and decided.data["outcome"] in _IN_VAIN
        if asked.data["toOrg"] != here and asked.data["occurredOn"] > since and not in_vain:
            return True
    return False
