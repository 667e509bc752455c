"""Around every request: fixed headers, one log line, and a decent answer when we ourselves fail."""

from __future__ import annotations

import time
from collections.abc import MutableMapping
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.gateway import problems
from hub.telemetry import log

API_VERSION = "1.0.0"

FIXED = [
    (b"api-version", API_VERSION.encode()),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (b"strict-transport-security", b"max-age=31536000"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
]

"""A page says more for itself."""

_HUNG_UP = 499
"""Stands in the log for who left before the whole request was there; nobody is answered that."""


class Shell:
    """The outermost ASGI layer. Logs route templates only: a path may hold a learner id, a query the id of an event."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 0

        async def dress(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_fixed(message)
            await send(message)

        try:
            await self._app(scope, receive, dress)
        except ClientDisconnect:
            status = status or _HUNG_UP
        except Exception as error:
            log.event("http.failed", "error", route=_route(scope), error=error)
            if status:
                raise
            failed = problems.body(500, "internal-error", "our fault, and logged as such; try again later")
            await problems.respond(failed)(scope, receive, dress)
        finally:
            _log(scope, status, time.perf_counter() - started)


def _add_fixed(message: MutableMapping[str, Any]) -> None:
    given = list(message.get("headers", ()))
    names = {name for name, _ in given}
    message["headers"] = given + [pair for pair in FIXED if pair[0] not in names]


def _route(scope: Scope) -> str:
    route = scope.get("route")
    return getattr(route, "path", "unknown")


def _log(scope: Scope, status: int, seconds: float) -> None:
    log.event(
        "http.request",
        method=scope["method"],
        route=_route(scope),
        status=status,
        ms=round(seconds * 1000, 1),
        partner=scope.get("state", {}).get("partner", ""),
    )
