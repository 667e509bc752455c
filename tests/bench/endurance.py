"""Whether the memory of each part stays flat: `python -m tests.bench.endurance --minutes 30 --rate 200`.

The whole hub under a steady load over HTTP, delivered by webhook to ten schools. Prints the resident memory of every
process each minute, and at the end the first and last value of its curve; the first is taken after WARM_MINUTES (a
tenth of a short run), for buffers fill and code is loaded in the beginning. Every event must arrive, once and in order.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from pathlib import Path

from tests.bench.partners import Stage, opened
from tests.bench.table import show

WARM_MINUTES = 3.0
SCHOOLS = 10
PIECE_SECONDS = 10.0

Curve = list[dict[str, float]]
"""MB by name of a process, one per look."""


async def main(minutes: float, rate: float, processors: int, couriers: int) -> dict[str, float]:
    """Prints the curve; returns last / first by name of a part."""
    workers = {"HUB_PROCESSORS": str(processors), "HUB_COURIERS": str(couriers)}
    async with opened(**workers) as stage:
        await stage.subscribe(stage.takers[:SCHOOLS])
        curve: Curve = []
        looking = asyncio.create_task(look(stage, minutes, curve))
        try:
            await load(stage, minutes, rate)
        finally:
            looking.cancel()
        stage.check()
        curve.append(memory(stage))
    return report(curve, minutes, stage.done)


async def load(stage: Stage, minutes: float, rate: float) -> None:
    end = time.monotonic() + minutes * 60
    while (left := end - time.monotonic()) > 0:
        ids = await stage.steady(rate, min(PIECE_SECONDS, left), stage.takers[:SCHOOLS])
        await stage.arrived(ids, stage.sinks)
        stage.forget(ids)


async def look(stage: Stage, minutes: float, curve: Curve) -> None:
    every = min(60.0, minutes * 60 / 10)
    while True:
        await asyncio.sleep(every)
        curve.append(memory(stage))
        told = "  ".join(f"{name} {mb:.0f}" for name, mb in curve[-1].items())
        print(f"{len(curve) * every / 60:5.1f} min  MB  {told}", flush=True)


def memory(stage: Stage) -> dict[str, float]:
    """Resident memory of every process of the hub."""
    return {name: _resident(pid) for name, pid in stage.pids().items()}


def _resident(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def report(curve: Curve, minutes: float, events: int) -> dict[str, float]:
    warm = min(len(curve) - 2, round(len(curve) * min(WARM_MINUTES, minutes / 10) / minutes))
    first, last = curve[warm], curve[-1]
    rows = [
        (name, f"{first[name]:.0f}", f"{last[name]:.0f}", f"{last[name] / first[name] - 1:+.1%}")
        for name in first
    ]
    title = f"Resident memory over {minutes:g} minutes, {events:,} events, all delivered once and in order"
    show(title, ("", f"MB after {minutes * warm / len(curve):.1f} min", "MB at the end", "change"), rows)
    return {name: last[name] / first[name] for name in first}


if __name__ == "__main__":
    given = argparse.ArgumentParser(description="Memory of each part under a steady load.")
    given.add_argument("--minutes", type=float, default=30.0)
    given.add_argument("--rate", type=float, default=200.0, help="events per second")
    given.add_argument("--processors", type=int, default=1)
    given.add_argument("--couriers", type=int, default=1)
    chosen = given.parse_args()
    asyncio.run(main(chosen.minutes, chosen.rate, chosen.processors, chosen.couriers))
