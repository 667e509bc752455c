"""Other schools in the middle of the year, out of the city, out of school (domain.md F18-F20, D2)."""

from __future__ import annotations

from datetime import date, timedelta

from hub.core.partners import Role
from hub.demo.lives import acts
from hub.demo.teller import Learner, Teller

HOLIDAYS = (((10, 12), (10, 30)), ((12, 14), (12, 31)), ((2, 15), (3, 5)), ((4, 19), (5, 7)))
"""Families move in and around the school holidays (domain.md F19, F20)."""
ROLES = {"po": Role.PO, "vo": Role.VO}


def moves(t: Teller) -> None:
    """Asked for a place at another school, and went there. Now and then the old school does not know which."""
    pupil, day = t.pupil, _holiday(t)
    new, start = _another(t), day + timedelta(days=1)
    reason = "moved" if t.chance(0.7) else "regular"
    asked = t.later(day, -60, -35)
    support = t.chance(acts.SUPPORTED)
    if t.chance(0.3):
        other = t.pick(ROLES[pupil.stage], other_than=new)
        first = acts.ask(
            t, pupil.learner, asked, pupil.school, other, pupil.stage, start, reason, support=support
        )
        acts.decide(
            t, pupil.learner, t.later(asked, 5, 30), other, first, t.rng.choice(("declined", "withdrawn"))
        )
    acts.place(t, pupil.learner, asked, pupil.school, new, pupil.stage, start, reason, support=support)
    _goes(t, new, day, reason="moved" if reason == "moved" else "transfer", support=support)
    acts.bind(t, pupil.learner, t.later(start, 3, 12), new)


def _goes(t: Teller, new: str, day: date, *, reason: str, support: bool) -> None:
    pupil, start = t.pupil, day + timedelta(days=1)
    acts.pupil_leaves(t, day, day, reason, "" if t.chance(0.15) else new)
    acts.enrol(
        t, pupil.learner, t.later(start, 0, 4), new, pupil.stage, pupil.year, start, came_from=pupil.school,
        level=pupil.level,
    )  # fmt: skip
    transfer = "POPO" if pupil.stage == "po" else "VOVO"
    acts.hand_over(t, pupil.learner, t.later(day, -3, 5), pupil.school, new, transfer, start, support=support)


def wrong_address(t: Teller) -> None:
    """As above, but the handover went to a school that has nothing to do with it, and is taken back (S6)."""
    pupil, day = t.pupil, _holiday(t)
    new, start = _another(t), day + timedelta(days=1)
    strange = t.rng.choice([s for s in t.cast.with_role(ROLES[pupil.stage]) if s not in (new, pupil.school)])
    transfer = "POPO" if pupil.stage == "po" else "VOVO"
    wrong = acts.hand_over(t, pupil.learner, day, pupil.school, strange, transfer, start, wrong=True)
    _goes(t, new, day, reason="moved", support=False)
    right = acts.hand_over(t, pupil.learner, t.later(day, 8, 12), pupil.school, new, transfer, start)
    acts.withdraw(t, pupil.learner, t.later(day, 8, 12), pupil.school, wrong, "wrong-recipient", right)


def enrols_first(t: Teller) -> None:
    """The new school enrols before the handover has come, so it draws an id of its own; with the handover it learns
    that both are one, and says so. Two short lines until then are normal (domain.md D2)."""
    _twice(t)


def splits(t: Teller) -> None:
    """As above, and it turns out to have been a mistake: both lines get back what was theirs."""
    twin, new, day = _twice(t)
    pupil = t.pupil
    acts.link(t, pupil.learner, t.later(day, 20, 60), new, "split", other=twin, evidence="correction")


def _twice(t: Teller) -> tuple[Learner, str, date]:
    """Gives the id that the new school drew, that school, and the day on which it merged the two."""
    pupil, day = t.pupil, _holiday(t)
    new, start = _another(t), day + timedelta(days=1)
    twin = Learner(t.uuid(), pupil.learner.born)
    acts.enrol(t, twin, start, new, pupil.stage, pupil.year, start, came_from=pupil.school, level=pupil.level)
    acts.pupil_leaves(t, day, day, "moved", new)
    sent = t.later(day, 6, 20)
    transfer = "POPO" if pupil.stage == "po" else "VOVO"
    acts.hand_over(t, pupil.learner, sent, pupil.school, new, transfer, start)
    acts.bind(t, pupil.learner, t.later(sent, 1, 4), new)
    merged = t.later(sent, 2, 8)
    acts.link(t, pupil.learner, merged, new, "merged", other=twin)
    return twin, new, merged


def leaves_region(t: Teller) -> None:
    """Moves out of the city (scenario S12): told to leerplicht, and to nobody after that."""
    pupil, day = t.pupil, _holiday(t)
    acts.pupil_leaves(t, t.later(day, 0, 3), day, "moved-out")
    acts.close(t, pupil.learner, t.later(day, 1, 6), pupil.school, "left-region", day)


def drops_out(t: Teller) -> None:
    """Leaves without a diploma and without a next school; most come back some weeks later (T04, Doorstroompunt)."""
    pupil, day = t.pupil, t.day((10, 5), (3, 26))
    acts.pupil_leaves(t, t.later(day, 1, 6), day, "dropout")
    if t.chance(0.7):
        back, mbo = t.later(day, 20, 60), t.pick(Role.MBO)
        acts.enrol(
            t, pupil.learner, t.later(back, 0, 5), mbo, "mbo", "M1", back, came_from=pupil.school, mbo_level=1
        )


def _holiday(t: Teller) -> date:
    return t.day(*t.rng.choice(HOLIDAYS))


def _another(t: Teller) -> str:
    return t.pick(ROLES[t.pupil.stage], other_than=t.pupil.school)
