"""Reads outboxes ahead of their lanes, for what the records to come take back (domain.md scenario S16)."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from hub import kafka
from hub.core.records import Record
from hub.core.topics import outbox
from hub.core.withdrawal import Ahead
from hub.telemetry import log

ANSWER_SECONDS = 5.0
FETCH_MS = 1000
RETRY_SECONDS = 0.5

OPTIONS: dict[str, Any] = {"fetch_max_wait_ms": 20, "max_partition_fetch_bytes": 256 * 1024}


class Look(Protocol):
    async def __call__(self, subscription: str, ahead: Ahead) -> None:
        """Returns when `ahead` knows all that was in the outbox at the moment of asking, however long that takes."""


class Scout:
    """Serves the lanes that ask in turns of one fetch, and rests after each for as long as it took: half of the time
    is always left to those who need not ask. Remembers nothing: what it reads goes into the `Ahead` of the lane.

    Trouble with Kafka is waited out: what may have been taken back is better late than told.
    """

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._consumer: AIOKafkaConsumer | None = None
        self._starting = asyncio.Lock()
        self._turn = asyncio.Lock()

    async def stop(self) -> None:
        if self._consumer is not None:
            await kafka.end(self._consumer)

    async def look(self, subscription: str, ahead: Ahead) -> None:
        part = TopicPartition(outbox(subscription), 0)
        while True:
            try:
                async with self._lent() as consumer:
                    end = (await consumer.end_offsets([part]))[part]
                while ahead.next < end:
                    await self._read(part, ahead)
                return
            except (KafkaError, TimeoutError) as error:
                log.event("courier.scout_failed", "warning", subscription=subscription, error=error)
                await asyncio.sleep(RETRY_SECONDS)

    async def fetch(self, subscription: str, offset: int) -> list[Record]:
        """Some records of an outbox in order, from `offset` or the oldest that is kept; none at its end."""
        part = TopicPartition(outbox(subscription), 0)
        while True:
            try:
                async with self._lent() as consumer:
                    end = (await consumer.end_offsets([part]))[part]
                if offset >= end:
                    return []
                if found := await self._records(part, max(offset, await self._beginning(part))):
                    return found
            except (KafkaError, TimeoutError) as error:
                log.event("courier.scout_failed", "warning", subscription=subscription, error=error)
                await asyncio.sleep(RETRY_SECONDS)

    async def end(self, topic: str) -> int:
        """Offset of the next record of a topic of one partition. Raises KafkaError or TimeoutError."""
        part = TopicPartition(topic, 0)
        async with self._lent() as consumer:
            return int((await consumer.end_offsets([part]))[part])

    async def _records(self, part: TopicPartition, offset: int) -> list[Record]:
        """One turn."""
        async with self._turn:
            began = time.monotonic()
            async with self._lent() as consumer:
                found = await _fetch(consumer, part, offset)
            await asyncio.sleep(time.monotonic() - began)
        return [kafka.to_record(record) for record in found]

    async def _read(self, part: TopicPartition, ahead: Ahead) -> None:
        found = await self._records(part, ahead.next)
        for record in found:
            ahead.read(record.offset, record.headers)
        if not found:
            ahead.skip(await self._beginning(part))

    async def _beginning(self, part: TopicPartition) -> int:
        async with self._lent() as consumer:
            return int((await consumer.beginning_offsets([part]))[part])

    @contextlib.asynccontextmanager
    async def _lent(self) -> AsyncIterator[AIOKafkaConsumer]:
        """A started consumer for a few seconds; one that failed is replaced."""
        async with self._starting:
            if self._consumer is None:
                self._consumer = await self._made()
            consumer = self._consumer
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                yield consumer
        except (KafkaError, TimeoutError):
            if self._consumer is consumer:
                self._consumer = None
                await kafka.end(consumer)
            raise

    async def _made(self) -> AIOKafkaConsumer:
        consumer = kafka.consumer(self._bootstrap, **OPTIONS)
        try:
            await consumer.start()
        except BaseException:
            await kafka.end(consumer)
            raise
        return consumer


async def _fetch(consumer: AIOKafkaConsumer, part: TopicPartition, offset: int) -> list[Any]:
    consumer.assign([part])
    consumer.seek(part, offset)
    found = await consumer.getmany(part, timeout_ms=FETCH_MS)
    # Paused, or it would go on fetching an outbox whose turn is over.
    consumer.pause(part)
    return list(found.get(part, ()))
