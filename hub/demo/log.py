"""Everything that stands in some topics of Kafka now."""

from __future__ import annotations

from collections.abc import Collection

from aiokafka import AIOKafkaConsumer, TopicPartition

from hub import kafka
from hub.core.records import Record


async def read_all(bootstrap: str, topics: Collection[str]) -> list[Record]:
    """All records up to the ends as they are at the call; of one partition in the order of the log. Topics that do not
    exist are empty."""
    parts = [TopicPartition(t, p) for t in topics for p in await kafka.partitions(bootstrap, t)]
    reader = kafka.consumer(bootstrap)
    await reader.start()
    try:
        reader.assign(parts)
        ends = await reader.end_offsets(parts)
        begins = await reader.beginning_offsets(parts)
        left = {part: end for part, end in ends.items() if end > begins[part]}
        found: list[Record] = []
        while left:
            found += await _some(reader, ends)
            left = {part: end for part, end in left.items() if await reader.position(part) < end}
        return found
    finally:
        await reader.stop()


async def _some(reader: AIOKafkaConsumer, ends: dict[TopicPartition, int]) -> list[Record]:
    batches = await reader.getmany(timeout_ms=200)
    return [
        Record(r.topic, r.partition, r.offset, r.timestamp, r.key or b"", r.value, tuple(r.headers))
        for part, records in batches.items()
        for r in records
        if r.offset < ends[part]
    ]
