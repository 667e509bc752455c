"""What the pure core says should have happened, from what Kafka holds. Pure: this is the oracle of the check."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any, NamedTuple

import orjson

from hub.core import batch, delivery
from hub.core import state as states
from hub.core.delivery import Delivery
from hub.core.event import from_structured
from hub.core.identity import identity
from hub.core.journal import Entry, Repeat, Routed
from hub.core.policy import Policy
from hub.core.records import Out, Record
from hub.core.state import State
from hub.core.topics import COMMANDS, OUTBOX, subscription_of

PLACES = b"places/"


class Steps(NamedTuple):
    """At which step of its aggregate each event was handled, by identity, as the journal tells it.

    `first` lists the steps of the first handling: more than one only when a crash made the processor decide again in
    another order; the last one counts. `again` holds those of repeats, which change nothing.
    """

    first: Mapping[str, Sequence[int]]
    again: Mapping[str, Sequence[int]]


class Expected(NamedTuple):
    """`promised` must have been delivered, each exactly so; `allowed` may have been besides, by a decision that a crash
    undid. `states` is the state per key, `contributions` what each group asks and each offer gives, `unhandled` the
    type of every event that waits to be handled."""

    promised: tuple[tuple[str, Delivery], ...]
    allowed: tuple[tuple[str, Delivery], ...]
    states: dict[bytes, bytes]
    contributions: dict[str, Any]
    unhandled: tuple[str, ...]


def steps_of(entries: Iterable[Entry]) -> Steps:
    """`entries` of one event must be in the order of the journal."""
    first: dict[str, list[int]] = defaultdict(list)
    again: dict[str, list[int]] = defaultdict(list)
    for entry in entries:
        if isinstance(entry, Routed) and not entry.again:
            _note(first, entry)
        elif isinstance(entry, Repeat):
            _note(again if entry.outcome in ("duplicate", "conflict") else first, entry)
    return Steps(first, again)


def _note(orders: dict[str, list[int]], entry: Routed | Repeat) -> None:
    """The newest goes last, also when it was there before."""
    known = orders[identity(entry.source, entry.id)]
    if entry.order in known:
        known.remove(entry.order)
    known.append(entry.order)


def replay(inputs: Iterable[Record], steps: Steps, policy: Policy) -> Expected:
    """Folds everything again, each aggregate in the order in which the processor handled it."""
    promised: list[tuple[str, Delivery]] = []
    allowed: list[tuple[str, Delivery]] = []
    folded: dict[bytes, bytes] = {}
    contributions: dict[str, Any] = {}
    unhandled: list[str] = []
    for records in _by_key(inputs).values():
        aggregate = _Aggregate(records, steps)
        unhandled += aggregate.unhandled
        *undone, last = range(aggregate.decisions)
        done = batch.run(aggregate.in_order(last), lambda _: None, policy)
        folded |= {k: v for k, v in done.states.items() if v is not None}
        promised += _deliveries(done.out)
        contributions |= _contributions(done.out)
        for decision in undone:
            allowed += _deliveries(batch.run(aggregate.in_order(decision), lambda _: None, policy).out)
    return Expected(tuple(promised), tuple(allowed), folded, contributions, tuple(unhandled))


def contributed(folded: Mapping[bytes, bytes]) -> dict[str, Any]:
    """What the places of the city know of each group and offer."""
    found: dict[str, Any] = {}
    for key, value in folded.items():
        if key.startswith(PLACES):
            state: State = states.load(value)
            found |= {slot: fact.data for slot, fact in state.facts.items()}
    return found


def _by_key(inputs: Iterable[Record]) -> dict[bytes, list[Record]]:
    found: dict[bytes, list[Record]] = defaultdict(list)
    for record in sorted(inputs, key=lambda r: (r.topic, r.partition, r.offset)):
        found[record.key].append(record)
    return found


class _Aggregate:
    """The records of one key, and where in its history each one belongs."""

    def __init__(self, records: Sequence[Record], steps: Steps) -> None:
        self._steps = steps
        self._commands = [r for r in records if r.topic == COMMANDS]
        self._events: dict[str, list[Record]] = defaultdict(list)
        self.unhandled: list[str] = []
        for record in records:
            if record.topic != COMMANDS and record.value is not None:
                event = from_structured(record.value)
                named = identity(event.source, event.id)
                if named in steps.first:
                    self._events[named].append(record)
                else:
                    self.unhandled.append(event.type)

    @property
    def decisions(self) -> int:
        """How often the processor decided on this aggregate: once, unless it was killed in the middle of it."""
        return max((len(self._steps.first[identity]) for identity in self._events), default=1)

    def in_order(self, decision: int) -> list[Record]:
        """The history under one of the decisions, from 0. Every step that no event took was a command's, and commands
        come in the order of their topic."""
        placed = list(self._placed(decision))
        taken = {step for step, _ in placed}
        free = (step for step in count(1) if step not in taken)
        placed += zip(free, self._commands, strict=False)
        return [record for _, record in sorted(placed, key=lambda pair: pair[0])]

    def _placed(self, decision: int) -> Iterator[tuple[int, Record]]:
        for named, records in self._events.items():
            steps = self._steps.first[named]
            yield steps[min(decision, len(steps) - 1)], records[0]
            repeats = sorted(self._steps.again.get(named, ()))
            yield from zip(repeats, records[1:], strict=False)


def _deliveries(out: Iterable[Out]) -> Iterator[tuple[str, Delivery]]:
    for record in out:
        if record.topic.startswith(OUTBOX) and record.value is not None:
            yield (
                subscription_of(record.topic),
                delivery.from_record(record.key, record.value, record.headers),
            )


def _contributions(out: Iterable[Out]) -> Iterator[tuple[str, Any]]:
    for record in out:
        if record.topic == COMMANDS and record.value is not None:
            command = orjson.loads(record.value)
            if command["command"] == "contribute":
                yield command["slot"], command["data"]
