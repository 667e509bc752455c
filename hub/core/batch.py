"""A list of records from Kafka against the stored states: the one call that the stream shell makes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from hub.core import group, line, views
from hub.core import state as states
from hub.core.event import from_structured
from hub.core.policy import Policy, Rules
from hub.core.records import Batch, Count, Load, Out, Record
from hub.core.state import State
from hub.core.step import Origin, Step, contribute, quarantined, step, tick
from hub.core.topics import COMMANDS


def run(records: Sequence[Record], load: Load, policy: Policy) -> Batch:
    """Folds the records in order. A record that cannot be handled, even by a bug of ours, is set aside with where
    it stands and why: it must neither be skipped in silence nor hold up all that comes after it."""
    touched: dict[bytes, State] = {}
    out: list[Out] = []
    counts: list[Count] = []
    for record in records:
        done = _one(record, touched, load, policy)
        out += done.out
        counts += done.counts
    return Batch({key: states.dump(state) for key, state in touched.items()}, out, counts)


def _one(record: Record, touched: dict[bytes, State], load: Load, policy: Policy) -> Step:
    origin = Origin(record.topic, record.partition, record.offset, record.timestamp)
    try:
        before = touched.get(record.key) or _stored(record.key, load)
        done = _handle(record, before, origin, policy)
    except Exception as error:
        reason = f"unreadable:{type(error).__name__}"
        return Step(
            State(""), quarantined(origin, reason), (Count("hub_events_total", ("?", "", "quarantined")),)
        )
    touched[record.key] = done.state
    return done


def _stored(key: bytes, load: Load) -> State:
    raw = load(key)
    return states.load(raw) if raw else State(key.decode())


def _handle(record: Record, state: State, origin: Origin, policy: Policy) -> Step:
    if record.value is None:
        raise ValueError("a record without a value on an input topic")
    if record.topic == COMMANDS:
        return _command(orjson.loads(record.value), state, origin, policy)
    return step(state, from_structured(record.value), origin, policy)


def _command(command: dict[str, Any], state: State, origin: Origin, policy: Policy) -> Step:
    if command["command"] == "tick":
        return tick(state, origin, policy, command["at"])
    return contribute(state, origin, policy, command["slot"], command["revision"], command["data"])


def view(key: bytes, value: bytes, rules: Rules | None = None) -> views.View | None:
    """What to show of a stored state; None for a key that nothing is shown of."""
    state = states.load(value)
    kind = key.split(b"/", 1)[0]
    if kind == b"learner":
        return line.view(state)
    if kind == b"group":
        return group.group_view(state, rules or Rules())
    if kind == b"offer":
        return group.offer_view(state)
    return group.places_view(state) if kind == b"places" else None
