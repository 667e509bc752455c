"""A Kafka in memory for the HTTP door. It passes the same contract as the real one (tests/integration)."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from hub.core.access import Look, Telling
from hub.core.admission import admit
from hub.core.delivery import from_record
from hub.core.flows import StandingSignal
from hub.core.journal import Entry
from hub.core.journal import load as load_entry
from hub.core.journeys import Asked, Found, Journey, Sight
from hub.core.known import Known
from hub.core.letters import Group, Letter
from hub.core.line import for_partner
from hub.core.numbers import Run
from hub.core.partners import Org, Partner, Role, Token, dump, hash_token
from hub.core.records import Count, Out
from hub.core.topics import COURIERS, JOURNAL, LINES, outbox
from hub.core.views import Cell, Census, Line, Places, Published
from hub.core.withdrawal import taken_back
from hub.gateway.app import build
from hub.gateway.context import Gateway
from hub.gateway.feedlog import FeedUnavailable, Page
from hub.gateway.publisher import NotStored
from tests.keys import KEYS

NOW = 1_795_000_000_000
TODAY = "2026-11-18"
ALMERE = "urn:nld:oin:00000099000000000001:systeem:opvangregister"
SCHOOL = "urn:nld:kvknr:00000001:systeem:las"


def partner(id: str, *roles: Role, **more: Any) -> Partner:
    """A partner whose token is `<id>-token`."""
    token = Token("test", hash_token(f"{id}-token"))
    return Partner(id=id, name=id.title(), roles=roles, tokens=(token,), **more)


PARTNERS = (
    partner("almere", Role.GEMEENTE, sources=(ALMERE,)),
    partner("strikt", Role.GEMEENTE, sources=("/strikt",), profile="refuse"),
    partner("school", Role.PO, sources=(SCHOOL,), orgs=(Org("brin:00YY01", "De Boot"),)),
    partner(
        "vo", Role.VO, sources=("urn:nld:kvknr:00000002:systeem:las",), orgs=(Org("brin:99XX02", "Het Wad"),)
    ),
    partner("leerplicht", Role.LEERPLICHT),
    partner("regie", Role.PROCESREGISSEUR),
    partner("beheer", Role.OPERATOR),
    partner("fg", Role.FG),
)


class MemoryKafka:
    """Publisher, FeedLog, Offsets and JournalLog at once. While `down`, nothing is stored and nothing can be read.
    `expired` says of how many records, from the oldest on, a topic keeps nothing any more."""

    def __init__(self) -> None:
        self.expired: defaultdict[str, int] = defaultdict(int)
        self.offsets: dict[tuple[str, str], int] = {}
        self.topics: defaultdict[str, list[Out]] = defaultdict(list)
        self.down = False
        self._grown = asyncio.Event()

    async def publish(self, records: Sequence[Out]) -> None:
        if self.down:
            raise NotStored("no acknowledgement within 5 s")
        for record in records:
            self.topics[record.topic].append(record)
        self._grown.set()
        self._grown = asyncio.Event()

    def offer(self, records: Sequence[Out]) -> None:
        if not self.down:
            for record in records:
                self.topics[record.topic].append(record)

    async def read(self, subscription: str, after: int, limit: int, wait: float) -> Page:
        first, _ = await self.span(subscription)
        log = self.topics[outbox(subscription)]
        if after == len(log) and wait > 0:
            try:
                async with asyncio.timeout(wait):
                    while after == len(log):
                        await self._grown.wait()
            except TimeoutError:
                pass
        start = max(after, first - 1)
        records = log[start : start + limit]
        found = [(start + n, from_record(r.key, r.value or b"", r.headers)) for n, r in enumerate(records, 1)]
        gone = taken_back(from_record(r.key, r.value or b"", r.headers) for r in log)
        return Page(found, first, len(log), frozenset(n for n, _ in found if n - 1 in gone))

    async def span(self, subscription: str) -> tuple[int, int]:
        if self.down:
            raise FeedUnavailable("KafkaConnectionError")
        topic = outbox(subscription)
        return self.expired[topic] + 1, len(self.topics[topic])

    async def committed(self, group: str, topic: str) -> int:
        if self.down:
            raise FeedUnavailable("KafkaConnectionError")
        return self.offsets.get((group, topic), 0)

    async def commit(self, group: str, topic: str, offset: int) -> None:
        if self.down:
            raise FeedUnavailable("KafkaConnectionError")
        self.offsets[group, topic] = offset

    async def ends(self) -> dict[int, int]:
        return {0: len(self.topics[JOURNAL])}

    async def oldest(self, read: Mapping[int, int], ends: Mapping[int, int]) -> int | None:
        place = read.get(0, 0)
        return load_entry(self.topics[JOURNAL][place].value or b"").at if place < ends[0] else None

    async def state(self, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        """The newest value of each key in `hub.lines`."""
        if self.down:
            raise FeedUnavailable("KafkaConnectionError")
        wanted, rows = set(keys), {r.key: r.value for r in self.topics[LINES]}
        return {key: value for key, value in rows.items() if key in wanted and value is not None}

    def journal(self) -> list[Entry]:
        return [load_entry(record.value or b"") for record in self.topics[JOURNAL]]

    def everything(self) -> bytes:
        """All that was ever stored, to search for what must not be there."""
        return b"\n".join(repr(record).encode() for log in self.topics.values() for record in log)


class MemoryStates:
    """StateLog on a Kafka in memory."""

    def __init__(self, kafka: MemoryKafka) -> None:
        self._kafka = kafka

    async def read(self, of: bytes, keys: Iterable[bytes]) -> Mapping[bytes, bytes]:
        return await self._kafka.state(keys)


class MemoryAudit:
    """What the journal would say, by mark or hash."""

    def __init__(self) -> None:
        self.tellings: dict[str, list[Telling]] = {}
        self.lookups: dict[str, list[Look]] = {}

    def told(self, marks: Sequence[str]) -> list[Telling]:
        return [one for mark in marks for one in self.tellings.get(mark, ())]

    def looks(self, lines: Sequence[str]) -> list[Look]:
        return [one for line in lines for one in self.lookups.get(line, ())]


class MemoryBooks:
    """What the read model would say of the numbers of a feed; `read` journal entries long."""

    def __init__(self) -> None:
        self.read = 0
        self.runs: list[Run] = []

    def numbers(self, subscription: str, low: int, high: int) -> tuple[Mapping[int, int], list[Run]]:
        return {0: self.read}, [run for run in self.runs if run.first <= high and run.last >= low]


class MemoryLetters:
    """Dead letters of subscriptions, each with its partner and cause."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, str, str, Letter]] = []

    def groups(self, partner: str | None, state: str) -> list[Group]:
        found: defaultdict[tuple[str, str, str], list[int]] = defaultdict(list)
        for owner, subscription, cause, letter in self.kept:
            if partner in (None, owner) and letter.state == state:
                found[owner, subscription, cause].append(letter.at)
        return [Group(*named, len(at), min(at), max(at)) for named, at in found.items()]

    def page(self, subscription: str, cause: str, state: str, after: int, limit: int) -> list[Letter]:
        kept = [
            one for _, id, what, one in self.kept if (id, what, one.state) == (subscription, cause, state)
        ]
        return sorted((one for one in kept if one.number > after), key=lambda one: one.number)[:limit]

    def open_numbers(self, subscription: str, cause: str) -> list[int]:
        return sorted(
            one.number
            for _, id, what, one in self.kept
            if id == subscription and one.state == "open" and cause in ("", what)
        )


