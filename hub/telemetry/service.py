"""The life of a part: runs until it is told to stop, and then ends cleanly with exit code 0."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable

from hub.telemetry import log

STOP_SECONDS = 10.0


def run(work: Callable[[asyncio.Event], Awaitable[None]]) -> int:
    """Runs `work(stopping)` on uvloop and returns the exit code of the process.

    SIGTERM and SIGINT set `stopping`; `work` should then finish what it has in hand and return. After 10 s,
    or at a second signal, it is cancelled. What `work` raises is raised here.
    """
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_live(work))
    return 0


async def _live(work: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    stopping = asyncio.Event()
    working = asyncio.ensure_future(work(stopping))

    def stop() -> None:
        if stopping.is_set():
            working.cancel()
            return
        stopping.set()
        log.event("part.stopping")
        asyncio.get_running_loop().call_later(STOP_SECONDS, working.cancel)

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    with contextlib.suppress(asyncio.CancelledError):
        await working
