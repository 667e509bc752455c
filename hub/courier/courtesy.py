"""How fast backlogs may go out, so that what happened just now is not held up by them. Pure; seconds everywhere."""

from __future__ import annotations

from statistics import median

PIECE_SECONDS = 0.5
"""So long it looks on before it changes its mind."""

ENOUGH = 3
"""Fresh records in a piece from which something follows."""

CALM_SECONDS = 0.02
"""How late a fresh record is when nothing catches up, until that was seen."""

TOLERANCE, LEEWAY_SECONDS = 1.25, 0.003
"""Later than so many times its calm, and that much, is held up."""

FIRST, LEAST, MOST = 200.0, 40.0, 5_000.0
"""Deliveries per second: to begin with; whatever becomes of others, or a backlog would never end; and no bound at
all."""

SLOWER, FASTER = 0.7, 1.15
BURST_SECONDS = 0.05
"""Whoever sleeps for a millisecond on a busy machine is away for twenty; so much may be made up for."""

_SMOOTH = 0.1


class Courtesy:
    """One for all lanes of a courier, for they share its processor, and Kafka's. Fresh records tell how late they come
    in from Kafka. As soon as they are later than they were when nothing caught up, all backlogs together go slower;
    else faster again, until they are as fast as can be. With nothing fresh there is nobody to hold up.
    """

    def __init__(self) -> None:
        self.rate = FIRST
        self.calm = CALM_SECONDS
        self._late: list[float] = []
        self._until = 0.0
        self._due = 0.0
        self._held = self._caught = False

    def fresh(self, late: float, now: float) -> None:
        """A record of a lane without a backlog came in `late` after it was written."""
        self._look(now)
        self._late.append(max(0.0, late))

    def reserve(self, now: float) -> float:
        """Seconds after `now` in which the next delivery of a backlog may go out."""
        self._look(now)
        self._caught = True
        due = max(self._due, now - BURST_SECONDS)
        self._due = due + 1 / self.rate
        self._held = self._held or due > now
        return max(0.0, due - now)

    def _look(self, now: float) -> None:
        if now < self._until:
            return
        seen = median(self._late) if len(self._late) >= ENOUGH else None
        if not self._caught:
            if seen is not None:
                self.calm += _SMOOTH * (seen - self.calm)
        elif seen is not None and seen > self.calm * TOLERANCE + LEEWAY_SECONDS:
            self.rate = max(LEAST, self.rate * SLOWER)
        elif self._held:
            self.rate = min(MOST, self.rate * FASTER)
        self._late.clear()
        self._held = self._caught = False
        self._until = now + PIECE_SECONDS
