"""Reads the outbox of a subscription by number, for the pull feed. Number = Kafka offset + 1, without gaps."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import NamedTuple, Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from hub.core.delivery import Delivery, from_record
from hub.core.records import Record
from hub.core.topics import outbox
from hub.core.withdrawal import Ahead
from hub.kafka import end, to_record
from hub.telemetry import log

POLL_SECONDS = 0.1
FETCH_MS = 2000
MOST_KNOWN = 500
"""Feeds of which it is remembered what was taken back, so that a next page need not look for it again."""

MOST_READERS = 500
"""Reads at once, waiting ones included; more are refused rather than queued."""


class FeedUnavailable(Exception):
    """Kafka did not answer, or too many read at once."""


class Page(NamedTuple):
    """`deliveries` with their numbers, in order. `first` is the oldest number still kept (or the next one to come),
    `last` the newest; 0 when there never was any. `withdrawn` are numbers of deliveries that a later one took back:
    their content is not for the reader any more."""

    deliveries: list[tuple[int, Delivery]]
    first: int
    last: int
    withdrawn: frozenset[int] = frozenset()


class FeedLog(Protocol):
    async def read(self, subscription: str, after: int, limit: int, wait: float) -> Page:
        """Deliveries numbered above `after`, at most `limit`; when there are none, waits so many seconds for one.

        Raises FeedUnavailable.
        """

    async def span(self, subscription: str) -> tuple[int, int]:
        """`first` and `last` of a Page, without reading one. Raises FeedUnavailable."""


class KafkaFeeds:
    """A few group-less consumers, each lent to one read at a time, and one that watches the ends of all feeds that
    somebody waits for. `make` gives a consumer that is not started; `fetch_max_wait_ms` should be small, for it is
    how long a read may have to wait for the fetch of the one before it."""

    def __init__(self, make: Callable[[], AIOKafkaConsumer], size: int = 4) -> None:
        self._make = make
        self._size = size
        self._idle: asyncio.Queue[AIOKafkaConsumer | None] = asyncio.Queue()
        self._known: dict[TopicPartition, Ahead] = {}
        self._waiting: dict[TopicPartition, list[tuple[int, asyncio.Event]]] = {}
        self._watcher: asyncio.Task[None] | None = None
        self._readers = 0

    async def start(self) -> None:
        for _ in range(self._size):
            self._idle.put_nowait(None)
        self._watcher = asyncio.create_task(self._watch(), name="feeds")

    async def stop(self) -> None:
        if self._watcher is not None:
            self._watcher.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watcher
        while not self._idle.empty():
            if consumer := self._idle.get_nowait():
                await end(consumer)

    async def read(self, subscription: str, after: int, limit: int, wait: float) -> Page:
        if self._readers >= MOST_READERS:
            raise FeedUnavailable("too many readers")
        self._readers += 1
        try:
            return await self._read(TopicPartition(outbox(subscription), 0), after, limit, wait)
        finally:
            self._readers -= 1

    async def span(self, subscription: str) -> tuple[int, int]:
        part = TopicPartition(outbox(subscription), 0)
        async with self.lent() as consumer:
            begin, end = (await extents(consumer, [part]))[part]
        return begin + 1, end

    async def _read(self, part: TopicPartition, after: int, limit: int, wait: float) -> Page:
        page = await self._fetch(part, after, limit)
        if page.deliveries or wait <= 0 or after > page.last:
            return page
        await self._grown(part, max(after, page.last), wait)
        return await self._fetch(part, after, limit)

    async def _fetch(self, part: TopicPartition, after: int, limit: int) -> Page:
        async with self.lent() as consumer:
            begin, end = (await extents(consumer, [part]))[part]
            start = max(after, begin)
            records = await fetch(consumer, part, start, limit) if start < end else []
        withdrawn = await self._withdrawn(part, records, begin, end) if records else frozenset()
        return Page([(r.offset + 1, _delivery(r)) for r in records], begin + 1, end, withdrawn)

    async def _withdrawn(
        self, part: TopicPartition, page: Sequence[Record], begin: int, end: int
    ) -> frozenset[int]:
        """Numbers on this page that a record up to `end` takes back."""
        ahead = self._remembered(part, page[0].offset)
        ahead.forget(begin)
        ahead.skip(begin)
        if page[0].offset <= ahead.next:
            _take_in(ahead, page)
        while ahead.next < end:
            async with self.lent() as consumer:
                found = await fetch(consumer, part, ahead.next)
            if not found:
                raise FeedUnavailable("no answer in time")
            _take_in(ahead, found)
        return frozenset(r.offset + 1 for r in page if ahead.takes_back(r.offset, _delivery(r)))

    def _remembered(self, part: TopicPartition, start: int) -> Ahead:
        """What is known of a feed from `start` on; the feed read longest ago is forgotten."""
        ahead = self._known.pop(part, None)
        if ahead is None or start < ahead.start:
            ahead = Ahead(start)
        self._known[part] = ahead
        if len(self._known) > MOST_KNOWN:
            del self._known[next(iter(self._known))]
        return ahead

    @contextlib.asynccontextmanager
    async def lent(self) -> AsyncIterator[AIOKafkaConsumer]:
        """A started consumer, back in the pool afterwards; one that failed is replaced. Raises FeedUnavailable."""
        consumer = await self._idle.get()
        try:
            if consumer is None:
                consumer = self._make()
                await consumer.start()
            yield consumer
        except BaseException as error:
            broken, consumer = consumer, None
            await _discard(broken)
            if isinstance(error, KafkaError | OSError):
                raise FeedUnavailable(type(error).__name__) from None
            raise
        finally:
            self._idle.put_nowait(consumer)

    async def _grown(self, part: TopicPartition, beyond: int, wait: float) -> None:
        """Returns when the end of the feed passed `beyond`, or after `wait` seconds."""
        mark = (beyond, asyncio.Event())
        self._waiting.setdefault(part, []).append(mark)
        try:
            async with asyncio.timeout(wait):
                await mark[1].wait()
        except TimeoutError:
            pass
        finally:
            self._waiting[part].remove(mark)
            if not self._waiting[part]:
                del self._waiting[part]

    async def _watch(self) -> None:
        """One question to the broker for all that wait, ten times a second, and none when nobody does."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            if not self._waiting:
                continue
            try:
                async with self.lent() as consumer:
                    sizes = await ends(consumer, list(self._waiting))
            except FeedUnavailable as error:
                log.event("feeds.interrupted", "warning", error=error)
                continue
            for part, size in sizes.items():
                for beyond, event in self._waiting.get(part, ()):
                    if size > beyond:
                        event.set()


