"""Writes to Kafka for the HTTP door: acknowledged by all replicas within a few seconds, or an honest failure."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from hub.core.records import Headers, Out
from hub.kafka import end
from hub.telemetry import log

Stamp = Callable[[], Headers]
"""Headers for every event record: the day, where the hub's clock is set apart from Kafka's; else none."""

PENDING = 5000
"""Records offered but not yet acknowledged; beyond that new offers are dropped."""


def stamped(event: Out, stamp: Stamp) -> Out:
    return event._replace(headers=(*event.headers, *stamp()))


class NotStored(Exception):
    """Kafka did not acknowledge in time. What was sent may or may not be stored."""


class Publisher(Protocol):
    """What the door needs of Kafka."""

    async def publish(self, records: Sequence[Out]) -> None:
        """Returns when all are durable, in order per key; raises NotStored otherwise."""

    def offer(self, records: Sequence[Out]) -> None:
        """Best effort, returns at once: for what may be lost when Kafka is away."""


class KafkaPublisher:
    """A Publisher on aiokafka. `make` gives a producer that is not started yet (acks=all, idempotent)."""

    def __init__(self, make: Callable[[], AIOKafkaProducer], timeout: float = 5.0) -> None:
        self._make = make
        self._timeout = timeout
        self._producer: AIOKafkaProducer | None = None
        self._renewal: asyncio.Task[None] | None = None
        self._offered: dict[asyncio.Task[None], int] = {}

    async def start(self) -> None:
        self._producer = self._make()
        await self._producer.start()

    async def stop(self) -> None:
        for task in (*self._offered, *([self._renewal] if self._renewal else [])):
            task.cancel()
        if self._producer is not None:
            await end(self._producer)

    async def publish(self, records: Sequence[Out]) -> None:
        if self._producer is None:
            raise NotStored("the connection to Kafka is being renewed")
        futures: list[asyncio.Future[Any]] = []
        try:
            async with asyncio.timeout(self._timeout):
                for record in records:
                    futures.append(await _send(self._producer, record))
                await _all(futures)
        except TimeoutError:
            raise NotStored(f"no acknowledgement within {self._timeout:g} s") from None
        except KafkaError as error:
            self._renew(error)
            raise NotStored(type(error).__name__) from None
        finally:
            for future in futures:
                future.add_done_callback(self._settle)

    def offer(self, records: Sequence[Out]) -> None:
        if sum(self._offered.values()) + len(records) > PENDING:
            log.event("journal.lost", "warning", records=len(records), reason="too many wait for Kafka")
            return
        task = asyncio.create_task(self._try(records))
        self._offered[task] = len(records)
        task.add_done_callback(self._offered.pop)

    async def _try(self, records: Sequence[Out]) -> None:
        try:
            await self.publish(records)
        except NotStored as error:
            log.event("journal.lost", "warning", records=len(records), reason=str(error))

    def _settle(self, future: asyncio.Future[Any]) -> None:
        # A record given up on may fail long after its caller was answered; its producer is then of no more use.
        if not future.cancelled() and (error := future.exception()) is not None:
            self._renew(error)

    def _renew(self, error: BaseException) -> None:
        """An idempotent producer that lost a record refuses all later ones, so it is replaced."""
        if self._producer is None:
            return
        log.event("producer.renewed", "warning", error=error)
        old, self._producer = self._producer, None
        self._renewal = asyncio.create_task(self._replace(old))

    async def _replace(self, old: AIOKafkaProducer) -> None:
        await end(old)
        while self._producer is None:
            fresh = self._make()
            try:
                await fresh.start()
                self._producer = fresh
            except (KafkaError, OSError):
                await end(fresh)
                await asyncio.sleep(0.5)


async def _send(producer: AIOKafkaProducer, record: Out) -> asyncio.Future[Any]:
    sent: Awaitable[asyncio.Future[Any]] = producer.send(
        record.topic, record.value, record.key, headers=list(record.headers)
    )
    return await sent


async def _all(futures: list[asyncio.Future[Any]]) -> None:
    """Waits for all without cancelling any, and raises the first failure."""
    await asyncio.wait(futures)
    for future in futures:
        future.result()
