"""A TCP link that can be cut and slowed down: it stands between two programs that speak to each other."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable, Iterator
from typing import cast


class Link:
    """Listens on `port` of this machine and passes everything on to `target`, until `stop`.

    `delayed` counts pieces of traffic that were held up. Several may cut and slow it at once: it is well again when
    the last of them has ended.
    """

    def __init__(self, port: int, target: int) -> None:
        self.port, self.target = port, target
        self.delayed = 0
        self._delays: list[float] = []
        self._cuts = 0
        self._ends: set[_End] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Near(self), "127.0.0.1", self.port, reuse_address=True, backlog=256
        )

    @property
    def delay(self) -> float:
        """Seconds that each piece is held up, in order, both ways."""
        return max(self._delays, default=0.0)

    @contextlib.contextmanager
    def slow(self, seconds: float) -> Iterator[None]:
        self._delays.append(seconds)
        try:
            yield
        finally:
            self._delays.remove(seconds)

    async def cut(self) -> int:
        """Breaks every connection (reset, not closed) and refuses new ones; returns how many there were."""
        self._cuts += 1
        server, self._server = self._server, None
        if server is not None:
            server.close()
        broken = sum(end.abort() for end in list(self._ends))
        await asyncio.sleep(0)
        return broken

    async def mend(self) -> bool:
        """Connections are taken again; False when another cut still lasts."""
        self._cuts -= 1
        if self._cuts == 0:
            await self.start()
        return self._cuts == 0

    async def stop(self) -> None:
        await self.cut()

    async def refuses(self) -> bool:
        """Whether a connection is refused now, as somebody who tries finds it."""
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return True
        writer.close()
        return False

    def add(self, end: _End) -> None:
        self._ends.add(end)

    def drop(self, end: _End) -> None:
        self._ends.discard(end)


_Act = Callable[["_End"], None]


class _End(asyncio.Protocol):
    """One side of a connection; what comes in goes out at `peer`, no earlier than the link allows."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._due = 0.0
        self._early: list[bytes] = []
        self._gone = False
        self.peer: _End | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if self._gone:
            self._transport.abort()
            return
        self._link.add(self)
        early, self._early = self._early, []
        for data in early:
            self._transport.write(data)

    def data_received(self, data: bytes) -> None:
        if self.peer is not None:
            self._later(lambda peer: peer.write(data))

    def connection_lost(self, exc: Exception | None) -> None:
        self._link.drop(self)
        if self.peer is not None:
            self._later(lambda peer: peer.close(abort=exc is not None))

    def write(self, data: bytes) -> None:
        if self._transport is None:
            self._early.append(data)
        elif not self._transport.is_closing():
            self._transport.write(data)

    def close(self, *, abort: bool = False) -> None:
        self._gone = True
        if self._transport is not None:
            self._transport.abort() if abort else self._transport.close()

    def abort(self) -> bool:
        """Gone at once, with a reset. True for the side that the connection came from."""
        if self._transport is not None:
            with contextlib.suppress(OSError):
                _reset(self._transport)
            self._transport.abort()
        return isinstance(self, _Near)

    def _later(self, act: _Act) -> None:
        now, peer = self._loop.time(), self.peer
        assert peer is not None
        self._link.delayed += self._link.delay > 0
        self._due = max(self._due, now + self._link.delay)
        if self._due <= now:
            act(peer)
        else:
            self._loop.call_at(self._due, act, peer)


class _Near(_End):
    """The side that somebody connected to."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.peer = _Far(self._link, self)
        super().connection_made(transport)
        self._opening = self._loop.create_task(self._open(self.peer))

    async def _open(self, far: _End) -> None:
        try:
            await self._loop.create_connection(lambda: far, "127.0.0.1", self._link.target)
        except OSError:
            self.close(abort=True)


class _Far(_End):
    """The side that leads to the target."""

    def __init__(self, link: Link, near: _End) -> None:
        super().__init__(link)
        self.peer = near


def _reset(transport: asyncio.Transport) -> None:
    """Makes closing this socket a reset (RST), as when a machine or a cable goes."""
    made: socket.socket | None = transport.get_extra_info("socket")
    if made is not None:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
