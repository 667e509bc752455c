"""Processors as processes on a real Kafka: start, kill, and look at what they left there."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any

from aiokafka import TopicPartition

from hub import kafka as hubkafka
from hub.core.records import Record
from hub.core.topics import Topic
from hub.stream.stores import RocksStore
from tests.integration import stream_app

PARTITIONS = 2
READY = 90.0


class Stage:
    """One group of processors with topics of its own."""

    def __init__(self, kafka: Any, folder: Path) -> None:
        self.kafka = kafka
        self.folder = folder
        tag = uuid.uuid4().hex[:8]
        self.inputs = (f"{tag}.in.a", f"{tag}.in.b")
        self.changelog, self.out, self.group = f"{tag}.lines", f"{tag}.out", f"{tag}.group"
        self.workers: list[subprocess.Popen[bytes]] = []

    async def open(self) -> Stage:
        delete, compact = {"cleanup.policy": "delete"}, {"cleanup.policy": "compact"}
        inputs = [Topic(name, PARTITIONS, delete) for name in self.inputs]
        await self.kafka.create(
            [*inputs, Topic(self.changelog, PARTITIONS, compact), Topic(self.out, 1, delete)]
        )
        return self

    def start(self, data: str = "one", **config: Any) -> subprocess.Popen[bytes]:
        """Starts a worker; two workers need two folders."""
        config |= {"kafka": self.kafka.bootstrap, "data": str(self.folder / data), "group": self.group}
        config |= {"inputs": ",".join(self.inputs), "changelog": self.changelog, "out": self.out}
        environ = os.environ | {"STREAM_TEST": json.dumps(config)}
        with (self.folder / "worker.log").open("ab") as log:
            worker = subprocess.Popen(
                [sys.executable, "-m", "tests.integration.stream_app"], env=environ, stdout=log, stderr=log
            )
        self.workers.append(worker)
        return worker

    async def stop(self, worker: subprocess.Popen[bytes]) -> int:
        worker.terminate()
        return await self.ended(worker)

    async def kill(self, worker: subprocess.Popen[bytes]) -> None:
        worker.kill()
        await self.ended(worker)

    async def ended(self, worker: subprocess.Popen[bytes]) -> int:
        async with asyncio.timeout(READY):
            return await asyncio.to_thread(worker.wait)

    async def ready(self, times: int) -> None:
        """Waits until workers have become ready so many times."""
        await self.until(lambda: self.log().count("processor.ready") >= times)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(READY):
            while not condition():
                await asyncio.sleep(0.05)

    def close(self) -> None:
        for worker in self.workers:
            worker.kill()
            worker.wait()

    def log(self) -> str:
        return (self.folder / "worker.log").read_text()

    def told(self) -> list[tuple[bool, bool]]:
        """What the health checks said, ready and healthy, at every change."""
        lines = [json.loads(line) for line in self.log().splitlines() if "processor.told" in line]
        return [(line["ready"], line["healthy"]) for line in lines]

    # -- what goes in

    async def publish(self, values: Iterable[tuple[str, bytes]], topic: int | None = None) -> list[Record]:
        """Publishes (key, value) pairs to the inputs, at random, and returns them as they lie in Kafka."""
        choice = random.Random(7)
        async with self._producer() as producer:
            sent = []
            for key, value in values:
                name = self.inputs[choice.randrange(2) if topic is None else topic]
                sent.append((await producer.send(name, value, key=key.encode()), key.encode(), value))
            records = []
            for future, key, value in sent:
                at = await future
                records.append(Record(at.topic, at.partition, at.offset, at.timestamp, key, value))
        return records

    @contextlib.asynccontextmanager
    async def _producer(self) -> AsyncIterator[Any]:
        from aiokafka import AIOKafkaProducer

        producer = AIOKafkaProducer(bootstrap_servers=self.kafka.bootstrap, acks="all", linger_ms=5)
        await producer.start()
        try:
            yield producer
        finally:
            await producer.stop()

    # -- what came out

    async def read(self, topic: str) -> list[Any]:
        """Everything in a topic now."""
        reader = hubkafka.consumer(self.kafka.bootstrap)
        await reader.start()
        try:
            parts = [TopicPartition(topic, p) for p in await hubkafka.partitions(self.kafka.bootstrap, topic)]
            reader.assign(parts)
            ends = await reader.end_offsets(parts)
            records: list[Any] = []
            while any([await reader.position(tp) < end for tp, end in ends.items()]):
                for batch in (await reader.getmany(timeout_ms=200)).values():
                    records += batch
            return records
        finally:
            await reader.stop()

    async def outputs(self) -> list[str]:
        """Places of the records that an output was published for, repeats included."""
        return [r.value.decode().partition(" ")[0] for r in await self.read(self.out)]

    async def states(self) -> dict[bytes, bytes]:
        """What the changelog says."""
        states = {r.key: r.value for r in await self.read(self.changelog)}
        return {key: value for key, value in states.items() if value is not None}

    async def committed(self) -> dict[tuple[str, int], int]:
        """Offset per partition of an input before which everything was acknowledged."""
        reader = hubkafka.consumer(self.kafka.bootstrap, self.group)
        await reader.start()
        try:
            parts = [TopicPartition(topic, p) for topic in self.inputs for p in range(PARTITIONS)]
            reader.assign(parts)
            return {(tp.topic, tp.partition): await reader.committed(tp) or 0 for tp in parts}
        finally:
            await reader.stop()

    def lose_store(self, data: str = "one") -> None:
        """Deletes the files of the states."""
        (tables,) = (self.folder / data / "processor").glob("*/tables")
        shutil.rmtree(tables)

    async def assert_store_lacks_nothing_in_kafka(self, data: str = "one") -> None:
        """The other promise: what lies on disk is in the changelog too. For a worker that has ended."""
        history = {(r.key, r.value) for r in await self.read(self.changelog)}
        ahead = self.stored(data).items() - history
        assert not ahead, f"{len(ahead)} states on disk that the changelog never had"

    def stored(self, data: str = "one") -> dict[bytes, bytes]:
        """What lies in the RocksDB files of a worker that has ended."""
        import rocksdict

        found = {}
        for path in sorted((self.folder / data / "processor").glob("**/lines-*.db")):
            with rocksdict.Rdict(str(path), options=rocksdict.Options(raw_mode=True)) as db:
                found |= {k: v for k, v in db.items() if k != RocksStore.offset_key}
        return found

    async def until_done(self, records: Iterable[Record], seconds: float = 90.0) -> None:
        """Waits until every record has its output and everything is committed."""
        wanted = {stream_app.place(r) for r in records}
        ends: dict[tuple[str, int], int] = {}
        for r in records:
            ends[r.topic, r.partition] = max(ends.get((r.topic, r.partition), 0), r.offset + 1)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            committed = await self.committed()
            if all(committed[at] >= end for at, end in ends.items()) and wanted <= set(await self.outputs()):
                return
            await asyncio.sleep(0.2)
        missing = len(wanted - set(await self.outputs()))
        raise AssertionError(f"{missing} outputs missing, committed {await self.committed()}:\n{self.log()}")

    async def assert_committed_is_done(self, records: Iterable[Record]) -> None:
        """The promise after any crash: what was committed has its output and its state in Kafka."""
        committed = await self.committed()
        done = [r for r in records if r.offset < committed[r.topic, r.partition]]
        lost = {stream_app.place(r) for r in done} - set(await self.outputs())
        assert not lost, f"committed without output: {sorted(lost)[:5]} and {len(lost)} in all"
        states = {key: json.loads(value) for key, value in (await self.states()).items()}
        behind = [r for r in done if r.offset > states.get(r.key, {"at": {}})["at"].get(r.topic, -1)]
        assert not behind, f"{len(behind)} records committed without their state, such as {behind[0]}"
