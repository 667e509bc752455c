"""`hub journal verify`: reads the journal and its seals, and says of each partition whether they agree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from hub import kafka
from hub.core.seals import Seal, Verdict, Verifier, load
from hub.core.topics import JOURNAL, SEALS

LATE_MS = 3_600_000
"""Nothing stands so long without a seal while a sealer runs."""


async def verify(
    bootstrap: str, genuine: Callable[[Seal], bool], journal: str = JOURNAL, seals: str = SEALS
) -> list[Verdict]:
    """A verdict per partition, on what Kafka holds now. Raises KafkaUnavailable."""
    await kafka.wait_for_kafka(bootstrap, 5, (journal, seals))
    reader = kafka.consumer(bootstrap)
    await reader.start()
    try:
        known: defaultdict[int, list[Seal]] = defaultdict(list)
        for number in await kafka.partitions(bootstrap, seals):
            async for one in _records(reader, TopicPartition(seals, number)):
                if one.value is None:
                    continue
                seal = load(one.value)
                known[seal.partition].append(seal)
        return [
            await _verdict(reader, TopicPartition(journal, number), known[number], genuine)
            for number in await kafka.partitions(bootstrap, journal)
        ]
    finally:
        await kafka.end(reader)


def sound(verdict: Verdict, now: int) -> bool:
    """Whether nothing is wrong with a partition. `now` is milliseconds since 1970."""
    return verdict.fault is None and (not verdict.waiting or now - verdict.since < LATE_MS)


async def _verdict(
    reader: AIOKafkaConsumer, part: TopicPartition, seals: list[Seal], genuine: Callable[[Seal], bool]
) -> Verdict:
    start = (await reader.beginning_offsets([part]))[part]
    verifier = Verifier(part.partition, seals, start, genuine)
    async for one in _records(reader, part):
        verifier.feed(kafka.to_record(one))
    return verifier.done()


async def _records(reader: AIOKafkaConsumer, part: TopicPartition) -> AsyncIterator[Any]:
    """All of one partition, up to where it ends now."""
    reader.assign([part])
    await reader.seek_to_beginning(part)
    end = (await reader.end_offsets([part]))[part]
    while await reader.position(part) < end:
        for records in (await reader.getmany(timeout_ms=200)).values():
            for one in records:
                if one.offset < end:
                    yield one
