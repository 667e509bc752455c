"""T03: a request for a place that nobody decided on (zorgplicht, domain.md F32)."""

from __future__ import annotations

from collections.abc import Iterator

from hub.core import calendar
from hub.core.case import Case
from hub.core.facts import Data
from hub.core.gaps.gap import Gap, Term, on, raised, told
from hub.core.rules import Rules


def undecided(case: Case) -> Iterator[Gap]:
    """The asked school, from the day of receipt: 4 weeks, 6 weeks, 10 when it took longer once.

    Only the first preference runs: the others wait for it. A waiting list decides nothing; every other outcome does,
    temporary admission too, which is what is due when the last term passes.
    """
    for asked, decided in case.facts.couples("placement"):
        answer = decided.data if decided else {}
        if asked.data.get("preferenceRank", 1) == 1 and answer.get("outcome", "waitlisted") == "waitlisted":
            subject = f"placement/{asked.data['requestId']}"
            terms = _terms(asked.data, bool(answer.get("extended")), case.policy.rules)
            yield from raised("T03", subject, asked.data["toOrg"], told(asked), *terms)


def _terms(asked: Data, extended: bool, rules: Rules) -> Iterator[Term]:
    received = asked["occurredOn"]
    if asked["reason"] == "crisis":
        yield on("warn", calendar.work_days_after(received, rules.crisis_decision_work_days))
    last = rules.decision_extended_days if extended else rules.decision_breach_days
    yield on("warn", calendar.add_days(received, rules.decision_warn_days))
    yield on("breach", calendar.add_days(received, last))
