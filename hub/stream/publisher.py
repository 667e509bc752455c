"""Publishes records in batches, each awaited to its acknowledgement."""

from __future__ import annotations

import asyncio
import struct
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from hub.core.records import Out
from hub.stream.fence import signed
from hub.stream.stores import Rows

Row = tuple[bytes | None, bytes | None, list[tuple[str, bytes]]]
Groups = dict[tuple[str, int], list[Row]]


class Producer(Protocol):
    """What is used of aiokafka's producer."""

    def create_batch(self) -> Any: ...

    async def send_batch(self, batch: Any, topic: str, *, partition: int) -> Awaitable[Any]: ...

    async def partitions_for(self, topic: str) -> set[int]: ...


class Publisher:
    """Sends through `producer()`; every method returns only when the broker has all of it (acks=all).

    Raises aiokafka's KafkaError when anything could not be sent: part of it may then be in Kafka, and the caller
    must crash before acknowledging, so that all of it is made again.
    """

    def __init__(self, producer: Callable[[], Producer]) -> None:
        self._producer = producer

    async def publish(self, outs: Iterable[Out]) -> None:
        """Keeps the order of `outs` within each partition. The partition is that of the key (murmur2, as Kafka's
        own clients choose it), and 0 without a key."""
        by_topic: defaultdict[str, list[Out]] = defaultdict(list)
        for out in outs:
            by_topic[out.topic].append(out)
        counts = {topic: len(await self._producer().partitions_for(topic)) for topic in by_topic}
        await self._send(_spread(by_topic, counts))

    async def append(self, topic: str, rows: Mapping[int, Rows], hands: Mapping[int, int]) -> dict[int, int]:
        """Appends to several partitions at once, each row signed with the hand of its partition; returns the offset of
        the last row of each. None may be empty."""
        groups: Groups = {}
        for number, of in rows.items():
            headers = signed(hands[number])
            groups[topic, number] = [(key, value, headers) for key, value in of]
        return {number: offset for (_, number), offset in (await self._send(groups)).items()}

    async def _send(self, groups: Groups) -> dict[tuple[str, int], int]:
        """Returns the offset of the last row of each group."""
        sent = []
        for (topic, partition), rows in groups.items():
            for batch in self._batches(rows):
                future = await self._producer().send_batch(batch, topic, partition=partition)
                sent.append(((topic, partition), batch.record_count(), future))
        acknowledged = await asyncio.gather(*(future for _, _, future in sent))
        return {at: a.offset + count - 1 for (at, count, _), a in zip(sent, acknowledged, strict=True)}

    def _batches(self, rows: Sequence[Row]) -> Iterable[Any]:
        batch = self._producer().create_batch()
        for key, value, headers in rows:
            if batch.append(timestamp=None, key=key, value=value, headers=headers) is None:  # full
                yield batch
                batch = self._producer().create_batch()
                batch.append(timestamp=None, key=key, value=value, headers=headers)
        batch.close()
        yield batch


def _spread(by_topic: Mapping[str, Iterable[Out]], counts: Mapping[str, int]) -> Groups:
    groups: defaultdict[tuple[str, int], list[Row]] = defaultdict(list)
    for topic, outs in by_topic.items():
        for out in outs:
            groups[topic, partition_for(out.key, counts[topic])].append(
                (out.key, out.value, list(out.headers))
            )
    return groups


def partition_for(key: bytes | None, count: int) -> int:
    if key is None or count == 1:
        return 0
    return (murmur2(key) & 0x7FFFFFFF) % count


def murmur2(data: bytes) -> int:
    """Hash by which Kafka's clients choose a partition, unsigned. aiokafka's own takes three times as long."""
    size = len(data)
    h = 0x9747B28C ^ size
    words = size >> 2
    for k in struct.unpack_from(f"<{words}I", data):
        k = k * 0x5BD1E995 & 0xFFFFFFFF
        h = (h * 0x5BD1E995 ^ (k ^ k >> 24) * 0x5BD1E995) & 0xFFFFFFFF
    if rest := data[words << 2 :]:
        h = (h ^ int.from_bytes(rest, "little")) * 0x5BD1E995 & 0xFFFFFFFF
    h = (h ^ h >> 13) * 0x5BD1E995 & 0xFFFFFFFF
    return h ^ h >> 15
