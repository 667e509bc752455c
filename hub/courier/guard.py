"""Which machines may be called: looks names up and lets a socket be made only to an address that is allowed.

The check is made on the very address that is connected to, so a name that changes its mind between check
and use gains nothing (DNS rebinding).
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from hub.core.sinks import PORTS, Network, forbidden

LOOKUP_SECONDS = 5.0
LOOKUP_THREADS = 32
CONNECT_SECONDS = 5.0
"""For the connection and the TLS handshake together."""
TLS_SECONDS = 4.0
"""For the handshake by itself, so that it can be told apart."""
DNS_CACHE_SECONDS = 10
KEEPALIVE_SECONDS = 4.0
PER_HOST = 128

Lookup = Callable[[str, int], Sequence[tuple[Any, ...]]]
"""Like `socket.getaddrinfo(host, port)`: may block, raises OSError."""


class Forbidden(OSError):
    """The sink lies at an address that webhooks may not reach."""


class Names(AbstractResolver):
    """Looks names up in threads of its own, so that a partner's dead name server holds up nobody else's
    look-up."""

    def __init__(self, lookup: Lookup | None = None) -> None:
        self._lookup = lookup or _system
        self._threads = ThreadPoolExecutor(LOOKUP_THREADS, thread_name_prefix="dns")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        search = asyncio.get_running_loop().run_in_executor(self._threads, self._lookup, host, port)
        try:
            found = await asyncio.wait_for(search, LOOKUP_SECONDS)
        except TimeoutError:
            raise OSError(None, "name look-up took too long") from None
        return [_result(host, port, one) for one in found if family in (socket.AF_UNSPEC, one[0])]

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def connector(
    allowed: Sequence[Network], secure: bool, names: Names, ports: Collection[int] = PORTS
) -> aiohttp.TCPConnector:
    """Connections for https sinks (`secure`) or http sinks. No common limit: partners must not wait for
    each other."""

    def make_socket(info: Any) -> socket.socket:
        family, kind, proto, _, address = info
        reason = forbidden(ip_address(address[0].partition("%")[0]), allowed, secure, address[1], ports)
        if reason:
            raise Forbidden(reason)
        return socket.socket(family, kind, proto)

    return _Connector(
        resolver=names,
        socket_factory=make_socket,
        limit=0,
        limit_per_host=PER_HOST,
        ttl_dns_cache=DNS_CACHE_SECONDS,
        keepalive_timeout=KEEPALIVE_SECONDS,
    )


class _Connector(aiohttp.TCPConnector):
    """Gives the TLS handshake a deadline of its own; aiohttp has one for it and the connection before it."""

    async def _wrap_create_connection(self, *args: Any, **options: Any) -> Any:
        if options.get("ssl"):
            options["ssl_handshake_timeout"] = TLS_SECONDS
        return await super()._wrap_create_connection(*args, **options)


def _system(host: str, port: int) -> Sequence[tuple[Any, ...]]:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)


def _result(host: str, port: int, info: tuple[Any, ...]) -> ResolveResult:
    family, _, proto, _, address = info
    flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    return ResolveResult(hostname=host, host=address[0], port=port, family=family, proto=proto, flags=flags)
