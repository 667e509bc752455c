"""What one lane knows of what lies ahead of it, and what its receiver was not told of it yet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection

from hub.core.delivery import Delivery
from hub.core.records import Record
from hub.core.withdrawal import Ahead, ranges
from hub.courier.scout import Look

LATE_MS = 5_000
"""A record that was not sent by then stands in a backlog."""
FRESH_SECONDS = 1.0
"""So old may be what is known, for first attempts in a backlog."""
NEVER = float("-inf")
MOST_RANGES = 100
"""Named in one request, so that its header stays below 2 KB; the next request names more."""


class Outlook:
    """Asks the scout when a record must not go out unseen: the first of a lane, those in a backlog, and each one again
    before it is tried again. What goes out at once is not held up: nobody had the time to take it back.
    """

    def __init__(self, subscription: str, look: Look, steady: Callable[[], float]) -> None:
        self._subscription = subscription
        self._look = look
        self._steady = steady
        self._ahead: Ahead | None = None
        self._known_at = NEVER
        self._looking = asyncio.Lock()

    def feed(self, record: Record) -> None:
        """Every record of the lane, as it is read: then the scout need not read it too."""
        if self._ahead is None:
            self._ahead = Ahead(record.offset)
        self._ahead.read(record.offset, record.headers)

    async def learn(self, record: Record, attempts: int, now: int) -> None:
        """Returns when it is known as well as it must be at `now` (ms), after so many attempts, whether the record is
        taken back."""
        if attempts or self._known_at == NEVER or now - record.timestamp > LATE_MS:
            await self._learn(self._steady() - (0.0 if attempts else FRESH_SECONDS))

    def takes_back(self, record: Record, delivery: Delivery) -> bool:
        """Whether the record, which was fed, is taken back, as far as is known."""
        return self._ahead is not None and self._ahead.takes_back(record.offset, delivery)

    def forget(self, below: int) -> None:
        """The lane has done with everything below that offset."""
        if self._ahead is not None:
            self._ahead.forget(below)

    async def _learn(self, since: float) -> None:
        """Many may ask at once: whoever finds that another has looked since then need not."""
        assert self._ahead is not None
        async with self._looking:
            if self._known_at < since:
                began = self._steady()
                await self._look(self._subscription, self._ahead)
                self._known_at = began


class Unsaid:
    """Numbers of deliveries that were withdrawn and of which the receiver was not told yet: each request names them
    until one was accepted. Until then the lane has not passed them."""

    def __init__(self) -> None:
        self._numbers: set[int] = set()

    def add(self, number: int) -> None:
        self._numbers.add(number)

    def named(self) -> tuple[str, set[int]]:
        """As the header says it, and which those are."""
        return ranges(self._numbers, MOST_RANGES) if self._numbers else ("", set())

    def said(self, numbers: set[int]) -> None:
        self._numbers -= numbers

    @property
    def numbers(self) -> Collection[int]:
        return self._numbers

    @property
    def oldest(self) -> int | None:
        return min(self._numbers, default=None)
