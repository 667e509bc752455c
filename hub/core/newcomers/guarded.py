"""Need against places as those outside the narrow circle may see it: never fewer than k children (domain.md §3.7).

First every count of children is made safe, then the same sum is done with it as with the exact counts. So whatever
the answer says follows from safe counts and from offers, which are public: nothing can be worked out backwards.

Safe means: areas and days with few children are taken together until they are k or more, and then rounded up to a
multiple of k, so that no shortage is hidden. The rounding is because this answer can be asked every day: without it,
the day on which a group of three is announced would show three children more.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

import msgspec

from hub.core.newcomers.ages import SECTOR_OF, SECTORS, bands_of
from hub.core.newcomers.asks import Ask
from hub.core.newcomers.supplies import CITY_WIDE, in_order, weighed
from hub.core.views import Asked, Need, Places, Start

REST = "rest"
"""Areas that are taken together."""

Count = tuple[str, int]
"""A day, and how many more children need a place from then on."""


def guarded(places: Places, k: int) -> tuple[list[Need], list[Asked]]:
    """Rows by sector and area, and who comes by day. A sector with 1 to k-1 children in all is one row of the whole
    city, whose `need` must be shown as `<k`."""
    found = [_sector(sector, places, k) for sector in SECTORS]
    asked = [one for _, comers in found for one in comers]
    return [row for rows, _ in found for row in rows], sorted(asked, key=lambda one: one.date)


def _sector(sector: str, places: Places, k: int) -> tuple[list[Need], list[Asked]]:
    grown = {area: list(counts) for area, counts in _by_area(sector, places.asked)}
    total = sum(_total(counts) for counts in grown.values())
    if not total:
        return [], []
    offered = [s for s in places.starts if {SECTOR_OF[band] for band in bands_of(s.ages)} & {sector}]
    if total < k:
        free = sum(start.free for start in offered)
        known = bool(offered)
        few = Need(CITY_WIDE, sector, "", need=1, free=free, known=known)
        return [few], [Asked(CITY_WIDE, sector, "", need=1, known=known)]
    pooled = _few(grown, k)
    safe = _joined(grown, pooled)
    rest = CITY_WIDE if len(safe) == 1 and pooled else REST
    asks = [
        _ask(rest if area == REST else area, day, count, sector)
        for area, counts in safe.items()
        for day, count in _in_time(counts, k)
    ]
    rows, asked = weighed(asks, _seen(offered, pooled, rest, sector))
    for row in rows:
        row.short = rounded(row.short, k)
    return rows, asked


def _by_area(sector: str, asked: Iterable[Asked]) -> Iterable[tuple[str, Iterable[Count]]]:
    own = sorted((a for a in asked if a.ages == sector), key=lambda a: (a.area, a.date))
    return (
        (area, ((one.date, one.need) for one in found)) for area, found in groupby(own, key=lambda a: a.area)
    )


def _total(counts: Iterable[Count]) -> int:
    return sum(count for _, count in counts)


def _few(grown: dict[str, list[Count]], k: int) -> frozenset[str]:
    """Areas with fewer than k, and of the others the smallest for as long as they are fewer than k together."""
    sizes = sorted((_total(counts), area) for area, counts in grown.items())
    pooled: set[str] = set()
    together = 0
    for size, area in sizes:
        if size >= k and not 0 < together < k:
            break
        pooled.add(area)
        together += size
    return frozenset(pooled)


def _joined(grown: dict[str, list[Count]], pooled: frozenset[str]) -> dict[str, list[Count]]:
    kept = {area: counts for area, counts in grown.items() if area not in pooled}
    rest = sorted(one for area in pooled for one in grown[area])
    return {**kept, REST: rest} if rest else kept


def _in_time(counts: list[Count], k: int) -> list[Count]:
    """Days taken together, the first of them named, until none has fewer than k; rounded up to a multiple of k."""
    cells: list[Count] = []
    for day, count in counts:
        if cells and cells[-1][1] < k:
            cells[-1] = (cells[-1][0], cells[-1][1] + count)
        else:
            cells.append((day, count))
    if len(cells) > 1 and cells[-1][1] < k:
        _, few = cells.pop()
        cells[-1] = (cells[-1][0], cells[-1][1] + few)
    return [(day, rounded(count, k)) for day, count in cells]


def rounded(count: int, k: int) -> int:
    """Up, to a whole multiple of k: what is short is a number of children too."""
    return (count + k - 1) // k * k


def _ask(area: str, day: str, count: int, sector: str) -> Ask:
    band = SECTORS[sector][0]
    return Ask("", area, {"from": day, "clock": "", "by": "", "bands": {band: count}}, band)


def _seen(offered: list[Start], pooled: frozenset[str], rest: str, sector: str) -> list[Start]:
    """Offers of one sector, those of pooled areas as of the pool. An offer for every age counts for each sector."""
    return in_order(
        msgspec.structs.replace(
            start, area=rest if start.area and start.area in pooled else start.area, ages=sector
        )
        for start in offered
    )
