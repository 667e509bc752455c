"""Learning lines, journeys and partners: what the read model knows, as far as the caller may see it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, get_args
from uuid import UUID

import msgspec
import orjson
from fastapi import APIRouter, Header, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from hub.core import journal, pairwise, persons, traces
from hub.core.catalogue import about_persons
from hub.core.codes import Basis
from hub.core.event import moment
from hub.core.journeys import Course, Journey, Moment
from hub.core.partners import Partner, Role
from hub.core.topics import EVENTS_P1, EVENTS_P2
from hub.gateway import openapi
from hub.gateway.auth import Caller, Door
from hub.gateway.context import Gateway
from hub.gateway.problems import Problem, not_found, not_stored
from hub.gateway.publisher import NotStored

router = APIRouter(tags=["lookups"])

_PLAIN = "^[!-~]+$"
"""As of every source and id that the door let in; a database need not be asked for others (it may choke on them)."""

PURPOSES = tuple(code for code in get_args(Basis) if code != "NONE")


@router.get("/v1/learning-lines/{learnerId}", **openapi.LINE)
async def get_learning_line(
    request: Request,
    learner: Annotated[
        str,
        Path(
            alias="learnerId", description="UUID of the learner; outside education your own reference of it"
        ),
    ],
    caller: Caller,
    door: Door,
    purpose: Annotated[str | None, Header(description=f"Why you look: {', '.join(PURPOSES)}")] = None,
) -> Response:
    """The learning line 0-27, as far as you have to do with this learner. Every reading is kept, with its purpose.

    404 also when the line exists and is not yours to see.
    """
    given, alias = _uuid(learner), pairwise.alias(caller, door.rules, door.references)
    if purpose is None or purpose not in PURPOSES:
        known = ", ".join(PURPOSES)
        raise Problem(400, "purpose", f"say in the header Purpose why you look: one of {known}")
    learner = door.references.inward(caller.id, given) if door.references and alias else given
    line = await asyncio.to_thread(door.queries.line, learner)
    # A procesregisseur has no case role (domain.md D8), whatever else the directory may say of it.
    shown = None if line is None or caller.has(Role.PROCESREGISSEUR) else door.for_partner(line, caller)
    if shown is None:
        raise not_found("learning line")
    await _journal_read(door, caller, purpose, learner, traces.given(request.headers.get(traces.ATTRIBUTE)))
    return _json({**shown, "learnerId": given})


@router.get("/v1/journeys", **openapi.JOURNEY)
async def get_journey(
    caller: Caller,
    door: Door,
    source: Annotated[str, Query(max_length=500, pattern=_PLAIN)],
    id: Annotated[str, Query(max_length=500, pattern=_PLAIN)],
) -> Response:
    """What became of one event. Its publisher sees all of it, a receiver only what concerns itself.

    A fresh event may take a second to appear.
    """
    journey = await asyncio.to_thread(door.queries.journey, source, id)
    if journey is None or (seen := visible(journey, caller)) is None:
        raise not_found("journey (a fresh event may take a second)")
    return _json({"traceId": _trace(journey), **_shown_journey(seen)})


@router.get("/v1/partners", **openapi.PARTNERS)
async def list_partners(caller: Caller, door: Door) -> Response:
    """Everyone in the directory."""
    found = door.known.directory.partners.values()
    return _json([{"id": p.id, "name": p.name, "roles": list(p.roles)} for p in found])


def visible(journey: Journey, partner: Partner) -> Journey | None:
    """The journey as this partner may see it; None when it has no part in it. A procesregisseur sees those of events
    that are about nobody, and no other."""
    if partner.has(Role.PROCESREGISSEUR):
        if about_persons(journey.event.type) or journey.event.topic in (EVENTS_P1, EVENTS_P2):
            return None
    elif partner.has(Role.OPERATOR):
        return journey
    if journey.event.publisher == partner.id or partner.has(Role.PROCESREGISSEUR):
        unquoted = tuple(_unquoted(one, partner.id) for one in journey.moments)
        return msgspec.structs.replace(journey, moments=unquoted)
    own = tuple(course for course in journey.deliveries if course.partner == partner.id)
    if not own:
        return None
    moments = (_own_moment(one, partner.id) for one in journey.moments)
    event = msgspec.structs.replace(journey.event, duplicates=0, conflicts=0, stale=0)
    return Journey(event, tuple(one for one in moments if one), own)


def _unquoted(one: Moment, partner: str) -> Moment:
    """What a receiver said of a delivery is for itself and the operator."""
    if one.detail.get("partner") == partner:
        return one
    return Moment(one.at, one.kind, {name: value for name, value in one.detail.items() if name != "said"})


def _own_moment(one: Moment, partner: str) -> Moment | None:
    """A moment without what it says of others: a receiver may not learn who else was told."""
    if one.kind == "accepted":
        return Moment(one.at, one.kind, {})
    if one.kind == "routed":
        told = [t for t in one.detail.get("told", ()) if t.get("partner") == partner]
        return Moment(one.at, one.kind, {"told": told}) if told else None
    return one if one.detail.get("partner") == partner else None


def _shown_journey(journey: Journey) -> dict[str, Any]:
    event = journey.event
    return {
        "source": event.source,
        "id": event.id,
        "type": event.type,
        "publisher": event.publisher,
        "outcome": event.outcome,
        "duplicates": event.duplicates,
        "conflicts": event.conflicts,
        "correlationId": event.correlation,
        "moments": [{"at": moment(one.at), "kind": one.kind, **one.detail} for one in journey.moments],
        "deliveries": [_shown_course(one) for one in journey.deliveries],
    }


def _trace(journey: Journey) -> str:
    """Of the event's whole journey, webhooks included: the trace it came with, or its own."""
    came_with = next((one.detail["trace"] for one in journey.moments if one.detail.get("trace")), "")
    return traces.of(came_with, journey.event.source, journey.event.id).id


def _shown_course(course: Course) -> dict[str, Any]:
    times = {
        "routedAt": course.routed_at,
        "lastAt": course.last_at,
        "deliveredAt": course.delivered_at,
        "pulledAt": course.pulled_at,
    }
    return {
        "deliveryId": course.delivery,
        "partner": course.partner,
        "subscription": course.subscription,
        "number": course.number,
        "removed": list(course.removed),
        "attempts": course.attempts,
        "outcome": course.outcome,
        "status": course.status,
        **{name: moment(at) for name, at in times.items() if at is not None},
    }


async def _journal_read(door: Gateway, caller: Partner, purpose: str, learner: str, trace: str) -> None:
    """Before the answer, or there is no answer: nobody looks unseen."""
    hashed = hashlib.blake2b(learner.encode(), key=door.line_key, digest_size=16).hexdigest()
    person = persons.of_learner(learner, door.line_key)
    entry = journal.Read(
        at=door.now(), person=person, trace=trace, partner=caller.id, purpose=purpose, line=hashed
    )
    try:
        await door.publisher.publish([journal.record(entry)])
    except NotStored as error:
        raise not_stored(str(error)) from None


def _uuid(given: str) -> str:
    try:
        return str(UUID(given))
    except ValueError:
        raise Problem(400, "learner-id", "the learner id in the path must be a UUID") from None


def _json(content: Mapping[str, Any] | list[Any] | Any) -> Response:
    return Response(orjson.dumps(content), media_type="application/json")
