"""One HTTP request to a partner, whatever happens to it answered with a value."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import aiohttp
from yarl import URL

from hub.core.retry import Answer
from hub.core.sinks import PORTS, Network, refusal
from hub.courier.guard import CONNECT_SECONDS, Forbidden, Lookup, Names, connector
from hub.telemetry import log, metrics

BODY_LIMIT = 32 * 1024
"""Bytes of a reply that are read: enough to refuse every event of a batch by its id and a reason."""
BODY_SECONDS = 1.0
FIRST_BYTE_SECONDS = 10.0
"""Between the request and its answer."""
USER_AGENT = "onderwijshub/1"
SINKS = 1024
"""Of which it is remembered whether they may be called as they are written."""


class Reply(NamedTuple):
    """The answer with its headers, how long it took in seconds, and as much of its body as came in bounds."""

    answer: Answer
    headers: Mapping[str, str]
    took: float
    body: bytes = b""

    @property
    def kind(self) -> str:
        return self.headers.get("Content-Type", "")


class Sender:
    """Connections to all partners. Never follows a redirect, keeps no cookies, uses no proxy, reads little.

    `timeout` is for a whole request in seconds. `lookup` replaces the system's DNS (tests). Outside the `allowed`
    networks only `ports` are called.
    """

    def __init__(
        self,
        allowed: Sequence[Network],
        timeout: float,
        lookup: Lookup | None = None,
        ports: Collection[int] = PORTS,
    ) -> None:
        self._allowed = allowed
        self._ports = ports
        self._refuses = lru_cache(SINKS)(lambda url: refusal(url, self._allowed, self._ports))
        self._timeout = _deadlines(timeout)
        self._names = Names(lookup)
        self._sessions = {"https": self._session(True), "http": self._session(False)}

    async def close(self) -> None:
        for session in self._sessions.values():
            await session.close()
        await self._names.close()

    async def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> Reply:
        """Never raises for anything a partner or the network does. `tls`: whom to trust, and who we are; None: whom
        this system trusts, and nobody."""
        start = time.monotonic()
        answer, got, said = await self._send(method, url, headers, body, tls)
        if answer.failure == "forbidden":
            metrics.SECURITY.labels("sink-address").inc()
        return Reply(answer, got, time.monotonic() - start, said)

    async def _send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        tls: ssl.SSLContext | None,
    ) -> tuple[Answer, Mapping[str, str], bytes]:
        if self._refuses(url):
            return Answer(0, "forbidden"), {}, b""
        try:
            target = URL(url, encoded=url.isascii())
            session = self._sessions[target.scheme]
            async with session.request(
                method, target, headers=headers, data=body, allow_redirects=False, ssl=tls or True
            ) as response:
                said = await _drain(response)
                retry_after = response.headers.get("Retry-After", "").strip()
                return Answer(response.status, "", retry_after), response.headers, said
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Answer(0, failure(error)), {}, b""

    def _session(self, secure: bool) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=connector(self._allowed, secure, self._names, self._ports),
            timeout=self._timeout,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
        )


def _deadlines(whole: float) -> aiohttp.ClientTimeout:
    """A deadline that the one for the whole request would come before is left out: then it is `timeout`."""
    first_byte = FIRST_BYTE_SECONDS if whole > FIRST_BYTE_SECONDS else None
    connect = CONNECT_SECONDS if whole > CONNECT_SECONDS else None
    return aiohttp.ClientTimeout(total=whole, sock_connect=connect, sock_read=first_byte)


async def _drain(response: aiohttp.ClientResponse) -> bytes:
    """Reads a short body; gives up a long or slow one with its connection. The status has been given by
    then."""
    got, left = bytearray(), BODY_LIMIT
    if response.content.at_eof():  # most have none, and a deadline costs more than that
        return b""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while left > 0 and (chunk := await response.content.read(left)):
                got += chunk
                left -= len(chunk)
        if left > 0:
            return bytes(got)
    except (aiohttp.ClientError, OSError):
        pass
    response.close()
    return bytes(got)


def failure(error: BaseException) -> str:
    """A short fixed name for what went wrong; it becomes a metric label and stands in the journal."""
    if _cause(error, Forbidden):
        return "forbidden"
    if isinstance(error, TimeoutError):
        return _late(error)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "dns"
    if isinstance(error, aiohttp.ClientSSLError) or _cause(error, ssl.SSLError):
        return "tls"
    if _cause(error, ConnectionAbortedError) and isinstance(error, aiohttp.ClientConnectorError):
        return "tls"  # the handshake took too long
    if isinstance(error, aiohttp.ClientConnectorError):
        return "connect"
    if isinstance(error, aiohttp.ClientConnectionError | aiohttp.ClientPayloadError | OSError):
        return "closed"
    if isinstance(error, aiohttp.InvalidURL | UnicodeError):
        return "bad-url"
    return "bad-reply" if isinstance(error, aiohttp.ClientError) else _internal(error)


def _late(error: TimeoutError) -> str:
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return "connect"
    return "first-byte" if isinstance(error, aiohttp.SocketTimeoutError) else "timeout"


def _cause(error: BaseException, kind: type[BaseException]) -> bool:
    return isinstance(error, kind) or isinstance(getattr(error, "os_error", None), kind)


def _internal(error: BaseException) -> str:
    log.event("delivery.not_sendable", "error", error=error)
    return "internal"
