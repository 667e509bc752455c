"""`python -m tests.fuzz --seed 1 --requests 100000`: exit code 0 only if the door held."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from tests.broker import Broker
from tests.fuzz.judge import MOST_TOLD
from tests.fuzz.run import run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--requests", type=int, default=100_000)
    given = parser.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="hub-fuzz-") as name:
        folder = Path(name)
        broker = Broker(folder)
        broker.local.start()
        try:
            faults = asyncio.run(_run(broker, folder, given.seed, given.requests))
        finally:
            broker.local.stop()
    for fault in faults[:MOST_TOLD]:
        _say(f"FAULT {fault[:1500]}")
    _say(f"{len(faults)} faults, seed {given.seed}, {time.monotonic() - begun:.0f} s")
    return 1 if faults else 0


async def _run(broker: Broker, folder: Path, seed: int, requests: int) -> list[str]:
    await broker.local.wait_ready()
    return await run(broker, folder, seed, requests, _say)


def _say(line: str) -> None:
    print(f"[fuzz] {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
