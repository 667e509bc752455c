"""Pure: what one delivery counts for in the matrix of flows (`hub.core.matrix`): by the day it was routed, who
published it, its kind, and the subscription it goes to."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from typing import Any

from hub.core.journal import ENDS
from hub.core.matrix import BOUNDS_MS
from hub.core.topics import DAY_MS

Leg = tuple[int, str, str, str, str]
"""Day (milliseconds since 1970 of its start, UTC), publisher, CloudEvents type, subscription, partner."""

WITHIN = tuple(f"within_{place}" for place in range(len(BOUNDS_MS) + 1))
"""Deliveries by how long they took, up to each bound; the last is for all beyond."""

COLUMNS = ("told", "delivered", "pulled", "ended", *WITHIN)


def counted(row: Mapping[str, Any], pulled_at: int | None) -> Counter[str]:
    """What a row of `deliveries` adds to its leg; nothing before it is known to be routed. `ended` came to an end
    without having arrived."""
    routed = row["routed_at"]
    if routed is None:
        return Counter()
    found = Counter(told=1)
    arrivals = {"delivered": row["delivered_at"], "pulled": pulled_at}
    for column, at in arrivals.items():
        if at is not None:
            found[column] = 1
    came = min((at for at in arrivals.values() if at is not None), default=None)
    if came is not None:
        found[WITHIN[bisect_left(BOUNDS_MS, came - routed)]] = 1
    elif row["outcome"] in ENDS:
        found["ended"] = 1
    return found


def leg(row: Mapping[str, Any]) -> Leg:
    """Where a row of `deliveries` that was routed is counted."""
    day = row["routed_at"] - row["routed_at"] % DAY_MS
    return day, row["publisher"], row["type"], row["subscription"], row["partner"]
