"""A flow is silent by its own rhythm, and never for a holiday."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core.calendar import add_days, is_school_day
from hub.core.rules import Calendar
from hub.core.silence import silent

FRIDAY = "2026-11-20"
TERM = Calendar(holidays=(("2026-10-10", "2026-10-18"),))


def daily(quiet: int, before: int = 20, n: int = 3) -> tuple[int, ...]:
    """A flow of every day of the week that stopped so many days before today."""
    return (*[n] * before, *[0] * quiet, 0)


@pytest.mark.parametrize(("quiet", "said"), [(0, 0), (1, 0), (2, 2), (3, 3)])
def test_a_flow_of_every_day_is_silent_after_two_school_days(quiet: int, said: int) -> None:
    assert silent(daily(quiet), FRIDAY, TERM) == said


def test_a_weekend_is_no_silence() -> None:
    assert silent(daily(2), "2026-11-23", TERM) == 0


def test_a_holiday_is_no_silence() -> None:
    assert silent(daily(9), "2026-10-19", TERM) == 0
    assert silent(daily(9), "2026-10-19", Calendar(holidays=())) == 5


def test_a_weekly_flow_may_be_quiet_for_a_week() -> None:
    fridays = tuple(5 if place % 7 == 6 else 0 for place in range(28))
    assert silent((*fridays, *[0] * 6, 0), FRIDAY, TERM) == 0
    assert silent((*fridays, *[0] * 20, 0), FRIDAY, TERM) == 14


def test_what_came_today_ends_a_silence() -> None:
    assert silent((*[3] * 20, *[0] * 6, 1), FRIDAY, TERM) == 0


def test_three_days_are_no_rhythm() -> None:
    assert silent((1, 1, 1, *[0] * 20), FRIDAY, TERM) == 0


@given(st.lists(st.integers(0, 2), min_size=1, max_size=40))
def test_silence_is_counted_in_school_days_since_the_last_event_and_is_longer_than_any_pause(
    days: list[int],
) -> None:
    said = silent(days, FRIDAY, TERM)

    dates = [add_days(FRIDAY, place - len(days) + 1) for place in range(len(days))]
    after = [date for date in dates if all(n == 0 for d, n in zip(dates, days, strict=True) if d >= date)]
    assert said in (0, sum(is_school_day(date, TERM) for date in after if date != FRIDAY))
    assert silent([*days[:-1], 1], FRIDAY, TERM) == 0
