"""Gap rules T03-T17 (domain.md §3.5) as pure functions of the facts of one learner, one file per flow.

T01 and T02 are about places in the city: `hub.core.newcomers`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

from hub.core.case import Case
from hub.core.facts import Facts
from hub.core.gaps import (
    absence,
    certificates,
    enrolments,
    handovers,
    onboard,
    peuters,
    requests,
    stays,
    summer,
    support,
)
from hub.core.gaps.gap import Gap


class Rule(NamedTuple):
    """One rule of domain.md §3.5: without a fact of any of its kinds (family and part) it has nothing to say."""

    id: str
    kinds: tuple[tuple[str, str], ...]
    find: Callable[[Case], Iterator[Gap]]


RULES = (
    Rule("T03", (("placement", "requested"),), requests.undecided),
    Rule("T04", (("enrolment", "end"),), enrolments.ended),
    Rule("T05", (("placement", "decided"),), handovers.unprepared),
    Rule("T06", (("handover", "prepared"),), handovers.unanswered),
    Rule("T07", (("handover", "prepared"),), handovers.not_warm),
    Rule("T08", (("handover", "prepared"),), handovers.not_followed_up),
    Rule("T09", (("tlv", "decided"),), support.ending),
    Rule("T10", (("tlv", "decided"), ("support", "changed")), support.unreviewed),
    Rule("T11", (("absence", "opened"),), absence.still_open),
    Rule("T12", (("certificate", "issued"),), certificates.undecided),
    Rule("T13", (("onboard", "enrolled"),), onboard.tracks),
    Rule(
        "T14", (("placement", "decided"), ("handover", "prepared"), ("enrolment", "end")), summer.not_arrived
    ),
    Rule("T15", (("participation", "start"),), peuters.unasked),
    Rule("T16", (("participation", "start"),), stays.overstayed),
    Rule("T17", (("enrolment", "start"),), enrolments.changes),
)
_GONE = "moved-out"


def of(case: Case) -> list[Gap]:
    """Every threshold of every gap of a learner, past and to come. None on a line that was closed, nor of a learner
    who died or left the region."""
    facts = case.facts
    if facts.closing is not None or _gone(facts):
        return []
    rules = _about(frozenset(facts.kinds))
    if silent := case.policy.silent:
        rules = tuple(rule for rule in rules if rule.id not in silent)
    return [gap for rule in rules for gap in rule.find(case)]


@lru_cache(maxsize=4096)
def _about(kinds: frozenset[tuple[str, str]]) -> tuple[Rule, ...]:
    """Remembered, as most lines hold facts of the same few kinds and this is asked for every event."""
    return tuple(rule for rule in RULES if not kinds.isdisjoint(rule.kinds))


def _gone(facts: Facts) -> bool:
    """Died, or moved out of the region and came to no school here since."""
    if ("enrolment", "end") not in facts.kinds:
        return False
    running, last = False, ("", "")
    for parts in facts.family("enrolment").values():
        end = parts.get("end")
        if end is None:
            running = running or "start" in parts
        elif end.data["reason"] == "death":
            return True
        elif end.data["reason"] != "error":
            last = max(last, (end.data["endOn"], end.data["reason"]))
    return last[1] == _GONE and not running
