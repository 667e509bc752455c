"""What the facts of one learner say, whatever order they came in: the questions that rules, routing and views share."""

from __future__ import annotations

from functools import lru_cache

from hub.core.codes import START_QUALIFICATION
from hub.core.facts import Data, Facts, remembered

LAST_AGE = 27
"""The line runs until the 27th birthday (domain.md §5.4)."""


@remembered
def enrolments(facts: Facts) -> list[tuple[Data, Data | None]]:
    """Start (E8) and, if known, end (E9) of every enrolment."""
    return facts.pairs("enrolment", "start", "end")


@remembered
def participations(facts: Facts) -> list[tuple[Data, Data | None]]:
    """Start (E10) and, if known, end (E11) of every participation."""
    return facts.pairs("participation", "start", "end")


@remembered
def placements(facts: Facts) -> list[tuple[Data, Data | None]]:
    """Request (E6) and, if known, decision (E7) of every placement."""
    return facts.pairs("placement", "requested", "decided")


def in_force(start: Data, end: Data | None, day: str) -> bool:
    """Whether an enrolment or participation ran on a day, the first and the last included."""
    ended = end is not None and end["endOn"] < day
    return bool(start["startOn"] <= day) and not ended


@remembered
def birth_month(facts: Facts) -> str:
    """The newest birth month told by an enrolment or, without one, by a request; `YYYY-MM`, "" when none is known."""
    told = [(start["startOn"], start["birthMonth"]) for start, _ in enrolments(facts)]
    told = told or [(asked["occurredOn"], asked["birthMonth"]) for asked, _ in placements(facts)]
    return max(told)[1] if told else ""


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


@remembered
def closing(facts: Facts) -> Data | None:
    """The closing of the line that stands, as the data of an E29: told so, or by the death that a school reported
    (E9). None while the line is open, or opened again by a later enrolment."""
    told = facts.data("closing", "line", "closed") or _death(facts)
    if told is None or not told["reopenable"]:
        return told
    later = any(start["startOn"] > told["closedOn"] for start, _ in enrolments(facts))
    return None if later else told


def _death(facts: Facts) -> Data | None:
    deaths = [end["endOn"] for _, end in enrolments(facts) if end and end["reason"] == "death"]
    return {"reason": "deceased", "closedOn": deaths[0], "reopenable": False} if deaths else None


@remembered
def qualified(facts: Facts) -> bool:
    """Whether a startkwalificatie was reached: havo, vwo, or mbo 2 and up (domain.md §5.3)."""
    return any(end and end.get("diploma") in START_QUALIFICATION for _, end in enrolments(facts))


def has_tlv(facts: Facts, day: str) -> bool:
    """Whether a TLV holds on a day."""
    given = (told for _, told in facts.each("tlv", "decided") if told["action"] in ("granted", "renewed"))
    return any(told["from"] <= day <= told["to"] for told in given)


def out_of_scope(data: Data, month: str) -> bool:
    """Whether an event lies beyond the 27th birthday of who was born in `month`: answered and not stored (S13)."""
    return bool(month) and max(data["occurredOn"], data.get("startOn", "")) >= closing_day(month)
