"""The processor's core job on one core, against a plain Faust agent that does the same.

`python -m tests.bench.core_job [RECORDS [RUNS]]`. Both consume the same records, call the same pure function,
publish one output per record, and keep RocksDB with a changelog. Each is one process on one core; the broker has
the rest of the machine. The rate is taken from the broker's own timestamps of the outputs, without the first
tenth. Runs alternate, since the clock of a shared machine wanders; the ratio is per pair.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from aiokafka import AIOKafkaProducer, TopicPartition

from hub.core.records import Record
from hub.core.topics import Topic
from hub.kafka import consumer, delete_topics
from tests.bench import workload
from tests.bench.table import median, show
from tests.broker import Broker

PARTITIONS = 4
INPUT = "bench.in"
TIMEOUT = 180.0


async def main(count: int, runs: int) -> float:
    """Prints the comparison; returns the median of the ratios."""
    with tempfile.TemporaryDirectory() as folder:
        broker = Broker(Path(folder))
        broker.local.start()
        try:
            await broker.local.wait_ready()
            return await compare(broker, Path(folder), count, runs)
        finally:
            broker.local.stop()


async def compare(broker: Broker, folder: Path, count: int, runs: int) -> float:
    await broker.create([Topic(INPUT, PARTITIONS, {"cleanup.policy": "delete"})])
    records = await load(broker.bootstrap, count)
    wanted = workload.run(sorted(records, key=lambda r: r.offset), lambda key: None, workload.POLICY).states
    done: dict[str, list[float]] = {"plain": [], "ours": []}
    for turn in range(runs):
        for engine in done:
            done[engine].append(await measure(broker, folder, engine, turn, count, wanted))
    return report(done, count)


def report(done: dict[str, list[float]], count: int) -> float:
    ratios = [ours / plain for ours, plain in zip(done["ours"], done["plain"], strict=True)]
    rows = [
        (name, median(rates), median([1e6 / rate for rate in rates]))
        for name, rates in (("plain Faust agent", done["plain"]), ("this processor", done["ours"]))
    ]
    title = f"Core job, {count:,} records, one worker on one core, median (least-most) of {len(ratios)} runs"
    show(title, ("", "records/s", "us/record"), rows)
    ratio = sorted(ratios)[len(ratios) // 2]
    print(
        f"  ratio {ratio:.1f} ({min(ratios):.1f}-{max(ratios):.1f}); results equal the pure fold in every run"
    )
    return ratio


async def load(bootstrap: str, count: int) -> list[Record]:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=20, max_batch_size=1 << 18)
    await producer.start()
    sent = [(await producer.send(INPUT, v, key=k), k, v) for k, v in workload.events(count)]
    at = [(await future, k, v) for future, k, v in sent]
    await producer.stop()
    return [Record(INPUT, m.partition, m.offset, m.timestamp, k, v) for m, k, v in at]


async def measure(
    broker: Broker, folder: Path, engine: str, turn: int, count: int, wanted: dict[bytes, bytes | None]
) -> float:
    """Records per second."""
    changelog, group = f"bench.lines.{engine}.{turn}", f"bench.{engine}.{turn}"
    out = Topic(workload.OUTPUT, 1, {"message.timestamp.type": "LogAppendTime"})
    await broker.create([Topic(changelog, PARTITIONS, {"cleanup.policy": "compact"}), out])
    arguments = (engine, broker.bootstrap, str(folder / group), INPUT, changelog, group)
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.engines", *arguments])
    try:
        times = await outputs(broker.bootstrap, count)
        await check(broker.bootstrap, changelog, wanted)
    finally:
        process.terminate()
        process.wait()
        await delete_topics(broker.bootstrap, [workload.OUTPUT, changelog])
    warm = count // 10
    return (count - warm) / (times[-1] - times[warm])


async def outputs(bootstrap: str, count: int) -> list[float]:
    """Times in seconds at which the broker got each output, once there is one for every record."""
    ids: set[bytes] = set()
    times: list[float] = []
    deadline = time.monotonic() + TIMEOUT
    while len(ids) < count:
        assert time.monotonic() < deadline, f"{len(ids)} outputs of {count} after {TIMEOUT:g} s"
        await asyncio.sleep(1.0)
        for record in await read(bootstrap, workload.OUTPUT, [0], len(times)):
            ids.add(dict(record.headers)["id"])
            times.append(record.timestamp / 1000)
    return times


async def read(bootstrap: str, topic: str, partitions: Iterable[int], start: int = 0) -> list[Record]:
    """Everything there is at this moment."""
    reader = consumer(bootstrap)
    await reader.start()
    try:
        parts = [TopicPartition(topic, p) for p in partitions]
        reader.assign(parts)
        for part in parts:
            reader.seek(part, start)
        ends, found = await reader.end_offsets(parts), []
        while any([await reader.position(part) < ends[part] for part in parts]):
            for batch in (await reader.getmany(timeout_ms=100)).values():
                found += batch
        return found
    finally:
        await reader.stop()


async def check(bootstrap: str, changelog: str, wanted: dict[bytes, bytes | None]) -> None:
    await asyncio.sleep(2.0)  # a plain agent's changelog lags behind its outputs
    states = {r.key: r.value for r in await read(bootstrap, changelog, range(PARTITIONS))}
    assert states == wanted, "the states differ from the pure fold"


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    asyncio.run(main(*given, *(40_000, 3)[len(given) :]))
