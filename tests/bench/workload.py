"""What the core bench runs: records, and the pure function that both engines call on them."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
import orjson

from hub import directory
from hub.core import batch
from hub.core.admission import Admitted, admit
from hub.core.cloudevents import STRUCTURED, draft_http
from hub.core.directory import Directory
from hub.core.policy import Policy
from hub.core.records import Batch, Load, Out, Record
from hub.core.topics import COMMANDS, JOURNAL, QUARANTINE, outbox
from hub.demo import story
from hub.demo.run import DIRECTORY
from hub.stream.agents import Run

Row = tuple[bytes, bytes]


class Workload(NamedTuple):
    run: Run[Any]
    policy: Any
    topics: tuple[str, ...]
    """Where `run` publishes."""


def named(name: str) -> Workload:
    return hub() if name == "hub" else Workload(fold, None, ("bench.out",))


def rows(name: str, count: int) -> list[Row]:
    """At most `count` records as (key, value)."""
    return list(_admitted(count) if name == "hub" else _events(count))


# -- hub: the processor's own job on the events of the demo


def hub() -> Workload:
    policy = Policy(_directory())
    subscriptions = [s.id for partner in policy.directory.partners for s in policy.subscriptions(partner)]
    return Workload(batch.run, policy, (JOURNAL, COMMANDS, QUARANTINE, *map(outbox, subscriptions)))


def _directory() -> Directory:
    return Directory(directory.load(DIRECTORY))


def _admitted(count: int) -> Iterator[Row]:
    partners = _directory()
    for told in story.school_year(partners, "bench", events=count):
        draft = draft_http(STRUCTURED, {}, orjson.dumps(told.event))
        if not isinstance(draft, list) and not draft.faults:
            admitted = admit(draft.event, partners.partners[told.partner])
            if isinstance(admitted, Admitted):
                yield admitted.key, admitted.event.structured()


# -- fold: decode, fold per key behind a guard against repeats, one output per record


class Event(msgspec.Struct):
    id: str
    learner: str
    data: dict[str, Any]


class State(msgspec.Struct):
    count: int
    at: int
    last: str


KEYS = 2000
_event = msgspec.json.Decoder(Event)
_state = msgspec.json.Decoder(State)
_encode = msgspec.json.Encoder().encode


def _events(count: int) -> Iterable[Row]:
    choice = random.Random(42)
    for n in range(count):
        learner = f"learner/{choice.randrange(KEYS):032x}"
        data = {"school": f"99XX{n % 90:02d}", "group": n % 7, "text": "x" * 400}
        yield learner.encode(), _encode(Event(f"event-{n:012d}", learner, data))


def fold(records: Sequence[Record], load: Load, policy: Any) -> Batch:
    states: dict[bytes, State] = {}
    out = []
    for record in records:
        event = _event.decode(record.value or b"")
        state = states.get(record.key) or _load(record.key, load)
        if record.offset > state.at:
            state = State(state.count + 1, record.offset, event.id)
        states[record.key] = state
        out.append(Out("bench.out", record.key, _encode(event)))
    return Batch({key: _encode(state) for key, state in states.items()}, out, [])


def _load(key: bytes, load: Load) -> State:
    stored = load(key)
    return State(0, -1, "") if stored is None else _state.decode(stored)
