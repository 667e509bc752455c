"""The small-cell rule for arrival groups (domain.md D7, §3.7): what leaves the narrow circle shows no 1-4 children."""

from __future__ import annotations

from typing import Any

Band = dict[str, Any]

SCHOOL_AGE = "4-17"


def is_small(count: int, k: int) -> bool:
    return 0 < count < k


def merge(bands: list[Band], k: int) -> list[Band]:
    """Bands of `{ageBand, count}` with every cell of 1 to k-1 merged into its smaller neighbour, youngest first.

    When all together stay under k, one band remains whose count is the text `<k`; its range is widened to the whole
    school age, so that the range itself tells nothing.
    """
    cells = [_cell(b) for b in sorted(bands, key=lambda b: _ages(b["ageBand"]))]
    while (at := next((i for i, c in enumerate(cells) if is_small(c[2], k)), None)) is not None:
        if len(cells) == 1:
            return [_hidden(cells[0], k)]
        cells = _join(cells, at)
    return [{"ageBand": f"{low}-{high}", "count": count} for low, high, count in cells]


def total(bands: list[Band], k: int) -> int | str:
    """Sum of all cells, or `<k`."""
    count = sum(b["count"] for b in bands)
    return f"<{k}" if is_small(count, k) else count


def smallest(bands: list[Band], k: int) -> bool:
    """Whether any cell is small."""
    return any(is_small(b["count"], k) for b in bands)


def spans(band: Band, age: int) -> bool:
    """Whether a band holds people younger than `age` and people of that age."""
    low, high = _ages(band["ageBand"])
    return low < age <= high


def _ages(band: str) -> tuple[int, int]:
    low, high = band.split("-")
    return int(low), int(high)


def _cell(band: Band) -> tuple[int, int, int]:
    return (*_ages(band["ageBand"]), band["count"])


def _join(cells: list[tuple[int, int, int]], at: int) -> list[tuple[int, int, int]]:
    beside = [i for i in (at - 1, at + 1) if 0 <= i < len(cells)]
    # An empty neighbour last: that it stayed apart would tell which of its two neighbours was the small one.
    other = min(beside, key=lambda i: (cells[i][2] == 0, cells[i][2], i))
    first, second = sorted((at, other))
    joined = (cells[first][0], cells[second][1], cells[first][2] + cells[second][2])
    return [*cells[:first], joined, *cells[second + 1 :]]


def _hidden(cell: tuple[int, int, int], k: int) -> Band:
    low, high = _ages(SCHOOL_AGE)
    return {"ageBand": f"{min(low, cell[0])}-{max(high, cell[1])}", "count": f"<{k}"}
