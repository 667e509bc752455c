"""The connection itself: how long a request may take to come in, how large its head may be, how many there may be.

What uvicorn answers by itself, or does not bound, is answered here as a problem (RFC 9457).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, NamedTuple

import httptools
import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from hub.gateway import problems
from hub.gateway.shell import FIXED
from hub.telemetry import log


class Wire(NamedTuple):
    """Seconds, bytes and numbers of one process. `answer_seconds` is how long a reader may take none of its answer."""

    connections: int = 2000
    head_seconds: float = 10.0
    body_seconds: float = 30.0
    answer_seconds: float = 30.0
    url_bytes: int = 8192
    headers: int = 100
    header_bytes: int = 96 * 1024


class _Refused(Exception):
    """Stops the parser in the middle of a head."""


def protocol(limits: Wire) -> type[HttpToolsProtocol]:
    """The class of connections for uvicorn's `http`."""
    return type("Connection", (_Connection,), {"limits": limits})


class _Connection(HttpToolsProtocol):
    limits = Wire()

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._timer: asyncio.TimerHandle | None = None
        self._stuck: asyncio.TimerHandle | None = None
        self._serving: RequestResponseCycle | None = None
        self._head = False
        self._size = self._header_bytes = 0
        self._refusal: tuple[int, str, str] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.limits.connections:
            self._refuse(503, "connections", "too many connections; try again after Retry-After seconds")
        else:
            self._within(self.limits.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        self._within(None)
        self._move()
        self._abandon()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        if self._refusal is not None:
            return
        if self._timer is None and not self._running():
            self._within(self.limits.head_seconds)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # there is nothing to change to: it was served as any other request
        except httptools.HttpParserError:
            self._refuse(*(self._refusal or (400, "malformed", "this is not HTTP/1.1 as RFC 9112 has it")))
        else:
            self._count(len(data))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head, self._size, self._header_bytes = True, 0, 0
        self._within(self.limits.head_seconds)

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > self.limits.url_bytes:
            self._stop(414, "url-too-long", f"a URL may have at most {self.limits.url_bytes} bytes")

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        if len(self.headers) > self.limits.headers:
            self._stop(431, "too-many-headers", f"send at most {self.limits.headers} headers")
        self._header_bytes += len(name) + len(value)
        if self._header_bytes > self.limits.header_bytes:
            self._stop(*self._too_large())

    def on_headers_complete(self) -> None:
        self._head = False
        self._within(self.limits.body_seconds)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._within(None)
        super().on_message_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._stuck is None:
            self._stuck = self.loop.call_later(self.limits.answer_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        self._move()
        super().resume_writing()

    def _count(self, size: int) -> None:
        """A head that does not end is bounded as well: the parser keeps the whole of a header until it has it."""
        self._size += size
        if self._head and self._size > self.limits.header_bytes + self.limits.url_bytes:
            self._refuse(*self._too_large())

    def _too_large(self) -> tuple[int, str, str]:
        return 431, "headers-too-large", f"headers may have at most {self.limits.header_bytes} bytes"

    def _stop(self, *refusal: Any) -> None:
        self._refusal = refusal
        raise _Refused

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._serving = cycle
        super()._start_asgi_task(cycle, app)

    def _running(self) -> bool:
        return self._serving is not None and not self._serving.response_complete

    def _unread(self) -> bool:
        """Whether the one request in hand is still coming in, and nothing was said to it yet."""
        one = self._serving
        return one is not None and one is self.cycle and one.more_body and not one.response_started

    def _abandon(self) -> None:
        """Nothing more is written for the request in hand. Uvicorn knows the one that came in last only."""
        if self._serving is not None and self._running():
            self._serving.disconnected = True
            self._serving.message_event.set()

    def _within(self, seconds: float | None) -> None:
        """From now on the next stage must be reached within so many seconds; None: there is nothing to wait for."""
        self._timer = self._again(self._timer, seconds, self._late)

    def _again(
        self, before: asyncio.TimerHandle | None, seconds: float | None, then: Callable[[], None]
    ) -> asyncio.TimerHandle | None:
        if before is not None:
            before.cancel()
        return None if seconds is None else self.loop.call_later(seconds, then)

    def _move(self) -> None:
        self._stuck = self._again(self._stuck, None, self._late)

    def _late(self) -> None:
        self._timer = None
        if self._head or self._running():
            self._refuse(408, "too-slow", "the request did not come in in time; send it again, at once")
        else:
            self.transport.close()

    def _refuse(self, status: int, code: str, detail: str) -> None:
        """Answers, unless another answer is being given, and hangs up."""
        self._refusal = (status, code, detail)
        self._within(None)
        log.event("http.refused", status=status, code=code)
        if not self._running() or self._unread():
            self.transport.write(_answer(status, code, detail))
        self._abandon()
        self.transport.close()


def _answer(status: int, code: str, detail: str) -> bytes:
    content = orjson.dumps(problems.body(status, code, detail))
    headers = [
        *FIXED,
        (b"content-type", problems.MEDIA_TYPE.encode()),
        (b"content-length", str(len(content)).encode()),
        (b"connection", b"close"),
        *([(b"retry-after", b"2")] if status == 503 else []),
    ]
    head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode()
    return head + b"".join(b"%s: %s\r\n" % pair for pair in headers) + b"\r\n" + content
