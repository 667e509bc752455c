"""`GET /v1/journeys/_search`: events found in the journal, as far as the caller may see them."""

from __future__ import annotations

import asyncio
import re
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from starlette.responses import Response

from hub.core import traces
from hub.core.catalogue import KINDS, about_persons
from hub.core.event import moment
from hub.core.journeys import Asked, Found, Place, Sight
from hub.core.partners import Partner, Role
from hub.gateway import openapi
from hub.gateway.auth import Caller, Door
from hub.gateway.bodies import answer
from hub.gateway.problems import Problem

router = APIRouter(tags=["lookups"])

_CODE = "^[!-~]*$"
_PLACE = re.compile(r"([0-9]{1,15})-([0-9a-f]{32})")
_DAYS = ZoneInfo("Europe/Amsterdam")
_ABOUT_NOBODY = tuple(sorted(kind.type for kind in KINDS.values() if not about_persons(kind.type)))


@router.get("/v1/journeys/_search", **openapi.JOURNEYS)
async def search_journeys(
    caller: Caller,
    door: Door,
    id: Annotated[str, Query(max_length=500, pattern=_CODE, description="Id of the event")] = "",
    correlation: Annotated[
        str,
        Query(
            alias="correlationId",
            max_length=128,
            pattern=_CODE,
            description="The attribute correlationid, a trace id or a traceparent",
        ),
    ] = "",
    subscription: Annotated[
        str, Query(max_length=200, pattern=_CODE, description="A subscription that it went to")
    ] = "",
    organisation: Annotated[
        str,
        Query(
            max_length=200,
            pattern=_CODE,
            description="Who published it or was told: id of a partner, or an organisation of it",
        ),
    ] = "",
    type: Annotated[str, Query(max_length=200, pattern=_CODE, description="CloudEvents type")] = "",
    since: Annotated[date | None, Query(alias="from", description="First day, Dutch time")] = None,
    until: Annotated[date | None, Query(alias="to", description="Last day, Dutch time")] = None,
    before: Annotated[str, Query(max_length=48, description="`next` of the page before")] = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> Response:
    """Events that came in or were told, the newest first; all that you give must hold. Go on with `next` of the answer
    as `before`, as long as there is one.

    You find what you published or were told; an operator finds all, the procesregisseur what is about no person.
    """
    if since and until and until < since:
        raise Problem(400, "invalid-parameters", "the last day (to) lies before the first (from)")
    owner = door.known.directory.of_org(organisation)
    asked = Asked(
        id=id,
        correlation=_trace(correlation),
        subscription=subscription,
        partner=owner.id if owner else organisation,
        type=type,
        since=_begins(since) if since else None,
        until=_begins(until + timedelta(days=1)) if until and until < date.max else None,
        before=_place(before) if before else None,
        limit=limit + 1,
    )
    found = await asyncio.to_thread(door.search.events, asked, sight(caller))
    more = found[limit - 1].place if len(found) > limit else None
    return answer(
        200,
        {
            "journeys": [_shown(one) for one in found[:limit]],
            "next": f"{more.at}-{more.event}" if more else None,
        },
    )


def sight(caller: Partner) -> Sight:
    """What a caller may find, as `lookups.visible` says it of one journey."""
    if caller.has(Role.PROCESREGISSEUR):
        return Sight(types=_ABOUT_NOBODY)
    return Sight() if caller.has(Role.OPERATOR) else Sight(partner=caller.id)


def _trace(given: str) -> str:
    return traces.id_in(given) or given


def _begins(day: date) -> int:
    """Milliseconds since 1970 at the start of a day in the city; days that no journal knows are as good as 1970."""
    if day.year <= 1970:
        return 0
    return int(datetime.combine(day, time(), _DAYS).timestamp() * 1000)


def _place(given: str) -> Place:
    found = _PLACE.fullmatch(given)
    if found is None:
        raise Problem(400, "invalid-parameters", "before must be the `next` of a page before")
    return Place(int(found[1]), found[2])


def _shown(one: Found) -> dict[str, Any]:
    event = one.event
    return {
        "at": moment(one.at),
        "source": event.source,
        "id": event.id,
        "type": event.type,
        "publisher": event.publisher,
        "outcome": event.outcome,
        "deliveries": [
            {
                "partner": course.partner,
                "subscription": course.subscription,
                "outcome": course.outcome,
                "arrived": course.delivered_at is not None or course.pulled_at is not None,
            }
            for course in one.courses
        ],
    }
