"""`GET /v1/dead-letters`: deliveries that were refused for good, by cause, with what to do about them."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import Response

from hub.core import journal
from hub.core.census.publication import band
from hub.core.dead_letters import CAUSES
from hub.core.event import moment
from hub.core.letters import Group, Letter
from hub.core.partners import Partner, Role
from hub.core.subscription import Subscription
from hub.gateway import feedjournal, openapi_replays
from hub.gateway.auth import Caller, Door
from hub.gateway.bodies import answer
from hub.gateway.context import Gateway
from hub.gateway.feedlog import FeedUnavailable
from hub.gateway.limits import HIGHEST
from hub.gateway.position import unavailable
from hub.gateway.problems import Problem, not_found

router = APIRouter(tags=["replays"])

State = Literal["open", "replayed", "withdrawn"]


@router.get("/v1/dead-letters", **openapi_replays.DEAD_LETTERS)
async def list_dead_letters(
    caller: Caller,
    door: Door,
    subscription: Annotated[
        str, Query(max_length=200, description="With cause: the letters of one group")
    ] = "",
    cause: Annotated[str, Query(pattern=f"^({'|'.join(CAUSES)})?$", description="With subscription")] = "",
    state: Annotated[State, Query(description="open, replayed (delivered after all) or withdrawn")] = "open",
    after: Annotated[int, Query(ge=0, le=HIGHEST, description="Number of the last letter you have")] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """Deliveries that were refused for good, counted per subscription and cause, each cause with what to do next. With
    `subscription` and `cause` the letters of that group themselves, in order of their numbers: give `next` of the
    answer as `after` of the following request, as long as there is one. Then order a replay of that cause.

    You see your own; an operator those of all partners; the procesregisseur ranges of how many there are.
    """
    if caller.has(Role.PROCESREGISSEUR) and not caller.has(Role.OPERATOR):
        return await _ranges(door, state, bool(subscription or cause))
    if bool(subscription) != bool(cause):
        raise Problem(400, "invalid-parameters", "give subscription and cause together, or neither")
    if subscription:
        return await _letters(door, caller, subscription, cause, state, after, limit)
    partner = None if caller.has(Role.OPERATOR) else caller.id
    groups = await asyncio.to_thread(door.letters.groups, partner, state)
    return answer(200, {"state": state, "groups": [_group(one, door) for one in groups]})


async def _ranges(door: Gateway, state: str, asks_more: bool) -> Response:
    if asks_more:
        raise Problem(403, "not-your-role", "the letters are for the partner itself and the operator")
    groups = await asyncio.to_thread(door.letters.groups, None, state)
    told = ("partner", "subscription", "cause")
    shown = [
        {name: getattr(one, name) for name in told} | {"number": band(one.count, door.rules.small_cell)}
        for one in groups
    ]
    return answer(
        200, {"state": state, "groups": sorted(shown, key=lambda one: [one[name] for name in told])}
    )


async def _letters(
    door: Gateway, caller: Partner, id: str, cause: str, state: str, after: int, limit: int
) -> Response:
    own = door.known.reach(caller, id)
    if own is None:
        raise not_found("subscription")
    found = await asyncio.to_thread(door.letters.page, id, cause, state, after, limit)
    kept = await _without_withdrawn(door, own, found) if state == "open" and found else found
    content = {
        "state": state,
        "subscription": id,
        "cause": cause,
        "advice": CAUSES[cause]._asdict(),
        "letters": [_letter(one) for one in kept],
        "next": found[-1].number if len(found) == limit else None,
    }
    return answer(200, content)


async def _without_withdrawn(door: Gateway, own: Subscription, found: list[Letter]) -> list[Letter]:
    """What a later event took back stands in nobody's way any more; the journal is told, so that it is counted so."""
    await door.ensure_outbox(own.id)
    gone: set[int] = set()
    at = 0
    try:
        for one in found:
            if one.number > at:
                page = await door.feeds.read(own.id, one.number - 1, 500, 0)
                at = page.deliveries[-1][0] if page.deliveries else one.number
                taken = [d for d in page.deliveries if d[0] in page.withdrawn and d[0] in _numbers(found)]
                gone.update(number for number, _ in taken)
                over = page._replace(deliveries=taken)
                await feedjournal.write(door, own, over, feedjournal.ends(door, own, over), journal.Shown)
    except FeedUnavailable as error:
        raise unavailable(error) from None
    return [one for one in found if one.number not in gone]


def _numbers(found: list[Letter]) -> set[int]:
    return {one.number for one in found}


def _group(one: Group, door: Gateway) -> dict[str, Any]:
    here = f"{door.url}/v1/dead-letters?subscription={one.subscription}&cause={one.cause}"
    return {
        "partner": one.partner,
        "subscription": one.subscription,
        "cause": one.cause,
        "count": one.count,
        "first": moment(one.first_at),
        "last": moment(one.last_at),
        "advice": CAUSES[one.cause]._asdict() if one.cause in CAUSES else None,
        "letters": here,
    }


def _letter(one: Letter) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(one)
    renamed = {"deliveryId": fields.pop("delivery"), "at": moment(fields.pop("at"))}
    ended = fields.pop("ended_at")
    return fields | renamed | ({"endedAt": moment(ended)} if ended else {})
