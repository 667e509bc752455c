"""Turns `hub.lines`, `hub.journal` and `hub.subscriptions` into rows.

The consumer group only shares out partitions. Where to go on stands in the database, in the same transaction
as the rows, and moves only from the value this projector knows: so every record counts exactly once, whatever
is killed and however many projectors believe a partition to be theirs.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import KafkaError
from sqlalchemy.exc import InterfaceError, OperationalError

from hub.core.records import Record
from hub.core.topics import JOURNAL, LINES, PROJECTORS, SUBSCRIPTIONS
from hub.errors import OperatorError
from hub.kafka import KafkaUnavailable, consumer, end, to_record, wait_for_kafka
from hub.readmodel.schema import open_engine
from hub.readmodel.standing import MakeView
from hub.readmodel.store import Batch, Fenced, Move, Store
from hub.settings import Settings
from hub.telemetry import log, metrics

GROUP = PROJECTORS
MAX_RECORDS = 1000
POLL_MS = 200
STOP_SECONDS = 1.0
STALLED_SECONDS = 60.0
KAFKA_SECONDS = 30.0
RETRY_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_FULL = ("disk is full", "No space left on device")
"""SQLite's words, and PostgreSQL's."""

Fetched = Mapping[TopicPartition, Sequence[Any]]


class AheadOfKafka(OperatorError):
    """The read model was made from another Kafka, or from a topic that has since been emptied."""


class Sources(NamedTuple):
    """Topics that are projected."""

    lines: str = LINES
    journal: str = JOURNAL
    subscriptions: str = SUBSCRIPTIONS


class Projector:
    """One projector. `run` until `stop`; `ready` and `healthy` answer for its health server."""

    def __init__(
        self,
        settings: Settings,
        view: MakeView,
        sources: Sources | None = None,
        group: str = GROUP,
        instance: str | None = None,
    ) -> None:
        """`instance` names this process in the group, and no other: killed and started again it has its
        partitions back at once, where Kafka would otherwise wait 10 s for the dead one.
        """
        self._bootstrap = settings.bootstrap
        self._sources = sources or Sources()
        self._group = group
        self._instance = instance
        self.engine = open_engine(settings.database_url)
        self._store = Store(self.engine, view)
        self._positions: dict[TopicPartition, int] = {}
        self._ends: dict[TopicPartition, int] = {}
        self._reader: AIOKafkaConsumer | None = None
        self._stopping = asyncio.Event()
        self._caught_up = False
        self._trouble = "not started"
        self._failures = 0
        self._moved = time.monotonic()

    async def run(self) -> None:
        """Projects until `stop`. Rides out an absent broker or database.

        Raises OperatorError when the database cannot be used as it is (OutdatedReadModel, AheadOfKafka).
        """
        work = asyncio.create_task(self._work())
        stop = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                await asyncio.wait({work}, timeout=STOP_SECONDS)
        finally:
            for task in (stop, work):
                task.cancel()
            await asyncio.gather(stop, work, return_exceptions=True)
            self.engine.dispose()
        if not work.cancelled():
            work.result()

    def stop(self) -> None:
        """`run` returns after the batch at hand, within 2 seconds; a batch cut off is done next time."""
        self._stopping.set()

    def ready(self) -> tuple[bool, str]:
        """Whether the rows have caught up with Kafka since the start, and nothing is in the way."""
        if self._trouble:
            return False, self._trouble
        return (True, "ok") if self._caught_up else (False, f"{self._to_go()} records to go")

    def healthy(self) -> tuple[bool, str]:
        """Not while the loop stands still, which only a restart mends; an absent broker is waited for."""
        still = time.monotonic() - self._moved
        return (True, "ok") if still < STALLED_SECONDS else (False, f"no progress for {still:.0f} s")

    async def level(self) -> bool:
        """Whether the rows of all aggregates, also those that other projectors fill, have caught up with Kafka now."""
        reader = self._reader
        numbers = reader and reader.partitions_for_topic(self._sources.lines)
        if not reader or not numbers or not self.ready()[0]:
            return False
        parts = [TopicPartition(self._sources.lines, number) for number in sorted(numbers)]
        ends = await reader.end_offsets(parts)
        found = await asyncio.to_thread(self._store.positions, [(p.topic, p.partition) for p in parts])
        return all(found[part.topic, part.partition] >= ends[part] for part in parts)

    async def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                await asyncio.to_thread(self._store.prepare)
                await self._follow()
            except (KafkaError, KafkaUnavailable, OperationalError, InterfaceError, OSError) as error:
                await self._interrupted(error)

    async def _interrupted(self, error: Exception) -> None:
        self._caught_up = False
        self._trouble = _what(error)
        log.event("projector.interrupted", "warning", reason=self._trouble, error=error)
        await asyncio.sleep(RETRY_SECONDS[min(self._failures, len(RETRY_SECONDS) - 1)])
        self._failures += 1
        self._moved = time.monotonic()

    async def _follow(self) -> None:
        await wait_for_kafka(self._bootstrap, KAFKA_SECONDS, self._sources)
        reader = consumer(self._bootstrap, self._group, group_instance_id=self._instance)
        try:
            await reader.start()
            reader.subscribe(list(self._sources), listener=_Revocation(self))
            self._reader = reader
            while not self._stopping.is_set():
                await self._advance(reader)
        finally:
            self._reader = None
            self.lose(set(self._positions))
            await end(reader)

    async def _advance(self, reader: AIOKafkaConsumer) -> None:
        # Not in on_partitions_assigned: aiokafka swallows what a listener raises.
        await self._resume(reader, reader.assignment() - self._positions.keys())
        fetched = await reader.getmany(timeout_ms=POLL_MS, max_records=MAX_RECORDS)
        expected = {
            part: records for part, records in fetched.items() if self._expected(reader, part, records)
        }
        if expected:
            await self._take(reader, expected)
        self._measure(reader)
        self._moved = time.monotonic()

    def _expected(self, reader: AIOKafkaConsumer, part: TopicPartition, records: Sequence[Any]) -> bool:
        """A partition that was given back starts where the group says, not where the rows are."""
        position = self._positions.get(part)
        if position is not None and records[0].offset < position:
            reader.seek(part, position)
            return False
        return position is not None

    async def _take(self, reader: AIOKafkaConsumer, fetched: Fetched) -> None:
        batch = self._batch(fetched)
        try:
            await asyncio.to_thread(self._store.apply, batch)
        except Fenced as error:
            log.event("projector.fenced", "warning", reason=str(error))
            await self._resume(reader, reader.assignment())
            return
        self._failures = 0
        for move in batch.moves:
            part = TopicPartition(move.topic, move.partition)
            if self._positions.get(part) == move.old:
                self._positions[part] = move.new

    def _batch(self, fetched: Fetched) -> Batch:
        by_topic: dict[str, list[Record]] = {name: [] for name in self._sources}
        moves = []
        for part, records in fetched.items():
            by_topic[part.topic] += [to_record(given) for given in records]
            moves.append(Move(part.topic, part.partition, self._positions[part], records[-1].offset + 1))
        lines, journal, subscriptions = (by_topic[name] for name in self._sources)
        return Batch(moves, lines, journal, subscriptions)

    async def _resume(self, reader: AIOKafkaConsumer, parts: Collection[TopicPartition]) -> None:
        """Goes on where the database says. Raises AheadOfKafka when Kafka does not reach that far."""
        if not parts:
            return
        found = await asyncio.to_thread(self._store.positions, [(p.topic, p.partition) for p in parts])
        ends = await reader.end_offsets(list(parts))
        for part in parts:
            position = found[part.topic, part.partition]
            if position > ends[part]:
                raise AheadOfKafka(_ahead(part, position, ends[part]))
            if part in reader.assignment():
                reader.seek(part, position)
                self._positions[part], self._ends[part] = position, ends[part]

    def _measure(self, reader: AIOKafkaConsumer) -> None:
        for part, position in self._positions.items():
            self._ends[part] = max(self._ends[part], reader.highwater(part) or 0)
            lag = max(0, self._ends[part] - position)
            metrics.LAG.labels("projector", part.topic, str(part.partition)).set(lag)
        if self._positions or self._caught_up:
            self._trouble = ""
            self._caught_up = self._caught_up or not self._to_go()

    def _to_go(self) -> int:
        return sum(max(0, self._ends[part] - position) for part, position in self._positions.items())

    def lose(self, parts: Collection[TopicPartition]) -> None:
        """Another projector may read these from now on."""
        for part in parts:
            if self._positions.pop(part, None) is not None:
                metrics.LAG.remove("projector", part.topic, str(part.partition))


class _Revocation(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, projector: Projector) -> None:
        self._projector = projector

    def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        self._projector.lose(revoked)

    def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Nothing: the loop sees it."""


def _what(error: Exception) -> str:
    """What is wrong, for readiness and log; the words of a database may quote what was being written."""
    if not isinstance(error, OperationalError | InterfaceError):
        return f"Kafka is away: {type(error).__name__}"
    if any(words in str(error.orig) for words in _FULL):
        return "the disk of the database is full: make room, and the projector goes on by itself"
    return f"database is away: {type(error).__name__}"


def _ahead(part: TopicPartition, position: int, end: int) -> str:
    return (
        f"the read model has read {part.topic}/{part.partition} up to {position}, but Kafka ends at {end}: "
        "it belongs to another Kafka. Correct HUB_KAFKA or HUB_DATABASE, or empty that database to rebuild it"
    )
