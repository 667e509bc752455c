"""A list of records from Kafka against the stored states: the one call that the stream shell makes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import orjson

from hub.core import contributions, erasure, group, line, linked, newcomers, snapshot, views
from hub.core import state as states
from hub.core.event import from_structured, moment
from hub.core.policy import Policy
from hub.core.records import Batch, Count, Load, Out, Record
from hub.core.rules import Rules
from hub.core.state import State
from hub.core.step import restrict, share, step, tick
from hub.core.topics import COMMANDS
from hub.core.work import DAY, Origin, Step, position, quarantined


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
    return Batch(dict(_rows(touched, load)), out, counts)


def _rows(touched: dict[bytes, State], load: Load) -> Iterator[tuple[bytes, bytes | None]]:
    """What to store. Of who was erased a tombstone under another key, and nothing under its own any more."""
    for key, state in touched.items():
        if state.erased:
            stone = erasure.tombstone(key)
            yield stone, states.dump(msgspec.structs.replace(state, key=stone.decode()))
            if load(key) is not None:
                yield key, None
        else:
            yield key, states.dump(state)


def _one(record: Record, touched: dict[bytes, State], load: Load, policy: Policy) -> Step:
    origin = Origin(record.topic, record.partition, record.offset, record.timestamp, _day(record))
    try:
        before = touched.get(record.key) or _stored(record.key, load)
        done = _handle(record, before, origin, policy)
    except Exception as error:
        reason = f"unreadable:{type(error).__name__}"
        counts = (Count("hub_events_total", ("?", "", "quarantined")),)
        return Step(State(""), tuple(quarantined(origin, reason)), counts)
    touched[record.key] = done.state
    return done


def _day(record: Record) -> str:
    for name, value in record.headers:
        if name == DAY:
            return value.decode()
    return moment(record.timestamp)[:10]


def _stored(key: bytes, load: Load) -> State:
    if raw := load(key):
        return states.load(raw)
    name = key.decode()
    if key.startswith(b"learner/") and (raw := load(erasure.tombstone(key))):
        return msgspec.structs.replace(states.load(raw), key=name)
    return State(name)


def _handle(record: Record, state: State, origin: Origin, policy: Policy) -> Step:
    if record.value is None:
        raise ValueError("a record without a value on an input topic")
    if record.topic == COMMANDS:
        return command(orjson.loads(record.value), state, origin, policy)
    return step(state, from_structured(record.value), origin, policy)


def command(given: dict[str, Any], state: State, origin: Origin, policy: Policy) -> Step:
    """One command of `hub.commands`: a tick of the clock, or what one aggregate says to another. Handed out again by
    Kafka after a crash it takes no step: steps can be told from the journal and the commands only if each counts once.
    Raises KeyError, ValueError or msgspec.ValidationError on anything else."""
    if origin.offset <= position(state, origin):
        return Step(state, (), ())
    match given["command"]:
        case "tick":
            return tick(state, origin._replace(day=moment(given["at"])[:10]), policy)
        case "contribute":
            data, revision = given["data"], given["revision"]
            return contributions.contribute(state, origin, policy, given["slot"], revision, data)
        case "share":
            return share(state, origin, policy, linked.read(given))
        case "restrict":
            return restrict(state, origin, policy, given["on"], given["at"], given["by"])
        case "erase":
            return erasure.command(state, origin, policy, given["by"])
        case "forget":
            return erasure.forget(state, origin, policy, given["key"])
        case "keep":
            return erasure.keep(state, origin, policy, given["slot"], given["counts"])
        case "snapshot":
            return snapshot.publish(state, origin, policy, given["on"], given["counts"])
        case unknown:
            raise ValueError(f"unknown command {unknown}")


def view(key: bytes, value: bytes, rules: Rules | None = None) -> views.View | None:
    """What to show of a stored state; None for a key that nothing is shown of."""
    state = states.load(value)
    rules = rules or Rules()
    match key.split(b"/", 1)[0]:
        case b"learner":
            return line.view(state, rules)
        case b"group":
            return group.group_view(state, rules)
        case b"offer":
            return group.offer_view(state)
        case b"places":
            return newcomers.places_view(state)
        case b"census":
            return snapshot.view(state)
    return None
