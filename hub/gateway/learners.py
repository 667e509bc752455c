"""Rights of learners (AVG art. 15, 17, 18), for the privacy officer alone. The learner is named in the body, never in
the URL."""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from typing import Any, get_args

import msgspec
import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from hub.core import access, erasure, journal, persons
from hub.core import state as states
from hub.core.catalogue.lifecycle import RequestedBy
from hub.core.event import Event, Rejected, moment
from hub.core.partners import Org, Partner, Role
from hub.core.records import Out
from hub.core.state import State
from hub.core.topics import COMMANDS
from hub.core.withdrawal import mark
from hub.gateway import openapi
from hub.gateway.auth import Caller, Door, require
from hub.gateway.bodies import answer, read_json, store
from hub.gateway.context import Gateway
from hub.gateway.feedlog import FeedUnavailable
from hub.gateway.position import unavailable
from hub.gateway.problems import Problem, not_found
from hub.gateway.publisher import stamped

router = APIRouter(tags=["rights of learners"])

_SPACE = uuid.UUID("4d0a5c52-2f1d-5b0e-9d52-6a0f2f6b7c31")
_BY = get_args(RequestedBy)


@router.post("/v1/access-requests", **openapi.ACCESS)
async def give_access(request: Request, caller: Caller, door: Door) -> Response:
    """All that the hub holds on a learner: the line with the lines it was merged with, every fact with its source,
    signals and the next clock; what was told to whom and without which fields, and who looked it up and why. The
    answer is for the learner, as it is (JSON). It takes seconds, and is itself kept in the journal.
    """
    require(caller, Role.FG)
    (learner,) = await _given(request)
    lines = await _states(door, learner)
    if not lines:
        raise not_found("learning line")
    of = [one.key.removeprefix("learner/") for one in lines]
    told = await asyncio.to_thread(door.audit.told, [mark(one.key) for one in lines])
    looks = await asyncio.to_thread(door.audit.looks, [_hashed(door, one) for one in of])
    await store(door, _entry(door, caller, "access", learner))
    content = {
        "learnerId": learner,
        "at": moment(door.now()),
        "lines": access.held(lines, door.rules),
        "told": msgspec.to_builtins(told),
        "lookups": msgspec.to_builtins(looks),
    }
    return answer(200, content, {"Content-Disposition": "attachment; filename=inzage.json"})


@router.post("/v1/erasures", **openapi.ERASURE)
async def erase(request: Request, caller: Caller, door: Door) -> Response:
    """Erase a learner: within a minute nothing of it is shown, told or counted on, and everyone who ever got something
    is told so (H4). What comes later is dropped. It cannot be undone; asked again it changes nothing.
    """
    require(caller, Role.FG)
    learner, by = await _given(request, "requestedBy")
    if by not in _BY:
        raise Problem(400, "requested-by", f"requestedBy is one of {', '.join(_BY)}")
    await store(
        door, stamped(_erased(door, learner, by), door.stamp), _entry(door, caller, "erasure", learner)
    )
    return answer(202, {"learnerId": learner, "requestedBy": by})


@router.post("/v1/restrictions", **openapi.RESTRICTION)
async def restrict(request: Request, caller: Caller, door: Door) -> Response:
    """Freeze a line, or lift that: while it is frozen, events about it are accepted, kept and counted, and nobody is
    shown or told anything of it but orders to purge. When it is lifted, what may still be told is told.
    """
    require(caller, Role.FG)
    learner, on = await _given(request, "restricted")
    if not isinstance(on, bool):
        raise Problem(400, "restricted", "restricted is true or false")
    if await asyncio.to_thread(door.queries.line, learner) is None:
        raise not_found("learning line (a fresh one may take a second)")
    command = {"command": "restrict", "on": on, "at": door.now(), "by": caller.id}
    record = stamped(Out(COMMANDS, f"learner/{learner}".encode(), orjson.dumps(command)), door.stamp)
    await store(door, record, _entry(door, caller, "restricted" if on else "lifted", learner))
    return answer(202, {"learnerId": learner, "restricted": on})


async def _given(request: Request, *names: str) -> tuple[Any, ...]:
    """The learner id, and the other fields by name. Raises Problem 400 for anything else."""
    given = await read_json(request)
    if not isinstance(given, dict) or given.keys() != {"learnerId", *names}:
        raise Problem(
            400, "fields", f"send an object with {', '.join(('learnerId', *names))} and nothing else"
        )
    try:
        learner = str(uuid.UUID(given["learnerId"]))
    except (ValueError, TypeError, AttributeError):
        raise Problem(400, "learner-id", "learnerId must be a UUID") from None
    return (learner, *(given[name] for name in names))


async def _states(door: Gateway, learner: str) -> list[State]:
    """The state of a line and of all that are linked with it; a tombstone where it was erased."""
    found: dict[str, State] = {}
    ahead = [f"learner/{learner}"]
    try:
        while ahead:
            name = ahead.pop()
            if name not in found and (state := await _state(door, name)) is not None:
                found[name] = state
                ahead += access.others(state)
    except FeedUnavailable as error:
        raise unavailable(error) from None
    return list(found.values())


async def _state(door: Gateway, name: str) -> State | None:
    key = name.encode()
    stone = erasure.tombstone(key)
    rows = await door.states.read(key, (key, stone))
    if raw := rows.get(key):
        return states.load(raw)
    return State(name, erased=states.load(rows[stone]).erased) if stone in rows else None


def _erased(door: Gateway, learner: str, by: str) -> Out:
    """E29 of the hub itself; asked again on the same day it is the same event."""
    rules, day = door.rules, door.today()
    data = {
        "learnerId": learner,
        "occurredOn": day,
        "orgId": rules.hub_org,
        "basis": "CONVENANT",
        "reason": "erased",
        "closedOn": day,
        "reopenable": False,
        "requestedBy": by,
    }
    id = str(uuid.uuid5(_SPACE, f"{learner}/{day}"))
    event = Event(
        {
            "specversion": "1.0",
            "type": "nl.onderwijsloopbanen.line.closed.v1",
            "source": door.source,
            "id": id,
            "subject": f"closing/{id}",
            "time": f"{day}T00:00:00Z",
        },
        data,
    )
    hub = Partner("hub", "hub", (Role.HUB,), (Org(rules.hub_org, "hub"),), sources=(door.source,))
    admitted = door.admit(event, hub)
    assert not isinstance(admitted, Rejected), admitted
    return Out(admitted.topic, admitted.key, admitted.event.structured())


def _entry(door: Gateway, caller: Partner, act: str, learner: str) -> Out:
    person = persons.of_learner(learner, door.line_key)
    entry = journal.Handled(
        at=door.now(), person=person, partner=caller.id, act=act, line=_hashed(door, learner)
    )
    return journal.record(entry)


def _hashed(door: Gateway, learner: str) -> str:
    return hashlib.blake2b(learner.encode(), key=door.line_key, digest_size=16).hexdigest()
