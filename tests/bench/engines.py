"""One worker process with a job of `tests.bench.workload`: in our driver, or as a plain Faust agent.

`python -m tests.bench.engines {ours|plain|awaited} WORKLOAD BOOTSTRAP DATA INPUT CHANGELOG GROUP`
"""

from __future__ import annotations

import asyncio
import os
import sys
from functools import partial
from pathlib import Path
from typing import Any

import faust
import uvloop

from hub.core.records import Record
from hub.settings import read
from hub.stream.app import Names, build, worker
from hub.telemetry import log
from tests.bench.workload import Workload, named


def ours(job: Workload, bootstrap: str, data: Path, source: str, changelog: str, group: str) -> int:
    settings = read({**os.environ, "HUB_DATA": str(data), "HUB_KAFKA": bootstrap})
    names = Names(group, (source,), changelog)
    return worker(build(settings, job.run, lambda: job.policy, lambda counts: None, names=names))


def plain(
    job: Workload, bootstrap: str, data: Path, source: str, changelog: str, group: str, linger: float = 0.02
) -> int:
    """Faust as its documentation shows it, with every setting that makes it faster: uvloop, linger, raw bytes.

    It does not wait until its outputs are in Kafka, and loses them when that fails. With `linger` 0 it does wait, all
    outputs of one event at once.
    """
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    app = faust.App(
        group, broker=f"kafka://{bootstrap}", store="rocksdb://", datadir=data, topic_allow_declare=False,
        topic_disable_leader=True, table_standby_replicas=0, web_enabled=False, producer_linger=linger,
        producer_max_batch_size=1 << 18, producer_acks=-1, broker_max_poll_records=500, broker_commit_interval=1,
    )  # fmt: skip
    raw = partial(app.topic, key_type=bytes, value_type=bytes, value_serializer="raw")
    outputs = {name: raw(name) for name in job.topics}
    table: Any = app.Table(
        "plain", key_type=bytes, value_type=bytes, changelog_topic=raw(changelog, acks=False)
    )

    @app.agent(raw(source))
    async def process(stream: Any) -> None:
        async for event in stream.events():
            m = event.message
            record = Record(m.topic, m.partition, m.offset, round(m.timestamp * 1000), m.key, m.value)
            batch = job.run([record], table.get, job.policy)
            sent = [
                await outputs[out.topic].send(key=out.key, value=out.value, headers=dict(out.headers))
                for out in batch.out
            ]
            if not linger:
                await asyncio.gather(*sent)
            for key, value in batch.states.items():
                table[key] = value

    app.finalize()
    faust.Worker(app, loglevel="WARN", quiet=True).execute_from_commandline()
    return 0


if __name__ == "__main__":
    engine, job, bootstrap, data, *rest = sys.argv[1:]
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # one core
    log.configure("bench")
    engines = {"ours": ours, "plain": plain, "awaited": partial(plain, linger=0.0)}
    sys.exit(engines[engine](named(job), bootstrap, Path(data), *rest))
