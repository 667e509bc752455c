"""The independent check: did everyone get exactly what the policy names, and nothing else?

Reads the events, commands and journal from Kafka, folds them again with the pure core (`hub.demo.replay`), and holds
the result against what the partners received. Neither the processor's own bookkeeping of deliveries nor the read model
is believed.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from hub.core import batch, journal
from hub.core.catalogue.base import PREFIX
from hub.core.delivery import Delivery
from hub.core.event import from_structured
from hub.core.identity import identity
from hub.core.policy import Policy
from hub.core.records import Record
from hub.core.topics import COMMANDS, EVENTS, JOURNAL, LINES, QUARANTINE
from hub.core.views import View
from hub.core.withdrawal import taken_back
from hub.demo.log import read_all
from hub.demo.receipts import Receipt
from hub.demo.replay import Expected, contributed, replay, steps_of

Named = tuple[str, str]
"""Source and id of an event."""

READ = (*EVENTS, COMMANDS, JOURNAL, LINES, QUARANTINE)
_SIGNAL = f"{PREFIX}signal."

UNHANDLED = "accepted, not handled yet"
MISSING = "not delivered"
LINE = "stored line is not the pure fold"
VIEW = "read model is not the pure fold"
LOST = "not known to the places of the city"
LEAKED = "delivered, though the policy does not name this partner"
ALTERED = "other content than the policy allows"
RENAMED = "other delivery id than the policy gives"
DISORDERED = "out of order within one subject"
GAP = "number missing in the feed"
FORGED = "wrong signature"
VANISHED = "answered 202, but not in Kafka"
SMUGGLED = "answered with a refusal, but in Kafka"
SINGING = "record that holds what was refused"
WAITING = frozenset({UNHANDLED, MISSING, LINE, VIEW, LOST})
"""Differences that may be gone a moment later, while the hub is still busy."""


class Difference(NamedTuple):
    """Something that is not as it should be. Never a learner id: the event's type and the partner say enough."""

    what: str
    type: str = ""
    partner: str = ""


class Report(NamedTuple):
    """`deliveries` that the policy names, of `events` in `aggregates`; `repeats` of deliveries are fine (at least
    once) and counted. All is well without differences."""

    events: int
    aggregates: int
    deliveries: int
    repeats: int
    differences: Mapping[Difference, int]

    @property
    def ok(self) -> bool:
        return not self.differences

    @property
    def may_settle(self) -> bool:
        """Whether all that is wrong could be a matter of waiting."""
        return not self.ok and all(d.what in WAITING for d in self.differences)

    def lines(self) -> Iterator[str]:
        yield (
            f"{self.events} events of {self.aggregates} aggregates, {self.deliveries} deliveries named by the "
            f"policy, {self.repeats} repeated"
        )
        for found, times in sorted(self.differences.items()):
            about = " · ".join(filter(None, (found.type.removeprefix(PREFIX), found.partner)))
            yield f"{times:5} x {found.what}" + (f": {about}" if about else "")
        yield "check: everything is as the policy says" if self.ok else "check: FAILED"


class Kept(NamedTuple):
    """What Kafka holds: events and commands, the journal, the newest state per key, and how many records hold one of
    the canaries."""

    inputs: list[Record]
    journal: list[journal.Entry]
    lines: dict[bytes, bytes]
    canaries: int = 0


class Told(NamedTuple):
    """What partners know from outside. `receipts` must cover every subscription, in the order in which they came;
    `accepted` and `refused` are what publishers were told, `unsigned` counts deliveries with a wrong signature."""

    receipts: Sequence[Receipt]
    accepted: Collection[Named] = ()
    refused: Collection[Named] = ()
    unsigned: Mapping[str, int] = {}


async def check(
    bootstrap: str,
    policy: Policy,
    receipts: Iterable[Receipt],
    accepted: Iterable[Named],
    *,
    refused: Iterable[Named] = (),
    unsigned: Mapping[str, int] | None = None,
    canaries: Iterable[str] = (),
    read_model: Callable[[], Iterable[tuple[str, View]]] | None = None,
) -> Report:
    """Compares everything, from the beginning of every topic.

    `policy` must be the one that held all the time: the directory and every subscription. `canaries` are texts that
    only refused events held. `read_model` gives the view of every aggregate by key; it is called in a thread.
    """
    told = Told(list(receipts), set(accepted), set(refused), unsigned or {})
    kept = await read(bootstrap, tuple(c.encode() for c in canaries))
    shown = await asyncio.to_thread(lambda: dict(read_model())) if read_model else None
    return compare(kept, told, policy, shown)


