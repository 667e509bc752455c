"""The stored state of one aggregate, read from `hub.lines` itself: for the few who may see the whole of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from aiokafka import TopicPartition
from aiokafka.partitioner import murmur2

from hub.core.topics import LINES
from hub.gateway.feedlog import KafkaFeeds, extents, fetch

EMPTY = 2
"""So many fetches without an answer end the reading: the cleaner may have taken the last records."""


class StateLog(Protocol):
    async def read(self, of: bytes, keys: Iterable[bytes]) -> Mapping[bytes, bytes]:
        """The newest value of each of `keys` that has one; all stand in the partition of `of`. Raises
        FeedUnavailable."""


class KafkaStates:
    """Reads a whole partition, with the consumers of the feeds: seconds for a city, and nothing kept besides."""

    def __init__(self, feeds: KafkaFeeds, partitions: int) -> None:
        self._feeds = feeds
        self._partitions = partitions

    async def read(self, of: bytes, keys: Iterable[bytes]) -> Mapping[bytes, bytes]:
        part = TopicPartition(LINES, (murmur2(of) & 0x7FFFFFFF) % self._partitions)
        wanted, found, empty = frozenset(keys), dict[bytes, bytes](), 0
        async with self._feeds.lent() as consumer:
            offset, end = (await extents(consumer, [part]))[part]
        while offset < end and empty < EMPTY:
            async with self._feeds.lent() as consumer:
                records = await fetch(consumer, part, offset)
            for record in records:
                if record.key in wanted:
                    if record.value is None:
                        found.pop(record.key, None)
                    else:
                        found[record.key] = record.value
            empty = 0 if records else empty + 1
            offset = records[-1].offset + 1 if records else offset
        return found
