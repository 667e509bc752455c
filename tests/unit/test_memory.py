"""Memory in holes goes back to the machine. In a process of its own, whose memory nobody else moves."""

from __future__ import annotations

import subprocess
import sys

from hub import memory

SMALL = 60_000
MANY = 1000
"""Sixty megabytes, each piece small enough to come from the heap."""

HOLES = f"""
import asyncio, os
from pathlib import Path
from hub import memory

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

kept = [bytes({SMALL}) for _ in range({MANY})]
for place in range({MANY}):
    if place % 10:
        kept[place] = None
before = resident()

async def run():
    trimming = memory.Trimming(0.01)
    await trimming.start()
    await asyncio.sleep(0.5)
    await trimming.stop()

asyncio.run({{}})
print(before - resident())
"""


def given_back(work: str) -> int:
    done = subprocess.run([sys.executable, "-c", HOLES.format(work)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def test_what_lies_free_between_what_stays_is_given_back_while_it_runs() -> None:
    assert memory.trim()
    assert given_back("run()") > SMALL * MANY / 2
    assert given_back("asyncio.sleep(0.5)") < SMALL * MANY / 10
