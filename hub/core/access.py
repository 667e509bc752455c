"""Access (AVG art. 15): all that the hub holds on a learner, to whom it gave what, and who looked it up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from hub.core import line, linked
from hub.core.rules import Rules
from hub.core.state import State


class Telling(msgspec.Struct, rename="camel", omit_defaults=True):
    """One delivery, by the journal: which event, to whom by which column of the matrix, without which fields, and what
    became of it. Moments are milliseconds since 1970."""

    type: str
    source: str
    id: str
    partner: str
    column: str
    subscription: str
    removed: list[str]
    routed_at: int | None
    outcome: str
    delivered_at: int | None = None
    pulled_at: int | None = None


class Look(msgspec.Struct, rename="camel"):
    """One look-up of the learning line."""

    at: int
    partner: str
    purpose: str


def others(state: State) -> list[str]:
    """Keys of the lines that are linked with this one (E27)."""
    return sorted(linked.linked(state))


def held(states: Sequence[State], rules: Rules) -> list[dict[str, Any]]:
    """What is held of each line; linked lines are lines of their own."""
    return [_held(state, rules) for state in states]


def _held(state: State, rules: Rules) -> dict[str, Any]:
    learner = state.key.removeprefix("learner/")
    if state.erased:
        return {"learnerId": learner, "erasedOn": state.erased}
    facts = [
        {
            "slot": slot,
            "event": {**fact.attributes, "data": fact.data},
            "knownOn": fact.known,
            "told": fact.told,
        }
        for slot, fact in sorted(state.facts.items())
    ]
    return {
        "learnerId": learner,
        "line": msgspec.to_builtins(line.view(state, rules)),
        "facts": facts,
        "signals": [msgspec.to_builtins(signal) for signal in state.signals.values()],
        "nextClock": state.due,
    }
