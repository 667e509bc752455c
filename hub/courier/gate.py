"""The places where a delivery waits: before the gate of its lane, and between two attempts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hub.courier.breaker import Breaker
from hub.courier.pace import Pace


class Closed(Exception):
    """The lane has ended: nobody will pass its gate any more."""


class Gate:
    """Shut until the sink may be sent to; lets through no faster than it allowed, nobody while it asked for quiet, and
    one at a time while its `breaker` is open."""

    def __init__(self, steady: Callable[[], float], breaker: Breaker) -> None:
        self._steady = steady
        self._breaker = breaker
        self._open = False
        self._ended = False
        self._changed = asyncio.Event()
        self._pace = Pace()
        self._quiet_until = 0.0

    @property
    def is_open(self) -> bool:
        return self._open

    @property
    def quiet_until(self) -> float:
        return self._quiet_until

    def open(self, per_minute: int) -> None:
        """`per_minute` 0 means as many as you like."""
        if per_minute != self._pace.per_minute:
            self._pace = Pace(per_minute)
        self._open = True
        self.change()

    def shut(self) -> None:
        self._open = False
        self.change()

    def end(self) -> None:
        """Whoever waits, or comes, gets Closed."""
        self._ended = True
        self.change()

    def quiet(self, seconds: float) -> None:
        """Nobody passes for so long; 0 ends an earlier quiet."""
        self._quiet_until = self._steady() + seconds
        self.change()

    def change(self) -> None:
        """Whoever waits looks again."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def enter(self, fresh: bool = True) -> bool:
        """Whether this is the one that the breaker lets try; who passes must `leave`. `fresh`: it was never sent.

        Raises Closed.
        """
        while True:
            while (rest := self._shut_for(fresh)) is None or rest > 0:
                await self._until_changed(rest)
            turn = self._pace.reserve(self._steady())
            if turn > 0:
                await asyncio.sleep(turn)
            if turn <= 0 or self._shut_for(fresh) == 0:
                return self._breaker.begin()

    def leave(self, trying: bool, sent: bool) -> None:
        """`trying` is what `enter` said; `sent` whether the receiver was troubled."""
        if trying:
            self._breaker.end(sent, self._steady())
            self.change()

    def _shut_for(self, fresh: bool) -> float | None:
        """Seconds until somebody may pass, None when nobody knows."""
        if self._ended:
            raise Closed
        now = self._steady()
        quiet = max(0.0, self._quiet_until - now) if self._open else None
        return self._breaker.shut_for(now, fresh) if quiet == 0 else quiet

    async def _until_changed(self, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            pass


class Alarm:
    """Ends the waits between attempts early: all of them, or those that found nobody at home."""

    def __init__(self, steady: Callable[[], float]) -> None:
        self._steady = steady
        self._all = asyncio.Event()
        self._unreached = asyncio.Event()
        self._due: dict[object, float] = {}

    @property
    def next(self) -> float | None:
        """When the first of those that wait is due."""
        return min(self._due.values(), default=None)

    async def wait(self, seconds: float, unreached: bool) -> bool:
        """Whether the wait was served in full."""
        bell, mine = self._unreached if unreached else self._all, object()
        self._due[mine] = self._steady() + seconds
        try:
            async with asyncio.timeout(seconds):
                await bell.wait()
        except TimeoutError:
            return True
        finally:
            del self._due[mine]
        return False

    def ring(self) -> None:
        """The subscription was written again, or the receiver is back: whatever waits is tried now."""
        self._all.set()
        self._all = asyncio.Event()
        self.reached()

    def reached(self) -> None:
        """A delivery succeeded, so the partner is back."""
        self._unreached.set()
        self._unreached = asyncio.Event()
