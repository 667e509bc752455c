"""How quickly one lane takes up the loop that it shares with all others."""

from __future__ import annotations

import asyncio

AT_ONCE = 2
"""About two milliseconds of the processor, which is what anybody else waits longer. More would hardly be quicker: it
is the same work."""


class Turns:
    """A courier is one loop: 32 answers at once of a partner that catches up are 32 new requests to it, and whoever
    else is to be told of something waits for all of them, at each of the dozen steps that it takes. So a lane with a
    backlog sends AT_ONCE in one pass of the loop, however many it has on the wire: others come in between.

    There is no rest between turns: on a busy machine whoever sleeps for a millisecond is away for twenty, and a
    backlog of 100,000 would take an hour where it takes minutes. Nor do lanes wait for one another: all may be behind.
    """

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def take(self, behind: bool) -> None:
        """Returns when a delivery may go out; `behind`: to a lane with a backlog."""
        if behind:
            async with self._turns:
                await asyncio.sleep(0)
