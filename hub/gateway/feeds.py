"""`GET /v1/subscriptions/{id}/events`: the same log that webhooks are sent from, read at the partner's own pace."""

from __future__ import annotations

from typing import Annotated

import orjson
from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from hub.core import journal, traces
from hub.gateway import feedjournal, openapi
from hub.gateway.auth import Caller, Door
from hub.gateway.context import Gateway
from hub.gateway.feedlog import FeedUnavailable, Page
from hub.gateway.limits import HIGHEST
from hub.gateway.position import acknowledged, unavailable
from hub.gateway.problems import Problem, not_found

router = APIRouter(tags=["subscriptions"])


@router.get("/v1/subscriptions/{id}/events", **openapi.FEED)
async def pull_events(
    request: Request,
    id: str,
    caller: Caller,
    door: Door,
    after: Annotated[
        int | None,
        Query(
            ge=0,
            le=HIGHEST,
            description="Number of the last event you have; 0 = from the oldest kept. "
            "Left out: from your position, after what you acknowledged",
        ),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    wait: Annotated[float, Query(ge=0, le=30, description="Seconds to wait when there is nothing new")] = 0,
) -> Response:
    """Events of one subscription in order, numbered without gaps. An event that was taken back meanwhile keeps its
    number: `withdrawn` is true and there is no `event`. So does one that you lost the right to: then `withheld` is
    true.

    Either keep `next` of the answer yourself and give it as `after` of the following request, or have the hub keep it:
    PUT it as your position when you are done with the events, and leave `after` out. Reading alone acknowledges
    nothing. `first` is the oldest number still kept (for 28 days): when it is more than one above where you were, what
    lies between is gone. `last` is the newest number.
    """
    own = door.known.find(caller, id)
    if own is None:
        raise not_found("subscription")
    with door.limits.poll(caller.id):
        start, page = await _read(door, id, after, limit, wait)
    if start > page.last:
        raise Problem(
            400,
            "after-end",
            f"there are only {page.last} events; neither after nor your position may lie beyond the last",
        )
    # Before the answer, for who was told what must be known for certain.
    trace = traces.given(request.headers.get(traces.ATTRIBUTE))
    ended = feedjournal.ends(door, own, page)
    await feedjournal.write(door, own, page, ended, journal.Shown, trace)
    return Response(_shown(page, ended, start), media_type="application/json")


async def _read(door: Gateway, id: str, after: int | None, limit: int, wait: float) -> tuple[int, Page]:
    """The page, and the number after which it starts."""
    try:
        await door.ensure_outbox(id)
        start = await acknowledged(door, id) if after is None else after
        return start, await door.feeds.read(id, start, limit, wait)
    except FeedUnavailable as error:
        raise unavailable(error) from None


def _shown(page: Page, ended: feedjournal.Ends, after: int) -> bytes:
    events = [
        {"number": number, "deliveryId": delivery.id}
        | ({ended[number][0]: True} if number in ended else {"event": orjson.Fragment(delivery.body)})
        for number, delivery in page.deliveries
    ]
    reached = events[-1]["number"] if events else max(after, page.first - 1)
    return orjson.dumps({"events": events, "next": reached, "first": page.first, "last": page.last})
