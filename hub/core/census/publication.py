"""The small-cell rule (domain.md §3.7): the one way from exact numbers of people to numbers that may be seen.

What it promises, against a reader who knows this code and all that was ever published, and that flows only grow: of
every cell of 1 to k-1 people at least two values remain possible. How:

- Names of one measure are disjoint and no total is published: what is not there cannot be subtracted from.
- The first publication tells all cells under k as one, with the next larger ones until there are k people in it who are
  not spread evenly. Which cells are in it depends on their sizes alone, never on their names, so its members may change
  places: no value belongs to a name. Empty cells are in it too; were they shown apart, five cells with one child each
  would be a pool of five, and five names with somebody in it.
- Later a cell under k is always `<k`, and one of k or more moves in whole steps of k: between two publications it, and
  so every sum of cells, differs by nothing or by at least k.
- Cells that stood together stay together in that period, until each part is larger than all of them together were
  before: then the old numbers tell nothing of how they were spread. Nothing is put together later, for what stood
  apart before would tell what was added.

Rounded tables (P2) are the same with k=10, in tens. Banded tables (per organisation) show only the band each number
is in, and no sum of those numbers is published anywhere.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

import msgspec

from hub.core.rules import Rules
from hub.core.views import Cell, Published

POOLED, ROUNDED, BANDED = "pooled", "rounded", "banded"

BANDS = (10, 25, 50)
"""Where a band starts, above those of 0, 1 and k."""

THINGS = frozenset({"groups", "places", "offers"})
"""Measures of what is not a person: shown exactly."""

Name = TypeVar("Name", str, int)
Item = TypeVar("Item")


class Raw(msgspec.Struct, frozen=True):
    """Exact numbers of one metric and period as of day `on`; never to be shown. `cells` holds every category of the
    table by `measure/category`, the empty ones too. `method` is how it may be published: pooled, rounded, banded."""

    metric: str
    period: str
    on: str
    method: str
    cells: Mapping[str, int]


def publish(raw: Raw, previous: Published | None, rules: Rules) -> Published:
    """What may be shown of a table inside the convenant, given what was shown of the same metric and period before."""
    k = rules.public_cell if raw.method == ROUNDED else rules.small_cell
    before = _by_measure((cell.of[0], cell) for cell in previous.cells) if previous else {}
    cells: list[Cell] = []
    for measure, names in sorted(_by_measure((name, name) for name in raw.cells).items()):
        counts = {name: raw.cells[name] for name in sorted(names)}
        cells += _told(raw.method if measure not in THINGS else "", counts, before.get(measure, []), k)
    return Published(raw.metric, raw.period, raw.on, k, raw.method, cells)


def public(published: Published, rules: Rules) -> Published | None:
    """What may be shown of it to everyone: numbers from 10, in tens; None for a table per organisation.

    Made of what was published inside alone, so it can tell nothing that is not told there.
    """
    if published.method == BANDED:
        return None
    k = rules.public_cell
    cells: list[Cell] = []
    for measure, inside in _by_measure((cell.of[0], cell) for cell in published.cells).items():
        cells += inside if measure in THINGS else _coarser(inside, k)
    return msgspec.structs.replace(published, k=k, method=ROUNDED, cells=cells)


def _by_measure(named: Iterable[tuple[str, Item]]) -> dict[str, list[Item]]:
    found: dict[str, list[Item]] = {}
    for name, item in named:
        found.setdefault(name.partition("/")[0], []).append(item)
    return found


def _told(method: str, counts: dict[str, int], before: list[Cell], k: int) -> Iterable[Cell]:
    if method == BANDED:
        return [Cell([name], band(count, k)) for name, count in counts.items()]
    if not method:
        return [Cell([name], count) for name, count in counts.items()]
    return _later(counts, before, k) if before else _first(counts, k, rounded=method == ROUNDED)


def band(count: int, k: int) -> str:
    """`0`, `1-4`, `5-9`, `10-24`, `25-49` or `50+` with k=5."""
    starts = (0, 1, k, *(start for start in BANDS if start > k))
    at = bisect_right(starts, count)
    if at in (1, len(starts)):
        return f"{starts[at - 1]}+" if at > 1 else "0"
    return f"{starts[at - 1]}-{starts[at] - 1}"


def _first(counts: Mapping[str, int], k: int, rounded: bool) -> Iterator[Cell]:
    few = any(0 < count < k for count in counts.values())
    for names in together(counts, k) if few else [[name] for name in counts]:
        total = sum(counts[name] for name in names)
        shown = (total + k // 2) // k * k if rounded else total
        yield Cell(names, f"<{k}" if 0 < total < k else shown)


def _later(counts: Mapping[str, int], before: list[Cell], k: int) -> Iterator[Cell]:
    for cell in before:
        yield from _moved(cell, {name: counts.get(name, 0) for name in cell.of}, k)
    known = {name for cell in before for name in cell.of}
    for name in counts.keys() - known:
        yield from _moved(Cell([name], 0), {name: counts[name]}, k)


def _moved(cell: Cell, counts: Mapping[str, int], k: int) -> Iterator[Cell]:
    """The cell as it is shown now; in parts, once each of them has more people in it than the whole could have had."""
    shown = _number(cell.value)
    parts = together(counts, shown + k) if min(counts.values()) < shown + k else [[n] for n in counts]
    for names in parts:
        total = sum(counts[name] for name in names)
        yield Cell(names, stepped(shown if len(parts) == 1 else 0, total, k))


def stepped(shown: int, total: int, k: int) -> int | str:
    """`shown`, moved towards the total by whole steps of k. Under k always `<k`: a number that stood there some of the
    time would tell, by not standing there, which small one it is."""
    if total < k:
        return f"<{k}" if total else 0
    return shown + int((total - shown) / k) * k


def together(counts: Mapping[Name, int], k: int) -> list[list[Name]]:
    """The names to be told as one first, then each other name by itself.

    As one go all that have less than k, and the next larger sizes (every name of a size, so that names do not matter)
    until there are k people and not all names have as many. When that never comes, everything goes as one.
    """
    smallest = max((count for count in counts.values() if count < k), default=0)
    for size in sorted(set(counts.values())):
        pool = [name for name, count in counts.items() if count <= size]
        sizes = [counts[name] for name in pool]
        if size >= smallest and sum(sizes) >= k and min(sizes) < size:
            return [pool] + [[name] for name in counts if counts[name] > size]
    return [list(counts)]


def _coarser(cells: list[Cell], k: int) -> Iterator[Cell]:
    """A cell `<5` has somebody in it, and no more is known."""
    sizes = {at: _number(cell.value) or int(cell.value != 0) for at, cell in enumerate(cells)}
    few = any(0 < size < k for size in sizes.values())
    for group in together(sizes, k) if few else [[at] for at in sizes]:
        total = sum(sizes[at] for at in group)
        names = [name for at in group for name in cells[at].of]
        yield Cell(names, f"<{k}" if 0 < total < k else (total + k // 2) // k * k)


def _number(value: int | str) -> int:
    return value if isinstance(value, int) else 0
