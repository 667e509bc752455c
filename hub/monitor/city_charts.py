"""Pure: where everything stands in the drawings of the city. Only numbers that are shown are drawn."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from hub.core.newcomers.ages import SECTORS
from hub.monitor.city_tables import Cell, Table

STAGES = ("opvang", "po", "so", "sbo", "vo", "pro", "vso", "vavo", "mbo", "hbo", "wo", "work")
ORDER = (("none", *STAGES), (*STAGES, "none"))
"""Stages by age, as they stand from top to bottom on the left and on the right."""

WIDTH = 460
LEFT, RIGHT, BAR = 128, 330, 12
"""Where the two columns of the flows stand, and how wide their bars are."""
BODY, GAP, LINE = 330, 9, 17
"""Height of all flows together, space between two stages, and the least height of one with its name."""
THIN = 1.5


class Node(NamedTuple):
    """A stage on one side; `text` is the middle of its name."""

    stage: str
    x: float
    y: float
    height: float
    text: float
    number: int


class Ribbon(NamedTuple):
    before: str
    after: str
    number: int
    path: str


class Sankey(NamedTuple):
    height: int
    left: list[Node]
    right: list[Node]
    ribbons: list[Ribbon]
    rest: list[Cell]
    """What cannot be drawn from one stage to another: flows that are told together, or too small."""


def sankey(table: Table) -> Sankey:
    """The flows of M1 between two stages, by size."""
    flows: dict[tuple[str, str], int] = {}
    rest = []
    for cell in table.filled:
        _, *stages = cell.of[0].split("/")
        if len(cell.of) == 1 and len(stages) == 2 and cell.value.exact and cell.value.low:
            flows[stages[0], stages[1]] = cell.value.low
        else:
            rest.append(cell)
    scale = BODY / (sum(flows.values()) or 1)
    left = _column(flows, 0, LEFT - BAR, scale)
    right = _column(flows, 1, RIGHT, scale)
    ends = max((node.y + max(node.height, LINE) for node in (*left, *right)), default=0)
    return Sankey(round(ends) + GAP, left, right, _ribbons(flows, left, right, scale), rest)


def _thick(number: int, scale: float) -> float:
    return max(THIN, number * scale)


def _column(flows: Mapping[tuple[str, str], int], side: int, x: float, scale: float) -> list[Node]:
    found, y = [], float(GAP)
    for stage in ORDER[side]:
        own = [n for pair, n in flows.items() if pair[side] == stage]
        if own:
            height = sum(_thick(n, scale) for n in own)
            top = y + max(0.0, (LINE - height) / 2)
            found.append(
                Node(stage, x, round(top, 1), round(height, 1), round(top + height / 2, 1), sum(own))
            )
            y += max(height, LINE) + GAP
    return found


def _ribbons(
    flows: Mapping[tuple[str, str], int], left: Sequence[Node], right: Sequence[Node], scale: float
) -> list[Ribbon]:
    tops = ({node.stage: node.y for node in left}, {node.stage: node.y for node in right})
    made = []
    for before, after in sorted(flows, key=lambda p: (ORDER[0].index(p[0]), ORDER[1].index(p[1]))):
        thick = _thick(flows[before, after], scale)
        path = _bend(LEFT, tops[0][before], RIGHT, tops[1][after], thick)
        tops[0][before] += thick
        tops[1][after] += thick
        made.append(Ribbon(before, after, flows[before, after], path))
    return made


def _bend(x0: float, y0: float, x1: float, y1: float, thick: float) -> str:
    middle = (x0 + x1) / 2
    a, b, c, d = (round(y, 1) for y in (y0, y1, y0 + thick, y1 + thick))
    return f"M{x0} {a}C{middle} {a} {middle} {b} {x1} {b}L{x1} {d}C{middle} {d} {middle} {c} {x0} {c}Z"


AXIS_WIDTH, AXIS_HEIGHT = 460, 190
X0, X1, Y0, Y1 = 44, 446, 14, 158
"""The box of the lines in the drawing of the time axis."""
MARGIN_DAYS = 10


class Mark(NamedTuple):
    at: float
    text: str


class Axis(NamedTuple):
    """Two lines that only rise, children and places; `short` is the space between them where places are too few.
    `asked` and `places` are what they come to on the last day. Where nobody published places there is no line of
    them, and nothing is short: `places` is None."""

    sector: str
    need: str
    free: str
    short: list[str]
    days: list[Mark]
    numbers: list[Mark]
    asked: int
    places: int | None


def axis(newcomers: Mapping[str, Any], sector: str) -> Axis | None:
    """Children who come against places that begin, by day, in one sector of the whole city; None when no number of
    children may be shown."""
    asked = [
        (one["from"], one["need"])
        for one in newcomers["groups"]
        if one["sector"] == sector and isinstance(one["need"], int)
    ]
    if not asked:
        return None
    mine = ("", sector, *SECTORS[sector])
    starts = [(one["from"], one["free"]) for one in newcomers["starts"] if one["ages"] in mine]
    days = sorted({day for day, _ in (*asked, *starts)})
    first, last = _ordinal(days[0]) - MARGIN_DAYS, _ordinal(days[-1]) + MARGIN_DAYS
    need, free = _grown(asked, days), _grown(starts, days)
    highest = _round_up(max(need[-1], free[-1]))

    def x(day: int) -> float:
        return round(X0 + (X1 - X0) * (day - first) / (last - first), 1)

    def y(number: int) -> float:
        return round(Y1 - (Y1 - Y0) * number / highest, 1)

    spots = [x(_ordinal(day)) for day in days] + [float(X1)]
    return Axis(
        sector,
        _steps(spots, [y(n) for n in need]),
        _steps(spots, [y(n) for n in free]) if starts else "",
        [
            f"M{spots[i]} {y(n)}H{spots[i + 1]}V{y(free[i])}H{spots[i]}Z"
            for i, n in enumerate(need)
            if starts and n > free[i]
        ],
        _apart(Mark(spot, day) for spot, day in zip(spots, days, strict=False)),
        [Mark(y(n), str(n)) for n in (0, highest // 2, highest)],
        need[-1],
        free[-1] if starts else None,
    )


def _ordinal(day: str) -> int:
    return date.fromisoformat(day).toordinal()


def _grown(given: Iterable[tuple[str, int]], days: Sequence[str]) -> list[int]:
    by_day: dict[str, int] = defaultdict(int)
    for day, number in given:
        by_day[day] += number
    found, sum_ = [], 0
    for day in days:
        sum_ += by_day[day]
        found.append(sum_)
    return found


def _round_up(number: int) -> int:
    step: int = 10 ** max(1, len(str(number)) - 1)
    return max(step, -(-number // step) * step)


def _steps(spots: Sequence[float], heights: Sequence[float]) -> str:
    path = f"M{X0} {Y1}"
    for spot, height in zip(spots, heights, strict=False):
        path += f"H{spot}V{height}"
    return f"{path}H{X1}"


DAY_WIDTH = 62


def _apart(marks: Iterable[Mark]) -> list[Mark]:
    """Those for whose text there is room."""
    kept: list[Mark] = []
    for mark in marks:
        if not kept or mark.at - kept[-1].at >= DAY_WIDTH:
            kept.append(mark)
    return kept


def bar(cell: Cell, cells: Iterable[Cell]) -> int:
    """Length of its bar in percents of the longest; 0 for what is not shown."""
    longest = max((one.value.high or one.value.low or 0 for one in cells), default=0)
    own = cell.value.high or cell.value.low or 0
    return max(1, round(100 * own / longest)) if own and longest else 0
