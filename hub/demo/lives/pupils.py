"""Who was at school when the year began: the pupil of a story, and the export of its school in August (§4.3)."""

from __future__ import annotations

from datetime import date

from hub.core.partners import Role
from hub.demo.lives import acts
from hub.demo.teller import Learner, Pupil, Teller

CORRECTED = 0.1
"""Share of the August export that is put right before 1 October."""
ON_TIME = 0.85
"""Share that comes on 1 August itself; the rest follows within days."""
LEVELS = ("vmbo-bb", "vmbo-kb", "vmbo-tl", "havo", "vwo")
SHARES = (10, 15, 28, 26, 21)
"""About 45% vmbo and 45% havo or vwo (domain.md §4.2)."""


def po(t: Teller) -> Pupil:
    """Somebody in groep 1-7."""
    return _po(t, t.rng.choice("1234567"))


def groep8(t: Teller) -> Pupil:
    return _po(t, "8")


def _po(t: Teller, year: str) -> Pupil:
    learner = t.learner(3 + int(year), t.start)
    return _pupil(t, learner, t.pick(Role.PO), "po", year, _fourth_birthday(learner))


def vo(t: Teller) -> Pupil:
    """Somebody in the first years of vo."""
    return _vo(t, t.rng.randint(1, 4))


def brugklas(t: Teller) -> Pupil:
    return _vo(t, 1)


def year_3(t: Teller) -> Pupil:
    return _vo(t, 3)


def exam_vmbo(t: Teller) -> Pupil:
    return _vo(t, 4, ("vmbo-tl",))


def exam(t: Teller) -> Pupil:
    """In the last year of vmbo, havo or vwo."""
    level = t.rng.choices(LEVELS, SHARES)[0]
    return _vo(t, {"havo": 5, "vwo": 6}.get(level, 4), (level,))


def vwo(t: Teller) -> Pupil:
    return _vo(t, 5, ("vwo",))


def _vo(t: Teller, year: int, level: tuple[str, ...] = ()) -> Pupil:
    learner = t.learner(11 + year, t.start)
    chosen = level or (t.rng.choices(LEVELS, SHARES)[0],)
    return _pupil(t, learner, t.pick(Role.VO), "vo", str(10 + year), _summer(t, year - 1), chosen)


def mbo(t: Teller) -> Pupil:
    """Somebody in the last year of mbo 4."""
    learner = t.learner(19, t.start)
    return _pupil(t, learner, t.pick(Role.MBO), "mbo", "M4", _summer(t, 3), mbo_level=4)


def special(t: Teller) -> Pupil:
    """Somebody at a school for special education."""
    if t.chance(0.35):
        learner = t.learner(14, t.start)
        return _pupil(t, learner, t.pick(Role.VSO), "vso", "13", _summer(t, 2))
    school = t.pick(Role.SO_SBO)
    stage = "sbo" if school in SBO else "so"
    return _pupil(t, t.learner(9, t.start), school, stage, "S", _summer(t, 1))


SBO = frozenset({"de-bombardon", "de-watertuin"})


def anyone(t: Teller) -> Pupil:
    """One of the 36,000 pupils and 9,000 students, in no particular year."""
    return t.rng.choices((po, vo, _student), (19.8, 13.3, 9.0))[0](t)


def school_pupil(t: Teller) -> Pupil:
    """Somebody in po or vo."""
    return t.rng.choices((po, vo), (3, 2))[0](t)


def _student(t: Teller) -> Pupil:
    year = t.rng.randint(1, 3)
    hbo = t.chance(0.45)
    learner = t.learner((17 if hbo else 16) + year, t.start)
    level = 0 if hbo else t.rng.choice((2, 3, 4))
    school, stage = t.pick(Role.HBO if hbo else Role.MBO), "hbo" if hbo else "mbo"
    return _pupil(
        t, learner, school, stage, f"{'H' if hbo else 'M'}{year}", _summer(t, year - 1), mbo_level=level
    )


def _pupil(
    t: Teller, who: Learner, school: str, stage: str, year: str, since: date, level: tuple[str, ...] = (),
    mbo_level: int = 0,
) -> Pupil:  # fmt: skip
    told = 2 if t.chance(CORRECTED) else 1
    return Pupil(who, school, t.uuid(), stage, year, since, level, mbo_level, told)


def export(t: Teller) -> None:
    """The yearly roll-over of one pupil. One in ten is put right before 1 October."""
    pupil, right = t.pupil, acts.pupil_data(t)
    wrong = {**right, "year": _other(pupil.year)} if pupil.told > 1 else right
    day = t.start if t.chance(ON_TIME) else t.day((8, 3), (8, 7))
    told = t.tell_of(pupil.learner, day, pupil.school, "enrolment.started", t.start, "WPO-OKR", wrong)
    if wrong is not right:
        corrected = {**right, "corrects": acts.named(told)}
        on = t.day((8, 17), (9, 30))
        t.tell_of(pupil.learner, on, pupil.school, "enrolment.started", t.start, "WPO-OKR", corrected)


def nothing(t: Teller) -> None:
    """A year without events but the roll-over: most years of most people."""


def _other(year: str) -> str:
    """The year group before: the pupil was not moved up, or wrongly was."""
    before = {"1": "2", "11": "12", "M1": "M2", "H1": "H2", "S": "8"}
    return before.get(year) or f"{year[:-1]}{int(year[-1]) - 1}"


def _fourth_birthday(who: Learner) -> date:
    year, month = map(int, who.born.split("-"))
    return date(year + 4, month, 1)


def _summer(t: Teller, years: int) -> date:
    """1 August, so many years ago."""
    return date(t.start.year - years, 8, 1)
