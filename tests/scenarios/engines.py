"""The same hub three ways, behind one Protocol. The pure one says what is right; the others must agree."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, Protocol

import msgspec

from hub.core import batch, census, cloudevents, journal, reception
from hub.core.admission import admit
from hub.core.catalogue import KINDS
from hub.core.partners import Directory
from hub.core.policy import Policy
from hub.core.records import Count, Out, Record
from hub.core.topics import COMMANDS
from hub.core.views import Group, Line, Places, View
from hub.stream.memory import memory_engine
from tests import city
from tests.pure import PureHub, day_ms, outcomes, partner_of, told

TODAY = day_ms("2026-11-21")
"""The day on which the pure engines take everything in: before all dates of the stories."""

Feed = Callable[[Sequence[Record]], Awaitable[list[Out]]]


class Answer(NamedTuple):
    """What the publisher hears: 202 and nothing, or a refusal with its codes."""

    status: int
    codes: frozenset[str] = frozenset()


class Engine(Protocol):
    """`patience` is how many seconds an expectation may take to come true; `years` how far stories are moved on."""

    patience: float
    years: int

    async def publish(self, partner: str, event: dict[str, Any]) -> Answer: ...
    async def tick(self, key: str, day: str) -> None: ...
    async def crash(self, part: str) -> None: ...
    async def told(self) -> dict[str, list[dict[str, Any]]]:
        """Deliveries per partner since the last call, as {kind, data}."""
        ...

    async def view(self, key: str) -> dict[str, Any] | None: ...
    async def outcomes(self, source: str, id: str) -> list[str]: ...
    async def census(self, metric: str) -> dict[str, int | str]: ...
    async def security(self) -> int: ...
    async def holds(self, text: str) -> bool:
        """Whether a text lies anywhere in what the hub keeps."""
        ...

    async def close(self) -> None: ...


class CoreEngine:
    """Door and processor in this process; `feed` folds records and says what was published."""

    patience = 0.0
    years = 0

    def __init__(self, feed: Feed, states: Callable[[], dict[bytes, bytes]], policy: Policy) -> None:
        self._feed, self._states, self._policy = feed, states, policy
        self._offsets = PureHub(policy)
        self._handled: list[Record] = []
        self._out: list[Out] = []
        self._counts: list[Count] = []
        self._read = 0

    async def publish(self, partner: str, event: dict[str, Any]) -> Answer:
        draft = cloudevents.draft_http(cloudevents.STRUCTURED, {}, json.dumps(event).encode())
        assert not isinstance(draft, list)
        received = reception.receive(draft, city.BY_ID[partner], "http", TODAY, admit)
        self._out.append(received.entry)
        self._counts += received.counts
        if received.event is None:
            return Answer(received.status, frozenset(f.code for f in received.faults))
        await self._run([received.event])
        return Answer(received.status)

    async def _run(self, given: Sequence[Out]) -> None:
        while given:
            records = [self._offsets.record(o.topic, o.key or b"", o.value, TODAY) for o in given]
            self._handled += records
            published = await self._feed(records)
            self._out += published
            given = [o for o in published if o.topic == COMMANDS]

    async def tick(self, key: str, day: str) -> None:
        command = json.dumps({"command": "tick", "at": day_ms(day)}).encode()
        await self._run([Out(COMMANDS, key.encode(), command)])

    async def crash(self, part: str) -> None:
        """What was not acknowledged is handed out again: the last few records, which were done already."""
        self._out += await self._feed(self._handled[-5:])

    async def told(self) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {}
        for one in told(self._out[self._read :]):
            found.setdefault(partner_of(one.subscription), []).append(delivered(one.event))
        self._read = len(self._out)
        return found

    async def view(self, key: str) -> dict[str, Any] | None:
        value = self._states().get(key.encode())
        return plain(batch.view(key.encode(), value, self._policy.rules)) if value else None

    async def outcomes(self, source: str, id: str) -> list[str]:
        key = journal.identity(source, id).encode()
        mine = [o for o in self._out if o.key == key]
        refused = [journal.load(o.value or b"") for o in mine if b'"kind":"refused"' in (o.value or b"")]
        return ["refused" for _ in refused] + outcomes(mine)

    async def census(self, metric: str) -> dict[str, int | str]:
        views = [batch.view(key, value, self._policy.rules) for key, value in self._states().items()]
        return counted(metric, views)

    async def security(self) -> int:
        return sum(count.name == "hub_security_total" for count in self._counts)

    async def holds(self, text: str) -> bool:
        return text in repr((self._out, self._handled, self._states()))

    async def close(self) -> None:
        pass


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


def counted(metric: str, views: Iterable[View | None]) -> dict[str, int | str]:
    found = list(views)
    groups = [v for v in found if isinstance(v, Group)]
    places = next((v for v in found if isinstance(v, Places)), None)
    shown = (
        census.m2(groups, places) if metric == "M2" else census.m6(v for v in found if isinstance(v, Line))
    )
    return figures(shown)


def figures(shown: dict[str, Any]) -> dict[str, int | str]:
    return {figure["name"]: figure["value"] for figure in shown["figures"]}


@asynccontextmanager
async def pure() -> AsyncIterator[Engine]:
    policy = Policy(Directory(city.PARTNERS))
    hub = PureHub(policy)

    async def feed(records: Sequence[Record]) -> list[Out]:
        return hub.run(records).out

    yield CoreEngine(feed, lambda: hub.states, policy)


@asynccontextmanager
async def faust_in_memory() -> AsyncIterator[Engine]:
    policy = Policy(Directory(city.PARTNERS))
    async with memory_engine(batch.run, lambda: policy) as engine:
        yield CoreEngine(engine.feed, lambda: engine.states, policy)
