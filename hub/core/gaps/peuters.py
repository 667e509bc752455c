"""T15: a child in voorschoolse educatie for whom no primary school was asked (domain.md F09)."""

from __future__ import annotations

from collections.abc import Iterator

from hub.core.case import Case
from hub.core.gaps.gap import Gap, aged, on, raised, told

_PRIMARY = frozenset({"po", "sbo", "so"})
_IN_VAIN = frozenset({"declined", "withdrawn"})


def unasked(case: Case) -> Iterator[Gap]:
    """At 3 years and 9 months, graver at 4, when school may begin. To the opvang: the gemeente, which shares the task,
    gets counts only (domain.md §2.9, H1). Not for who left voorschoolse educatie before that age, nor while nobody
    told the birth month."""
    attended = [
        (start, end) for start, end in case.facts.couples("participation") if start.data["kind"] == "ve"
    ]
    month = case.facts.birth_month if attended else ""
    if not month or _asked(case):
        return
    start, end = max(attended, key=lambda pair: (pair[0].data["startOn"], pair[0].data["participationId"]))
    rules = case.policy.rules
    due, last = aged(month, rules.ve_request_months), aged(month, rules.ve_breach_months)
    if end is not None and end.data["endOn"] < due:
        return
    subject, known = f"participation/{start.data['participationId']}", told(start)
    yield from raised("T15", subject, start.data["atOrg"], known, on("warn", due), on("breach", last))


def _asked(case: Case) -> bool:
    """A request that still may lead to a place, or a place."""
    if any(start["stage"] in _PRIMARY for start, _ in case.facts.enrolments):
        return True
    asked = ((a, d["outcome"] if d else "") for a, d in case.facts.placements)
    return any(a["stage"] in _PRIMARY and outcome not in _IN_VAIN for a, outcome in asked)
