"""Pure: what the API answers of the city, as the pages show it. Nothing behind this point knows a number that the API
did not give."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from hub.core.census import STANDING

NOW = "now"
"""The period of what is live."""

SOURCES: Mapping[str, str] = {
    "M1": "E8 E9",
    "M2": "E1 E2 E3 E4 E5 E6 E7",
    "M3": "E13 E14",
    "M4": "E13 E15",
    "M5": "E13 E14 E17",
    "M6": "E8 E23 E24 E25",
    "M7": "E8 E9 E10 E11 E28",
    "M8": "E8 E18",
    "M9": "E20",
    "M10": "E21 E22",
    "M11": "E12 E26",
    "M12": "E8",
    "M13": "E26",
    "M14": "",
    "M15": "E5 E19",
}
"""Which kinds of events each metric is counted from (`hub.core.census.counting`), by their codes."""

CLOCKS: Mapping[str, str] = {
    "M2": "T01 T02",
    "M3": "T06 T07 T08",
    "M4": "T07 T08",
    "M6": "T12",
    "M7": "T13 T14",
    "M8": "T09 T16",
    "M9": "T10",
    "M10": "T11",
}
"""Signals that stand now, per organisation, beside the metric that they belong to."""

COLUMNS = (
    "metric", "period", "on", "categories", "name", "value", "at_least", "at_most", "suppressed", "method", "k",
)  # fmt: skip
"""Of the CSV. `value` is empty for what is no exact number; `at_least` and `at_most` are the bounds of a band."""


class Value(NamedTuple):
    """A number from `low` to `high`, without end when that is None. Both None: too few to say."""

    low: int | None
    high: int | None

    @property
    def hidden(self) -> bool:
        return self.low is None

    @property
    def exact(self) -> bool:
        return self.low is not None and self.low == self.high

    @property
    def zero(self) -> bool:
        return self.high == 0


class Cell(NamedTuple):
    """`of` are the categories that are counted together, by code; `name` is what they are called."""

    of: tuple[str, ...]
    name: str
    value: Value


class Fact(NamedTuple):
    """A percentage or a median: `text` is None where there are too few to say."""

    name: str
    text: str | None


class Table(NamedTuple):
    period: str
    on: str
    k: int
    method: str
    cells: list[Cell]
    facts: list[Fact]

    @property
    def filled(self) -> list[Cell]:
        """All that are not empty, the largest first; by what is shown, for the order of what is hidden would tell."""
        return sorted((c for c in self.cells if not c.value.zero), key=lambda c: -(c.value.low or 0))

    @property
    def empty(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.value.zero]


class Metric(NamedTuple):
    """`tables` are of what stands first, then by school year, the newest first. `next` is the day (ISO) of the next
    publication, "" when none is known."""

    id: str
    name: str
    about: str
    tables: list[Table]
    next: str

    def of(self, period: str) -> list[Table]:
        """Of a school year, and of what stands."""
        return [table for table in self.tables if table.period in (period, STANDING, NOW)]


class Late(NamedTuple):
    """How many signals of one rule stand at an organisation."""

    org: str
    rule: str
    severity: str
    number: Value


def value(given: int | str) -> Value:
    """A count as the API gives it: `12`, `10-24`, `50+` or `<5`."""
    if isinstance(given, int):
        return Value(given, given)
    low, dash, high = given.partition("-")
    if given.endswith("+"):
        return Value(int(given[:-1]), None)
    return Value(int(low), int(high)) if dash else Value(None, None)


def metric(given: Mapping[str, Any], lang: str) -> Metric:
    """One metric with the tables of its periods, as `GET /v1/census` gives it; `lang` is nl or en."""
    tables = [_table(table, lang) for table in given["tables"]]
    return Metric(
        given["metric"],
        given[lang],
        given[f"about_{lang}"],
        sorted(tables, key=_order),
        given["next"] or "",
    )


def _order(table: Table) -> tuple[bool, int]:
    standing = table.period in (STANDING, NOW)
    return not standing, 0 if standing else -int(table.period[:4])


def _table(answer: Mapping[str, Any], lang: str) -> Table:
    shares = [
        Fact(one[lang], None if one["percent"] is None else f"{one['percent']} %")
        for one in answer.get("shares", ())
    ]
    medians = [Fact(one[lang], one["of"] and one["of"][lang]) for one in answer.get("medians", ())]
    cells = [
        Cell(tuple(one["of"]), one.get(lang, one["of"][0]), value(one["value"])) for one in answer["cells"]
    ]
    return Table(
        answer.get("period") or NOW, answer["on"], answer["k"], answer["method"], cells, shares + medians
    )


class Behind(NamedTuple):
    """Who is behind: a column per rule, a row per organisation; `cells` by organisation and rule."""

    rules: list[str]
    orgs: list[str]
    cells: Mapping[tuple[str, str], list[Late]]


def late(given: Iterable[Mapping[str, Any]]) -> list[Late]:
    """Signals per organisation, as the API gives them."""
    return [Late(one["org"], one["rule"], one["severity"], value(one["number"])) for one in given]


def behind(given: Iterable[Late], rules: Sequence[str]) -> Behind:
    """Those of some rules. The first rule says who comes first: who passed its term, then who has most of it as far
    as is shown."""
    cells: dict[tuple[str, str], list[Late]] = {}
    for row in sorted(given, key=lambda row: row.severity):
        if row.rule in rules:
            cells.setdefault((row.org, row.rule), []).append(row)

    def rank(org: str) -> list[tuple[bool, int]]:
        found = [cells.get((org, rule), []) for rule in rules]
        return [
            (all(r.severity != "breach" for r in rows), -max((r.number.low or 0 for r in rows), default=0))
            for rows in found
        ]

    orgs = sorted({org for org, _ in cells}, key=lambda org: (rank(org), org))
    return Behind([rule for rule in rules if any(r == rule for _, r in cells)], orgs, cells)


def as_csv(metric: Metric) -> str:
    """All tables of a metric, after RFC 4180, with a header."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for table in metric.tables:
        for cell in table.cells:
            writer.writerow(_row(metric, table, cell))
    return text.getvalue()


def _row(metric: Metric, table: Table, cell: Cell) -> list[str | int]:
    low, high = ("" if bound is None else bound for bound in cell.value)
    return [
        metric.id,
        table.period,
        table.on,
        harmless(" + ".join(cell.of)),
        harmless(cell.name),
        low if cell.value.exact else "",
        low,
        high,
        "yes" if cell.value.hidden else "no",
        table.method,
        table.k,
    ]


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else text
