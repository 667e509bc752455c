"""What time does to an aggregate: signals are raised, grow graver and are cleared, a line is closed at 27, and erased
when its retention ends. Time comes in with a record; it never goes back."""

from __future__ import annotations

import uuid

from hub.core import calendar, erasure, life, linked, signals
from hub.core.catalogue import KINDS
from hub.core.journal import Signal
from hub.core.state import Fact, Raised
from hub.core.work import Work, own_event

_NO_FACT = Fact({}, {})
_SPACE = uuid.UUID("6c1f2f0b-6a57-5b57-9f1e-2f7c0a4f5d27")


def run(work: Work) -> None:
    """Compares what stands with what should on this day, and tells the difference to whom it concerns.

    An event that was held up may come after a tick of a later day, so the day is the latest one seen.
    """
    today = max(work.origin.day, work.state.looked)
    ends = _life(work, today) if work.about_learner else ""
    if work.state.erased:
        return
    found = signals.gaps(work.case(_NO_FACT))
    ahead = signals.next_due(found, today) if found else ""
    due = min(ahead, ends) if ahead and ends else ahead or ends
    if (found or work.state.signals) and not work.facts.restricted:
        _signal(work, signals.standing(found, today))
    work.state.due = due
    if due or found:
        work.state.looked = today


def _signal(work: Work, wanted: dict[str, Raised]) -> None:
    for change in signals.changes(work.state.signals, wanted):
        event = signals.event(change, work.state, work.policy, work.origin.accepted)
        work.issue(event)
        data = event.data
        work.note(
            Signal(
                at=work.origin.accepted,
                source=event.source,
                id=event.id,
                type=event.type,
                person=work.person,
                rule=data["rule"],
                change="raised" if change.raised else "cleared",
                severity=data["severity"],
                responsible=data["responsible"],
                due=data["dueOn"],
            )
        )
        work.count("hub_signals_total", data["rule"], data["severity"] if change.raised else "cleared")
    work.state.signals = wanted


def _life(work: Work, today: str) -> str:
    """Erases the line when that was asked by who may, or when its retention ends, and closes it at 27. Gives the day on
    which the next of these is due."""
    facts = work.facts
    if facts.erasure is not None:
        erasure.erase(work, facts.erasure.get("requestedBy", "controller"))
        return ""
    month, closed = facts.birth_month, facts.closing
    if closed is None and month and not linked.merged_away(work.state):
        at = life.closing_day(month)
        if at > today:
            return at
        _close(work, at)
        closed = work.facts.closing
    if closed is None:
        return ""
    ends = calendar.add_months(closed["closedOn"], work.policy.rules.retention_months)
    if ends > today:
        return ends
    if not facts.restricted:  # who has a line frozen may need it: the end of its retention waits
        erasure.erase(work, "retention")
    return ""


def _close(work: Work, day: str) -> None:
    """E29 by the hub itself: the 27th birthday has passed (scenario S13)."""
    name = uuid.uuid5(_SPACE, work.state.key)
    data = {
        "learnerId": work.state.key.removeprefix("learner/"),
        "occurredOn": day,
        "orgId": work.policy.rules.hub_org,
        "basis": "WEB-DSP",
        "reason": "age-27",
        "closedOn": day,
        "reopenable": False,
    }
    event = own_event(work.policy, "line.closed", str(name), f"closing/{name}", day, data)
    work.issue(event, slot=KINDS[event.type].place(event))
