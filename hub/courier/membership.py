"""Whether this courier may still work with the lanes that it was given."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from aiokafka.errors import KafkaError

from hub.telemetry import log

PROOF_SECONDS = 3.0
"""So old may be the group's word that we are its member: well below the time (6 s) after which it gives our lanes to
another, also when we were stopped meanwhile and know of nothing."""


class Guest(Protocol):
    """Something that works with the lanes besides the log."""

    async def leave(self) -> None:
        """Lanes may move to another courier as soon as this returns."""

    def arrive(self) -> None:
        """The lanes have been shared out anew."""


class Membership:
    """Proved by every commit that the group takes: it refuses that of a member that it has replaced, however long that
    member was stopped or cut off. `steady` is seconds of a clock that goes on meanwhile."""

    def __init__(self, steady: Callable[[], float]) -> None:
        self._steady = steady
        self._proof = float("-inf")
        self._proving = asyncio.Lock()

    def proved(self, at: float) -> None:
        """By a commit that was begun at that moment."""
        self._proof = at

    @property
    def fresh(self) -> bool:
        return self._steady() - self._proof < PROOF_SECONDS

    async def holds(self, commit: Callable[[], Awaitable[None]]) -> bool:
        """Asks for a proof by `commit` when there is none that is fresh."""
        async with self._proving:
            if not self.fresh:
                try:
                    await commit()
                except KafkaError as error:
                    log.event("courier.lane_not_proved", "warning", error=error)
        return self.fresh
