"""How much waits for the processors, seen from the door: what is in their topics less what their group committed."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from hub import kafka
from hub.kafka import end
from hub.telemetry import log, metrics

EVERY_SECONDS = 2.0
ANSWER_SECONDS = 10.0
LONGEST_SECONDS = 300
UNKNOWN_SECONDS = 30
"""What publishers are told while nothing is processed at all."""


class Backlog:
    """Over `limit` records publishers are to stay away, until it is down to half: so the door does not flutter.

    `group` is the processors', which is asked but not joined. While Kafka does not answer nothing is known, and
    publishing itself will tell.
    """

    def __init__(
        self, bootstrap: str, group: str, topics: Sequence[str], limit: int, every: float = EVERY_SECONDS
    ) -> None:
        self._bootstrap = bootstrap
        self._group = group
        self._topics = topics
        self._limit = limit
        self._every = every
        self._waiting = 0
        self._measured = 0.0
        self._rate = 0.0
        self._closed = False
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="backlog")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def behind(self) -> int:
        """Seconds for which publishers should stay away; 0 when they are welcome."""
        if not self._closed:
            return 0
        if self._rate <= 0:
            return UNKNOWN_SECONDS
        seconds = round((self._waiting - self._limit / 2) / self._rate)
        return min(max(1, seconds), LONGEST_SECONDS)

    def note(self) -> str:
        """What an operator should know; empty when all is well."""
        told = f"{self._waiting} records wait for the processors; publishers are told to come back later"
        return told if self._closed else ""

    async def _run(self) -> None:
        self._judge(0)
        while True:
            try:
                await self._follow()
            except (KafkaError, kafka.KafkaUnavailable, OSError) as error:
                log.event("backlog.unknown", "warning", error=error)
            self._judge(0)
            await asyncio.sleep(self._every)

    async def _follow(self) -> None:
        await kafka.wait_for_kafka(self._bootstrap, topics=self._topics)
        parts = [
            TopicPartition(topic, number)
            for topic in self._topics
            for number in await kafka.partitions(self._bootstrap, topic)
        ]
        reader = kafka.consumer(self._bootstrap, self._group)
        try:
            await reader.start()
            reader.assign(parts)
            reader.pause(*parts)
            while True:
                async with asyncio.timeout(ANSWER_SECONDS):
                    self._judge(await _waiting(reader, parts))
                await asyncio.sleep(self._every)
        finally:
            await end(reader)

    def _judge(self, waiting: int) -> None:
        now = time.monotonic()
        if self._measured:
            self._rate = (self._waiting - waiting) / max(now - self._measured, 0.001)
        self._waiting, self._measured = waiting, now
        metrics.WAITING.set(waiting)
        closed = waiting > (self._limit / 2 if self._closed else self._limit)
        if closed != self._closed:
            self._closed = closed
            log.event(
                "door.behind" if closed else "door.open", "warning" if closed else "info", waiting=waiting
            )


async def _waiting(reader: AIOKafkaConsumer, parts: Sequence[TopicPartition]) -> int:
    ends = await reader.end_offsets(parts)
    starts = await reader.beginning_offsets(parts)
    done = {part: await reader.committed(part) for part in parts}
    return sum(max(0, ends[part] - max(done[part] or 0, starts[part])) for part in parts)
