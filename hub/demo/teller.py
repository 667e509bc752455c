"""Tells what happens in a story: makes each event as the system of its publisher would. Pure, given its `Random`."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any, NamedTuple

from connectors.http.mapping import PREFIX, cloud_event
from hub.core.catalogue import KINDS
from hub.core.partners import Role
from hub.demo.cast import Cast

Data = dict[str, Any]
SATURDAY = 5
FIRST_DAYS = 12
"""So many days at the start of a chapter are for what happened before it."""


class Happening(NamedTuple):
    """At the simulated moment `at` the system of `partner` publishes `event` (structured CloudEvent). `refused` is the
    fault code for which the hub must refuse it, "" when it must accept; `flow` is the row of domain.md §4.3."""

    at: datetime
    partner: str
    event: Data
    refused: str = ""
    flow: str = ""


class Learner(NamedTuple):
    id: str
    born: str
    """Birth month, `YYYY-MM`."""


class Pupil(NamedTuple):
    """Somebody who is enrolled when the school year begins. `told` counts the events about that enrolment so far."""

    learner: Learner
    school: str
    enrolment: str
    stage: str
    year: str
    since: date
    level: tuple[str, ...] = ()
    mbo_level: int = 0
    told: int = 1


class Teller:
    """Collects the happenings of one chapter of a story, in the school year that begins on 1 August of `year`.

    What the chapter dates before `since`, its first day, is told in its first days.
    """

    def __init__(
        self, cast: Cast, year: int, rng: Random, *, since: date | None = None, pupil: Pupil | None = None
    ) -> None:
        self.cast = cast
        self.start = date(year, 8, 1)
        self.end = date(year + 1, 7, 31)
        self.after = self.end + timedelta(days=1)
        self.since = since or self.start
        self.rng = rng
        self.happenings: list[Happening] = []
        self._pupil = pupil
        self._told: Counter[tuple[str, str]] = Counter()
        if pupil:
            self._told[cast.source(pupil.school), f"enrolment/{pupil.enrolment}"] = pupil.told

    @property
    def pupil(self) -> Pupil:
        """Of whom the story is told; only for stories about somebody who was at school in August."""
        assert self._pupil is not None
        return self._pupil

    def tell(self, day: date, partner: str, name: str, data: Data) -> Data:
        """`partner` publishes an event on `day` (kept within chapter and year); gives the event back."""
        kind = KINDS[f"{PREFIX}{name}.v1"]
        key = kind.key(data)
        subject = kind.aggregate(data) if key.startswith("learner/") else key
        source = self.cast.source(partner)
        self._told[source, subject] += 1
        at = self._moment(day)
        event = cloud_event(
            f"{name}.v1",
            data,
            source=source,
            id=self.uuid(),
            subject=subject,
            time=at,
            sequence=self._told[source, subject],
        )
        self.happenings.append(Happening(at, partner, event))
        return event

    def tell_of(
        self, learner: Learner, day: date, partner: str, name: str, on: date, basis: str, data: Data
    ) -> Data:
        """As `tell`, for an event about a learner: something that happened `on` a date."""
        common = {
            "learnerId": learner.id,
            "occurredOn": on.isoformat(),
            "orgId": self.cast.ref(partner),
            "basis": basis,
        }
        return self.tell(day, partner, name, {**common, **data})

    def uuid(self) -> str:
        """A random UUID (RFC 9562, version 4), drawn from the seed."""
        given = self.rng.getrandbits(128)
        text = f"{given & ~(0xF << 76) & ~(0x3 << 62) | 0x4 << 76 | 0x2 << 62:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def learner(self, age: int, on: date) -> Learner:
        """Somebody who has that age on a day, and for at least a month more."""
        months = on.year * 12 + on.month - 1 - age * 12 - self.rng.randint(1, 10)
        return Learner(self.uuid(), f"{months // 12}-{months % 12 + 1:02d}")

    def day(self, first: tuple[int, int], last: tuple[int, int]) -> date:
        """A working day between two (month, day) of this school year."""
        low, high = self.on(*first), self.on(*last)
        found = low + timedelta(days=self.rng.randint(0, (high - low).days))
        return found if found.weekday() < SATURDAY else max(low, found - timedelta(days=found.weekday() - 4))

    def on(self, month: int, day: int) -> date:
        return date(self.start.year + (month < 8), month, day)

    def pick(self, role: Role, *, other_than: str = "") -> str:
        return self.cast.pick(self.rng, role, other_than=other_than)

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def later(self, day: date, low: int, high: int) -> date:
        """So many days later, `low` to `high`."""
        return day + timedelta(days=self.rng.randint(low, high))

    def _moment(self, day: date) -> datetime:
        """Somewhere in the working hours."""
        if day < self.since:
            day = self.later(self.since, 2, FIRST_DAYS)
        return datetime.combine(min(day, self.end), time(8), UTC) + timedelta(
            seconds=self.rng.randrange(9 * 3600)
        )
