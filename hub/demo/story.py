"""One school year of Almere in miniature, after the season profile of domain.md §4.3. Same seed, same story. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random

from hub.core.partners import Directory
from hub.demo import city, mess
from hub.demo.cast import Cast
from hub.demo.lives import LIVES
from hub.demo.teller import Happening, Teller

FIRST_YEAR = 2026
DAYS = 365
GROUPS, OFFERS = 0.12, 0.06
"""Shares of the events that are about newcomer groups, and about offers."""
PER_GROUP = 7
KINDS_OF_GROUP = ("", "small", "cancelled", "", "rumour")


def first_day(year: int) -> datetime:
    return datetime(year, 8, 1, tzinfo=UTC)


def school_year(
    directory: Directory, seed: str, year: int = FIRST_YEAR, events: int = 2000
) -> list[Happening]:
    """Happenings from 1 August of `year` to 31 July, by their moment; about `events` of them (never fewer than one of
    each kind). What receivers answer comes on top. `directory` must hold the partners of `hub.demo.cast`."""
    teller = Teller(Cast(directory), year, Random(f"{seed}/{year}"))
    groups = max(len(KINDS_OF_GROUP), round(events * GROUPS / PER_GROUP))
    for number in range(groups):
        city.group(teller, KINDS_OF_GROUP[number % len(KINDS_OF_GROUP)])
    city.places(teller, max(4, round(events * OFFERS / 4)))
    city.offers(teller, max(4, round(events * OFFERS / 2)))
    for life in LIVES:
        life(teller)
    while len(teller.happenings) < events:
        teller.rng.choices(list(LIVES), list(LIVES.values()))[0](teller)
    mess.add(teller)
    # Sorting is stable, so events of one moment stay in the order in which they were told.
    return sorted(teller.happenings, key=lambda happening: happening.at)