def compare(kept: Kept, told: Told, policy: Policy, shown: Mapping[str, View] | None = None) -> Report:
    """The check itself, without Kafka. `shown` is the read model, if that is to be judged too."""
    expected = replay(kept.inputs, steps_of(kept.journal), policy)
    owner = _Owners(policy)
    found: Counter[Difference] = Counter()
    found.update(Difference(UNHANDLED, type) for type in expected.unhandled)
    found.update(_doors(kept, told))
    back = _taken_back(expected)
    found.update(_deliveries(expected, back, told.receipts, owner))
    found.update(_feeds(told.receipts, _withdrawn(kept.journal, back), owner))
    found.update(_stored(expected, kept.lines, policy))
    found.update(_lost(expected))
    if shown is not None:
        found.update(_shown(expected, shown, policy))
    for subscription, times in told.unsigned.items():
        found[Difference(FORGED, partner=owner.of(subscription))] += times
    found[Difference(SINGING)] += kept.canaries
    return Report(
        events=sum(r.topic != COMMANDS for r in kept.inputs),
        aggregates=len(expected.states),
        deliveries=len(expected.promised),
        repeats=len(told.receipts) - len({r.delivery for r in told.receipts}),
        differences=+found,
    )


class _Owners:
    def __init__(self, policy: Policy) -> None:
        self._partners = {s.id: p for p in policy.directory.partners for s in policy.subscriptions(p)}

    def of(self, subscription: str) -> str:
        return self._partners.get(subscription, f"unknown subscription {subscription}")


async def read(bootstrap: str, canaries: tuple[bytes, ...] = ()) -> Kept:
    """Everything that Kafka holds now."""
    kept = Kept([], [], {})
    singing = 0
    for record in await read_all(bootstrap, READ):
        singing += any(canary in (record.value or b"") for canary in canaries)
        if record.topic == JOURNAL and record.value is not None:
            kept.journal.append(journal.load(record.value))
        elif record.topic == LINES:
            _keep_line(kept.lines, record)
        elif record.topic in (*EVENTS, COMMANDS):
            kept.inputs.append(record)
    return kept._replace(canaries=singing)


def _keep_line(lines: dict[bytes, bytes], record: Record) -> None:
    if record.value is None:
        lines.pop(record.key, None)
    else:
        lines[record.key] = record.value


def _doors(kept: Kept, told: Told) -> Iterator[Difference]:
    stored = set()
    for record in kept.inputs:
        if record.topic != COMMANDS and record.value is not None:
            event = from_structured(record.value)
            stored.add(identity(event.source, event.id))
    yield from (Difference(VANISHED) for source, id in told.accepted if identity(source, id) not in stored)
    yield from (Difference(SMUGGLED) for source, id in told.refused if identity(source, id) in stored)


def _taken_back(expected: Expected) -> set[str]:
    """Ids of deliveries that the policy takes back with a later one: who had not got them yet need not."""
    outboxes: dict[str, list[Delivery]] = defaultdict(list)
    for subscription, delivery in (*expected.allowed, *expected.promised):
        outboxes[subscription].append(delivery)
    return {box[place].id for box in outboxes.values() for place in taken_back(box)}


def _withdrawn(entries: Iterable[journal.Entry], back: Collection[str]) -> Mapping[str, set[int]]:
    """Numbers that were left out of a feed, as the journal tells it; believed of what the policy takes back."""
    found: dict[str, set[int]] = defaultdict(set)
    ended = (e for e in entries if isinstance(e, journal.Attempted) and e.outcome == journal.WITHDRAWN)
    for one in ended:
        if one.delivery in back:
            found[one.subscription].add(one.number)
    return found


