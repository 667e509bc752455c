"""The small-cell rule (domain.md §3.7) as arithmetic: a number that may be known only roughly.

A counter that runs while it is looked at tells more than one that is published on fixed days: whoever sees it go from
61 to 62 saw one child pass. So what is about persons is shown as a band, and moves only when its band does.

A total is added up from what is shown, never from what is hidden. So no total, and no difference between
two columns, says more about a hidden cell than the cell itself does.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache
from typing import NamedTuple

_FROM = (0, 1, 5, 10, 20, 50, 100)
"""Where the bands below 100 begin; above they are ten wide."""


class Shown(NamedTuple):
    """A number from `low` to `high`; the two are equal when it is shown exactly."""

    low: int
    high: int

    @property
    def exact(self) -> bool:
        return self.low == self.high

    def plus(self, other: Shown) -> Shown:
        return Shown(self.low + other.low, self.high + other.high)

    def minus(self, other: Shown) -> Shown:
        """Never below 0."""
        return Shown(max(0, self.low - other.high), max(0, self.high - other.low))


ZERO = Shown(0, 0)


def exact(count: int) -> Shown:
    return Shown(count, count)


@lru_cache(maxsize=4096)
def banded(count: int) -> Shown:
    """0, 1-4, 5-9, 10-19, 20-49, 50-99, 100-109, 110-119 and so on."""
    if count >= _FROM[-1]:
        return Shown(count - count % 10, count - count % 10 + 9)
    place = bisect_right(_FROM, count) - 1
    return Shown(_FROM[place], _FROM[place + 1] - 1)


def total(numbers: list[Shown]) -> Shown:
    return Shown(sum(n.low for n in numbers), sum(n.high for n in numbers))
