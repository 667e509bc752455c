"""Three brokers, writers that never stop, and what became of what was acknowledged."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition

from hub import kafka
from hub.core.topics import Topic
from hub.local.kafka import LocalKafka, cluster
from hub.local.ports import free_row
from hub.settings import PORTS_PER_BROKER, Settings
from tests.broker import JARS, with_certificate

TOPIC = Topic("written", 6, {})


class Three:
    """Three brokers of our own in `folder`."""

    def __init__(self, folder: Path) -> None:
        with_certificate(folder / "kafka")
        port = free_row(3 * PORTS_PER_BROKER)
        self.brokers = cluster(folder / "kafka", port, JARS, folder / "logs", 3)
        self.settings = Settings(kafka=",".join(broker.bootstrap for broker in self.brokers))

    async def start(self, which: Iterable[LocalKafka] | None = None) -> None:
        chosen = list(self.brokers if which is None else which)
        await asyncio.gather(*(asyncio.to_thread(broker.start) for broker in chosen))
        await asyncio.gather(*(broker.wait_ready(120) for broker in chosen))

    def end(self) -> None:
        for broker in self.brokers:
            broker.kill()

    async def leader(self) -> LocalKafka:
        return self.brokers[await broker_that_leads(self.settings) - 1]

    async def in_sync(self) -> bool:
        """Whether every partition of TOPIC is on all three again."""
        return await replicas(self.settings, TOPIC.name, "isr_nodes") == {3}


@contextlib.asynccontextmanager
async def three(folder: Path) -> AsyncIterator[Three]:
    made = Three(folder)
    try:
        await made.start()
        await kafka.ensure_topics(made.settings.bootstrap, [TOPIC])
        yield made
    finally:
        made.end()


class Writers:
    """Eight that count, each with a key of its own, through one producer of the hub; an error is an error."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.acknowledged: dict[bytes, int] = {b"writer %d" % n: 0 for n in range(8)}
        self.moments: list[float] = []

    @contextlib.asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        producer = kafka.producer(self._settings)
        await producer.start()
        tasks = [asyncio.create_task(self._count(producer, key)) for key in self.acknowledged]
        try:
            yield
            assert not [task.result() for task in tasks if task.done()]
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await kafka.end(producer)

    async def _count(self, producer: AIOKafkaProducer, key: bytes) -> None:
        while True:
            number = self.acknowledged[key] + 1
            await producer.send_and_wait(TOPIC.name, str(number).encode(), key)
            self.acknowledged[key] = number
            self.moments.append(time.monotonic())
            await asyncio.sleep(0.01)

    async def goes_on(self, seconds: float = 60.0) -> None:
        """Returns when every writer has got an acknowledgement of something it wrote from now on."""
        before = {key: number + 1 for key, number in self.acknowledged.items()}
        async with asyncio.timeout(seconds):
            while any(self.acknowledged[key] <= number for key, number in before.items()):
                await asyncio.sleep(0.02)

    def stall(self, since: float = 0.0) -> float:
        """Longest time without any acknowledgement, in seconds."""
        moments = [moment for moment in self.moments if moment >= since]
        return max((later - earlier for earlier, later in itertools.pairwise(moments)), default=0.0)


async def numbers(settings: Settings) -> dict[bytes, list[int]]:
    """What lies in the topic, per key and in order."""
    found: defaultdict[bytes, list[int]] = defaultdict(list)
    reader = kafka.consumer(settings.bootstrap)
    await reader.start()
    try:
        parts = [TopicPartition(TOPIC.name, number) for number in range(TOPIC.partitions)]
        reader.assign(parts)
        ends = await reader.end_offsets(parts)
        while any([await reader.position(part) < ends[part] for part in parts]):
            for records in (await reader.getmany(timeout_ms=200)).values():
                for record in records:
                    found[record.key or b""].append(int(record.value or b"0"))
    finally:
        await kafka.end(reader)
    return dict(found)


async def broker_that_leads(settings: Settings, partition: int = 0) -> int:
    """Number of the broker that leads a partition of TOPIC."""
    return next(
        int(one["leader_id"])
        for one in await asyncio.to_thread(_partitions, settings, TOPIC.name)
        if one["partition_index"] == partition
    )


async def replicas(settings: Settings, topic: str, what: str = "replica_nodes") -> set[int]:
    """On how many brokers the partitions of a topic are."""
    return {len(one[what]) for one in await asyncio.to_thread(_partitions, settings, topic)}


def _partitions(settings: Settings, topic: str) -> list[dict[str, Any]]:
    admin = kafka.admin_client(settings.bootstrap)
    try:
        (found,) = admin.describe_topics([topic])
    finally:
        admin.close()
    return list(found["partitions"])
