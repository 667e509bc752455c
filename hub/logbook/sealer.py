"""Seals the journal as it grows (`hub.core.seals`). Run as many as you like: the group shares out the partitions, and
two that believe the same one to be theirs write the same seals."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from hub import kafka
from hub.core.seals import SLOT_MS, Seal, Sealing, Sign, load, record
from hub.core.topics import JOURNAL, SEALERS, SEALS
from hub.settings import Settings
from hub.telemetry import log

GROUP = SEALERS
QUIET_SECONDS = SLOT_MS / 1000
"""After so long without another record what there is is sealed."""

POLL_MS = 500
MAX_RECORDS = 2000
RETRY_SECONDS = 1.0


class Sealer:
    """`run` until cancelled. All it knows stands in the topic of the seals, so it may be killed at any moment."""

    def __init__(
        self,
        settings: Settings,
        sign: Sign,
        genuine: Callable[[Seal], bool],
        *,
        journal: str = JOURNAL,
        seals: str = SEALS,
        group: str = GROUP,
        quiet: float = QUIET_SECONDS,
    ) -> None:
        """`genuine` tells our own seals, for anybody who may write to the topic could put others there."""
        self._settings, self._sign, self._genuine = settings, sign, genuine
        self._journal, self._seals, self._group, self._quiet = journal, seals, group, quiet
        self._tips: dict[int, Seal] = {}
        self._open: dict[TopicPartition, Sealing] = {}
        self._moved: dict[TopicPartition, float] = {}

    async def run(self) -> None:
        """Waits out a Kafka that goes away."""
        while True:
            try:
                await self._follow()
            except (KafkaError, kafka.KafkaUnavailable, OSError) as error:
                log.event("sealer.interrupted", "warning", error=error)
            await asyncio.sleep(RETRY_SECONDS)

    async def _follow(self) -> None:
        bootstrap = self._settings.bootstrap
        await kafka.wait_for_kafka(bootstrap, topics=(self._journal, self._seals))
        view = kafka.CompactedView(bootstrap, self._seals, self._apply)
        reader, writer = kafka.consumer(bootstrap, self._group), kafka.producer(self._settings)
        try:
            await view.start()
            await writer.start()
            await reader.start()
            reader.subscribe([self._journal])
            while True:
                await self._advance(reader, writer)
        finally:
            self._open.clear()
            await asyncio.gather(view.stop(), kafka.end(reader), kafka.end(writer))

    def _apply(self, _: bytes, value: bytes | None) -> None:
        if value is not None and self._genuine(seal := load(value)):
            self._know(seal)

    def _know(self, seal: Seal) -> None:
        known = self._tips.get(seal.partition)
        if known is None or seal.end > known.end:
            self._tips[seal.partition] = seal

    async def _advance(self, reader: AIOKafkaConsumer, writer: AIOKafkaProducer) -> None:
        mine = reader.assignment()
        for part in self._open.keys() - mine:
            del self._open[part]
        for part in mine - self._open.keys():
            await self._begin(reader, part)
        fetched = await reader.getmany(timeout_ms=POLL_MS, max_records=MAX_RECORDS)
        made = [seal for part, records in fetched.items() for seal in self._take(reader, part, records)]
        now = time.monotonic()
        for part, sealing in self._open.items():
            if sealing.waiting and now - self._moved[part] > self._quiet:
                made += sealing.close()
        await self._write(writer, made)

    async def _begin(self, reader: AIOKafkaConsumer, part: TopicPartition) -> None:
        """Goes on after the last seal; what retention took away before it was sealed stays without one."""
        tip = self._tips.get(part.partition)
        oldest = (await reader.beginning_offsets([part]))[part]
        start = max(oldest, tip.end if tip else 0)
        if part in reader.assignment():
            reader.seek(part, start)
            self._open[part] = Sealing(part.partition, start, tip.hash if tip else "", self._sign)
            self._moved[part] = time.monotonic()

    def _take(self, reader: AIOKafkaConsumer, part: TopicPartition, records: Sequence[Any]) -> list[Seal]:
        sealing = self._open.get(part)
        if sealing is None:
            return []
        if records[0].offset < sealing.next:
            # Given back by the group meanwhile: it starts where the group says, not after the last seal.
            reader.seek(part, sealing.next)
            return []
        self._moved[part] = time.monotonic()
        return [seal for given in records for seal in sealing.add(kafka.to_record(given))]

    async def _write(self, writer: AIOKafkaProducer, made: Sequence[Seal]) -> None:
        if not made:
            return
        outs = [record(seal, self._seals) for seal in made]
        await asyncio.gather(*[await writer.send(out.topic, out.value, out.key) for out in outs])
        for seal in made:
            self._know(seal)
