"""Signals: which should stand on a day, when to look again, and what must be told of the difference.

Which gaps there are is said by the rules: `hub.core.gaps` about learners (T03-T17), `hub.core.newcomers` about places
in the city (T01, T02). Signals that stand are a pure function of the facts and the day; nothing else is remembered.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from hub.core import gaps as rules
from hub.core import linked, newcomers
from hub.core.case import Case
from hub.core.catalogue import KINDS
from hub.core.catalogue.base import PREFIX, Data
from hub.core.event import Event, moment
from hub.core.gaps.gap import Gap
from hub.core.policy import Policy
from hub.core.state import Raised, State

_SPACE = uuid.UUID("0f2a6c1e-7d3b-5e4f-9a8b-1c2d3e4f5a6b")
SEVERITY = {"info": 0, "warn": 1, "breach": 2}


class Change(NamedTuple):
    """A signal that is raised (H1), or cleared (H2)."""

    raised: bool
    key: str
    signal: Raised


def day_of(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).date().isoformat()


def gaps(case: Case) -> list[Gap]:
    """Every threshold of every gap in the state of this case, past and to come. A line that was merged into another
    has none: that one stands for both."""
    state = case.state
    if state.key.startswith("learner/"):
        return [] if state.shared and linked.merged_away(state) else rules.of(case)
    return list(newcomers.gaps(state, case.policy)) if state.key.startswith("places/") else []


def standing(found: list[Gap], today: str) -> dict[str, Raised]:
    """The signals that should stand: of each gap the gravest threshold that has passed, of two as grave the last."""
    passed = [gap for gap in found if gap.at <= today and not "" < gap.until <= today]
    return {
        gap.key: Raised(gap.rule, gap.severity, gap.due, gap.responsible, gap.subject)
        for gap in sorted(passed, key=_gravity)
    }


def _gravity(gap: Gap) -> tuple[int, str, str, str]:
    return SEVERITY[gap.severity], gap.due, gap.subject, gap.responsible


def next_due(found: list[Gap], today: str) -> str:
    """The next day on which a threshold passes or a gap is over by itself; "" when none is to come."""
    ahead = [gap.at if gap.at > today else gap.until for gap in found if today < gap.at or today < gap.until]
    return min(ahead, default="")


def changes(before: dict[str, Raised], after: dict[str, Raised]) -> Iterator[Change]:
    """Told when new, and again when its severity, its date or who must act is another, graver or not; cleared once."""
    for key, signal in after.items():
        known = before.get(key)
        if known is None or _message(known) != _message(signal):
            yield Change(True, key, signal)
    for key, signal in before.items():
        if key not in after:
            yield Change(False, key, signal)


def _message(signal: Raised) -> tuple[str, str, str]:
    return signal.severity, signal.due, signal.responsible


def event(change: Change, state: State, policy: Policy, at: int) -> Event:
    """The H1 or H2 event of a change. Its id follows from the step, so that a step taken again makes the same, and from
    what it says: after a crash the same step may be taken with another record."""
    signal_id = str(uuid.uuid5(_SPACE, f"{state.key}\x1f{change.key}"))
    data: Data = {
        "signalId": signal_id,
        "rule": change.signal.rule,
        "subject": change.signal.subject,
        "severity": change.signal.severity,
        "dueOn": change.signal.due,
        "responsible": change.signal.responsible,
    }
    if state.key.startswith("learner/"):
        data["learnerId"] = state.key.removeprefix("learner/")
    name = "signal.raised.v1" if change.raised else "signal.cleared.v1"
    kind, when = KINDS[PREFIX + name], moment(at)
    said = (signal_id, name, str(state.steps), when, *msgspec.structs.astuple(change.signal))
    return Event(
        {
            "specversion": "1.0",
            "type": kind.type,
            "source": policy.rules.hub_source,
            "id": str(uuid.uuid5(_SPACE, "\x1f".join(said))),
            "subject": f"signal/{signal_id}",
            "time": when,
            "datacontenttype": "application/json",
            "privacyclass": kind.privacy(data),
        },
        data,
    )
