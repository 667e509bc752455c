"""After vo: mbo, hbo, work, and those who got lost on the way (domain.md F27, F39, §5.4)."""

from __future__ import annotations

from datetime import date, timedelta

from hub.core.partners import Role
from hub.demo import cast
from hub.demo.lives import acts
from hub.demo.teller import Learner, Teller

DIPLOMA = {"havo": "havo", "vwo": "vwo"}


def to_follow_up(t: Teller) -> None:
    """A diploma, then mbo or hbo: applied before 1 April, some at two places."""
    pupil = t.pupil
    target, stage, year = acts.mbo_or_hbo(t, pupil.level)
    _applied(t, target, stage)
    transfer = "VOMBO" if stage == "mbo" else "VOHBO"
    acts.hand_over(
        t, pupil.learner, t.day((6, 10), (7, 5)), pupil.school, target, transfer, t.after,
        support=t.chance(acts.SUPPORTED),
    )  # fmt: skip
    _graduates(t, target)
    level = t.rng.choice((2, 3, 4)) if stage == "mbo" else 0
    acts.enrol(
        t, pupil.learner, t.day((7, 5), (7, 23)), target, stage, year, t.after, came_from=pupil.school,
        mbo_level=level, leerweg="bol" if level else "", code="25297" if level else "",
    )  # fmt: skip
    if t.chance(0.5):
        acts.bind(t, pupil.learner, t.day((7, 12), (7, 30)), target)


def _applied(t: Teller, target: str, stage: str) -> None:
    """Applied once or twice; the other place is declined."""
    pupil, day = t.pupil, t.day((1, 11), (3, 31))
    request = acts.ask(t, pupil.learner, day, pupil.school, target, stage, t.after, "vo-mbo")
    acts.decide(t, pupil.learner, t.later(day, 10, 40), target, request, "accepted", start=t.after)
    if t.chance(0.6):
        role = Role.MBO if stage == "mbo" else Role.HBO
        other = t.pick(role, other_than=target)
        second = acts.ask(t, pupil.learner, day, pupil.school, other, stage, t.after, "vo-mbo")
        acts.decide(t, pupil.learner, t.later(day, 10, 40), other, second, "withdrawn")


def _graduates(t: Teller, target: str) -> None:
    diploma = DIPLOMA.get(t.pupil.level[0], "vmbo")
    acts.pupil_leaves(t, t.day((6, 28), (7, 14)), t.end, "graduated", target, diploma=diploma)


def mbo_to_hbo(t: Teller) -> None:
    """mbo 4, then hbo."""
    pupil, target = t.pupil, t.pick(Role.HBO)
    day = t.day((2, 1), (4, 23))
    acts.place(t, pupil.learner, day, pupil.school, target, "hbo", t.after, "regular", within=(10, 35))
    acts.hand_over(t, pupil.learner, t.day((6, 10), (7, 5)), pupil.school, target, "MBOHBO", t.after)
    acts.pupil_leaves(t, t.day((7, 1), (7, 14)), t.end, "graduated", target, diploma="mbo4")
    came = pupil.school
    acts.enrol(t, pupil.learner, t.day((7, 5), (7, 23)), target, "hbo", "H1", t.after, came_from=came)


def leaves_for_work(t: Teller) -> None:
    """Left last summer. A year later the school says where they are, and closes the line of who has work (F27)."""
    school = t.pick(Role.MBO)
    who = t.learner(20, t.start)
    level = t.rng.choice((1, 2, 3, 4))
    _left(t, who, school, level, "graduated", f"mbo{level}")
    if level == 1:
        acts.certify(t, who, t.day((8, 24), (9, 18)), school, "mbo-verklaring", "mbo1")
    by = school if t.chance(0.6) else cast.DOORSTROOMPUNT
    asked = t.day((5, 31), (7, 9))
    acts.progress(t, who, asked, by, "exit-1y", levelNow=f"mbo{level}")
    if t.chance(0.6):
        acts.close(t, who, t.later(asked, 0, 5), school, "completed-work", asked)


def _left(t: Teller, who: Learner, school: str, level: int, reason: str, diploma: str) -> None:
    """An enrolment that ended on the last day of the year before, told when the new one begins."""
    began = date(t.start.year - 2, 8, 1)
    last = t.start - timedelta(days=1)
    id = acts.enrol(t, who, began, school, "mbo", "M2", began, mbo_level=level)
    acts.leave(t, who, t.day((8, 3), (8, 21)), school, id, last, reason, diploma=diploma)


def summer_leak(t: Teller) -> None:
    """Accepted at mbo before the summer, and on 1 October nowhere to be seen (T14); most turn up later."""
    pupil = t.pupil
    asked, last = t.start - timedelta(days=130), t.start - timedelta(days=1)
    acts.place(t, pupil.learner, asked, pupil.school, cast.ROC, "mbo", t.start, "vo-mbo", within=(10, 40))
    acts.pupil_leaves(t, t.day((8, 3), (8, 14)), last, "graduated", cast.ROC, diploma="vmbo")
    if t.chance(0.7):
        came = t.day((10, 5), (12, 11))
        acts.enrol(
            t,
            pupil.learner,
            t.later(came, 0, 4),
            cast.ROC,
            "mbo",
            "M1",
            came,
            came_from=pupil.school,
            mbo_level=2,
        )


def turns_27(t: Teller) -> None:
    """Without a diploma, and known to the Doorstroompunt until the 27th birthday; what comes later is out of scope
    (scenario S13). The hub itself closes the line."""
    birthday = t.day((9, 1), (5, 28))
    who = Learner(t.uuid(), f"{birthday.year - 27}-{birthday.month:02d}")
    _left(t, who, t.pick(Role.MBO), 2, "dropout", "none")
    if t.chance(0.7):
        day = t.day((8, 17), (8, 28))
        acts.progress(t, who, day, cast.DOORSTROOMPUNT, "exit-1y")
    if t.chance(0.3):
        back = t.later(birthday, 32, 50)
        acts.enrol(t, who, back, t.pick(Role.HBO), "hbo", "H1", back)
