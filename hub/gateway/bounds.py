"""What no request may be, whatever its route: compressed, or larger than the door takes."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.gateway import problems
from hub.gateway.problems import Problem

BODY = 1024 * 1024
"""Bytes: a batch of events (`hub.core.cloudevents`); a route may take less."""


class Bounds:
    """An ASGI layer. A compressed body is refused unread, for nobody knows how large it would become."""

    def __init__(self, app: ASGIApp, body: int = BODY) -> None:
        self._app = app
        self._body = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
            await _refuse(415, "content-encoding", "send the body uncompressed")(scope, receive, send)
            return
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length[:20]) > self._body:
            await _refuse(413, "too-large", self._limit)(scope, receive, send)
            return
        left = self._body

        async def bounded() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise Problem(413, "too-large", self._limit)
            return message

        await self._app(scope, bounded, send)

    @property
    def _limit(self) -> str:
        return f"send at most {self._body // 1024} KiB"


def _refuse(status: int, code: str, detail: str) -> ASGIApp:
    return problems.respond(problems.body(status, code, detail))
