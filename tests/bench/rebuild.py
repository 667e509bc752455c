"""How long a worker with an empty data folder takes to hold every state again.

`python -m tests.bench.rebuild [KEYS [RUNS]]`. The changelog holds KEYS states of about 300 bytes. Timed from the
start of the process until the worker is ready (assigned, rebuilt, reading), on RocksDB; afterwards the files on
disk are compared with what was written, key by key.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import orjson
import rocksdict
from aiokafka import AIOKafkaProducer

from hub.core.topics import Topic
from hub.stream.publisher import Publisher
from hub.stream.stores import RocksStore
from tests.bench.table import show
from tests.broker import Broker

PARTITIONS = 4
CHANGELOG, INPUT = "bench.lines", "bench.in"


def state(partition: int, n: int) -> tuple[bytes, bytes]:
    value = {"n": n, "kind": "learner", "events": [f"{n * 31 % 1_000_003:08d}{i:024d}" for i in range(7)]}
    return b"learner/%08x-%04d" % (n, partition), orjson.dumps(value)


async def main(keys: int, runs: int) -> float:
    """Prints the figures; returns the median in seconds."""
    with tempfile.TemporaryDirectory() as folder:
        broker = Broker(Path(folder))
        broker.local.start()
        try:
            await broker.local.wait_ready()
            return await measure(broker, Path(folder), keys, runs)
        finally:
            broker.local.stop()


async def measure(broker: Broker, folder: Path, keys: int, runs: int) -> float:
    await broker.create([Topic(CHANGELOG, PARTITIONS, {"cleanup.policy": "compact"})])
    await broker.create([Topic(INPUT, PARTITIONS, {"cleanup.policy": "delete"})])
    size = await write(broker.bootstrap, keys // PARTITIONS)
    found = sorted(
        [rebuild(broker.bootstrap, folder / f"run{n}", n, keys // PARTITIONS) for n in range(runs)]
    )
    median = found[len(found) // 2]
    row = (
        f"{keys:,}",
        size,
        f"{found[0][0]:.1f}",
        f"{median[0]:.1f}",
        f"{found[-1][0]:.1f}",
        f"{median[1]:.1f}",
    )
    columns = ("keys", "bytes each", "least s", "median s", "most s", "of which reading")
    show(f"Rebuild of the states, {runs} runs, every key compared", columns, [row])
    return median[0]


async def write(bootstrap: str, each: int) -> int:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", max_batch_size=1 << 18)
    await producer.start()
    publisher = Publisher(lambda: producer)
    for partition in range(PARTITIONS):
        for start in range(0, each, 5000):
            rows = (state(partition, n) for n in range(start, min(each, start + 5000)))
            await publisher.append(CHANGELOG, {partition: rows}, {partition: 0})
    await producer.stop()
    return len(state(0, each - 1)[1])


def rebuild(bootstrap: str, data: Path, n: int, each: int) -> tuple[float, float]:
    """Seconds from the start of the process, and those spent on reading."""
    arguments = ("ours", "fold", bootstrap, str(data), INPUT, CHANGELOG, f"bench.rebuild.{n}")
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.engines", *arguments], stderr=subprocess.PIPE, text=True
    )
    try:
        found: dict[str, dict] = {}
        for entry in lines(process):
            found[entry["event"]] = entry
            if "processor.ready" in found:
                break
        seconds = time.monotonic() - started
    finally:
        process.terminate()
        process.wait()
    check(data / "processor", each)
    return seconds, found["processor.warm"]["seconds"]


def lines(process: subprocess.Popen[str]) -> Iterator[dict]:
    assert process.stderr is not None
    for line in process.stderr:
        yield orjson.loads(line)


def check(data: Path, each: int) -> None:
    for partition in range(PARTITIONS):
        (path,) = data.glob(f"**/lines-{partition}.db")
        with rocksdict.Rdict(str(path), options=rocksdict.Options(raw_mode=True)) as db:
            found = ((k, v) for k, v in db.items() if k != RocksStore.offset_key)
            count = 0
            for (key, value), n in zip(found, range(each + 1), strict=False):
                assert (key, value) == state(partition, n)
                count += 1
            assert count == each


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    asyncio.run(main(*given, *(1_000_000, 3)[len(given) :]))
