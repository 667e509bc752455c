"""Pure: what may be seen of the matrix of flows. Behind this point nothing knows an exact number of messages that may
be about persons."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from hub.core.matrix import Leg, Matrix, within
from hub.core.rules import Calendar
from hub.core.silence import silences, silent
from hub.monitor.figures import LATE_MS, STUCK_MS
from hub.monitor.shown import Shown, banded, exact

P95 = 0.95
SLOW_MS = 300_000
"""A p95 above this is a slow leg, though nothing waits now."""

LIGHTS = ("stuck", "late", "quiet", "ended", "slow", "well", "none")
"""Worst first. `ended`: something came to an end without having arrived; `none`: nothing was told at all."""

ATTENDED = ("stuck", "late", "quiet")
"""Lights that ask for attention now."""

K = TypeVar("K")

ALL = ""
"""Stands for every flow, and for every group of partners."""


class Lanes(NamedTuple):
    """How legs are put together: the flow of a CloudEvents type, the group (a role) of a partner, whether a kind is
    about persons, the name of a partner, and the `silence` of days of events (school days; 0 for none)."""

    flow: Callable[[str], str]
    group: Callable[[str], str]
    personal: Callable[[str], bool]
    partner: Callable[[str], str]
    silence: Callable[[Sequence[int]], int]


class Cell(NamedTuple):
    """Some legs together. `bound` is within how many milliseconds 95 % of what arrived did, None for nothing arrived
    and 0 for longer than a day; `age` is that of the oldest still to arrive; `quiet` counts school days of silence."""

    told: Shown
    open: Shown
    ended: Shown
    bound: int | None
    age: int | None
    quiet: int
    light: str

    @property
    def missing(self) -> Shown:
        """What was told and has not arrived."""
        return self.open.plus(self.ended)


EMPTY = Cell(exact(0), exact(0), exact(0), None, None, 0, "none")


class FlowRow(NamedTuple):
    flow: str
    cell: Cell


class LegRow(NamedTuple):
    publisher: str
    receiver: str
    flow: str
    cell: Cell


class Concern(NamedTuple):
    """What asks for attention: a partner to whom flows do not come (`age` of the oldest, and the `subscription` that it
    waits in), or one of whom a flow is `quiet` for so many school days."""

    light: str
    partner: str
    flows: tuple[str, ...]
    age: int = 0
    quiet: int = 0
    subscription: str = ""


class Grid(NamedTuple):
    """Groups of publishers (rows) by groups of receivers (columns); a cell that is missing had nothing."""

    publishers: list[str]
    receivers: list[str]
    cells: Mapping[tuple[str, str], Cell]

    def cell(self, publisher: str, receiver: str) -> Cell:
        return self.cells.get((publisher, receiver), EMPTY)


class Board(NamedTuple):
    """The home page: each flow, the grid of one flow or of all, and what asks for attention, worst first."""

    at: int
    flow: str
    flows: list[FlowRow]
    grid: Grid
    attention: list[Concern]


def silence_of(today: str, calendar: Calendar) -> Callable[[Sequence[int]], int]:
    return lambda days: silent(days, today, calendar)


def board(
    matrix: Matrix, lanes: Lanes, order: Sequence[str], groups: Sequence[str], flow: str = ALL
) -> Board:
    """`order` are the flows and `groups` the groups of partners as they are to stand."""
    by_flow = _grouped(matrix.legs, lambda leg: lanes.flow(leg.type))
    quiet = silences(matrix.rhythms, lanes.flow, lanes.silence)
    rows = [
        FlowRow(name, _cell(by_flow.get(name, ()), lanes, matrix.at, quiet_of(quiet, flow=name)))
        for name in order
    ]
    chosen = [leg for leg in matrix.legs if flow in (ALL, lanes.flow(leg.type))]
    pairs = _grouped(chosen, lambda leg: (lanes.group(leg.publisher), lanes.group(leg.partner)))
    cells = {pair: _cell(legs, lanes, matrix.at, 0) for pair, legs in pairs.items()}
    grid = Grid(
        [group for group in groups if any(group == publisher for publisher, _ in cells)],
        [group for group in groups if any(group == receiver for _, receiver in cells)],
        cells,
    )
    return Board(matrix.at, flow, rows, grid, _attention(chosen, lanes, matrix.at, quiet, flow))


def legs(matrix: Matrix, lanes: Lanes, flow: str, publisher: str, receiver: str) -> list[LegRow]:
    """Partner by partner: the legs of one flow between two groups; ALL stands for any. Worst first."""
    chosen = [
        leg
        for leg in matrix.legs
        if flow in (ALL, lanes.flow(leg.type))
        and publisher in (ALL, lanes.group(leg.publisher))
        and receiver in (ALL, lanes.group(leg.partner))
    ]
    return _rows(chosen, lanes, matrix.at)


def quiet_of(quiet: Mapping[tuple[str, str], int], flow: str) -> int:
    """The longest silence of any publisher of a flow."""
    return max((days for (_, own), days in quiet.items() if own == flow), default=0)


def _attention(
    legs: Iterable[Leg], lanes: Lanes, at: int, quiet: Mapping[tuple[str, str], int], flow: str
) -> list[Concern]:
    """One per partner that is behind, whatever flows wait for it: it is one trouble to whoever must call."""
    behind = _grouped((leg for leg in legs if leg.oldest is not None), lambda leg: leg.partner)
    found = [_behind(lanes.partner(partner), own, lanes, at) for partner, own in behind.items()]
    found += [
        Concern("quiet", lanes.partner(publisher), (own,), quiet=days)
        for (publisher, own), days in quiet.items()
        if days and flow in (ALL, own)
    ]
    return sorted((one for one in found if one.light in ATTENDED), key=_gravest)


def _behind(partner: str, legs: Sequence[Leg], lanes: Lanes, at: int) -> Concern:
    oldest = min(legs, key=lambda leg: leg.oldest or 0)
    age = max(0, at - (oldest.oldest or 0))
    late = (leg for leg in legs if at - (leg.oldest or 0) >= LATE_MS)
    flows = tuple(sorted({lanes.flow(leg.type) for leg in late}))
    return Concern(_light(age, None, 0, 0), partner, flows, age, subscription=oldest.subscription)


def _gravest(one: Concern) -> tuple[int, int, int, str, tuple[str, ...]]:
    return LIGHTS.index(one.light), -one.age, -one.quiet, one.partner, one.flows


def _rows(legs: Iterable[Leg], lanes: Lanes, at: int) -> list[LegRow]:
    pairs = _grouped(legs, lambda leg: (leg.publisher, leg.partner, lanes.flow(leg.type)))
    made = [
        LegRow(lanes.partner(publisher), lanes.partner(partner), flow, _cell(own, lanes, at, 0))
        for (publisher, partner, flow), own in pairs.items()
    ]
    return sorted(made, key=_worst)


def _worst(row: LegRow) -> tuple[int, int, int, str, str, str]:
    """By what is shown, for the order of what is hidden would tell of it."""
    cell = row.cell
    return LIGHTS.index(cell.light), -(cell.age or 0), -cell.quiet, row.publisher, row.receiver, row.flow


def _cell(legs: Sequence[Leg], lanes: Lanes, at: int, quiet: int) -> Cell:
    if not legs:
        return EMPTY._replace(quiet=quiet, light="quiet") if quiet else EMPTY
    show = banded if any(lanes.personal(leg.type) for leg in legs) else exact
    oldest = min((leg.oldest for leg in legs if leg.oldest is not None), default=None)
    age = None if oldest is None else max(0, at - oldest)
    arrived = tuple(map(sum, zip(*(leg.within for leg in legs), strict=True)))
    bound = (within(arrived, P95) or 0) if sum(arrived) else None
    ended = sum(leg.ended for leg in legs)
    return Cell(
        told=show(sum(leg.told for leg in legs)),
        open=show(sum(leg.open for leg in legs)),
        ended=show(ended),
        bound=bound,
        age=age,
        quiet=quiet,
        light=_light(age, bound, ended, quiet),
    )


def _light(age: int | None, bound: int | None, ended: int, quiet: int) -> str:
    if age is not None and age >= LATE_MS:
        return "stuck" if age >= STUCK_MS else "late"
    if quiet:
        return "quiet"
    if ended:
        return "ended"
    return "slow" if bound is not None and (bound == 0 or bound > SLOW_MS) else "well"


def _grouped(legs: Iterable[Leg], by: Callable[[Leg], K]) -> dict[K, list[Leg]]:
    found: defaultdict[K, list[Leg]] = defaultdict(list)
    for leg in legs:
        found[by(leg)].append(leg)
    return dict(found)
