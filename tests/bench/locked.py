"""What a locked Kafka costs the processor: its own job, with TLS, password and rights, against the same without.

`python -m tests.bench.locked [RECORDS [RUNS]]`. Two brokers side by side, the same records in both; runs alternate, and
the ratio is per pair.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
from pathlib import Path

from hub import kafka_lock
from hub.core.kafka_rights import TOPIC, Right
from hub.core.topics import Topic
from hub.local.kafka import LocalKafka
from hub.local.ports import free_row
from hub.settings import PORTS_PER_BROKER
from tests.bench.core_job import PARTITIONS, expect, load, measure
from tests.bench.table import median, show
from tests.bench.workload import named, rows
from tests.broker import JARS, Broker, with_certificate

JOB, SOURCE = "hub", "bench.in"
USER = "bench"
RIGHTS = {USER: frozenset(Right(kind, "*", "ALL") for kind in (TOPIC, "GROUP"))}


class LockedBroker(Broker):
    """Let in: the processor as USER, this process as the brokers themselves."""

    def __init__(self, folder: Path) -> None:
        with_certificate(folder / "kafka")
        ports = free_row(PORTS_PER_BROKER)
        self.local = LocalKafka(folder / "kafka", ports, JARS, folder / "logs", locked=True)
        self.passwords = folder / "passwords"

    def environ(self) -> dict[str, str]:
        return {
            "HUB_KAFKA_SECURITY": "sasl_ssl",
            "HUB_KAFKA_CA": str(self.local.certificate.ca),
            "HUB_KAFKA_USER": USER,
            "HUB_KAFKA_PASSWORD_FILE": str(self.passwords / USER),
        }


async def main(count: int, runs: int) -> float:
    """Prints the comparison; returns the median share of its rate that the processor keeps."""
    with tempfile.TemporaryDirectory() as folder:
        free, locked = Broker(Path(folder) / "open"), LockedBroker(Path(folder) / "locked")
        try:
            await asyncio.gather(free.start(), locked.start())
            await kafka_lock.lock(locked.bootstrap, locked.passwords, RIGHTS)
            rates = await alternate(free, locked, Path(folder), count, runs)
        finally:
            free.local.stop()
            locked.local.stop()
    kept = [after / before for before, after in zip(*rates.values(), strict=True)]
    lines = [(name, median(given), median([1e6 / rate for rate in given])) for name, given in rates.items()]
    share = f"{statistics.median(kept):.0%} ({min(kept):.0%}-{max(kept):.0%})"
    title = f"The hub's own job, {count:,} records, {runs} pairs; locked keeps {share} of its rate"
    show(title, ("", "records/s", "us/record"), lines)
    return statistics.median(kept)


async def alternate(
    free: Broker, locked: LockedBroker, folder: Path, count: int, runs: int
) -> dict[str, list[float]]:
    environs = {"open": (free, dict[str, str]()), "locked": (locked, locked.environ())}
    loaded = {}
    for name, (broker, _) in environs.items():
        await broker.create([Topic(SOURCE, PARTITIONS, {"cleanup.policy": "delete"})])
        loaded[name] = await load(broker.bootstrap, SOURCE, rows(JOB, count))
    rates: dict[str, list[float]] = {name: [] for name in environs}
    for turn in range(runs):
        for name, (broker, environ) in environs.items():
            os.environ.update(environ)
            records = loaded[name]
            wanted = expect(named(JOB), records)
            rates[name].append(await measure(broker, folder / f"{name}{turn}", JOB, "ours", records, wanted))
            for variable in environ:
                del os.environ[variable]
    return rates


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    asyncio.run(main(*given, *(12_000, 5)[len(given) :]))
