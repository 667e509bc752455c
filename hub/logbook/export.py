"""`hub journal export`: the journal, partition by partition, to a collector of processing logs.

How far it came stands in Kafka as the position of a group, and moves only after the collector has taken what lies
before it. Killed at any moment it sends some of it again, with the same ids.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from hub import kafka
from hub.core.processing_log import Span, spans
from hub.core.topics import EXPORTERS, JOURNAL
from hub.logbook import otlp
from hub.telemetry import log

GROUP = EXPORTERS
MAX_RECORDS = 500
POLL_MS = 500
RETRY_SECONDS = 1.0
PAUSES = (0.5, 1, 2, 4, 8, 15, 30)
"""Seconds between tries to send a batch; without `follow` they are all there are."""


class GaveUp(otlp.Refused):
    """The collector cannot be reached."""


@dataclass(slots=True)
class Tally:
    """What was done: records read, spans sent, spans that the collector dropped, records that are no entry."""

    records: int = 0
    spans: int = 0
    dropped: int = 0
    unreadable: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """`since` (milliseconds since 1970) starts there instead of at the kept position; with `follow` it goes on for ever
    instead of up to the end of now. `source` is the CloudEvents source of the hub, `token` what the collector asks for
    as bearer token, "" for none."""

    url: str
    source: str
    token: str = ""
    since: int | None = None
    follow: bool = False


class Export:
    """`run` until all is sent, or cancelled."""

    def __init__(self, bootstrap: str, order: Order, journal: str = JOURNAL, group: str = GROUP) -> None:
        self.done = Tally()
        self._bootstrap, self._order, self._journal, self._group = bootstrap, order, journal, group

    async def run(self) -> Tally:
        """Raises Refused, GaveUp or KafkaUnavailable; one that follows waits out a Kafka that goes away."""
        while True:
            try:
                await self._follow()
                return self.done
            except (KafkaError, kafka.KafkaUnavailable) as error:
                if not self._order.follow:
                    raise kafka.KafkaUnavailable(f"Kafka at {self._bootstrap} went away: {error}") from None
                log.event("export.interrupted", "warning", error=error)
            await asyncio.sleep(RETRY_SECONDS)

    async def _follow(self) -> None:
        await kafka.wait_for_kafka(self._bootstrap, 5, (self._journal,))
        numbers = await kafka.partitions(self._bootstrap, self._journal)
        parts = [TopicPartition(self._journal, number) for number in numbers]
        async with self._reader(parts) as reader, self._client() as client:
            ends = await reader.end_offsets(parts)
            while self._order.follow or await _short(reader, ends):
                fetched = await reader.getmany(timeout_ms=POLL_MS, max_records=MAX_RECORDS)
                if fetched:
                    await self._deliver(reader, client, fetched)

    async def _deliver(
        self,
        reader: AIOKafkaConsumer,
        client: httpx.AsyncClient,
        fetched: Mapping[TopicPartition, Sequence[Any]],
    ) -> None:
        records = [one for some in fetched.values() for one in some]
        made = [span for one in records for span in self._spans(one)]
        if made:
            await self._send(client, otlp.body(made, self._order.source))
        await reader.commit({part: some[-1].offset + 1 for part, some in fetched.items()})
        self.done.records += len(records)
        self.done.spans += len(made)

    def _spans(self, record: Any) -> list[Span]:
        try:
            return spans(kafka.to_record(record))
        except msgspec.ValidationError:
            self.done.unreadable += 1
            where = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
            log.event("export.unreadable", "error", **where)
            return []

    async def _send(self, client: httpx.AsyncClient, content: bytes) -> None:
        tried = 0
        while True:
            try:
                taken = await otlp.send(client, self._order.url, content)
            except otlp.Later as later:
                if tried == len(PAUSES) and not self._order.follow:
                    raise GaveUp(f"the collector at {self._order.url} does not take it: {later}") from None
                log.event("export.later", "warning", reason=str(later), tried=tried + 1)
                await asyncio.sleep(max(later.after, PAUSES[min(tried, len(PAUSES) - 1)]))
                tried += 1
                continue
            if taken.dropped:
                log.event("export.dropped", "error", spans=taken.dropped)
            self.done.dropped += taken.dropped
            return

    @contextlib.asynccontextmanager
    async def _reader(self, parts: Sequence[TopicPartition]) -> AsyncIterator[AIOKafkaConsumer]:
        reader = kafka.consumer(self._bootstrap, self._group)
        await reader.start()
        try:
            reader.assign(parts)
            if self._order.since is not None and not self.done.records:
                await self._rewind(reader, parts, self._order.since)
            yield reader
        finally:
            await kafka.end(reader)

    async def _rewind(self, reader: AIOKafkaConsumer, parts: Sequence[TopicPartition], since: int) -> None:
        found = await reader.offsets_for_times(dict.fromkeys(parts, since))
        ends = await reader.end_offsets(parts)
        for part in parts:
            first = found.get(part)
            reader.seek(part, ends[part] if first is None else first.offset)

    def _client(self) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {self._order.token}"} if self._order.token else {}
        return httpx.AsyncClient(headers=headers, timeout=otlp.TIMEOUT, trust_env=False)


async def _short(reader: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]) -> bool:
    """Whether anything up to `ends` is still to be read."""
    for part, end in ends.items():
        if await reader.position(part) < end:
            return True
    return False
