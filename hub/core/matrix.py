"""The matrix of flows: publishers by receivers, as exact numbers and before the small-cell rule (domain.md §3.7).

Never show these as they are: `hub.monitor` makes bands of them first. Moments are milliseconds since 1970.
"""

from __future__ import annotations

import msgspec

from hub.core.topics import DAY_MS

BOUNDS_MS = (1_000, 5_000, 15_000, 60_000, 300_000, 900_000, 3_600_000, 14_400_000, DAY_MS)
"""Up to which deliveries are taken together by how long they took; beyond the last there is no bound."""


class Leg(msgspec.Struct, frozen=True):
    """Deliveries of one kind from one publisher to one partner, over some days. `arrived` were answered 2xx, or
    acknowledged where the partner has no webhook; `ended` came to an end without; `within` counts arrivals by
    BOUNDS_MS, with one place more for what took longer; `oldest` is when the oldest still to come was routed, and
    `subscription` the one that it waits in."""

    publisher: str
    partner: str
    type: str
    told: int
    arrived: int = 0
    ended: int = 0
    within: tuple[int, ...] = (0,) * (len(BOUNDS_MS) + 1)
    oldest: int | None = None
    subscription: str = ""

    @property
    def open(self) -> int:
        return max(0, self.told - self.arrived - self.ended)


class Rhythm(msgspec.Struct, frozen=True):
    """Accepted events of one kind from one publisher per day, oldest first; the day that runs is the last. `last` is
    when the newest was accepted, to the hour."""

    publisher: str
    type: str
    days: tuple[int, ...]
    last: int | None = None


class Matrix(msgspec.Struct, frozen=True, kw_only=True):
    """Everything at `at`; `first_day` is the start (UTC) of the first day that is counted."""

    at: int
    first_day: int
    legs: tuple[Leg, ...] = ()
    rhythms: tuple[Rhythm, ...] = ()


def within(counts: tuple[int, ...], share: float) -> int | None:
    """The bound (milliseconds) within which `share` (0 to 1) of the arrivals came; None when there are none, or when
    it lies beyond the last bound."""
    wanted, so_far = share * sum(counts), 0
    for bound, count in zip(BOUNDS_MS, counts, strict=False):
        so_far += count
        if count and so_far >= wanted:
            return bound
    return None
