"""Memory of a process that runs for months: what is not looked through for garbage, and what is given back.

Bodies and records of very different sizes come and go in several threads. What is free of it lies in holes between what
stays, and glibc keeps those: a door that was attacked would look as if it leaked.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc

SECONDS = 60.0


def spare_the_loaded() -> None:
    """What is there now, modules most of all, stays until the end. To look through it for garbage each time takes 50 to
    200 ms, in which nobody gets anything; and the more is done, the more often."""
    gc.collect()
    gc.freeze()


def trim() -> bool:
    """Gives back what is free, in milliseconds. False on a machine whose C library has no word for that."""
    give = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if give is None:
        return False
    give(0)
    return True


class Trimming:
    """Spares what is loaded when it starts, and trims every so many seconds as long as it runs."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        spare_the_loaded()
        self._task = asyncio.create_task(self._run(), name="memory")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while await asyncio.to_thread(trim):
            await asyncio.sleep(self._seconds)
