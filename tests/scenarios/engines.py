"""The same hub three ways, behind one Protocol. The pure one says what is right; the others must agree."""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, Protocol

import msgspec

from hub.core import batch, census, cloudevents, journal, line, reception, withdrawal
from hub.core import state as states
from hub.core.admission import door
from hub.core.catalogue import KINDS
from hub.core.delivery import Delivery, from_record
from hub.core.directory import Directory
from hub.core.identity import identity
from hub.core.policy import Policy
from hub.core.records import Count, Out, Record
from hub.core.subscription import INBOX
from hub.core.topics import COMMANDS, OUTBOX
from hub.core.views import Line, View
from hub.stream.memory import memory_engine
from tests import city, refs
from tests.pure import PureHub, day_ms, entries, outcomes

TODAY = "2026-11-21"
"""The day on which every event of the stories comes in: before all their dates. Only ticks are later."""

Feed = Callable[[Sequence[Record]], Awaitable[list[Out]]]


class Answer(NamedTuple):
    """What the publisher hears: 202 and nothing, or a refusal with its codes."""

    status: int
    codes: frozenset[str] = frozenset()


class Engine(Protocol):
    """`patience` is how many seconds an expectation may take to come true; `alone` whether the hub is of this story
    alone, so that what is published of the whole city is known."""

    patience: float
    alone: bool

    async def publish(self, partner: str, event: dict[str, Any]) -> Answer: ...
    async def tick(self, key: str, day: str) -> None: ...
    async def restrict(self, learner: str, on: bool) -> None: ...
    async def crash(self, part: str) -> None: ...
    async def down(self, partner: str) -> None:
        """The partner's own system refuses everything, until `back`."""
        ...

    async def back(self, partner: str) -> None: ...
    async def told(self) -> dict[str, list[dict[str, Any]]]:
        """Deliveries per partner since the last call, as {kind, data}."""
        ...

    async def taken(self, partner: str) -> list[str]:
        """Kinds of all that the partner's own system took, in order."""
        ...

    async def view(self, key: str) -> dict[str, Any] | None: ...
    async def seen(self, partner: str, learner: str) -> dict[str, Any] | None:
        """The line of a learner as one partner may see it; None when it may see nothing."""
        ...

    async def due(self, key: str) -> str:
        """The day on which a clock changes something; empty for none."""
        ...

    async def outcomes(self, source: str, id: str) -> list[str]: ...
    async def audit(self, source: str, id: str) -> list[str]:
        """Who got an event, as the journal says."""
        ...

    async def counts(self) -> dict[str, int]:
        """What the census would count now, before any cell is hidden."""
        ...

    async def snapshot(self, day: str, others: dict[str, int]) -> None:
        """Has the census published, with `others` counted as well. Only for engines that are `alone`."""
        ...

    async def security(self) -> int: ...
    async def holds(self, text: str) -> bool:
        """Whether a text lies anywhere in what the hub keeps."""
        ...

    async def close(self) -> None: ...


