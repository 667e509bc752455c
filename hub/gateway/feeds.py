"""`GET /v1/subscriptions/{id}/events`: the same log that webhooks are sent from, read at the partner's own pace."""

from __future__ import annotations

from typing import Annotated

import orjson
from fastapi import APIRouter, Query
from starlette.responses import Response

from hub.core import journal
from hub.core.delivery import Delivery
from hub.gateway import openapi
from hub.gateway.auth import Caller, Door
from hub.gateway.context import Gateway
from hub.gateway.feedlog import FeedUnavailable, Page
from hub.gateway.problems import Problem, not_found, not_stored
from hub.gateway.publisher import NotStored

router = APIRouter(tags=["subscriptions"])


@router.get("/v1/subscriptions/{id}/events", **openapi.FEED)
async def pull_events(
    id: str,
    caller: Caller,
    door: Door,
    after: Annotated[
        int, Query(ge=0, description="Number of the last event you have; 0 = from the oldest kept")
    ] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    wait: Annotated[float, Query(ge=0, le=30, description="Seconds to wait when there is nothing new")] = 0,
) -> Response:
    """Events of one subscription in order, numbered without gaps. An event that was taken back meanwhile keeps its
    number: `withdrawn` is true and there is no `event`.

    Give `next` of the answer as `after` of the following request. `first` is the oldest number still kept: when it is
    more than one above your `after`, what lies between is gone (it was kept for 28 days).
    """
    if door.known.find(caller, id) is None:
        raise not_found("subscription")
    page = await _read(door, id, after, limit, wait)
    if after > page.last:
        raise Problem(
            400, "after-end", f"there are only {page.last} events; after may not lie beyond the last"
        )
    await _journal(door, caller.id, id, page)
    return Response(_shown(page, after), media_type="application/json")


async def _read(door: Gateway, id: str, after: int, limit: int, wait: float) -> Page:
    try:
        await door.ensure_outbox(id)
        return await door.feeds.read(id, after, limit, wait)
    except FeedUnavailable as error:
        detail = f"the feed cannot be read now ({error}); try again"
        raise Problem(503, "feed-unavailable", detail, headers={"Retry-After": "5"}) from None


async def _journal(door: Gateway, partner: str, id: str, page: Page) -> None:
    """Before the answer, for who was told what must be known for certain."""
    told = tuple(delivery.id for number, delivery in page.deliveries if number not in page.withdrawn)
    entries: list[journal.Entry] = [
        _ended(door.now(), partner, id, number, delivery)
        for number, delivery in page.deliveries
        if number in page.withdrawn
    ]
    if told:
        entries.append(journal.Pulled(at=door.now(), partner=partner, subscription=id, deliveries=told))
    if not entries:
        return
    try:
        await door.publisher.publish([journal.record(entry) for entry in entries])
    except NotStored as error:
        raise not_stored(str(error)) from None


def _ended(at: int, partner: str, subscription: str, number: int, delivery: Delivery) -> journal.Attempted:
    event = delivery.event()
    return journal.Attempted(
        at=at,
        source=event.source,
        id=event.id,
        type=event.type,
        partner=partner,
        subscription=subscription,
        delivery=delivery.id,
        number=number,
        attempt=0,
        outcome=journal.WITHDRAWN,
        status="",
        took=0,
        waited=max(0, at - delivery.accepted),
    )


def _shown(page: Page, after: int) -> bytes:
    events = [
        {"number": number, "deliveryId": delivery.id}
        | ({"withdrawn": True} if number in page.withdrawn else {"event": orjson.Fragment(delivery.body)})
        for number, delivery in page.deliveries
    ]
    reached = events[-1]["number"] if events else max(after, page.first - 1)
    return orjson.dumps({"events": events, "next": reached, "first": page.first})
