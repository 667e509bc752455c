"""Raw tables of a snapshot day: dates become classes, organisations become areas, empty classes are added."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import product
from typing import NamedTuple, get_args

from hub.core import calendar, codes
from hub.core.census.counting import ADJUSTED, GAINS
from hub.core.census.metrics import ABSENT, LONGER, OTHERWISE, STANDING, WAITING, WITHIN
from hub.core.census.publication import BANDED, POOLED, ROUNDED, Raw
from hub.core.directory import Directory
from hub.core.life import school_year
from hub.core.rules import Rules

OUTSIDE = "outside"
"""The area of an organisation that no partner of the hub runs."""

MOVES = {
    "none": "opvang po so vo mbo",
    "opvang": "po sbo so none",
    "po": "sbo so vo pro vso none",
    "sbo": "po so vo pro vso none",
    "so": "po sbo vo pro vso none",
    "vo": "pro vso vavo mbo hbo wo none",
    "pro": "vo vso mbo work none",
    "vso": "vo pro mbo work none",
    "vavo": "mbo hbo wo none",
    "mbo": "vavo hbo work none",
    "hbo": "wo work none",
}
"""Flows that have a cell of their own in M1; every other one is `other`."""

DUE_MONTHS = 6
"""A TLV that ends within so many months is due (domain.md M8)."""


class Snapshot(NamedTuple):
    """What sorting a number into its cell may depend on."""

    on: str
    directory: Directory
    rules: Rules


Sort = Callable[[Snapshot, list[str]], str]
"""The name in the table of a counted name, given in parts; "" when it is no part of the table."""


class Table(NamedTuple):
    """One table: `names` are all its categories, the empty ones too. A banded table shows no empty ones."""

    metric: str
    standing: bool
    method: str
    names: tuple[str, ...]
    sort: Sort


def tables(counts: Mapping[str, int], on: str, directory: Directory, rules: Rules) -> list[Raw]:
    """Raw tables of snapshot day `on` from summed `counts`: every metric but M14, of what stands, of the school year
    of `on`, and of the year before it as long as something is counted there."""
    snapshot = Snapshot(on, directory, rules)
    given: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for cell, count in counts.items():
        metric, period, name = cell.split("|", 2)
        given[metric, period][name] = count
    return [
        Raw(
            table.metric,
            period,
            on,
            table.method,
            _cells(table, given.get((table.metric, period), {}), snapshot),
        )
        for table in TABLES
        for period in ([STANDING] if table.standing else _years(on))
        if period in (STANDING, school_year(on)) or (table.metric, period) in given
    ]


def _years(on: str) -> list[str]:
    return [school_year(on), school_year(calendar.add_months(on, -12))]


def _cells(table: Table, counts: Mapping[str, int], snapshot: Snapshot) -> dict[str, int]:
    found = Counter(dict.fromkeys(table.names, 0))
    for name, count in counts.items():
        sorted_in = table.sort(snapshot, name.split("/"))
        if sorted_in:
            found[sorted_in] += count
    return {name: max(count, 0) for name, count in found.items()}


def _as_is(snapshot: Snapshot, name: list[str]) -> str:
    return "/".join(name)


def _move(snapshot: Snapshot, name: list[str]) -> str:
    _, before, after = name
    return f"moves/{before}/{after}" if after in MOVES.get(before, "").split() else "moves/other"


def _area(snapshot: Snapshot, name: list[str]) -> str:
    """M12: whoever changes in the month in which school years start does so between two years."""
    _, ref, month = name
    if month == snapshot.rules.calendar.year_start[:2]:
        return ""
    partner = snapshot.directory.of_org(ref)
    area = next((org.area for org in partner.orgs if org.ref == ref), "") if partner else OUTSIDE
    return f"changes/{area or 'unknown'}"


def _tlv(snapshot: Snapshot, name: list[str]) -> str:
    """M8, by whole months: the month of the snapshot is the first of the six. One that expired counts only while the
    learner is still there."""
    state, kind, month = name
    left = _months(snapshot.on, month)
    if left < 0:
        return f"tlv/{kind}/expired" if state == "used" else ""
    return f"tlv/{kind}/{'six-months' if left < DUE_MONTHS else 'later'}"


def _absence(snapshot: Snapshot, name: list[str]) -> str:
    """M10, by whole months."""
    _, kind, since = name
    lasted = _months(since, snapshot.on)
    return f"open/{kind}/{next((term for term, months in ABSENT.items() if lasted < months), '12+')}"


def _running(snapshot: Snapshot, name: list[str]) -> str:
    """M15: until and on its last day."""
    measure, code, until = name
    return f"{measure}/{code}" if not until or until >= snapshot.on else ""


def _months(first: str, then: str) -> int:
    return (int(then[:4]) - int(first[:4])) * 12 + int(then[5:7]) - int(first[5:7])


def _names(measure: str, *dims: Iterable[str]) -> tuple[str, ...]:
    return tuple("/".join((measure, *parts)) for parts in product(*dims))


_FATES = ("open", "recognised", "carried-over", "revoked")
_ONBOARD = ("both-tracks", "one-track", "stopped", "diploma", "mbo", "diploma-mbo")
_OUTCOMES = ("stay", "scale-down", "scale-up", "other-school", "permanent")
_AREAS = (*get_args(codes.Area), "unknown")
_MOVES = (*(f"moves/{a}/{b}" for a, after in MOVES.items() for b in after.split()), "moves/other")
_GROUPS = ("minors/announced", "minors/arrived", "minors/not-come", "groups/not-come", "places/free")
_ADVICE = (
    *_names("advice", (*ADJUSTED.values(), "not-applicable")),
    *_names("year3", ("up", "same", "down")),
)

TABLES = (
    Table("M1", False, ROUNDED, _MOVES, _move),
    Table("M2", True, POOLED, _GROUPS, _as_is),
    Table("M2", False, ROUNDED, _names("persons", (*WITHIN, LONGER, WAITING, OTHERWISE)), _as_is),
    Table("M3", True, BANDED, (), _as_is),
    Table("M4", False, ROUNDED, _names("warm", ("initial", "follow-up", "complete")), _as_is),
    Table("M4", True, BANDED, (), _as_is),
    Table("M5", False, POOLED, _names("finished", ("accepted", "wrong-recipient", "corrected")), _as_is),
    Table("M6", False, POOLED, _names("certificates", get_args(codes.Sector), _FATES), _as_is),
    Table("M7", False, POOLED, _names("onboard", _ONBOARD), _as_is),
    Table(
        "M8", True, ROUNDED, _names("tlv", get_args(codes.TlvKind), ("expired", "six-months", "later")), _tlv
    ),
    Table("M9", False, ROUNDED, _names("held", get_args(codes.Review), _OUTCOMES), _as_is),
    Table("M9", True, BANDED, (), _as_is),
    Table("M10", True, ROUNDED, _names("open", get_args(codes.AbsenceKind), (*ABSENT, "12+")), _absence),
    Table("M11", False, POOLED, _ADVICE, _as_is),
    Table("M12", False, POOLED, _names("changes", _AREAS), _area),
    Table("M13", False, ROUNDED, _names("gain", GAINS), _as_is),
    Table("M15", True, ROUNDED, _names("asked", get_args(codes.SupportCode)), _running),
)
"""Every table that is published, of the whole city or (M12) by area, with at most two dimensions. Only what waits or is
overdue (M3, M4, M9) is told per organisation, in bands: the same bands, at the same level, as the page shows."""
