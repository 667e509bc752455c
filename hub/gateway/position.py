"""`/v1/subscriptions/{id}/position`: how far a reader of the pull feed says it is; kept in Kafka."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from hub.core import journal
from hub.core.event import Fault
from hub.core.subscription import Subscription
from hub.core.topics import READER, outbox
from hub.gateway import feedjournal, openapi
from hub.gateway.auth import Caller, Door
from hub.gateway.bodies import answer, read_json
from hub.gateway.context import Gateway
from hub.gateway.feedlog import FeedUnavailable
from hub.gateway.limits import HIGHEST
from hub.gateway.problems import Problem, not_found

router = APIRouter(tags=["subscriptions"])

PAGE = 500
"""Deliveries that one entry of the journal names at most."""


@router.get("/v1/subscriptions/{id}/position", **openapi.POSITION)
async def get_position(id: str, caller: Caller, door: Door) -> Response:
    """The number up to which you acknowledged the feed (0: nothing yet), with the oldest number kept and the newest."""
    await _own(id, caller, door)
    (first, last), number = await asyncio.gather(_span(id, door), _acknowledged(id, door))
    return _told(number, first, last)


@router.put("/v1/subscriptions/{id}/position", **openapi.POSITION_WRITE)
async def put_position(id: str, request: Request, caller: Caller, door: Door) -> Response:
    """Acknowledge everything up to `number`: you are done with it, also with what you did not read. A request for
    events without `after` goes on from there. The same number again changes nothing; a lower one goes back, so that
    what lies above is given again.

    A position that is not written again is kept for 400 days.
    """
    own = await _own(id, caller, door)
    first, last = await _span(id, door)
    number = await _number(request)
    if number > last:
        raise Problem(
            400, "after-end", f"there are only {last} events; the position may not lie beyond the last"
        )
    try:
        await _acknowledge(door, own, number)
    except FeedUnavailable as error:
        raise unavailable(error) from None
    return _told(number, first, last)


async def acknowledged(door: Gateway, subscription: str) -> int:
    """Number up to which the reader acknowledged; 0 for nothing. Raises FeedUnavailable."""
    return await door.offsets.committed(group(subscription), outbox(subscription))


def group(subscription: str) -> str:
    """The Kafka group without members whose committed offset is the position."""
    return READER + subscription


def unavailable(error: FeedUnavailable) -> Problem:
    detail = f"the feed cannot be read now ({error}); try again"
    return Problem(503, "feed-unavailable", detail, headers={"Retry-After": "5"})


async def _own(id: str, caller: Caller, door: Gateway) -> Subscription:
    own = door.known.find(caller, id)
    if own is None:
        raise not_found("subscription")
    await door.ensure_outbox(id)
    return own


async def _span(id: str, door: Gateway) -> tuple[int, int]:
    try:
        return await door.feeds.span(id)
    except FeedUnavailable as error:
        raise unavailable(error) from None


async def _acknowledged(id: str, door: Gateway) -> int:
    try:
        return await acknowledged(door, id)
    except FeedUnavailable as error:
        raise unavailable(error) from None


async def _acknowledge(door: Gateway, own: Subscription, number: int) -> None:
    """The journal first: after a failure half-way the reader says it again, and saying it twice changes nothing."""
    id = own.id
    at = await acknowledged(door, id)
    while at < number:
        page = await door.feeds.read(id, at, min(PAGE, number - at), 0)
        if number < page.first:
            break  # none of it is kept any more
        if not page.deliveries:
            raise FeedUnavailable("no answer in time")
        page = page._replace(deliveries=[one for one in page.deliveries if one[0] <= number])
        await feedjournal.write(door, own, page, feedjournal.ends(door, own, page), journal.Pulled)
        at = page.deliveries[-1][0]
    await door.offsets.commit(group(id), outbox(id), number)


async def _number(request: Request) -> int:
    given = await read_json(request)
    found = given.get("number") if isinstance(given, dict) and set(given) == {"number"} else None
    if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found <= HIGHEST:
        wrong = Fault("/number", "number", "must be a whole number from 0")
        raise Problem(400, "invalid-position", 'send {"number": N} and nothing else', [wrong])
    return found


def _told(number: int, first: int, last: int) -> Response:
    return answer(200, {"number": number, "first": first, "last": last})
