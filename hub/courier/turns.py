"""Whose delivery goes out next, when one partner has a backlog and others wait for what happened just now."""

from __future__ import annotations

import asyncio


class Turns:
    """A courier is one loop: 32 answers at once of a partner that catches up are 32 new requests to it, and whoever
    else is to be told of something waits for all of them, at each of the dozen steps that it takes. So what goes to
    lanes with a backlog, all of them together, goes out one by one, never two in the same pass of the loop, however
    many are on the wire.

    There is no rest between turns: on a busy machine whoever sleeps for a millisecond is away for twenty, and a
    backlog of 100,000 would take an hour where it takes minutes.
    """

    def __init__(self) -> None:
        self._turn = asyncio.Lock()

    async def take(self, behind: bool) -> None:
        """Returns when a delivery may go out; `behind`: to a lane with a backlog."""
        if behind:
            async with self._turn:
                await asyncio.sleep(0)
