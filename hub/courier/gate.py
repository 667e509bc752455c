"""The places where a delivery waits: before the gate of its lane, and between two attempts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hub.courier.pace import Pace


class Gate:
    """Shut until the sink may be sent to; lets through no faster than it allowed, and nobody while it
    asked for quiet."""

    def __init__(self, steady: Callable[[], float]) -> None:
        self._steady = steady
        self._opened = asyncio.Event()
        self._pace = Pace()
        self._quiet_until = 0.0

    @property
    def is_open(self) -> bool:
        return self._opened.is_set()

    def open(self, per_minute: int) -> None:
        if per_minute != self._pace.per_minute:
            self._pace = Pace(per_minute)
        self._opened.set()

    def shut(self) -> None:
        self._opened.clear()

    def quiet(self, seconds: float) -> None:
        """Nobody passes for so long; 0 ends an earlier quiet."""
        self._quiet_until = self._steady() + seconds

    async def enter(self) -> None:
        while True:
            await self._opened.wait()
            rest = self._quiet_until - self._steady()
            if rest > 0:
                await asyncio.sleep(rest)
                continue
            turn = self._pace.reserve(self._steady())
            if turn <= 0:
                return
            await asyncio.sleep(turn)
            if self.is_open and self._quiet_until <= self._steady():
                return


class Alarm:
    """Ends the waits between attempts early: all of them, or those that found nobody at home."""

    def __init__(self) -> None:
        self._all = asyncio.Event()
        self._unreached = asyncio.Event()

    async def wait(self, seconds: float, unreached: bool) -> None:
        bell = self._unreached if unreached else self._all
        try:
            async with asyncio.timeout(seconds):
                await bell.wait()
        except TimeoutError:
            pass

    def ring(self) -> None:
        """The subscription was written again: whatever waits is tried now."""
        self._all.set()
        self._all = asyncio.Event()
        self.reached()

    def reached(self) -> None:
        """A delivery succeeded, so the partner is back."""
        self._unreached.set()
        self._unreached = asyncio.Event()
