"""Days, terms and school years, as ISO text in and out: facts hold dates as text, which sorts as it should.

Statutory clocks count calendar days and never pause; only counts of school days do, on the holidays of the
configured `Calendar` (domain.md §3.5). Everything here is remembered: a city has few dates and asks for them often.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from functools import lru_cache

from hub.core.rules import Calendar

_remembered = lru_cache(maxsize=16_384)
_WEEKEND = 5
_UNITS = "dwm"
FIRST, LAST = date.min.isoformat(), date.max.isoformat()
"""No day lies outside these: a sum that would, ends there. Somebody will publish 31 December 9999."""


@_remembered
def add_days(day: str, days: int) -> str:
    """So many calendar days on, or back when negative."""
    try:
        return (date.fromisoformat(day) + timedelta(days=days)).isoformat()
    except OverflowError:
        return LAST if days > 0 else FIRST


@_remembered
def add_months(day: str, months: int) -> str:
    """The same day so many months on, or back; the last of the month where that day does not exist."""
    year, month = divmod(int(day[:4]) * 12 + int(day[5:7]) - 1 + months, 12)
    return _dated(year, month + 1, int(day[8:10]))


def _dated(year: int, month: int, number: int) -> str:
    if not date.min.year <= year <= date.max.year:
        return LAST if year > date.max.year else FIRST
    return date(year, month, min(number, monthrange(year, month)[1])).isoformat()


@_remembered
def before(day: str, notice: str) -> str:
    """The day on which a notice of `6m`, `4w` or `10d` before `day` is given.

    Raises ValueError on any other notice, naming what is allowed."""
    count, unit = notice[:-1], notice[-1:]
    if not count.isdecimal() or unit not in _UNITS:
        raise ValueError(f"a notice is a number and one of d, w, m (such as 4w), not {notice!r}")
    if unit == "m":
        return add_months(day, -int(count))
    return add_days(day, -int(count) * (7 if unit == "w" else 1))


@_remembered
def next_fixed(month_day: str, day: str) -> str:
    """The first `MM-DD` on or after a day; 29 February is taken on the 28th in other years."""
    month, number = int(month_day[:2]), int(month_day[3:])
    found = _dated(int(day[:4]), month, number)
    return found if found >= day else _dated(int(day[:4]) + 1, month, number)


@_remembered
def year_start(day: str, calendar: Calendar) -> str:
    """First day of the school year that a day lies in."""
    return add_months(next_fixed(calendar.year_start, add_days(day, 1)), -12)


@_remembered
def in_year(month_day: str, day: str, calendar: Calendar) -> str:
    """The `MM-DD` of the school year that a day lies in."""
    return next_fixed(month_day, year_start(day, calendar))


@_remembered
def is_school_day(day: str, calendar: Calendar) -> bool:
    """Neither weekend nor holiday of the calendar."""
    holiday = any(first <= day <= last for first, last in calendar.holidays)
    return not holiday and date.fromisoformat(day).weekday() < _WEEKEND


@_remembered
def school_days_after(day: str, count: int, calendar: Calendar) -> str:
    """The `count`-th school day after a day, which itself does not count."""
    while count:
        day = add_days(day, 1)
        count -= is_school_day(day, calendar)
    return day


@_remembered
def school_day_before(day: str, calendar: Calendar) -> str:
    """The last school day before a day."""
    day = add_days(day, -1)
    while not is_school_day(day, calendar):
        day = add_days(day, -1)
    return day


def last_school_day(day: str, calendar: Calendar) -> str:
    """The last school day, before the summer holiday, of the school year that a day lies in."""
    return school_day_before(add_months(year_start(day, calendar), 12), calendar)


@_remembered
def work_days_after(day: str, count: int) -> str:
    """The `count`-th day from Monday to Friday after a day; school holidays are work days."""
    while count:
        day = add_days(day, 1)
        count -= date.fromisoformat(day).weekday() < _WEEKEND
    return day