async def ends(consumer: AIOKafkaConsumer, parts: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
    """Offset of the next record to come."""
    # It learns of all of them at once; topics that it was not told of it looks up one by one, a tenth of a second each.
    consumer.assign(parts)
    consumer.pause(*parts)
    return dict(await consumer.end_offsets(parts))


async def extents(
    consumer: AIOKafkaConsumer, parts: Sequence[TopicPartition]
) -> dict[TopicPartition, tuple[int, int]]:
    """Offset of the oldest record that is kept, and of the next one to come."""
    sizes = await ends(consumer, parts)
    begins = await consumer.beginning_offsets(parts)
    return {part: (begins[part], sizes[part]) for part in parts}


async def fetch(
    consumer: AIOKafkaConsumer, part: TopicPartition, start: int, limit: int | None = None
) -> list[Record]:
    """One fetch, of `limit` records at most."""
    consumer.assign([part])
    consumer.seek(part, start)
    found = await consumer.getmany(part, timeout_ms=FETCH_MS, max_records=limit)
    # Paused, or it would go on fetching a feed that nobody reads until it is lent again.
    consumer.pause(part)
    return [to_record(record) for record in found.get(part, ())]


def _delivery(record: Record) -> Delivery:
    return from_record(record.key, record.value or b"", record.headers)


def _take_in(ahead: Ahead, records: Sequence[Record]) -> None:
    for record in records:
        ahead.read(record.offset, record.headers)


async def _discard(consumer: AIOKafkaConsumer | None) -> None:
    if consumer is not None:
        await end(consumer)
