"""When the door says "not now": too much under way here, or too much waiting behind it.

The memory of the gateway is bounded by this: an event is in hand from the first byte of its body until Kafka has it or
the caller was told that it may not have it, and so many may be in hand at a time. aiokafka holds one batch per
partition back, then makes senders wait.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from hub.gateway.problems import Problem

REQUESTS = 1000
BYTES = 32 * 1024 * 1024

BUSY_SECONDS = 2


class Pressure:
    """`behind` answers for how many seconds publishers should stay away because of what waits for the processors
    (`backlog.Backlog`); 0 when they are welcome."""

    def __init__(
        self, behind: Callable[[], int] = lambda: 0, requests: int = REQUESTS, size: int = BYTES
    ) -> None:
        self._behind = behind
        self._requests = requests
        self._bytes = size

    @contextlib.contextmanager
    def hand(self) -> Iterator[Hand]:
        """One request in hand. Raises Problem 429 when publishers should stay away, 503 when hands are full."""
        if seconds := self._behind():
            raise Problem(
                429,
                "behind",
                "the hub has more events to process than it should keep waiting; nothing was stored. Send the same "
                "again after Retry-After seconds",
                headers={"Retry-After": str(seconds)},
            )
        if self._requests <= 0:
            raise _busy()
        hand = Hand(self)
        self._requests -= 1
        try:
            yield hand
        finally:
            self._requests += 1
            self._bytes += hand.size

    def take(self, size: int) -> None:
        """Raises Problem 503 when there is no room for so many bytes more."""
        if self._bytes < size:
            raise _busy()
        self._bytes -= size


class Hand:
    """What one request holds."""

    def __init__(self, pressure: Pressure) -> None:
        self._pressure = pressure
        self.size = 0

    def take(self, size: int) -> None:
        """So many bytes more. Raises Problem 503."""
        self._pressure.take(size)
        self.size += size


def _busy() -> Problem:
    return Problem(
        503,
        "busy",
        "more is under way than the hub takes at a time; nothing was stored. Send the same again after Retry-After "
        "seconds",
        headers={"Retry-After": str(BUSY_SECONDS)},
    )
