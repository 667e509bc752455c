"""How far the books are behind the journal, so that who reads them can be told until when they are complete."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Protocol

from aiokafka import TopicPartition

from hub.core.topics import JOURNAL
from hub.gateway.feedlog import FeedUnavailable, KafkaFeeds, fetch


class JournalLog(Protocol):
    async def ends(self) -> Mapping[int, int]:
        """Per partition, the offset of the entry that comes next. Raises FeedUnavailable."""

    async def oldest(self, read: Mapping[int, int], ends: Mapping[int, int]) -> int | None:
        """When the oldest entry was written (milliseconds since 1970) that lies below `ends` and was not `read`; None
        when there is none. Raises FeedUnavailable."""


class KafkaJournal:
    """Reads with the consumers of the feeds."""

    def __init__(self, feeds: KafkaFeeds, partitions: int) -> None:
        self._feeds = feeds
        self._parts = [TopicPartition(JOURNAL, number) for number in range(partitions)]

    async def ends(self) -> Mapping[int, int]:
        async with self._feeds.lent() as consumer:
            found = await consumer.end_offsets(self._parts)
        return {part.partition: offset for part, offset in found.items()}

    async def oldest(self, read: Mapping[int, int], ends: Mapping[int, int]) -> int | None:
        behind = [part for part in self._parts if read.get(part.partition, 0) < ends[part.partition]]
        asked = (self._written(part, read.get(part.partition, 0)) for part in behind)
        moments = await asyncio.gather(*asked)
        return min((at for at in moments if at is not None), default=None)

    async def _written(self, part: TopicPartition, offset: int) -> int | None:
        """When the record at `offset` was written, or the first one after it that is still kept."""
        async with self._feeds.lent() as consumer:
            begin = (await consumer.beginning_offsets([part]))[part]
            end = (await consumer.end_offsets([part]))[part]
            start = max(offset, begin)
            if start >= end:
                return None
            records = await fetch(consumer, part, start, 1)
        if not records:
            raise FeedUnavailable("no answer in time")
        return records[0].timestamp
