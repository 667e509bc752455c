"""`GET /v1/subscriptions/{id}/report`: what became of every number of a feed, for a receiver that wants to be sure."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Query
from starlette.responses import Response

from hub.core.event import moment
from hub.core.numbers import STATES, Marks, Run, account
from hub.core.topics import outbox
from hub.gateway import openapi
from hub.gateway.auth import Caller, Door
from hub.gateway.bodies import answer
from hub.gateway.context import Gateway
from hub.gateway.feedlog import FeedUnavailable
from hub.gateway.limits import HIGHEST
from hub.gateway.position import acknowledged, unavailable
from hub.gateway.problems import Problem, not_found

router = APIRouter(tags=["subscriptions"])

MOST = 100_000
"""Numbers in one report; of a longer stretch the first so many are told, and `to` says how far."""


class _Report(NamedTuple):
    low: int
    high: int
    marks: Marks
    complete: int
    runs: list[Run]


@router.get("/v1/subscriptions/{id}/report", **openapi.REPORT)
async def report_numbers(
    id: str,
    caller: Caller,
    door: Door,
    low: Annotated[int, Query(alias="from", ge=1, le=HIGHEST, description="First number")] = 1,
    high: Annotated[
        int | None,
        Query(alias="to", ge=1, le=HIGHEST, description="Last number; left out: the newest there is"),
    ] = None,
    newest: Annotated[
        int | None, Query(ge=1, le=MOST, description="The newest so many; from and to do not count")
    ] = None,
) -> Response:
    """What became of every number between `from` and `to`, at most 100,000 of them: per state how many, and which
    stretches (`[first, last]`, both included). Each number is in exactly one state. Never what was in them.

    `complete` is the moment up to which the books are complete. Of what was handled later Kafka tells that it was
    (`handled`), not yet how. `first` is the oldest number still kept, `last` the newest, `acknowledged` your position.
    """
    if door.known.find(caller, id) is None:
        raise not_found("subscription")
    if newest is None and high is not None and high < low:
        raise Problem(400, "range", "to lies before from")
    try:
        await door.ensure_outbox(id)
        made = await _made(door, id, low, high) if newest is None else await _made(door, id, -newest, None)
    except FeedUnavailable as error:
        raise unavailable(error) from None
    return answer(200, _shown(id, made))


async def _made(door: Gateway, id: str, low: int, high: int | None) -> _Report:
    """A negative `low` counts from the end.

    Kafka is asked before the books. A courier journals what it did before it commits that, so books that are
    complete up to the end of the journal as it is then tell of everything that was committed."""
    (first, last), done, taken = await asyncio.gather(
        door.feeds.span(id), door.offsets.committed(door.courier, outbox(id)), acknowledged(door, id)
    )
    low = max(1, last + 1 + low) if low < 0 else low
    high = min(last if high is None else high, last, low + MOST - 1)
    marks = Marks(first, last, done, taken)
    now, ends = door.now(), await door.journaled.ends()
    read, known = await asyncio.to_thread(door.books.numbers, id, low, high)
    behind = await door.journaled.oldest(read, ends)
    return _Report(low, high, marks, now if behind is None else behind, account(low, high, known, marks))


def _shown(id: str, made: _Report) -> dict[str, Any]:
    return {
        "subscription": id,
        "from": made.low,
        "to": made.high,
        "first": made.marks.first,
        "last": made.marks.last,
        "acknowledged": made.marks.acknowledged,
        "complete": moment(made.complete),
        "states": {state: _stretches(state, made.runs) for state in STATES},
    }


def _stretches(state: str, runs: list[Run]) -> dict[str, Any]:
    own = [(run.first, run.last) for run in runs if run.state == state]
    return {"count": sum(last - first + 1 for first, last in own), "ranges": own}
