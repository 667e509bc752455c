"""How far the books are behind the journal, so that who reads them can be told until when they are complete."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Protocol

from aiokafka import TopicPartition

from hub.core.topics import JOURNAL
from hub.gateway.feedlog import FeedUnavailable, KafkaFeeds, ends, extents, fetch


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
            found = await ends(consumer, self._parts)
        return {part.partition: offset for part, offset in found.items()}

    async def oldest(self, read: Mapping[int, int], ends: Mapping[int, int]) -> int | None:
        behind = [part for part in self._parts if read.get(part.partition, 0) < ends[part.partition]]
        if not behind:
            return None
        async with self._feeds.lent() as consumer:
            found = await extents(consumer, behind)
        starts = {part: max(read.get(part.partition, 0), begin) for part, (begin, _) in found.items()}
        kept = [(part, start) for part, start in starts.items() if start < ends[part.partition]]
        return min(await asyncio.gather(*(self._written(*place) for place in kept)), default=None)

    async def _written(self, part: TopicPartition, offset: int) -> int:
        """When the record at `offset` was written, or the first one after it that is there."""
        async with self._feeds.lent() as consumer:
            records = await fetch(consumer, part, offset, 1)
        if not records:
            raise FeedUnavailable("no answer in time")
        return records[0].timestamp
