"""Stories of one school year, each about one learner, and how often each happens in Almere (domain.md §1, §4.3).

A story has one or two chapters: the August export of its pupil, if it is about somebody who was at school then, and
the rest, which tells nothing before the day `since`. That lets a year be told in order without holding all of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from hub.demo.lives import early, modules, moves, newcomers, onward, povo, pupils, support
from hub.demo.teller import Pupil, Teller

Tell = Callable[[Teller], None]

ROLL_OVER = "roll-over"
FLOWS = {
    ROLL_OVER: 45_000,
    "po-vo": 28_600,
    "ve-po": 20_000,
    "onward": 25_900,
    "switches": 14_400,
    "newcomers": 8_300,
    "support": 10_000,
    "certificates": 4_100,
}
"""Events in a year per row of domain.md §4.3; offers, mess and hostile events come on top."""
YEAR = sum(FLOWS.values())


class Story(NamedTuple):
    """`times` a year in a city of the size of Almere; `since` is (month, day) of the school year."""

    flow: str
    times: int
    tell: Tell
    since: tuple[int, int] = (8, 1)
    pupil: Callable[[Teller], Pupil] | None = None


STORIES = (
    Story("po-vo", 2_570, povo.groep8, (1, 10), pupils.groep8),
    Story("po-vo", 30, povo.wrong_school, (1, 10), pupils.groep8),
    Story("po-vo", 520, povo.warm_follow_up, (8, 1), pupils.brugklas),
    Story("po-vo", 2_600, povo.third_year, (8, 1), pupils.year_3),
    Story("ve-po", 2_500, early.peuter),
    Story("onward", 2_220, onward.to_follow_up, (1, 11), pupils.exam),
    Story("onward", 80, onward.summer_leak, (8, 1), pupils.exam_vmbo),
    Story("onward", 750, onward.mbo_to_hbo, (2, 1), pupils.mbo),
    Story("onward", 690, onward.leaves_for_work),
    Story("onward", 60, onward.turns_27),
    Story("switches", 1_480, moves.moves, (8, 10), pupils.school_pupil),
    Story("switches", 20, moves.wrong_address, (10, 1), pupils.school_pupil),
    Story("switches", 120, moves.enrols_first, (10, 1), pupils.school_pupil),
    Story("switches", 6, moves.splits, (10, 1), pupils.school_pupil),
    Story("switches", 150, moves.leaves_region, (10, 1), pupils.school_pupil),
    Story("switches", 200, moves.drops_out, (10, 1), pupils.exam_vmbo),
    Story("newcomers", 570, newcomers.child),
    Story("newcomers", 300, newcomers.teenager),
    Story("newcomers", 30, newcomers.kopklas, (8, 20), pupils.groep8),
    Story("support", 2_000, support.plan, (9, 1), pupils.school_pupil),
    Story("support", 270, support.to_special, (2, 1), pupils.po),
    Story("support", 450, support.renewal, (8, 1), pupils.special),
    Story("support", 130, support.stays_at_home, (9, 15), pupils.vo),
    Story("support", 50, support.without_school, (9, 15), pupils.po),
    Story("support", 60, support.opdc, (8, 25), pupils.vo),
    Story("support", 20, support.crisis, (9, 10), pupils.vo),
    Story("certificates", 120, modules.onboard, (8, 20), pupils.exam_vmbo),
    Story("certificates", 650, modules.techlab, (8, 28), pupils.vo),
    Story("certificates", 25, modules.revoked, (8, 28), pupils.vo),
    Story("certificates", 130, modules.hbo_module, (8, 28), pupils.vwo),
)


def rest(told: int) -> Story:
    """The pupils and students to whom nothing happens but the roll-over, when `told` others have a story."""
    enough = round(FLOWS[ROLL_OVER] / (1 + pupils.CORRECTED))
    return Story(ROLL_OVER, max(0, enough - told), pupils.nothing, (8, 1), pupils.anyone)
