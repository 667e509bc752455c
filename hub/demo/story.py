"""One school year of Almere, in full or in miniature, after domain.md §4.3. Same seed, same story. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from functools import partial
from heapq import heappop, heappush
from random import Random
from typing import NamedTuple

from hub.core.directory import Directory
from hub.demo import city, mess, reactions
from hub.demo.cast import Cast
from hub.demo.lives import ROLL_OVER, STORIES, YEAR, Story, Tell, pupils, rest
from hub.demo.teller import Happening, Teller

FIRST_YEAR = 2026
DAYS = 365
FULL = 156_000
"""Events in a year of a city of the size of Almere."""
GROUPS, PLACES, OFFERS = 40, 52, 250
"""In a full year: newcomer groups, words of the Taalcentrum on its places per sector, and other offers."""
KINDS_OF_GROUP = ("", "small", "cancelled", "", "rumour", "revived")
IN_BURSTS = 0.6
"""Share of the groups that is announced in a week with many."""


class Chapter(NamedTuple):
    """Told on `since` or later. `key` seeds its chances, `pupil` those of whom it is about."""

    since: date
    key: str
    flow: str
    tell: Tell
    story: Story | None = None


def first_day(year: int) -> datetime:
    return datetime(year, 8, 1, tzinfo=UTC)


def school_year(
    directory: Directory, seed: str, year: int = FIRST_YEAR, events: int = 2000, *, answers: bool = False
) -> Iterator[Happening]:
    """Happenings from 1 August of `year` on, by their moment; about `events` of them, in the proportions of a real
    year (never fewer than one of each story, some 500). `directory` must hold the partners of `hub.demo.cast`.

    With `answers` what receivers answer stands between the rest, as a file needs it; without, it is left to partners
    who receive, as in the demo. Told chapter by chapter: no more is held than what was told and is still to come.
    """
    cast, order = Cast(directory), _plan(f"{seed}/{year}", year, events / FULL)
    spoiled = mess.Mess(min(mess.HONEST_IN, len(order) // (2 * len(mess.HONEST))))
    waiting: list[tuple[datetime, int, Happening]] = []
    number = 0
    for chapter in order:
        while waiting and waiting[0][0].date() < chapter.since:
            yield heappop(waiting)[2]
        for one in _told(chapter, cast, year, spoiled, answers):
            number += 1
            heappush(waiting, (one.at, number, one))
    while waiting:
        yield heappop(waiting)[2]


def _told(chapter: Chapter, cast: Cast, year: int, spoiled: mess.Mess, answers: bool) -> Iterator[Happening]:
    teller = _teller(chapter, cast, year)
    chapter.tell(teller)
    if answers:
        teller.happenings += list(_answers(teller.happenings, cast))
    if teller.happenings and chapter.flow != HOSTILE:
        spoiled.spoil(teller)
    for one in teller.happenings:
        yield one._replace(flow=chapter.flow)


def _teller(chapter: Chapter, cast: Cast, year: int) -> Teller:
    """What one chapter draws is nothing to another: only of whom it is about, all chapters of a story know."""
    pupil = None
    if chapter.story and chapter.story.pupil:
        pupil = chapter.story.pupil(Teller(cast, year, Random(chapter.key)))
    return Teller(cast, year, Random(f"{chapter.key}/{chapter.flow}"), since=chapter.since, pupil=pupil)


def _answers(told: Sequence[Happening], cast: Cast) -> Iterator[Happening]:
    """What receivers of a handover would answer to it, and to its withdrawal."""
    about = [one for one in told if "handoverId" in one.event["data"]]
    to = {one.event["data"]["handoverId"]: ref for one in about if (ref := one.event["data"].get("toOrg"))}
    for one in about:
        receiver = cast.directory.of_org(to[one.event["data"]["handoverId"]])
        if receiver is not None:
            for event in reactions.to(one.event, receiver):
                yield Happening(datetime.fromisoformat(event["time"]), receiver.id, event)


HOSTILE = "hostile"


def _plan(seed: str, year: int, scale: float) -> list[Chapter]:
    """All chapters by their first day."""
    start = date(year, 8, 1)
    lives = [*_of_lives(seed, start, scale)]
    others = [*_of_city(seed, start, scale)]
    wrong = max(len(mess.HOSTILE), round(YEAR * scale / mess.HOSTILE_IN))
    hostile = [
        Chapter(start, f"{seed}/hostile/{n}", HOSTILE, partial(mess.hostile, turn=n)) for n in range(wrong)
    ]
    return sorted([*lives, *others, *hostile], key=lambda chapter: chapter.since)


def _of_lives(seed: str, start: date, scale: float) -> Iterator[Chapter]:
    pupils_told = 0
    for place, story in enumerate(STORIES):
        times = max(1, round(story.times * scale))
        pupils_told += times if story.pupil else 0
        yield from _chapters(story, f"{seed}/{place}", times, start)
    plain = rest(round(pupils_told / scale))
    yield from _chapters(plain, f"{seed}/rest", round(plain.times * scale), start)


def _chapters(story: Story, seed: str, times: int, start: date) -> Iterator[Chapter]:
    month, day = story.since
    since = date(start.year + (month < start.month), month, day)
    for n in range(times):
        key = f"{seed}/{n}"
        if story.pupil:
            yield Chapter(start, key, ROLL_OVER, pupils.export, story)
        if story.flow != ROLL_OVER:
            yield Chapter(since, key, story.flow, story.tell, story)


def _of_city(seed: str, start: date, scale: float) -> Iterator[Chapter]:
    rng = Random(f"{seed}/bursts")
    weeks = city.bursts(rng, start)
    for n in range(max(len(KINDS_OF_GROUP), round(GROUPS * scale))):
        week = rng.choice(weeks) if rng.random() < IN_BURSTS else None
        tell = partial(city.group, kind=KINDS_OF_GROUP[n % len(KINDS_OF_GROUP)], week=week)
        yield Chapter(start, f"{seed}/group/{n}", "newcomers", tell)
    places = partial(city.places, times=max(4, round(PLACES * scale)))
    yield Chapter(start, f"{seed}/places", "offers", places)
    for n in range(max(8, round(OFFERS * scale))):
        yield Chapter(start, f"{seed}/offer/{n}", "offers", city.offer)
