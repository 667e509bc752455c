"""From po to vo (domain.md F11-F14): advice, registration, decision, handover, warm contact, and year 3."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

from hub.core.partners import Role
from hub.demo import cast
from hub.demo.lives import acts
from hub.demo.teller import Learner, Teller

ADVICE = (
    ("pro", ("pro",), 4),
    ("vmbo-bb", ("vmbo-bb",), 9),
    ("bb-t/m-kb", ("vmbo-bb", "vmbo-kb"), 8),
    ("kb", ("vmbo-kb",), 12),
    ("gl/tl", ("vmbo-tl",), 16),
    ("gl/tl-t/m-havo", ("vmbo-tl", "havo"), 12),
    ("havo", ("havo",), 14),
    ("havo-t/m-vwo", ("havo", "vwo"), 12),
    ("vwo", ("vwo",), 13),
)
"""Advice by rank (CL-ADVICE), the level of the class that fits, and how many in a hundred get it."""
BUSY = ((3, 25), (3, 30), (3, 31))
"""Four in five register on three days of the week of 25-31 March."""


class Choice(NamedTuple):
    """What a pupil goes for: `schools` by preference."""

    advice: int
    stage: str
    schools: tuple[str, ...]
    support: bool


def groep8(t: Teller) -> None:
    """The whole way of one pupil, to the school of its first preference or the second."""
    choice = _choose(t)
    target = _registered(t, choice)
    _handed_over(t, target, choice)
    _over(t, target, choice)


def wrong_school(t: Teller) -> None:
    """Handed over to the school that had accepted, when the pupil had been placed elsewhere (scenario S6)."""
    choice, pupil = _choose(t), t.pupil
    first = choice.schools[0]
    second = t.pick(Role.VO, other_than=first)
    request = _ask(t, choice, first, 1)
    accepted = acts.decide(
        t, pupil.learner, t.day((5, 8), (5, 10)), first, request, "accepted", start=t.after
    )
    prepared = t.day((5, 17), (5, 24))
    handover = _prepare(t, prepared, first, choice.support, wrong=True)
    moved = t.later(prepared, 1, 3)
    acts.decide(t, pupil.learner, moved, first, request, "withdrawn", corrects=accepted)
    acts.place(t, pupil.learner, moved, pupil.school, second, choice.stage, t.after, "po-vo", within=(1, 3))
    again = t.later(prepared, 8, 12)
    right = _prepare(t, again, second, choice.support)
    acts.withdraw(t, pupil.learner, again, pupil.school, handover, "wrong-recipient", right)
    _over(t, second, choice)


def _choose(t: Teller) -> Choice:
    """Provisional advice in January, definitive by 24 March: never lower, higher when the test was."""
    place = t.rng.choices(range(len(ADVICE)), [share for _, _, share in ADVICE])[0]
    test = t.rng.choice(("higher", "equal", "equal", "lower"))
    raised = test == "higher" and place + 1 < len(ADVICE) and t.chance(0.75)
    _advise(t, t.day((1, 10), (1, 31)), "provisional", place)
    _advise(
        t, t.day((3, 20), (3, 24)), "definitive", place + raised, testRelation=test, **_adjusted(test, raised)
    )
    support = t.chance(acts.SUPPORTED)
    if ADVICE[place + raised][0] == "pro":
        return Choice(place + raised, "pro", (cast.PRO,), True)
    schools = t.rng.sample(t.cast.with_role(Role.VO), t.rng.choices((1, 2, 3), (60, 28, 12))[0])
    return Choice(place + raised, "vo", tuple(schools), support)


def _adjusted(test: str, raised: bool) -> dict[str, str]:
    if test != "higher":
        return {"adjusted": "not-applicable"}
    return {"adjusted": "yes"} if raised else {"adjusted": "no", "notAdjustedReasonCode": "not-in-interest"}


def _advise(t: Teller, day: date, moment: str, place: int, **more: object) -> None:
    """E12."""
    data = {"moment": moment, "advice": ADVICE[place][0], "lwoo": place == 1, **more}
    t.tell_of(t.pupil.learner, day, t.pupil.school, "school-advice.issued", day, "VO-OVERSTAP", data)


def _registered(t: Teller, choice: Choice) -> str:
    """Asks by preference; gives the school that accepts. Who is not drawn for the first is placed at the second."""
    requests = [_ask(t, choice, school, rank) for rank, school in enumerate(choice.schools, 1)]
    who, day = t.pupil.learner, t.day((5, 8), (5, 12))
    if len(requests) > 1 and t.chance(0.2):
        acts.decide(t, who, day, choice.schools[0], requests[0], "declined")
        acts.decide(t, who, t.later(day, 0, 2), choice.schools[1], requests[1], "accepted", start=t.after)
        return choice.schools[1]
    acts.decide(t, who, day, choice.schools[0], requests[0], "accepted", start=t.after)
    return choice.schools[0]


def _ask(t: Teller, choice: Choice, school: str, rank: int) -> str:
    day = t.on(*t.rng.choice(BUSY)) if t.chance(0.8) else t.day((3, 25), (3, 31))
    p = t.pupil
    return acts.ask(
        t, p.learner, day, p.school, school, choice.stage, t.after, "po-vo", rank=rank, support=choice.support
    )


def _handed_over(t: Teller, target: str, choice: Choice) -> None:
    """Most before 31 May, as it must be (T05)."""
    day = t.day((5, 14), (5, 31)) if t.chance(0.93) else t.day((6, 1), (6, 18))
    _prepare(t, day, target, choice.support)


def _prepare(t: Teller, day: date, target: str, support: bool, *, wrong: bool = False) -> str:
    p = t.pupil
    return acts.hand_over(t, p.learner, day, p.school, target, "POVO", t.after, support=support, wrong=wrong)


def _over(t: Teller, target: str, choice: Choice) -> None:
    """Leaves, and is enrolled from 1 August on."""
    acts.pupil_leaves(t, t.day((7, 1), (7, 16)), t.end, "transfer", target)
    acts.enrol(
        t, t.pupil.learner, t.day((7, 5), (7, 23)), target, choice.stage, "11", t.after,
        came_from=t.pupil.school, level=ADVICE[choice.advice][1],
    )  # fmt: skip


def warm_follow_up(t: Teller) -> None:
    """Came over this summer with a need for support: the two schools speak again in autumn (T08)."""
    pupil, before = t.pupil, t.pick(Role.PO)
    day = t.start - timedelta(days=60)
    acts.place(
        t, pupil.learner, day, before, pupil.school, "vo", t.start, "po-vo", within=(5, 20), support=True
    )
    handover = acts.hand_over(
        t, pupil.learner, t.day((8, 3), (8, 14)), before, pupil.school, "POVO", t.start, support=True
    )
    if t.chance(0.9):
        _talk(t, pupil.learner, t.day((9, 14), (11, 27)), pupil.school, handover)


def _talk(t: Teller, who: Learner, day: date, by: str, handover: str) -> None:
    """The follow-up (E15)."""
    t.tell_of(who, day, by, "warm-contact.held", day, "VO-OVERSTAP", {
        "handoverId": handover, "phase": "follow-up", "status": "held", "on": day.isoformat(),
        "rolesPresent": ["teacher-g8", "mentor"],
    })  # fmt: skip


def third_year(t: Teller) -> None:
    """In November vo says where its third years stand, seen from their advice (F14). A fifth of the po schools put
    the advice of three years ago into the hub, and so hear of it."""
    pupil = t.pupil
    day = t.day((11, 2), (11, 27))
    if t.chance(0.2):
        then = date(t.start.year - 2, 3, 20)
        data = {"moment": "definitive", "advice": "gl/tl", "lwoo": False}
        t.tell_of(pupil.learner, t.since, t.pick(Role.PO), "school-advice.issued", then, "VO-OVERSTAP", data)
    versus = t.rng.choices(("same", "up", "down"), (70, 16, 14))[0]
    acts.progress(t, pupil.learner, day, pupil.school, "vo-year3", levelNow=pupil.level[0], vsAdvice=versus)