def _deliveries(
    expected: Expected, back: Collection[str], receipts: Sequence[Receipt], owner: _Owners
) -> Iterator[Difference]:
    promised = _sorted_out((s, _event(d), d.id) for s, d in expected.promised)
    allowed = _sorted_out((s, _event(d), d.id) for s, d in expected.allowed)
    received = _sorted_out((r.subscription, _comparable(r.event), r.delivery) for r in receipts)
    for thing, wanted in promised.items():
        got = received.get(thing, {})
        short = len(wanted.keys() - back) - len(got)
        yield from [Difference(MISSING, thing.type, owner.of(thing.subscription))] * max(0, short)
    for thing, got in received.items():
        bodies = [*promised.get(thing, {}).values(), *allowed.get(thing, {}).values()]
        where = (thing.type, owner.of(thing.subscription))
        if not bodies:
            yield Difference(LEAKED, *where)
        elif not thing.signal and any(body not in bodies for body in got.values()):
            yield Difference(ALTERED, *where)
        elif not thing.signal and set(got) - set(promised.get(thing, {})) - set(allowed.get(thing, {})):
            yield Difference(RENAMED, *where)


class _Thing(NamedTuple):
    """One event for one subscription. Signals are known by what they say: their ids count steps of the processor,
    which differ when it did one twice in a crash."""

    subscription: str
    type: str
    name: tuple[str, ...]

    @property
    def signal(self) -> bool:
        return self.type.startswith(_SIGNAL)


def _sorted_out(
    given: Iterable[tuple[str, dict[str, Any], str]],
) -> dict[_Thing, dict[str, dict[str, Any]]]:
    """Per thing the bodies by delivery id."""
    found: dict[_Thing, dict[str, dict[str, Any]]] = defaultdict(dict)
    for subscription, event, delivery in given:
        type = str(event["type"])
        signal = type.startswith(_SIGNAL)
        says = (orjson.dumps(event["data"], option=orjson.OPT_SORT_KEYS).decode(),)
        name = says if signal else (event["source"], event["id"])
        found[_Thing(subscription, type, name)][delivery] = event
    return found


def _event(delivery: Delivery) -> dict[str, Any]:
    return _comparable(orjson.loads(delivery.body))


def _comparable(event: Mapping[str, Any]) -> dict[str, Any]:
    """The same for structured and binary mode: there attributes are texts, and the content type is a header."""
    texts = {k: str(v) for k, v in event.items() if k not in ("data", "datacontenttype")}
    return {**texts, "data": event.get("data")}


def _feeds(
    receipts: Sequence[Receipt], withdrawn: Mapping[str, set[int]], owner: _Owners
) -> Iterator[Difference]:
    """Numbers without gaps from 1 on but for those withdrawn, and what is about one subject in the order of its
    numbers."""
    numbers: dict[str, set[int]] = defaultdict(set)
    newest: dict[tuple[str, str], int] = {}
    for one in receipts:
        fresh = one.number not in numbers[one.subscription]
        numbers[one.subscription].add(one.number)
        line = (one.subscription, str(one.event.get("subject")))
        if fresh and one.number < newest.get(line, 0):
            yield Difference(DISORDERED, one.event["type"], owner.of(one.subscription))
        newest[line] = max(one.number, newest.get(line, 0))
    for subscription, seen in numbers.items():
        whole = seen | {number for number in withdrawn.get(subscription, ()) if number < max(seen)}
        for _ in range(max(seen) - len(whole)):
            yield Difference(GAP, partner=owner.of(subscription))


def _stored(expected: Expected, lines: Mapping[bytes, bytes], policy: Policy) -> Iterator[Difference]:
    for key in expected.states.keys() | lines.keys():
        ours, theirs = (_view(key, given.get(key), policy) for given in (expected.states, lines))
        if ours != theirs:
            yield Difference(LINE, key.partition(b"/")[0].decode())


def _shown(expected: Expected, shown: Mapping[str, View], policy: Policy) -> Iterator[Difference]:
    folded = {key.decode(): _view(key, value, policy) for key, value in expected.states.items()}
    for key in folded.keys() | shown.keys():
        if folded.get(key) != shown.get(key):
            yield Difference(VIEW, key.partition("/")[0])


def _view(key: bytes, value: bytes | None, policy: Policy) -> View | None:
    return batch.view(key, value, policy.rules) if value is not None else None


def _lost(expected: Expected) -> Iterator[Difference]:
    """Every group and offer must have told the city what it asks or gives."""
    known = contributed(expected.states)
    for slot, data in expected.contributions.items():
        if known.get(slot) != data:
            yield Difference(LOST, slot.partition("/")[0])
