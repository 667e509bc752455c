"""The small-cell rule (domain.md §3.7) as arithmetic: a number that may be known only roughly.

A total is added up from what is shown, never from what is hidden. So no total, and no difference between
two columns, says more about a hidden cell than the cell itself does.
"""

from __future__ import annotations

from typing import NamedTuple

SMALL = 5


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


def masked(count: int, small: int = SMALL) -> Shown:
    """1 to `small` - 1 become that range; 0 is shown."""
    return Shown(1, small - 1) if 0 < count < small else exact(count)


def total(numbers: list[Shown]) -> Shown:
    return Shown(sum(n.low for n in numbers), sum(n.high for n in numbers))