class MemoryQueries:
    def __init__(self) -> None:
        self.lines: dict[str, Line] = {}
        self.journeys: dict[tuple[str, str], Journey] = {}
        self.published: list[Published] = []
        self.places: Places | None = None
        self.signals: list[StandingSignal] = []

    def line(self, learner: str) -> Line | None:
        return self.lines.get(learner)

    def journey(self, source: str, id: str) -> Journey | None:
        return self.journeys.get((source, id))

    def census(self) -> Census:
        return Census(self.published)

    def city(self) -> Places | None:
        return self.places

    def standing_signals(self, orgs: Sequence[str], rules: Sequence[str]) -> list[StandingSignal]:
        return [
            s for s in self.signals if s.responsible in orgs or (s.rule in rules and s.severity == "breach")
        ]


class MemorySearch:
    """Finds what it was given, whoever looks; `asked` is what was asked for last, and with which sight."""

    def __init__(self) -> None:
        self.found: list[Found] = []
        self.asked: tuple[Asked, Sight] = (Asked(), Sight())

    def events(self, asked: Asked, sight: Sight) -> list[Found]:
        self.asked = (asked, sight)
        return self.found[: asked.limit]


@dataclass
class Hub:
    """A gateway on a Kafka in memory, and everything a test may look at."""

    kafka: MemoryKafka = field(default_factory=MemoryKafka)
    queries: MemoryQueries = field(default_factory=MemoryQueries)
    search: MemorySearch = field(default_factory=MemorySearch)
    letters: MemoryLetters = field(default_factory=MemoryLetters)
    audit: MemoryAudit = field(default_factory=MemoryAudit)
    books: MemoryBooks = field(default_factory=MemoryBooks)
    known: Known = field(default_factory=Known)
    counts: list[Count] = field(default_factory=list)
    outboxes: list[str] = field(default_factory=list)
    observed: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        know(self.known, PARTNERS)

    def gateway(self, **changes: Any) -> Gateway:
        async def ensure(subscription: str) -> None:
            self.outboxes.append(subscription)

        given: dict[str, Any] = {
            "known": self.known,
            "publisher": self.kafka,
            "feeds": self.kafka,
            "offsets": self.kafka,
            "journaled": self.kafka,
            "books": self.books,
            "audit": self.audit,
            "states": MemoryStates(self.kafka),
            "courier": COURIERS,
            "queries": self.queries,
            "search": self.search,
            "letters": self.letters,
            "ensure_outbox": ensure,
            "admit": admit,
            "for_partner": for_partner,
            "flows": lambda: {"refused": 0},
            "health": lambda: [Cell(["refused"], "1-4")],
            "lagging": lambda: [{"org": "De Boot", "rule": "T06", "severity": "warn", "number": "1-4"}],
            "today": lambda: TODAY,
            "count": self.counts.extend,
            "observe": self.observed.append,
            "now": lambda: NOW,
            "url": "https://hub.example.nl",
            "source": "urn:nld:oin:00000099000000000000:systeem:onderwijshub",
            "line_key": b"k" * 32,
            "seal": KEYS.seal,
        }
        return Gateway(**(given | changes))

    def app(self, schemas: Path | None = None, checks: Any = None, **changes: Any) -> FastAPI:
        return build(self.gateway(**changes), schemas=schemas, checks=checks)

    def client(self, who: str | None = "almere", app: FastAPI | None = None) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {who}-token"} if who else {}
        transport = httpx.ASGITransport(app or self.app())
        return httpx.AsyncClient(transport=transport, base_url="https://hub.example.nl", headers=headers)

    def counted(self, name: str) -> list[tuple[str, ...]]:
        return [count.labels for count in self.counts if count.name == name]


def know(known: Known, partners: Iterable[Partner]) -> None:
    for one in partners:
        known.apply_partner(one.id.encode(), dump(one))
