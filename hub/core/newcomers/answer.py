"""The one answer to "where do newcomers lack a place, from when, and until when", in words and numbers.

Gemeente, Taalcentrum and leerplicht read it as it is.
"""

from __future__ import annotations

from typing import Any

from hub.core.newcomers import wording
from hub.core.newcomers.guarded import guarded
from hub.core.rules import Rules
from hub.core.views import Need, Places, Start

Row = dict[str, Any]


def answer(places: Places, *, exact: bool, rules: Rules) -> dict[str, Any]:
    """Need against places as JSON: a row per area, sector and day, each with a sentence (`nl`, `en`).

    `exact` is for gemeente, Taalcentrum and leerplicht alone: their rows also say how many wait, how many places
    other areas have, and the need per age band. To others every count of children is rounded up, and under k only
    `<k`. A `short` of null means that it is not known.
    """
    k = rules.small_cell
    needs = places.needs if exact else guarded(places, k)
    figures = {name: getattr(places, name) for name in ("demand", "waiting", "placed", "timely", "late")}
    return {
        "city": places.city,
        "exact": exact,
        **(figures if exact else {}),
        "free": places.free,
        **wording.headline(needs, exact, k),
        "rows": [_row(need, exact, k) for need in needs],
        "starts": [_start(start) for start in places.starts],
    }


def _row(need: Need, exact: bool, k: int) -> Row:
    hidden = need.need < k and not exact
    row: Row = {
        "area": need.area,
        "sector": need.ages,
        "from": need.date,
        "until": need.until,
        "need": f"<{k}" if hidden else need.need,
        "free": need.free if need.known else None,
        "short": None if hidden or not need.known else need.short,
        **wording.sentences(need, exact, k),
    }
    if exact:
        row["bands"] = [{"ageBand": band.age_band, "count": band.count} for band in need.bands]
        row |= {"waiting": need.waiting, "elsewhere": need.elsewhere}
    return row


def _start(start: Start) -> Row:
    return {
        "area": start.area,
        "ages": start.ages,
        "from": start.date,
        "until": start.until,
        "free": start.free,
    }