class CoreEngine:
    """Door and processor in this process; `feed` folds records and says what was published."""

    patience = 0.0
    alone = True

    def __init__(self, feed: Feed, stored: Callable[[], dict[bytes, bytes]], policy: Policy) -> None:
        self._feed, self._stored, self._policy = feed, stored, policy
        self._admit = door(policy.rules, policy.references)
        self._offsets = PureHub(policy)
        self._handled: list[Record] = []
        self._out: list[Out] = []
        self._counts: list[Count] = []
        self._read: Counter[str] = Counter()
        self._down: dict[str, int] = {}
        self._missed: defaultdict[str, set[int]] = defaultdict(set)

    async def publish(self, partner: str, event: dict[str, Any]) -> Answer:
        sent = json.dumps(refs.written(partner, event)).encode()
        draft = cloudevents.draft_http(cloudevents.STRUCTURED, {}, sent)
        assert not isinstance(draft, list)
        context = reception.Context("http", day_ms(TODAY))
        received = reception.receive(draft, city.BY_ID[partner], context, self._admit)
        self._out.append(received.entry)
        self._counts += received.counts
        if received.event is None:
            return Answer(received.status, frozenset(f.code for f in received.faults))
        await self._run([received.event])
        return Answer(received.status)

    async def _run(self, given: Sequence[Out]) -> None:
        while given:
            records = [self._offsets.record(o.topic, o.key or b"", o.value, day_ms(TODAY)) for o in given]
            self._handled += records
            published = await self._feed(records)
            self._out += published
            given = [o for o in published if o.topic == COMMANDS]

    async def _command(self, key: str, **command: Any) -> None:
        await self._run([Out(COMMANDS, key.encode(), json.dumps(command).encode())])

    async def tick(self, key: str, day: str) -> None:
        await self._command(key, command="tick", at=day_ms(day))

    async def restrict(self, learner: str, on: bool) -> None:
        at = int(time.time() * 1000)
        await self._command(f"learner/{learner}", command="restrict", on=on, at=at, by="fg")

    async def crash(self, part: str) -> None:
        """What was not acknowledged is handed out again: the last few records, which were done already."""
        self._out += await self._feed(self._handled[-5:])

    async def down(self, partner: str) -> None:
        """The outbox keeps what is not taken."""
        self._down[partner] = len(self._outbox(partner))

    async def back(self, partner: str) -> None:
        """Takes what it missed, but for what was taken back by now."""
        outbox, since = self._outbox(partner), self._down.pop(partner)
        self._missed[partner] |= {place for place in withdrawal.taken_back(outbox) if place >= since}

    async def told(self) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {}
        for partner in city.BY_ID:
            outbox, read = self._outbox(partner), self._read[partner]
            gone = withdrawal.taken_back(outbox)
            page = [
                shown(one, partner) for place, one in enumerate(outbox) if place >= read and place not in gone
            ]
            self._read[partner] = len(outbox)
            if page:
                found[partner] = page
        return found

    async def taken(self, partner: str) -> list[str]:
        outbox = self._outbox(partner)[: self._down.get(partner)]
        missed = self._missed[partner]
        return [shown(one, partner)["kind"] for place, one in enumerate(outbox) if place not in missed]

    def _outbox(self, partner: str) -> list[Delivery]:
        """Of its inbox: partners of the stories have no other subscription here."""
        topic = f"{OUTBOX}{INBOX}{partner}"
        return [from_record(o.key, o.value or b"", o.headers) for o in self._out if o.topic == topic]

    def _view(self, key: bytes) -> View | None:
        value = self._stored().get(key)
        return batch.view(key, value, self._policy.rules) if value else None

    async def view(self, key: str) -> dict[str, Any] | None:
        return plain(self._view(key.encode()))

    async def seen(self, partner: str, learner: str) -> dict[str, Any] | None:
        found = self._view(f"learner/{learner}".encode())
        if not isinstance(found, Line):
            return None
        return line.for_partner(found, city.BY_ID[partner], self._policy.rules)

    async def due(self, key: str) -> str:
        raw = self._stored().get(key.encode())
        return states.load(raw).due if raw else ""

    async def outcomes(self, source: str, id: str) -> list[str]:
        key = identity(source, id).encode()
        mine = [o for o in self._out if o.key == key]
        refused = [journal.load(o.value or b"") for o in mine if b'"kind":"refused"' in (o.value or b"")]
        return ["refused" for _ in refused] + outcomes(mine)

    async def audit(self, source: str, id: str) -> list[str]:
        key = identity(source, id).encode()
        mine = [e for e in entries(o for o in self._out if o.key == key) if isinstance(e, journal.Routed)]
        return sorted(told.partner for entry in mine for told in entry.told)

    async def counts(self) -> dict[str, int]:
        found: Counter[str] = Counter()
        for key in list(self._stored()):
            view = self._view(key)
            found.update(census.counts(view) if view else {})
        return {cell: n for cell, n in found.items() if n}

    async def snapshot(self, day: str, others: dict[str, int]) -> None:
        counts = Counter(await self.counts())
        counts.update(others)
        await self._command("census/almere", command="snapshot", on=day, counts=dict(counts))

    async def security(self) -> int:
        return sum(count.name == "hub_security_total" for count in self._counts)

    async def holds(self, text: str) -> bool:
        return text in repr((self._out, self._handled, self._stored()))

    async def close(self) -> None:
        pass


def shown(delivery: Delivery, partner: str) -> dict[str, Any]:
    return delivered(refs.meant(partner, json.loads(delivery.body)))


def delivered(event: dict[str, Any]) -> dict[str, Any]:
    return {"kind": KINDS[event["type"]].code, "data": event["data"]}


def plain(view: View | None) -> dict[str, Any] | None:
    """A view as people compare it, empty fields and all."""
    found: dict[str, Any] | None = _plain(view)
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        return {name: _plain(getattr(value, name)) for name in value.__struct_fields__}
    return [_plain(one) for one in value] if isinstance(value, list) else value


@asynccontextmanager
async def pure() -> AsyncIterator[Engine]:
    policy = Policy(Directory(city.PARTNERS), references=refs.REFERENCES)
    hub = PureHub(policy)

    async def feed(records: Sequence[Record]) -> list[Out]:
        return hub.run(records).out

    yield CoreEngine(feed, lambda: hub.states, policy)


@asynccontextmanager
async def faust_in_memory() -> AsyncIterator[Engine]:
    policy = Policy(Directory(city.PARTNERS), references=refs.REFERENCES)
    async with memory_engine(batch.run, lambda: policy) as engine:
        yield CoreEngine(engine.feed, lambda: engine.states, policy)
