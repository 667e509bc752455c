"""How long deliveries stand still when one of two processors, or couriers, is killed with -9 and stays away.

`python -m tests.bench.takeover [processor|courier [TIMES [RATE]]]`. `hub up` runs one; the second is a process that
nobody starts again, until the next round. In each round the second is killed under load; per partition (the learner's)
and per subscription the longest time between two deliveries is taken, from the kill on, and the longest of all is
shown. Beside it the same with the one that `hub up` starts again at once. Every event must arrive, in order; what comes
twice is counted.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time

from tests.bench.partners import Stage, opened
from tests.bench.table import show
from tests.broker import ROOT

SETTLE_SECONDS = 6.0
AFTER_SECONDS = 16.0


async def main(part: str, times: int, rate: float) -> None:
    async with opened(**{f"HUB_{part.upper()}S": "1"}) as stage:
        takers = stage.takers[:10]
        await stage.subscribe(takers)
        rows = []
        for number in range(times):
            rows.append(await round_(stage, part, rate, number, restarted=False))
        for number in range(min(2, times)):
            rows.append(await round_(stage, part, rate, number, restarted=True))
        stage.check(repeats=True)
    title = f"kill -9 of one of two {part}s at {rate:g} events/s to {len(takers)} subscriptions"
    show(title, ("killed", "events", "longest gap s", "gap without a kill s", "came twice"), rows)


async def round_(stage: Stage, part: str, rate: float, number: int, restarted: bool) -> tuple[object, ...]:
    second = Second(stage, part)
    second.start()
    try:
        await second.ready()
        publishing = asyncio.create_task(
            stage.steady(rate, SETTLE_SECONDS + AFTER_SECONDS, stage.takers[:10])
        )
        await asyncio.sleep(SETTLE_SECONDS)
        repeats, killed = sum(sink.repeats for sink in stage.sinks), time.perf_counter()
        os.kill(stage.hub.pid(part) if restarted else second.pid, signal.SIGKILL)
        ids = await publishing
        await stage.arrived(ids, stage.sinks)
    finally:
        second.end()
    name = f"{number + 1}: {'started again by hub up' if restarted else 'stays away'}"
    twice = sum(sink.repeats for sink in stage.sinks) - repeats
    before = longest_gap(stage, ids, killed - SETTLE_SECONDS + 1, killed)
    gap = longest_gap(stage, ids, killed, time.perf_counter())
    print(f"{name}: longest gap {gap:.1f} s", flush=True)
    return name, len(ids), f"{gap:.1f}", f"{before:.1f}", twice


def longest_gap(stage: Stage, ids: list[str], start: float, end: float) -> float:
    """Longest time that an event of the round, sent after `start`, was under way: nothing of its kind was delivered
    meanwhile, for its partition and its subscription are in order."""
    under_way = [
        sink.at[id] - sent
        for sink in stage.sinks
        for id in ids
        for taker, sent in [stage.sent[id]]
        if taker == sink.partner and start <= sent < end
    ]
    return max(under_way)


class Second:
    """A processor or courier beside those of `hub up`."""

    def __init__(self, stage: Stage, part: str) -> None:
        self._stage = stage
        self._part = part
        self._process: subprocess.Popen[bytes] | None = None
        self._log = stage.hub.output.with_name("second.log")

    def start(self) -> None:
        environ = os.environ | self._stage.hub.environ | {"HUB_WORKER": "2", "HUB_PROCESSORS": "2"}
        command = [sys.executable, "-m", "hub", self._part]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=log, stderr=log)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def ready(self) -> None:
        from hub.local import probe
        from hub.local.children import port_of

        settings = self._stage.hub.settings.model_copy(update={"processors": 2})
        async with asyncio.timeout(60):
            while not (await probe.ready("127.0.0.1", port_of(f"{self._part}-2", settings)))[0]:
                await asyncio.sleep(0.1)

    def end(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()


if __name__ == "__main__":
    part, times, rate = (*sys.argv[1:], *("processor", "5", "100")[len(sys.argv) - 1 :])
    asyncio.run(main(part, int(times), float(rate)))
