"""Children who need a place against free places, day by day: who waits longest takes the first place that fits.

Places of an area are for children of that area; places without one are for the whole city, and are taken when the
own area has none. A place that is taken stays taken; a place whose offer has ended is gone.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator

from hub.core.facts import Data
from hub.core.newcomers.ages import SECTOR_OF, SECTORS, bands_of
from hub.core.newcomers.asks import Ask
from hub.core.views import Asked, Band, Need, Seat, Start

CITY_WIDE = ""
Place = tuple[str, str]
"""Area and sector."""


def starts(given: Iterable[Data]) -> list[Start]:
    """Offers of one organisation that begin together as one; by day, on one day those of an area before those of the
    whole city."""
    free: dict[tuple[str, str, str, str, str], int] = defaultdict(int)
    for data in given:
        if data.get("kind") == "supply":
            key = data["area"], data["ages"], data["from"], data["until"], data.get("org", "")
            free[key] += data["free"]
    return in_order(
        Start(area, ages, day, until, count, org) for (area, ages, day, until, org), count in free.items()
    )


def in_order(given: Iterable[Start]) -> list[Start]:
    return sorted(given, key=lambda s: (s.date, s.area == CITY_WIDE, s.area, s.ages, s.until, s.org))


def _open(start: Start, day: str) -> bool:
    return not start.until or day <= start.until


def published(given: Iterable[Start]) -> set[str]:
    """Sectors for which anybody published places at all."""
    return {SECTOR_OF[band] for s in given for band in bands_of(s.ages)}


class Match:
    """The city at one day after another. Each child and each place is handled once. `seats` are the places found, by
    area, sector and the day from which they were asked for."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, str], deque[list[int | str]]] = defaultdict(deque)
        self._pools: dict[tuple[str, str], list[tuple[Start, int]]] = defaultdict(list)
        self.short: dict[Place, int] = defaultdict(int)
        self.touched: set[Place] = set()
        self.seats: dict[tuple[Place, str], dict[tuple[str, str], int]] = defaultdict(
            lambda: defaultdict(int)
        )

    def ask(self, ask: Ask) -> None:
        """Takes places that are open; who finds none waits."""
        left, place = ask.left, (ask.area, SECTOR_OF[ask.band])
        for pool in _pools_for(ask.area, ask.band):
            if left and pool in self._pools:
                left = self._take(pool, place, ask.day, left)
        if left:
            self._waiting[ask.area, ask.band].append([ask.day, left])
            self._count(place, left)
        self.touched.add(place)

    def _take(self, pool: tuple[str, str], place: Place, day: str, wanted: int) -> int:
        kept = []
        for supply, free in self._pools[pool]:
            taken = min(free, wanted) if _open(supply, day) else 0
            wanted -= taken
            if taken:
                self.seats[place, day][day, supply.org] += taken
            if _open(supply, day) and free > taken:
                kept.append((supply, free - taken))
        self._pools[pool] = kept
        return wanted

    def supply(self, supply: Start) -> None:
        """Gives places to who waits longest; what is left stays open."""
        free = supply.free
        while free and (cell := self._longest(supply)):
            first, place = self._waiting[cell][0], (cell[0], SECTOR_OF[cell[1]])
            taken = min(free, int(first[1]))
            first[1] = int(first[1]) - taken
            free -= taken
            self._count(place, -taken)
            self.seats[place, str(first[0])][supply.date, supply.org] += taken
            if not first[1]:
                self._waiting[cell].popleft()
        if free:
            self._pools[supply.area, supply.ages].append((supply, free))

    def _longest(self, supply: Start) -> tuple[str, str] | None:
        bands = bands_of(supply.ages)
        fits = (
            (queue[0][0], cell)
            for cell, queue in self._waiting.items()
            if queue and cell[1] in bands and supply.area in (CITY_WIDE, cell[0])
        )
        return min(fits, default=(None, None))[1]

    def _count(self, place: Place, change: int) -> None:
        self.short[place] += change
        self.touched.add(place)

    def left(self, place: Place, day: str) -> tuple[int, int]:
        """Places that are left for one area and sector, and those that only other areas have."""
        area, sector = place
        here = elsewhere = 0
        for (where, ages), pool in self._pools.items():
            if set(SECTORS[sector]) & set(bands_of(ages)):
                free = sum(n for supply, n in pool if _open(supply, day))
                here, elsewhere = (
                    (here + free, elsewhere) if where in (CITY_WIDE, area) else (here, elsewhere + free)
                )
        return here, elsewhere


def _pools_for(area: str, band: str) -> Iterator[tuple[str, str]]:
    for where in (area, CITY_WIDE):
        for ages in (band, SECTOR_OF[band], ""):
            yield where, ages


