"""Newcomers as persons (domain.md F03-F05, F20): Taalcentrum, isk, kopklas, and on to a school or out of the city."""

from __future__ import annotations

from datetime import date, timedelta

from hub.core.partners import Role
from hub.demo import cast
from hub.demo.lives import acts
from hub.demo.teller import Learner, Teller

STAY = (70, 220)
BANDS = ("preA1", "A1", "A2", "B1")


def child(t: Teller) -> None:
    """Attends the Taalcentrum, enrolled at De Ontdekking, then goes on to a school nearby."""
    arrived = t.day((8, 17), (6, 4))
    who = t.learner(t.rng.randint(6, 10), arrived)
    start = _placed(t, who, arrived, "po")
    first = acts.enrol(t, who, t.later(start, 0, 4), cast.ONTDEKKING, "po", "4", start)
    _learns(t, who, start, first, "taalcentrum-po", cast.ONTDEKKING, Role.PO)


def teenager(t: Teller) -> None:
    """isk: enrolled at a vo school, attends the Taalcentrum."""
    arrived = t.day((8, 17), (6, 4))
    who, school = t.learner(t.rng.randint(13, 15), arrived), t.pick(Role.VO)
    start = _placed(t, who, arrived, "vo")
    first = acts.enrol(t, who, t.later(start, 0, 4), school, "vo", "11", start, level=("isk",))
    _learns(t, who, start, first, "isk", school, Role.VO)


def kopklas(t: Teller) -> None:
    """A year of Dutch between po and vo; enrolled at its own school meanwhile."""
    pupil, end = t.pupil, t.day((6, 28), (7, 9))
    start = t.day((8, 24), (9, 11))
    acts.attend(
        t, pupil.learner, start, end, cast.TAALCENTRUM, "kopklas", enrolmentId=pupil.enrolment, erkBand="B1"
    )


def _placed(t: Teller, who: Learner, arrived: date, stage: str) -> date:
    """Asked for at the Taalcentrum, some put on its waiting list; gives the first day."""
    asked = t.later(arrived, 3, 14)
    start = t.later(asked, 10, 30)
    request = acts.ask(t, who, asked, cast.TAALCENTRUM, cast.TAALCENTRUM, stage, start, "newcomer")
    decided = t.later(asked, 3, 9)
    if t.chance(0.2):
        acts.decide(t, who, decided, cast.TAALCENTRUM, request, "waitlisted")
        start = t.later(start, 20, 80)
        decided = start - timedelta(days=8)
    acts.decide(t, who, decided, cast.TAALCENTRUM, request, "accepted", start=start)
    return start


def _learns(
    t: Teller, who: Learner, start: date, enrolled: str, kind: str, school: str, onward: Role
) -> None:
    """Attends for some months. Some families are moved out of the city again (F20); who came early goes on in time
    to be seen this year."""
    planned = t.later(start, *STAY)
    id = acts.begin(t, who, start, planned, cast.TAALCENTRUM, kind, enrolmentId=enrolled)
    acts.progress(t, who, t.later(start, 5, 15), cast.TAALCENTRUM, "language-before", erkBand=BANDS[0])
    if t.chance(0.12):
        _moved_on(t, who, t.later(start, 30, 90), enrolled, kind, id, school)
    elif planned < t.on(7, 10):
        _goes_to_school(t, who, planned, enrolled, kind, id, school, onward)


def _moved_on(t: Teller, who: Learner, day: date, enrolled: str, kind: str, id: str, school: str) -> None:
    if day > t.on(7, 20):
        return
    acts.stop(t, who, day, cast.TAALCENTRUM, id, kind, "stopped")
    acts.leave(t, who, t.later(day, 0, 4), school, enrolled, day, "moved-out")
    acts.close(t, who, t.later(day, 1, 5), school, "left-region", day)


def _goes_to_school(
    t: Teller, who: Learner, day: date, enrolled: str, kind: str, id: str, school: str, onward: Role
) -> None:
    new, start = t.pick(onward, other_than=school), day + timedelta(days=1)
    stage = "po" if onward is Role.PO else "vo"
    transfer = "POPO" if onward is Role.PO else "VOVO"
    acts.hand_over(t, who, t.later(day, -25, -14), cast.TAALCENTRUM, new, transfer, start, support=True)
    band = t.rng.choice(BANDS[1:])
    acts.stop(t, who, day, cast.TAALCENTRUM, id, kind, erkBand=band)
    acts.progress(t, who, t.later(day, -5, 5), cast.TAALCENTRUM, "language-after", erkBand=band)
    acts.go_back(t, who, t.later(day, 0, 5), cast.TAALCENTRUM, id, "onward", new)
    acts.leave(t, who, t.later(day, 0, 3), school, enrolled, day, "transfer", new)
    year, level = ("5", ()) if onward is Role.PO else ("12", ("vmbo-tl",))
    acts.enrol(t, who, t.later(start, 0, 3), new, stage, year, start, came_from=school, level=level)
