"""Keeps to the number of requests per minute that a receiver allowed (CloudEvents webhook 1.0.2 §4.2)."""

from __future__ import annotations

BURST_SECONDS = 1.0


class Pace:
    """A token bucket that holds one second's worth, at least one. `per_minute` 0 means as many as you
    like."""

    def __init__(self, per_minute: int = 0) -> None:
        self.per_minute = per_minute
        self._interval = 60 / per_minute if per_minute else 0.0
        self._due = 0.0

    def reserve(self, now: float) -> float:
        """Takes the next token and says how many seconds after `now` (any steady clock) it may be used."""
        if not self.per_minute:
            return 0.0
        slack = max(0.0, BURST_SECONDS - self._interval)
        due = max(self._due, now)
        self._due = due + self._interval
        return max(0.0, due - slack - now)
