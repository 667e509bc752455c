"""When nothing gets through to a receiver any more, one delivery at a time is tried instead of every one. Pure."""

from __future__ import annotations

from collections.abc import Callable

THRESHOLD = 5
"""So many different deliveries in a row: fewer hammer nobody, and one or two may be what is wrong themselves."""

FRESH_SECONDS = 60.0
"""A delivery that was never tried may be the next one tried so soon after the last, whatever the schedule says: a
receiver that is back gets its mail within a minute of something new."""


class Breaker:
    """Counts deliveries that failed since the last success; opens when they are `THRESHOLD`, closes at a success.

    `wait` gives the seconds until the next try, after so many tries that failed (from 1) while it was open. Moments are
    seconds of any steady clock.
    """

    def __init__(self, wait: Callable[[int], float], since: float | None = None) -> None:
        """Begins open, with a try due at once, when it was so `since` then."""
        self._wait = wait
        self._failed: set[int] = set()
        self._tried = 0
        self._trying = False
        self._open = since is not None
        self._due = self._fresh_due = since or 0.0

    @property
    def is_open(self) -> bool:
        return self._open

    @property
    def due(self) -> float:
        """When the next try is allowed."""
        return self._due

    def failed(self, number: int, now: float) -> None:
        """The delivery (or the batch that begins with it) failed, and it may well be the receiver, not that."""
        if self._open:
            return
        self._failed.add(number)
        if len(self._failed) >= THRESHOLD:
            self._open, self._tried = True, 0
            self._due, self._fresh_due = now + self._wait(1), now

    def succeeded(self) -> bool:
        """Whether that closed it."""
        was, self._open, self._trying = self._open, False, False
        self._failed.clear()
        return was

    def shut_for(self, now: float, fresh: bool) -> float | None:
        """Seconds until a delivery may be tried (0 = now); None as long as another one is. `fresh`: it never was."""
        if not self._open:
            return 0.0
        if self._trying:
            return None
        return max(0.0, (min(self._due, self._fresh_due) if fresh else self._due) - now)

    def begin(self) -> bool:
        """Somebody passes; whether it is the one that is tried. That one must `end`."""
        if self._open:
            self._trying = True
        return self._open

    def end(self, sent: bool, now: float) -> None:
        """The try is over; it counts when something was sent."""
        self._trying = False
        if sent and self._open:
            self._tried += 1
            self._due = now + self._wait(self._tried + 1)
            self._fresh_due = now + FRESH_SECONDS
