"""Restriction of a line (AVG art. 18): while it is frozen, what comes in is kept and counted, and nobody is shown or
told anything of it but what takes something back. The word of the privacy officer stands among the facts, so linked
lines share it and the newest one counts, whatever came in first.
"""

from __future__ import annotations

from hub.core.case import Case
from hub.core.catalogue import KINDS
from hub.core.catalogue.base import Kind
from hub.core.state import Fact
from hub.core.work import Work

SLOT = "restriction/line/word"

FINAL = frozenset({"age-27", "deceased"})
"""Closed for one of these, a line tells nobody anything more, not even what lies before."""


def put(work: Work, on: bool, at: int, by: str) -> None:
    """Puts a word of partner `by` in its place unless a newer one stands there."""
    attributes = {"type": "restriction", "source": by, "id": str(at), "sequence": str(at)}
    fact = Fact(dict(attributes), {"restricted": on, "occurredOn": work.origin.day}, work.origin.day)
    known = work.state.facts.get(SLOT)
    if known is None or known.rank() <= fact.rank():
        work.put(SLOT, fact)


def release(work: Work) -> None:
    """Tells what came in meanwhile, as far as it still counts and may still be told."""
    for slot, fact in list(work.state.facts.items()):
        kind = KINDS.get(fact.type)
        if kind is None or slot in work.facts.strangers or work.facts.at(slot) is not fact:
            continue
        case = work.case(fact)
        if not kind.older(case) and not kind.barred(case):
            had = work.state.receivers.get(kind.aggregate(fact.data), [])
            before = Fact({}, {}, told=had) if "corrects" in fact.data else None
            work.route(kind, case, slot=slot, shut=shut(kind, case), replaced=before, again=True)


def shut(kind: Kind, case: Case) -> str:
    """Why nobody may be told: the line was closed before the day of this event, or for good."""
    closed = case.facts.closing
    if closed is None or kind.code == "E29" or case.data.get("reason") == "death":
        return ""
    shut = closed["reason"] in FINAL or case.data["occurredOn"] > closed["closedOn"]
    return "the line is closed" if shut else ""
