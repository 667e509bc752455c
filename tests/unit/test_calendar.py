"""Days, terms and school years: text in, text out, and never an exception for a date that exists."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core import calendar
from hub.core.rules import Calendar, Rules

DATES = Calendar()
FREE = Calendar(holidays=())
days = st.dates().map(date.isoformat)
near = st.dates(date(2026, 1, 1), date(2028, 12, 31)).map(date.isoformat)
month_days = st.sampled_from(("08-01", "05-31", "12-01", "07-31", "10-01", "01-01", "02-29"))


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        ("2026-12-03", 3, "2027-03-03"),
        ("2026-11-30", 3, "2027-02-28"),
        ("2027-11-30", 3, "2028-02-29"),
        ("2026-12-31", 12, "2027-12-31"),
        ("2027-07-31", -6, "2027-01-31"),
        ("2027-07-31", -3, "2027-04-30"),
        ("2027-01-15", -1, "2026-12-15"),
    ],
)
def test_months_on_or_back_is_the_same_day_or_the_last_of_the_month(
    day: str, months: int, expected: str
) -> None:
    assert calendar.add_months(day, months) == expected


def test_the_notices_of_a_tlv_fall_where_scenario_s11_says() -> None:
    given_on = [calendar.before("2027-07-31", notice) for notice in Rules().tlv_notice]
    assert given_on == ["2027-01-31", "2027-04-30", "2027-07-03"]


def test_a_notice_in_days() -> None:
    assert calendar.before("2027-03-01", "10d") == "2027-02-19"


@pytest.mark.parametrize("notice", ["", "m", "4", "4y", "-4w", "4 w", "x4w"])
def test_any_other_notice_is_refused_and_says_what_is_allowed(notice: str) -> None:
    with pytest.raises(ValueError, match="d, w, m"):
        calendar.before("2027-07-31", notice)


@pytest.mark.parametrize(
    "setting",
    [{"tlv_notice": ["4y"]}, {"calendar": {"review_by": "31-07"}}, {"calendar": {"holidays": [["x", "y"]]}}],
)
def test_a_setting_that_no_clock_could_read_is_refused_when_it_is_read(setting: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(setting, Rules)


@given(near, month_days)
def test_a_fixed_date_is_the_first_of_its_kind_on_or_after_the_day(day: str, month_day: str) -> None:
    found = calendar.next_fixed(month_day, day)
    assert day <= found <= calendar.add_months(day, 12)
    assert found[5:] == month_day or (month_day == "02-29" and found[5:] == "02-28")


def test_a_fixed_date_on_the_day_itself_counts() -> None:
    assert calendar.next_fixed("10-01", "2027-10-01") == "2027-10-01"
    assert calendar.next_fixed("10-01", "2027-10-02") == "2028-10-01"


@given(near)
def test_every_day_lies_in_the_school_year_that_begins_on_or_before_it(day: str) -> None:
    first = calendar.year_start(day, DATES)
    assert first[5:] == DATES.year_start
    assert first <= day < calendar.add_months(first, 12)


@given(near, month_days)
def test_a_date_of_a_school_year_is_the_same_for_all_its_days(day: str, month_day: str) -> None:
    first = calendar.year_start(day, DATES)
    found = calendar.in_year(month_day, day, DATES)
    assert found == calendar.in_year(month_day, first, DATES)
    assert calendar.year_start(found, DATES) == first


def test_the_last_school_day_is_the_friday_before_the_summer_holiday() -> None:
    assert calendar.last_school_day("2026-09-01", DATES) == "2027-07-09"
    assert calendar.last_school_day("2027-07-31", DATES) == "2027-07-09"
    assert calendar.last_school_day("2027-08-01", DATES) == "2028-07-14"


def test_without_known_holidays_school_ends_with_the_last_weekday_of_the_year() -> None:
    assert calendar.last_school_day("2026-09-01", FREE) == "2027-07-30"


def test_school_days_skip_weekends_and_holidays() -> None:
    assert calendar.school_days_after("2027-05-28", 10, DATES) == "2027-06-11"
    assert calendar.school_days_after("2027-02-19", 1, DATES) == "2027-03-01", "a week of holiday between"
    assert calendar.school_days_after("2027-07-09", 1, DATES) == "2027-08-23", "the summer between"


def test_work_days_run_on_through_school_holidays() -> None:
    assert calendar.work_days_after("2027-07-09", 5) == "2027-07-16"
    assert calendar.work_days_after("2027-06-14", 5) == "2027-06-21"


@given(near, st.integers(0, 30))
def test_between_a_day_and_its_nth_school_day_lie_so_many_school_days(day: str, count: int) -> None:
    end = calendar.school_days_after(day, count, DATES)
    span = (date.fromisoformat(end) - date.fromisoformat(day)).days
    between = [(date.fromisoformat(day) + timedelta(days=n + 1)).isoformat() for n in range(span)]
    assert sum(calendar.is_school_day(d, DATES) for d in between) == count


@given(near)
def test_no_holiday_and_no_weekend_is_a_school_day(day: str) -> None:
    free = any(first <= day <= last for first, last in DATES.holidays)
    weekend = date.fromisoformat(day).strftime("%a") in ("Sat", "Sun")
    assert calendar.is_school_day(day, DATES) is not (free or weekend)


@given(days, st.integers(-2000, 2000), month_days)
def test_no_date_that_exists_stops_the_clocks(day: str, count: int, month_day: str) -> None:
    """Somebody will publish 31 December 9999."""
    for edge in (day, calendar.FIRST, calendar.LAST):
        found = [
            calendar.add_days(edge, count),
            calendar.add_months(edge, count),
            calendar.next_fixed(month_day, edge),
            calendar.year_start(edge, DATES),
            calendar.in_year(month_day, edge, DATES),
            calendar.last_school_day(edge, DATES),
            calendar.school_day_before(edge, DATES),
            calendar.school_days_after(edge, 10, DATES),
            calendar.work_days_after(edge, 5),
        ]
        assert all(date.fromisoformat(one).isoformat() == one for one in found)


def test_a_calendar_can_be_remembered_by_its_value() -> None:
    assert hash(Calendar()) == hash(msgspec.convert(msgspec.to_builtins(DATES), Calendar))
