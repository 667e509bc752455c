"""Looks through the log of one subscription for what a replay selects."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from hub.core.redelivery import ANY, Selection
from hub.gateway.context import Gateway
from hub.gateway.feedlog import FeedUnavailable, Page
from hub.gateway.position import unavailable
from hub.gateway.problems import Problem

PAGE = 500
MOST = 50_000
"""Numbers that are looked through for one order; it takes some seconds."""


class Survey(NamedTuple):
    """`numbers` that were selected, in order; of those `withdrawn` were taken back and will not be sent, `gone` are not
    in the log any more."""

    numbers: list[int]
    withdrawn: int
    gone: int


async def survey(door: Gateway, subscription: str, selection: Selection) -> Survey:
    """Raises Problem 409 when it is too much to look through, 503 when Kafka does not answer."""
    dead = await _dead(door, subscription, selection)
    await door.ensure_outbox(subscription)
    try:
        return await _look(door, subscription, selection, dead)
    except FeedUnavailable as error:
        raise unavailable(error) from None


async def _dead(door: Gateway, subscription: str, selection: Selection) -> list[int]:
    if not selection.cause:
        return []
    cause = "" if selection.cause == ANY else selection.cause
    return await asyncio.to_thread(door.letters.open_numbers, subscription, cause)


async def _look(door: Gateway, id: str, selection: Selection, dead: list[int]) -> Survey:
    first, last = await door.feeds.span(id)
    gone = _gone(selection, first, last, dead)
    low, high = max(selection.first, first), min(selection.last or last, last)
    wanted = [number for number in dead if low <= number <= high]
    if max(len(gone), len(wanted) if selection.cause else high - low + 1) > MOST:
        raise Problem(
            409, "too-much", f"this may be more than {MOST} deliveries; order in parts, by from and to"
        )
    among = frozenset(dead)
    numbers, withdrawn, after = list(gone), 0, low - 1
    while (after := _next(after, wanted, selection)) < high:
        page = await _page(door, id, after)
        for number, delivery in page.deliveries:
            if number <= high and selection.wants(number, delivery, among):
                numbers.append(number)
                withdrawn += number in page.withdrawn
        after = page.deliveries[-1][0]
    return Survey(numbers, withdrawn, len(gone))


def _gone(selection: Selection, first: int, last: int, dead: Sequence[int]) -> Sequence[int]:
    """Numbers that were asked for by name and are not kept any more; of others nobody can tell what they were."""
    reached = min(selection.last or last, last)
    if selection.cause:
        asked = {"cause", "first", "last"}.issuperset(selection.criteria)
        return [n for n in dead if asked and selection.first <= n <= reached and n < first]
    named = selection.first and {"first", "last"}.issuperset(selection.criteria)
    return range(selection.first, min(first - 1, reached) + 1) if named else ()


def _next(after: int, wanted: Sequence[int], selection: Selection) -> int:
    """Skips what cannot be selected by cause."""
    if not selection.cause:
        return after
    place = bisect_left(wanted, after + 1)
    return max(after, wanted[place] - 1) if place < len(wanted) else _END


_END = 2**63


async def _page(door: Gateway, id: str, after: int) -> Page:
    page = await door.feeds.read(id, after, PAGE, 0)
    if not page.deliveries:
        raise FeedUnavailable("no answer in time")
    return page
