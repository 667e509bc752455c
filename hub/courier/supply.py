"""Takes records out of the window: one by one, or collected into batches."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hub.core.records import Record
from hub.core.subscription import Batching
from hub.courier.batch import MOST_BYTES
from hub.courier.window import SIZE, Window

BATCHES = 4
"""Under way side by side."""


class Supply:
    """`on_ripe` is told when a batch has been collected for long enough; `take` then gives it."""

    def __init__(self, window: Window, steady: Callable[[], float], on_ripe: Callable[[], None]) -> None:
        self._window = window
        self._steady = steady
        self._on_ripe = on_ripe
        self._since: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    def take(self, batching: Batching | None) -> list[Record]:
        """What may be sent together now; empty when there is nothing, or not yet enough."""
        if batching is None:
            self._window.size = SIZE
            return self._window.take()
        self._window.size = max(SIZE, BATCHES * batching.size)
        if not self._ripe(batching):
            return []
        self.close()
        return self._window.take(batching.size, MOST_BYTES)

    def close(self) -> None:
        """Forgets that it was collecting."""
        self._since = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ripe(self, batching: Batching) -> bool:
        ready = self._window.ready
        if not ready:
            self.close()
            return False
        if self._since is None:
            self._since = self._steady()
        left = batching.seconds - (self._steady() - self._since)
        if ready >= batching.size or left <= 0:
            return True
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(left, self._ring)
        return False

    def _ring(self) -> None:
        self._timer = None
        self._on_ripe()
