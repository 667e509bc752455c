"""Writes records to Kafka and returns only when they are safe there."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Protocol

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from hub import kafka
from hub.core.records import Out
from hub.settings import Settings
from hub.telemetry import log

RETRY_SECONDS = 0.5


class Write(Protocol):
    async def __call__(self, out: Out) -> None:
        """Returns when the record is acknowledged by all replicas, however long that takes."""


class Writer:
    """A producer that outlives its own failures: after an error it is made anew and the record is sent
    again."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._producer: AIOKafkaProducer | None = None
        self._renewing = asyncio.Lock()

    async def start(self) -> None:
        """Raises KafkaError when no broker answers."""
        self._producer = await self._make()

    async def stop(self) -> None:
        """Waits briefly for a Kafka that is gone; whatever was promised has been acknowledged before."""
        if self._producer is not None:
            await kafka.end(self._producer)

    async def write(self, out: Out) -> None:
        while True:
            producer = self._producer
            try:
                if producer is None:
                    raise KafkaError("there is no producer")
                await producer.send_and_wait(out.topic, out.value, key=out.key, headers=list(out.headers))
                return
            except KafkaError as error:
                log.event("courier.write_failed", "warning", topic=out.topic, error=error)
            await asyncio.sleep(RETRY_SECONDS)
            await self._renew(producer)

    async def _renew(self, failed: AIOKafkaProducer | None) -> None:
        async with self._renewing:
            if self._producer is not failed:
                return
            self._producer = None
            if failed is not None:
                await kafka.end(failed)
            with contextlib.suppress(KafkaError):
                self._producer = await self._make()

    async def _make(self) -> AIOKafkaProducer:
        producer = kafka.producer(self._settings)
        try:
            await producer.start()
        except BaseException:
            await kafka.end(producer)
            raise
        return producer
