"""What every row of a line is made of: the facts of one thing, by part."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from hub.core.facts import Data, Facts, Parts
from hub.core.identity import instant
from hub.core.state import Fact

Row = TypeVar("Row")
Order = tuple[str, ...]
_NOTHING: Data = {}


def rows(
    facts: Facts, family: str, make: Callable[[str, Parts], Row], order: Callable[[Row], Order]
) -> list[Row]:
    """One row per id, in that order. An id whose every part was corrected away has none."""
    known = facts.family(family)
    if not known:
        return []
    return sorted((make(id, parts) for id, parts in known.items() if parts), key=order)


def data(parts: Parts, name: str) -> Data:
    """Data of one part; empty while that part is not known."""
    fact = parts.get(name)
    return fact.data if fact else _NOTHING


def newest(facts: Iterable[Fact]) -> str:
    """Time of logging of the newest fact as its publisher gave it, else its business date. Never the time of arrival,
    which would make a view depend on the order."""
    times = [str(f.attributes.get("time") or f.data.get("occurredOn", "")) for f in facts]
    return times[0] if len(times) == 1 else latest(times)


def latest(times: Iterable[str]) -> str:
    """Of moments as publishers wrote them, in whatever zone; "" of none."""
    return max(times, key=lambda time: (instant(time), time), default="")


def privacy(parts: Parts) -> str:
    """The strictest class of any part."""
    return max(fact.privacy for fact in parts.values())
