"""One HTTP request to a partner, whatever happens to it answered with a value."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import aiohttp
from yarl import URL

from hub.core.retry import Answer
from hub.core.sinks import Network, refusal
from hub.courier.guard import Forbidden, Lookup, Names, connector
from hub.telemetry import log, metrics

BODY_LIMIT = 4096
"""Bytes of a reply that are read; nothing in it is used, but a short one lets the connection be used
again."""
BODY_SECONDS = 1.0
CONNECT_SECONDS = 5.0
USER_AGENT = "onderwijshub/1"


class Reply(NamedTuple):
    """The answer with its headers, and how long it took in seconds."""

    answer: Answer
    headers: Mapping[str, str]
    took: float


class Sender:
    """Connections to all partners. Never follows a redirect, keeps no cookies, uses no proxy, reads little.

    `timeout` is for a whole request in seconds. `lookup` replaces the system's DNS (tests).
    """

    def __init__(self, allowed: Sequence[Network], timeout: float, lookup: Lookup | None = None) -> None:
        self._allowed = allowed
        self._timeout = aiohttp.ClientTimeout(total=timeout, sock_connect=min(CONNECT_SECONDS, timeout))
        self._names = Names(lookup)
        self._sessions = {"https": self._session(True), "http": self._session(False)}

    async def close(self) -> None:
        for session in self._sessions.values():
            await session.close()
        await self._names.close()

    async def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> Reply:
        """Never raises for anything a partner or the network does."""
        start = time.monotonic()
        answer, got = await self._send(method, url, headers, body)
        if answer.failure == "forbidden":
            metrics.SECURITY.labels("sink-address").inc()
        return Reply(answer, got, time.monotonic() - start)

    async def _send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> tuple[Answer, Mapping[str, str]]:
        if refusal(url, self._allowed):
            return Answer(0, "forbidden"), {}
        try:
            target = URL(url, encoded=url.isascii())
            session = self._sessions[target.scheme]
            async with session.request(
                method, target, headers=headers, data=body, allow_redirects=False
            ) as response:
                await _drain(response)
                retry_after = response.headers.get("Retry-After", "").strip()
                return Answer(response.status, "", retry_after), response.headers
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Answer(0, failure(error)), {}

    def _session(self, secure: bool) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=connector(self._allowed, secure, self._names),
            timeout=self._timeout,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
        )


async def _drain(response: aiohttp.ClientResponse) -> None:
    """Reads a short body; gives up a long or slow one with its connection. The status has been given by
    then."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            left = BODY_LIMIT
            while left > 0 and (chunk := await response.content.read(left)):
                left -= len(chunk)
        if left > 0:
            return
    except (aiohttp.ClientError, OSError):
        pass
    response.close()


def failure(error: BaseException) -> str:
    """A short fixed name for what went wrong; it becomes a metric label and stands in the journal."""
    if _cause(error, Forbidden):
        return "forbidden"
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "dns"
    if isinstance(error, aiohttp.ClientSSLError) or _cause(error, ssl.SSLError):
        return "tls"
    if isinstance(error, aiohttp.ClientConnectorError):
        return "connect"
    if isinstance(error, aiohttp.ClientConnectionError | aiohttp.ClientPayloadError | OSError):
        return "closed"
    if isinstance(error, aiohttp.InvalidURL | UnicodeError):
        return "bad-url"
    return "bad-reply" if isinstance(error, aiohttp.ClientError) else _internal(error)


def _cause(error: BaseException, kind: type[BaseException]) -> bool:
    return isinstance(error, kind) or isinstance(getattr(error, "os_error", None), kind)


def _internal(error: BaseException) -> str:
    log.event("delivery.not_sendable", "error", error=error)
    return "internal"
