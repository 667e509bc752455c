"""`POST /v1/events`: CloudEvents by HTTP. Answers 202 only when every replica has the event."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub.core.cloudevents import MAX_BATCH, Draft, draft_http
from hub.core.event import Fault
from hub.core.reception import Context, Received, receive
from hub.core.rights import Scope
from hub.core.traces import ATTRIBUTE
from hub.core.traces import given as valid
from hub.gateway import openapi, problems
from hub.gateway.auth import authenticate
from hub.gateway.context import Gateway, gateway
from hub.gateway.pressure import Hand
from hub.gateway.problems import Problem, not_stored
from hub.gateway.publisher import NotStored, stamped

router = APIRouter(tags=["events"])

STORE_SECONDS = 6.0
"""Longest time from the last byte of a request to its answer, whatever Kafka does."""

_REFUSED = "nothing of it was stored; errors lists everything that is wrong"


async def publish_events(request: Request) -> Response:
    """Publish one event (structured or binary) or a batch of at most 100.

    202 means durable. A repeat with the same source and id is answered 202 again and changes nothing. A batch is
    answered with a result per event, in order: 202 when all were accepted, 207 when some were, 400 when none was.
    After a 429 or 503 send the same again, after Retry-After seconds: events are known by source and id.
    """
    started = time.perf_counter()
    door = gateway(request)
    # As FastAPI notes it for the routes that are its own: for the log.
    request.scope["route"] = _ROUTE
    publisher = await authenticate(request, door, Scope.PUBLISH)
    with door.pressure.hand() as hand:
        drafts = draft_http(request.headers.get("content-type"), request.headers, await _body(request, hand))
        batch = isinstance(drafts, list)
        given: list[Draft] = drafts if isinstance(drafts, list) else [drafts]
        trace = valid(request.headers.get(ATTRIBUTE))
        context = Context("http", door.now(), door.line_key, trace)
        received = [receive(draft, publisher, context, door.admit) for draft in given]
        await _store(received, door)
    door.observe(time.perf_counter() - started)
    return _of_batch(received, door) if batch else _of_one(received[0], door)


# A bare route serves it, for FastAPI's own costs as much as all the checks; its route below is for the document only.
_ROUTE = Route("/v1/events", publish_events, methods=["POST"])
router.routes.append(_ROUTE)
router.post("/v1/events", **openapi.INGEST)(publish_events)


@router.options("/v1/events", **openapi.HANDSHAKE)
async def allow_webhooks(request: Request) -> Response:
    """The CloudEvents webhook handshake (HTTP Webhook 1.0.2 §4): any system may deliver here, if it has a token."""
    headers = {"Allow": "POST, OPTIONS"}
    if "webhook-request-origin" in request.headers:
        headers["WebHook-Allowed-Origin"] = "*"
        headers["WebHook-Allowed-Rate"] = "*"
    return Response(status_code=204, headers=headers)


async def _body(request: Request, hand: Hand) -> bytes:
    """The whole body, or Problem 413 before more than a batch may hold has been read, 503 when there is no room."""
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_BATCH:
            raise Problem(413, "too-large", f"send at most {MAX_BATCH // 1024} KiB")
        hand.take(len(chunk))
        chunks.append(chunk)
    return b"".join(chunks)


async def _store(received: Sequence[Received], door: Gateway) -> None:
    """Events first, then what the journal says of them, so that the journal never claims too much."""
    events = [stamped(one.event, door.stamp) for one in received if one.event]
    try:
        if events:
            async with asyncio.timeout(STORE_SECONDS):
                await door.publisher.publish(events)
                await door.publisher.publish([one.entry for one in received if one.event])
    except NotStored as error:
        raise not_stored(str(error)) from None
    except TimeoutError:
        raise not_stored(f"no acknowledgement within {STORE_SECONDS:g} s") from None
    finally:
        if refusals := [one.entry for one in received if not one.event]:
            door.publisher.offer(refusals)
    door.count(count for one in received for count in one.counts)


def _of_one(received: Received, door: Gateway) -> Response:
    result = _result(received, door)
    return problems.respond(result) if received.event is None else _json(202, result)


def _of_batch(received: Sequence[Received], door: Gateway) -> Response:
    results = {"results": [{"status": one.status, **_result(one, door)} for one in received]}
    accepted = sum(one.event is not None for one in received)
    if accepted == len(received):
        return _json(202, results)
    if accepted:
        return _json(207, results)
    return problems.respond(
        {**problems.body(400, "refused", f"no event was accepted; {_REFUSED}"), **results}
    )


def _result(received: Received, door: Gateway) -> dict[str, Any]:
    if received.event is None:
        code = received.faults[0].code if len(received.faults) == 1 else "refused"
        return problems.body(received.status, code, _REFUSED, received.faults)
    query = urlencode({"source": received.source, "id": received.id})
    return {
        "id": received.id,
        "source": received.source,
        "journey": f"{door.url}/v1/journeys?{query}",
        "warnings": [_shown(fault) for fault in received.faults],
    }


def _shown(fault: Fault) -> dict[str, str]:
    return {"pointer": fault.pointer, "code": fault.code, "detail": fault.detail}


def _json(status: int, content: Any) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")
