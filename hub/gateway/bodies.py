"""JSON in, JSON out, and records written before the answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from hub.core import strict_json
from hub.core.records import Out
from hub.core.topics import SUBSCRIPTIONS
from hub.gateway.context import Gateway
from hub.gateway.problems import Problem, not_stored
from hub.gateway.publisher import NotStored

MAX_BODY = 64 * 1024


async def read_json(request: Request) -> Any:
    """Raises Problem 400, 413 or 415."""
    if not request.headers.get("content-type", "").lower().startswith("application/json"):
        raise Problem(415, "content-type", "send application/json")
    given, faults = strict_json.read(await read_body(request))
    if faults:
        raise Problem(400, "json", "the body is not JSON that can be carried on, see errors", faults)
    return given


async def read_body(request: Request) -> bytes:
    """Raises Problem 413 before more was read than a form may have."""
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > MAX_BODY:
            raise Problem(413, "too-large", f"send at most {MAX_BODY // 1024} KiB")
    return raw


def answer(status: int, content: Any, headers: Mapping[str, str] | None = None) -> Response:
    return Response(orjson.dumps(content), status, dict(headers or {}), "application/json")


async def store(door: Gateway, *records: Out) -> None:
    """Returns when all are safe in Kafka; raises Problem 503. The caller's next request sees what was written."""
    try:
        await door.publisher.publish(records)
    except NotStored as error:
        raise not_stored(str(error)) from None
    for record in records:
        if record.topic == SUBSCRIPTIONS and record.key:
            door.known.apply_subscription(record.key, record.value)
