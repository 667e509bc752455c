"""What was published, in words: cells by name, percentages and medians, all worked out from published cells alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from hub.core.census.metrics import ABSENT, LONGER, METRICS, WITHIN
from hub.core.census.words import CLASSES, MEASURES, OTHERWISE
from hub.core.directory import Directory
from hub.core.rules import Rules
from hub.core.views import Cell, Published

NAMED = 3
"""A cell of more names than this is called by how many there are."""


class Share(NamedTuple):
    """A percentage: of the people whose name ends in one of `base`, those whose name ends in one of `part`."""

    measure: str
    part: tuple[str, ...]
    base: tuple[str, ...]
    nl: str
    en: str


class Scale(NamedTuple):
    """Classes of a duration from short to long, for a median."""

    measure: str
    order: tuple[str, ...]
    nl: str
    en: str


_TIMELY = ("1-month", "2-months", "3-months")
_FATES = ("open", "recognised", "carried-over")
SHARES = (
    Share(
        "persons", _TIMELY, (*WITHIN, LONGER), "Geplaatst binnen drie maanden", "Placed within three months"
    ),
    Share(
        "finished",
        ("wrong-recipient", "corrected"),
        ("accepted", "wrong-recipient", "corrected"),
        "Verkeerd gestuurd of gecorrigeerd",
        "Sent wrongly or corrected",
    ),
    Share("certificates", ("carried-over",), _FATES, "Meegenomen", "Carried over"),
    Share("advice", ("adjusted", "partly"), ("adjusted", "partly", "not-adjusted"), "Bijgesteld", "Adjusted"),
    Share("year3", ("up",), ("up", "same", "down"), "Hoger dan het advies", "Above the advice"),
)
SCALES = (
    Scale("persons", (*WITHIN, LONGER), "Mediaan tot de eerste plaats", "Median until the first place"),
    Scale("open", (*ABSENT, "12+"), "Mediane duur", "Median duration"),
)


def figures(
    published: Published, directory: Directory, rules: Rules, everyone: bool = False
) -> dict[str, Any]:
    """What was published, with words in Dutch and English, for page and API; `everyone`: as made by `public`.

    {"metric", "period", "on", "k", "method", "nl", "en",
     "cells": [{"of": [name..], "nl", "en", "value": int|str}],
     "shares": [{"nl", "en", "percent": int|None}],    None where there are too few to say (domain.md §3.7)
     "medians": [{"nl", "en", "of": {"nl", "en"}|None}]}    the class it falls in; None where that is not certain
    """
    cells = published.cells
    enough = rules.public_percent_from if everyone else rules.percent_from
    measures = {cell.of[0].partition("/")[0] for cell in cells}
    metric = METRICS[published.metric]
    return {
        "metric": published.metric,
        "period": published.period,
        "on": published.on,
        "k": published.k,
        "method": published.method,
        "nl": metric["nl"],
        "en": metric["en"],
        "cells": [_cell(cell, directory) for cell in cells],
        "shares": [
            {"nl": s.nl, "en": s.en, "percent": percent(cells, s, enough)}
            for s in SHARES
            if s.measure in measures
        ],
        "medians": [_median(cells, scale, published.k) for scale in SCALES if scale.measure in measures],
    }


def named(name: str, directory: Directory) -> tuple[str, str]:
    """A name such as `certificates/techniek/open` in Dutch and English; organisations by their own name."""
    measure, *classes = name.split("/")
    words = [_class(measure, code, directory) for code in classes]
    if measure == "moves" and len(words) == 2:
        return f"{words[0][0]} → {words[1][0]}", f"{words[0][1]} → {words[1][1]}"
    words = [MEASURES.get(measure, (measure, measure)), *words]
    return " · ".join(nl for nl, _ in words), " · ".join(en for _, en in words)


def _class(measure: str, code: str, directory: Directory) -> tuple[str, str]:
    known = OTHERWISE.get((measure, code)) or CLASSES.get(code)
    if known:
        return known
    org = directory.org_name(code)
    return org, org


def _cell(cell: Cell, directory: Directory) -> dict[str, Any]:
    names = [named(name, directory) for name in cell.of]
    nl, en = (" + ".join(parts) for parts in zip(*names, strict=True))
    if len(names) > NAMED:
        measure = MEASURES.get(cell.of[0].partition("/")[0], ("", ""))
        nl, en = (f"{measure[0]} · {len(names)} soorten samen", f"{measure[1]} · {len(names)} kinds together")
    return {"of": cell.of, "nl": nl, "en": en, "value": cell.value}


def percent(cells: Iterable[Cell], share: Share, enough: int) -> int | None:
    """In whole percents; None with fewer than `enough` people, or when a cell is part in and part out."""
    part = _sum(cells, share.measure, share.part)
    base = _sum(cells, share.measure, share.base)
    if part is None or base is None or base < enough:
        return None
    return round(100 * part / base)


def _sum(cells: Iterable[Cell], measure: str, classes: tuple[str, ...]) -> int | None:
    total = 0
    for cell in cells:
        inside = {_is(name, measure, classes) for name in cell.of}
        if inside == {True} and isinstance(cell.value, int):
            total += cell.value
        elif True in inside:
            return None
    return total


def _is(name: str, measure: str, classes: tuple[str, ...]) -> bool:
    first, *rest = name.split("/")
    return first == measure and rest[-1] in classes


def _median(cells: Iterable[Cell], scale: Scale, k: int) -> dict[str, Any]:
    found = [_ranked(cell, scale, k) for cell in cells]
    early, late = (_half(found, len(scale.order), early) for early in (True, False))
    words = CLASSES[scale.order[early]] if early == late and early is not None else None
    return {"nl": scale.nl, "en": scale.en, "of": {"nl": words[0], "en": words[1]} if words else None}


class _Ranked(NamedTuple):
    """How many people a cell has, at least and at most, in the shortest to the longest class it may have them in."""

    shortest: int
    longest: int
    least: int
    most: int


def _ranked(cell: Cell, scale: Scale, k: int) -> _Ranked:
    names = [name.split("/") for name in cell.of]
    ranks = [scale.order.index(n[-1]) for n in names if n[0] == scale.measure and n[-1] in scale.order]
    if not ranks:
        return _Ranked(0, 0, 0, 0)
    most = cell.value if isinstance(cell.value, int) else k - 1
    least = most if isinstance(cell.value, int) else 1
    return _Ranked(min(ranks), max(ranks), least if len(ranks) == len(names) else 0, most)


def _half(cells: Iterable[_Ranked], classes: int, early: bool) -> int | None:
    """The first class by which half of all are counted: as early as it can be, or as late."""
    for at in range(classes):
        counted = rest = 0
        for cell in cells:
            inside = (cell.shortest if early else cell.longest) <= at
            people = cell.most if inside == early else cell.least
            counted, rest = (counted + people, rest) if inside else (counted, rest + people)
        if counted and counted >= rest:
            return at
    return None