class Judge:
    """When places of one area and sector begin. Between two starts nobody can begin, so nobody is too late."""

    def __init__(self, given: list[Start]) -> None:
        self._days: dict[Place, set[str]] = defaultdict(set)
        for supply in given:
            for band in bands_of(supply.ages):
                self._days[supply.area, SECTOR_OF[band]].add(supply.date)
        self._last = {place: max(days) for place, days in self._days.items()}

    def judged(self, place: Place, day: str) -> bool:
        """Whether it is known on this day who has a place: at a start, or when no other start is to come."""
        wide = (CITY_WIDE, place[1])
        if day in self._days.get(place, ()) or day in self._days.get(wide, ()):
            return True
        return day >= max(self._last.get(place, ""), self._last.get(wide, ""))


class Growing:
    """What was asked in one area and sector up to a day."""

    __slots__ = ("arrived", "bands")

    def __init__(self) -> None:
        self.bands: dict[str, int] = {}
        self.arrived = 0

    def add(self, ask: Ask) -> None:
        self.bands[ask.band] = self.bands.get(ask.band, 0) + ask.left
        self.arrived += ask.left if ask.clock else 0

    def need(self, place: Place, day: str, **found: object) -> Need:
        bands = [Band(band, self.bands[band]) for band in SECTORS[place[1]] if band in self.bands]
        total = sum(self.bands.values())
        return Need(*place, day, bands, total, waiting=self.arrived, **found)  # type: ignore[arg-type]


def needs(waiting: list[Ask], given: list[Start], *, free: bool = True) -> list[Need]:
    """One row per area and sector for every day on which what is needed or short there changes.

    Without `free` the rows do not say how many places there are, which takes a third less time.
    """
    return _needs(waiting, given, Match(), free)


def weighed(waiting: list[Ask], given: list[Start]) -> tuple[list[Need], list[Asked]]:
    """The rows of `needs`; and by day, area and sector of coming, which places those children find."""
    match = Match()
    return _needs(waiting, given, match, True), _asked(waiting, published(given), match)


def _needs(waiting: list[Ask], given: list[Start], match: Match, free: bool) -> list[Need]:
    wanting = sorted((a for a in waiting if a.left), key=lambda a: (a.day, a.since, a.slot, a.band))
    known = published(given)
    rows = [*_matched([a for a in wanting if SECTOR_OF[a.band] in known], given, match, free)]
    rows += _unknown([a for a in wanting if SECTOR_OF[a.band] not in known])
    rows.sort(key=lambda row: (row.ages, row.area, row.date))
    return _until(rows)


def _asked(waiting: list[Ask], known: set[str], match: Match) -> list[Asked]:
    bands: dict[tuple[str, str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for ask in waiting:
        if ask.left:
            bands[ask.day, SECTOR_OF[ask.band], ask.area][ask.band] += ask.left
    return [
        Asked(
            area,
            sector,
            day,
            [Band(band, counts[band]) for band in SECTORS[sector] if band in counts],
            sum(counts.values()),
            [Seat(*where, n) for where, n in sorted(match.seats[(area, sector), day].items())],
            sector in known,
        )
        for (day, sector, area), counts in sorted(bands.items())
    ]


def _matched(wanting: list[Ask], given: list[Start], match: Match, free: bool) -> Iterator[Need]:
    judge = Judge(given)
    asked: dict[Place, Growing] = defaultdict(Growing)
    by_day: dict[str, tuple[list[Ask], list[Start]]] = defaultdict(lambda: ([], []))
    for ask in wanting:
        by_day[ask.day][0].append(ask)
    for supply in given:
        by_day[supply.date][1].append(supply)
    for day in sorted(by_day):
        for ask in by_day[day][0]:
            asked[ask.area, SECTOR_OF[ask.band]].add(ask)
            match.ask(ask)
        for supply in by_day[day][1]:
            match.supply(supply)
        for place in [p for p in match.touched if p in asked and judge.judged(p, day)]:
            match.touched.discard(place)
            row = asked[place].need(place, day, short=match.short[place])
            yield _with_places(row, match) if free else row


def _with_places(row: Need, match: Match) -> Need:
    here, elsewhere = match.left((row.area, row.ages), row.date)
    row.free = row.need - row.short + here
    row.elsewhere = elsewhere if row.short else 0
    return row


def _unknown(wanting: list[Ask]) -> Iterator[Need]:
    asked: dict[Place, Growing] = defaultdict(Growing)
    for ask in wanting:
        asked[ask.area, SECTOR_OF[ask.band]].add(ask)
    first = {(a.area, SECTOR_OF[a.band]): a.day for a in reversed(wanting)}
    for place, found in asked.items():
        yield found.need(place, first[place], known=False)


def _until(rows: list[Need]) -> list[Need]:
    """Fills in when each shortage ends: the next day on which nobody there is short."""
    ends: dict[Place, str] = {}
    for row in reversed(rows):
        place = (row.area, row.ages)
        if row.short:
            row.until = ends.get(place, "")
        else:
            ends[place] = row.date
    return rows
