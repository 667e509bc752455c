"""Whether a flow is quieter than it uses to be, by its own rhythm of school days."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from hub.core.calendar import add_days, is_school_day
from hub.core.matrix import Rhythm
from hub.core.rules import Calendar

KNOWN_FROM = 4
"""On fewer days with something a flow has no rhythm yet, and its quiet says nothing."""

PATIENCE = 2
"""So many times the longest pause it ever made, before a flow is called silent."""


def silent(days: Sequence[int], today: str, calendar: Calendar) -> int:
    """For how many school days a flow has been silent that never paused for half as long; 0 when it is not.

    `days` are numbers of events per calendar day, oldest first; the last is `today` (ISO), which is not over and so
    counts only when something came. Weekends and holidays are no pause.
    """
    if not days or days[-1]:
        return 0
    dates = [add_days(today, place - len(days) + 1) for place in range(len(days) - 1)]
    counted = [(n > 0) for date, n in zip(dates, days, strict=False) if n or is_school_day(date, calendar)]
    if sum(counted) < KNOWN_FROM:
        return 0
    pauses = [0]
    for busy in counted[counted.index(True) :]:
        if busy:
            pauses.append(0)
        else:
            pauses[-1] += 1
    quiet = pauses.pop()
    return quiet if quiet >= PATIENCE * (max(pauses) + 1) else 0


def silences(
    rhythms: Iterable[Rhythm], flow: Callable[[str], str], silence: Callable[[Sequence[int]], int]
) -> dict[tuple[str, str], int]:
    """School days of silence by publisher and flow, all kinds of a flow together; what is of no flow has no rhythm."""
    days: dict[tuple[str, str], list[int]] = {}
    for rhythm in rhythms:
        if lane := flow(rhythm.type):
            summed = days.setdefault((rhythm.publisher, lane), [0] * len(rhythm.days))
            for place, n in enumerate(rhythm.days):
                summed[place] += n
    return {own: silence(counts) for own, counts in days.items()}
