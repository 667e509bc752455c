"""`POST /v1/subscriptions/{id}/_dry-run`: what other filters would let through, tried on what the partner was told."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from hub.core import subscription as subs
from hub.core.event import Event, Fault
from hub.core.subscription import Subscription
from hub.core.topics import DAY_MS
from hub.gateway import openapi_replays, subscription_form
from hub.gateway.auth import Caller, Door
from hub.gateway.bodies import answer, read_json
from hub.gateway.context import Gateway
from hub.gateway.feedlog import FeedUnavailable, Page
from hub.gateway.openapi_replays import DAYS
from hub.gateway.position import unavailable
from hub.gateway.problems import Problem, not_found

router = APIRouter(tags=["replays"])

MOST = 20_000
"""Events that are looked at, the newest; more would take longer than a person waits."""

SECONDS = 8.0
PAGE = 500
SAMPLES = 5
_FIELDS = frozenset({"filters", "types", "source"})


@router.post("/v1/subscriptions/{id}/_dry-run", **openapi_replays.DRY_RUN)
async def dry_run(id: str, request: Request, caller: Caller, door: Door) -> Response:
    """How many of the events that you were told lately would pass these `filters`, `types` and `source`; `now` is how
    many pass those that the subscription has. Nothing is changed.

    The log that is tried is that of your inbox, at most its newest 20,000 events of the last `days` (`from` to `to`);
    `complete` is false when there are more, or when time was up. Of what the inbox itself does not want (its own
    filters) nothing is known.
    """
    own = door.known.reach(caller, id)
    if own is None:
        raise not_found("subscription")
    asked = await read_json(request)
    other, days = _other(asked, own, door), _days(asked)
    inbox = subs.inbox(own.partner).id
    await door.ensure_outbox(inbox)
    try:
        return answer(200, await _tried(door, inbox, _Tally(own, other, door.now() - days * DAY_MS)))
    except FeedUnavailable as error:
        raise unavailable(error) from None


def _other(given: object, own: Subscription, door: Gateway) -> Subscription:
    blank = Subscription(id=own.id, partner=own.partner)
    if not isinstance(given, Mapping) or set(given) - _FIELDS - {"days"}:
        faults = [Fault("", "unknown-field", "send an object with filters, types, source and days only")]
        raise Problem(400, "invalid-dry-run", "nothing was tried; see errors", faults)
    fields = {name: given[name] for name in _FIELDS & given.keys()}
    read = subscription_form.read(fields, blank, door.reach)
    if isinstance(read, list):
        raise Problem(400, "invalid-dry-run", "nothing was tried; errors lists everything wrong", read)
    return read


def _days(given: Mapping[str, Any]) -> int:
    days = given.get("days", DAYS)
    if isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= DAYS:
        faults = [Fault("/days", "days", f"must be a whole number from 1 to {DAYS}")]
        raise Problem(400, "invalid-dry-run", "nothing was tried; see errors", faults)
    return days


async def _tried(door: Gateway, inbox: str, tally: _Tally) -> dict[str, Any]:
    first, last = await door.feeds.span(inbox)
    start = max(first, last - MOST + 1)
    reached, loop = start - 1, asyncio.get_running_loop()
    until = loop.time() + SECONDS
    while reached < last and loop.time() < until:
        page = await door.feeds.read(inbox, reached, PAGE, 0)
        if not page.deliveries:
            raise FeedUnavailable("no answer in time")
        tally.take(page)
        reached = page.deliveries[-1][0]
    return {"from": start, "to": reached, "complete": start == first and reached >= last, **tally.shown()}


class _Tally:
    """`since` is milliseconds since 1970: what was accepted before does not count."""

    def __init__(self, own: Subscription, other: Subscription, since: int) -> None:
        self._since = since
        self._own = own
        self._other = other
        self._types: dict[str, dict[str, Any]] = {}
        self._samples: list[dict[str, Any]] = []

    def take(self, page: Page) -> None:
        """What was taken back is not the partner's to know any more."""
        for number, delivery in page.deliveries:
            if number not in page.withdrawn and delivery.accepted >= self._since:
                self._count(number, delivery.event())

    def _count(self, number: int, event: Event) -> None:
        passes = self._other.wants(event.attributes)
        of = self._types.setdefault(event.type, {"type": event.type, "events": 0, "passes": 0, "now": 0})
        of["events"] += 1
        of["passes"] += passes
        of["now"] += self._own.wants(event.attributes)
        if passes and len(self._samples) < SAMPLES:
            self._samples.append({"number": number, "id": event.id, "type": event.type})

    def shown(self) -> dict[str, Any]:
        types = sorted(self._types.values(), key=lambda one: str(one["type"]))
        sums = {name: sum(one[name] for one in types) for name in ("events", "passes", "now")}
        return {**sums, "types": types, "samples": self._samples}
