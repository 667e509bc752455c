"""What the facts of one learner say, whatever order they came in: the questions that rules, routing and views share."""

from __future__ import annotations

from functools import lru_cache

from hub.core.codes import START_QUALIFICATION
from hub.core.facts import Data, Facts

LAST_AGE = 27
"""The line runs until the 27th birthday (domain.md §5.4)."""


def in_force(start: Data, end: Data | None, day: str) -> bool:
    """Whether an enrolment or participation ran on a day, the first and the last included."""
    ended = end is not None and end["endOn"] < day
    return bool(start["startOn"] <= day) and not ended


def age_on(month: str, day: str) -> int:
    """Age by birth month alone, reached at the end of that month (domain.md §3.1): never more than 30 days late."""
    years = int(day[:4]) - int(month[:4])
    return years if day[5:7] > month[5:7] else years - 1


@lru_cache(maxsize=1024)
def closing_day(month: str) -> str:
    """First day on which the line of who was born in `month` is closed for age: the month after the 27th birthday."""
    year, number = int(month[:4]) + LAST_AGE, int(month[5:7])
    return f"{year + number // 12}-{number % 12 + 1:02}-01"


def school_year(day: str) -> str:
    """`2026-2027` for any day from 1 August 2026 to 31 July 2027."""
    first = int(day[:4]) if day[5:7] >= "08" else int(day[:4]) - 1
    return f"{first}-{first + 1}"


def qualified(facts: Facts) -> bool:
    """Whether a startkwalificatie was reached: havo, vwo, or mbo 2 and up (domain.md §5.3)."""
    return any(end and end.get("diploma") in START_QUALIFICATION for _, end in facts.enrolments)


def has_tlv(facts: Facts, day: str) -> bool:
    """Whether a TLV holds on a day."""
    given = (told for _, told in facts.each("tlv", "decided") if told["action"] in ("granted", "renewed"))
    return any(told["from"] <= day <= told["to"] for told in given)


def out_of_scope(data: Data, month: str) -> bool:
    """Whether an event lies beyond the 27th birthday of who was born in `month`: answered and not stored (S13)."""
    if not month:
        return False
    closing = closing_day(month)
    return bool(data["occurredOn"] >= closing or data.get("startOn", "") >= closing)
