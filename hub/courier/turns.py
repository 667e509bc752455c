"""How quickly one lane takes up the loop that it shares with all others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

AT_ONCE = 2
"""About two milliseconds of the processor, which is what anybody else waits longer. More would hardly be quicker: it
is the same work."""


class Turns:
    """A courier is one loop: 32 answers at once of a partner that catches up are 32 new requests to it, and whoever
    else is to be told of something waits for all of them, at each of the dozen steps that it takes. So a lane with a
    backlog sends AT_ONCE in one pass of the loop, however many it has on the wire: others come in between.

    Lanes do not wait for one another, for all may be behind. Between turns it rests for as long as `reserve` says, in
    seconds (`hub.courier.courtesy`).
    """

    def __init__(self, reserve: Callable[[], float] = lambda: 0.0) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._reserve = reserve

    async def take(self, behind: bool) -> None:
        """Returns when a delivery may go out; `behind`: to a lane with a backlog."""
        if behind:
            async with self._turns:
                await asyncio.sleep(0)
                if (rest := self._reserve()) > 0:
                    await asyncio.sleep(rest)
