"""What the core bench runs: the records, and the pure function both engines call."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from hub.core.records import Batch, Load, Out, Record

OUTPUT = "bench.out"
POLICY: Any = None
KEYS = 2000


class Event(msgspec.Struct):
    id: str
    learner: str
    kind: str
    data: dict[str, Any]


class State(msgspec.Struct):
    count: int
    at: dict[str, int]
    last: str


_event = msgspec.json.Decoder(Event)
_state = msgspec.json.Decoder(State)
_encode = msgspec.json.Encoder().encode


def events(count: int) -> Iterable[tuple[bytes, bytes]]:
    """(key, value) of `count` records of about 600 bytes."""
    choice = random.Random(42)
    for n in range(count):
        learner = f"learner/{choice.randrange(KEYS):032x}"
        data = {"school": f"99XX{n % 90:02d}", "group": n % 7, "text": "x" * 400}
        event = Event(f"event-{n:012d}", learner, "nl.almere.enrolment.v1", data)
        yield learner.encode(), _encode(event)


def run(records: Sequence[Record], load: Load, policy: Any) -> Batch:
    """Decode, fold per key behind a guard against repeats, one output per record."""
    states: dict[bytes, State] = {}
    out = []
    for record in records:
        event = _event.decode(record.value or b"")
        state = states.get(record.key) or _load(record.key, load)
        if record.offset > state.at.get(record.topic, -1):
            state = State(state.count + 1, {**state.at, record.topic: record.offset}, event.id)
        states[record.key] = state
        out.append(Out(OUTPUT, record.key, _encode(event), (("id", event.id.encode()),)))
    return Batch({key: _encode(state) for key, state in states.items()}, out, [])


def _load(key: bytes, load: Load) -> State:
    stored = load(key)
    return State(0, {}, "") if stored is None else _state.decode(stored)
