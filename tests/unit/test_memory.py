"""Memory in holes goes back to the machine, and what is loaded is no garbage. In a process of its own, whose memory
nobody else moves."""

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

LOADED = """
import asyncio, gc
from hub import memory

async def run():
    trimming = memory.Trimming()
    await trimming.start()
    print(gc.get_freeze_count())
    await trimming.stop()

asyncio.run(run())
"""


def said(program: str) -> int:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def given_back(work: str) -> int:
    return said(HOLES.format(work))


def test_what_lies_free_between_what_stays_is_given_back_while_it_runs() -> None:
    assert memory.trim()
    assert given_back("run()") > SMALL * MANY / 2
    assert given_back("asyncio.sleep(0.5)") < SMALL * MANY / 10


def test_what_is_loaded_when_it_starts_is_not_looked_through_for_garbage_again() -> None:
    assert said(LOADED) > 10_000
