"""The processor's core job on one core, against plain Faust agents that do the same.

`python -m tests.bench.core_job [RECORDS [RUNS]]`. All consume the same records, call the same pure function, publish
what it decides, and keep RocksDB with a changelog. Each is one process on one core; the broker has the rest of the
machine. The first agent is Faust as its documentation shows it, which loses outputs that fail; the second waits for its
outputs, as this processor does. Two jobs: `fold` (decode, count per key, one output per record) shows the engine, `hub`
is what the processor really does, on the events of the demo. The rate is taken from the broker's own timestamps, first
record published to last. Runs alternate, since the clock of a shared machine wanders; the ratio is per pair.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer, TopicPartition

from hub.core.records import Record
from hub.core.topics import Topic
from hub.kafka import consumer, delete_topics, partitions, to_record
from hub.locked import login
from tests.bench.table import median, show
from tests.bench.workload import Workload, named, rows
from tests.broker import Broker

PARTITIONS = 4
TIMEOUT = 300.0
DELETE = {"cleanup.policy": "delete", "message.timestamp.type": "LogAppendTime"}
COMPACT = {"cleanup.policy": "compact", "message.timestamp.type": "LogAppendTime"}
Told = tuple[str, bytes | None, bytes | None]


class Ratios(NamedTuple):
    """How many times faster than a plain Faust agent, and than one that waits for its outputs."""

    plain: float
    awaited: float


NAMES = {
    "plain": "plain Faust agent",
    "awaited": "the same, outputs awaited",
    "ours": "this processor",
}


class Wanted(NamedTuple):
    """What must come out, by the pure function alone."""

    states: dict[bytes, bytes | None]
    out: Counter[Told]


async def main(count: int, runs: int) -> dict[str, Ratios]:
    """Prints the comparison; returns the median ratios of each job."""
    with tempfile.TemporaryDirectory() as folder:
        broker = Broker(Path(folder))
        broker.local.start()
        try:
            await broker.local.wait_ready()
            return {job: await compare(broker, Path(folder), job, count, runs) for job in ("fold", "hub")}
        finally:
            broker.local.stop()


async def compare(broker: Broker, folder: Path, job: str, count: int, runs: int) -> Ratios:
    source = f"bench.in.{job}"
    await broker.create([Topic(source, PARTITIONS, {"cleanup.policy": "delete"})])
    records = await load(broker.bootstrap, source, rows(job, count))
    wanted = expect(named(job), records)
    done: dict[str, list[float]] = {engine: [] for engine in NAMES}
    for turn in range(runs):
        for engine in done:
            done[engine].append(
                await measure(broker, folder / f"{job}{engine}{turn}", job, engine, records, wanted)
            )
    return report(job, done, len(records), sum(wanted.out.values()))


def report(job: str, done: dict[str, list[float]], count: int, out: int) -> Ratios:
    against = {e: sorted(o / p for o, p in zip(done["ours"], done[e], strict=True)) for e in NAMES}
    lines = [
        (name, median(done[e]), median([1e6 / rate for rate in done[e]]), _spread(against[e]))
        for e, name in NAMES.items()
    ]
    title = f"Job `{job}`: {count:,} records, {out:,} outputs, one worker on one core; median (least-most) of runs"
    show(title, ("", "records/s", "us/record", "this processor is"), lines)
    print("  states and outputs of every run are those of the pure function")
    return Ratios(*(against[e][len(against[e]) // 2] for e in ("plain", "awaited")))


def _spread(ratios: list[float]) -> str:
    return f"{ratios[len(ratios) // 2]:.1f} times as fast ({ratios[0]:.1f}-{ratios[-1]:.1f})"


async def load(bootstrap: str, source: str, given: list[tuple[bytes, bytes]]) -> list[Record]:
    options = {"linger_ms": 20, "max_batch_size": 1 << 18, **login(bootstrap)}
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, **options)
    await producer.start()
    for key, value in given:
        await producer.send(source, value, key=key)
    await producer.stop()
    return [to_record(record) for record in await read(bootstrap, source)]


def expect(job: Workload, records: list[Record]) -> Wanted:
    by_partition: defaultdict[int, list[Record]] = defaultdict(list)
    for record in records:
        by_partition[record.partition].append(record)
    done = [job.run(of, lambda key: None, job.policy) for of in by_partition.values()]
    out = Counter((o.topic, o.key, o.value) for batch in done for o in batch.out)
    return Wanted({k: v for batch in done for k, v in batch.states.items()}, out)


async def measure(
    broker: Broker, data: Path, job: str, engine: str, records: list[Record], wanted: Wanted
) -> float:
    """Records per second."""
    outputs = named(job).topics
    changelog, group = f"bench.lines.{data.name}", f"bench.{data.name}"
    made = [Topic(changelog, PARTITIONS, COMPACT), *(Topic(name, 1, DELETE) for name in outputs)]
    await broker.create(made)
    arguments = (engine, job, broker.bootstrap, str(data), records[0].topic, changelog, group)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.engines", *arguments], stderr=subprocess.DEVNULL
    )
    try:
        await until_committed(broker.bootstrap, group, records)
        await asyncio.sleep(2.0)  # a plain agent's changelog lags behind its commits
        states = await read(broker.bootstrap, changelog)
        out = [record for name in outputs for record in await read(broker.bootstrap, name)]
    finally:
        process.terminate()
        process.wait()
        await delete_topics(broker.bootstrap, [topic.name for topic in made])
    assert {r.key: r.value for r in states} == wanted.states, "the states differ from the pure function's"
    assert Counter((r.topic, r.key, r.value) for r in out) == wanted.out, "the outputs differ"
    times = [r.timestamp / 1000 for r in (*states, *out)]
    return len(records) / (max(times) - min(times))


async def until_committed(bootstrap: str, group: str, records: list[Record]) -> None:
    ends = {
        TopicPartition(r.topic, r.partition): r.offset + 1 for r in sorted(records, key=lambda r: r.offset)
    }
    reader = consumer(bootstrap, group)
    await reader.start()
    try:
        deadline = time.monotonic() + TIMEOUT
        reader.assign(list(ends))
        while any([(await reader.committed(tp) or 0) < end for tp, end in ends.items()]):
            assert time.monotonic() < deadline, f"not done after {TIMEOUT:g} s"
            await asyncio.sleep(0.5)
    finally:
        await reader.stop()


async def read(bootstrap: str, topic: str) -> list[Any]:
    """Everything there is at this moment."""
    reader = consumer(bootstrap)
    await reader.start()
    try:
        parts = [TopicPartition(topic, p) for p in await partitions(bootstrap, topic)]
        reader.assign(parts)
        ends = await reader.end_offsets(parts)
        found: list[Any] = []
        while any([await reader.position(part) < ends[part] for part in parts]):
            for batch in (await reader.getmany(timeout_ms=100)).values():
                found += batch
        return found
    finally:
        await reader.stop()


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    asyncio.run(main(*given, *(20_000, 3)[len(given) :]))
