"""The one answer to "where do newcomers lack a place, from when, and until when", in words and numbers.

Gemeente, Taalcentrum and leerplicht read it as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hub.core.directory import Directory
from hub.core.newcomers import wording
from hub.core.newcomers.guarded import guarded, rounded
from hub.core.rules import Rules
from hub.core.views import Asked, Need, Places, Seat, Start

Row = dict[str, Any]
Name = Callable[[str], str]


def answer(places: Places, *, exact: bool, rules: Rules, directory: Directory) -> dict[str, Any]:
    """Need against places as JSON: a row per area, sector and day, each with a sentence (`nl`, `en`); and `groups`,
    who comes on which day and finds which places.

    `exact` is for gemeente, Taalcentrum and leerplicht alone: their rows also say how many wait, how many places
    other areas have, and the need per age band. To others every count of children is rounded up, and under k only
    `<k`. A `short` of null means that it is not known.
    """
    k = rules.small_cell
    needs, asked = (places.needs, places.asked) if exact else guarded(places, k)
    name = directory.org_name
    figures = {of: getattr(places, of) for of in ("demand", "waiting", "placed", "timely", "late")}
    return {
        "city": places.city,
        "exact": exact,
        **(figures if exact else {}),
        "free": places.free,
        **wording.headline(needs, exact, k),
        "rows": [_row(need, exact, k) for need in needs],
        "groups": [_group(one, exact, k, name) for one in asked],
        "starts": [_start(start, name) for start in places.starts],
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


def _group(asked: Asked, exact: bool, k: int, name: Name) -> Row:
    hidden = asked.need < k and not exact
    short = asked.need - sum(seat.count for seat in asked.seats)
    row: Row = {
        "area": asked.area,
        "sector": asked.ages,
        "from": asked.date,
        "need": f"<{k}" if hidden else asked.need,
        "seats": [_seat(seat, exact, k, name) for seat in asked.seats],
        "short": None if hidden or not asked.known else short if exact else rounded(short, k),
        **wording.coming(asked, exact, k, name),
    }
    if exact:
        row["bands"] = [{"ageBand": band.age_band, "count": band.count} for band in asked.bands]
    return row


def _seat(seat: Seat, exact: bool, k: int, name: Name) -> Row:
    count = seat.count if exact or seat.count >= k else f"<{k}"
    return {"from": seat.date, "at": name(seat.org), "count": count}


def _start(start: Start, name: Name) -> Row:
    return {
        "area": start.area,
        "ages": start.ages,
        "from": start.date,
        "until": start.until,
        "free": start.free,
        "at": name(start.org),
    }
