"""How long writing stops when one of three brokers is killed: `python -m tests.bench.failover [KILLS]` (default 6)."""

from __future__ import annotations

import asyncio
import logging
import sys
import tempfile
import time
from pathlib import Path

from tests.three import Three, Writers, numbers, three


async def measure(kills: int) -> int:
    with tempfile.TemporaryDirectory(prefix="hub-failover-") as folder:
        began = time.monotonic()
        async with three(Path(folder)) as brokers:
            print(f"three brokers after {time.monotonic() - began:.1f} s, memory {_memory(brokers)} MB")
            writers = Writers(brokers.settings)
            async with writers.writing():
                for number in range(kills):
                    await _kill(brokers, writers, number)
                print(f"memory at the end {_memory(brokers)} MB")
            found = await numbers(brokers.settings)
    acknowledged = sum(writers.acknowledged.values())
    lost = sum(
        len(set(range(1, last + 1)) - set(found.get(key, ()))) for key, last in writers.acknowledged.items()
    )
    twice = sum(len(given) - len(set(given)) for given in found.values())
    print(f"{acknowledged} acknowledged, {lost} lost, {twice} twice, longest stall {writers.stall():.1f} s")
    return 1 if lost or twice else 0


async def _kill(brokers: Three, writers: Writers, number: int) -> None:
    victim = brokers.brokers[number % 3]
    leads = victim is await brokers.leader()
    await asyncio.sleep(2)
    at = time.monotonic()
    victim.kill()
    await writers.goes_on()
    back = time.monotonic()
    stall = writers.stall(at - 0.5)
    await brokers.start([victim])
    while not await brokers.in_sync():
        await asyncio.sleep(0.2)
    what = "leader of partition 0" if leads else "follower of partition 0"
    print(
        f"killed {victim.name} ({what}): all write again after {back - at:.1f} s, longest stall {stall:.1f} s, "
        f"in sync again after {time.monotonic() - at:.1f} s",
        flush=True,
    )


def _memory(brokers: Three) -> list[int]:
    return [_resident(broker.pid) for broker in brokers.brokers]


def _resident(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) // 1024


if __name__ == "__main__":
    logging.disable(logging.ERROR)
    sys.exit(asyncio.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 6)))
