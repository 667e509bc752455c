"""Who still needs a place: demand of groups, less the newcomers who were placed, first come first placed."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterable
from datetime import date
from statistics import median_low
from typing import NamedTuple

from hub.core.facts import Data
from hub.core.newcomers.ages import SECTOR_OF, SECTORS


class Ask:
    """Children of one band who come together: from `day` on `left` of them need a place in `area`. `clock` is the
    start of their school clock and `by` its end, both empty while they did not arrive."""

    __slots__ = ("area", "band", "by", "clock", "day", "left", "since", "slot")

    def __init__(self, slot: str, area: str, need: Data, band: str) -> None:
        self.slot, self.area, self.band = slot, area, band
        self.day: str = need["from"]
        self.clock: str = need["clock"]
        self.by: str = need["by"]
        self.left: int = need["bands"][band]
        self.since = self.clock or self.day


def order(ask: Ask) -> tuple[str, str, str, str]:
    """Who waits longest comes first; the rest decides between equals, the same way every time."""
    return ask.since, ask.slot, ask.day, ask.band


def asks(given: Iterable[tuple[str, Data]]) -> list[Ask]:
    """Every ask of the demand contributions, longest waiting first."""
    found = (
        Ask(slot, data["area"], need, band)
        for slot, data in given
        if data.get("kind") == "demand"
        for need in data["needs"]
        for band in need["bands"]
    )
    return sorted(found, key=order)


class Covered(NamedTuple):
    """How many of a group found a place, and of those whose clock ran: in time, late, and days it took (median)."""

    placed: int
    timely: int
    late: int
    days: int


def cover(waiting: list[Ask], placements: Iterable[tuple[str, str]]) -> Covered:
    """Takes every placement (day, ages) off the ask that waits longest, of the same band or else the same sector.

    Who had not arrived (or was not expected) by that day cannot have been placed: such a newcomer came alone.
    """
    queues: dict[str, deque[Ask]] = defaultdict(deque)
    for one in waiting:
        queues[one.band].append(one)
    took: list[tuple[Ask, str, int]] = []
    for (day, ages), count in sorted(Counter(placements).items()):
        while count and (ask := _longest(queues, day, ages)):
            taken = min(count, ask.left)
            ask.left -= taken
            count -= taken
            took.append((ask, day, taken))
    return _measured(took)


def _measured(took: list[tuple[Ask, str, int]]) -> Covered:
    clocked = [(ask, day, count) for ask, day, count in took if ask.clock]
    timely = sum(count for ask, day, count in clocked if day <= ask.by)
    days = [_days(ask.clock, day) for ask, day, count in clocked for _ in range(count)]
    placed = sum(count for _, _, count in took)
    return Covered(placed, timely, len(days) - timely, median_low(days) if days else 0)


def _days(first: str, last: str) -> int:
    return (date.fromisoformat(last) - date.fromisoformat(first)).days


def _longest(queues: dict[str, deque[Ask]], day: str, ages: str) -> Ask | None:
    if own := _head(queues, ages, day):
        return own
    heads = [_head(queues, band, day) for band in SECTORS[SECTOR_OF.get(ages, ages)]]
    return min((ask for ask in heads if ask), key=order, default=None)


def _head(queues: dict[str, deque[Ask]], band: str, day: str) -> Ask | None:
    queue = queues.get(band)
    while queue and not queue[0].left:
        queue.popleft()
    return queue[0] if queue and queue[0].since <= day else None
