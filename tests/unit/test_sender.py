"""Deadlines and bounds of one request: every way in which a partner can be slow has its own name."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from hub.core.sinks import networks
from hub.courier import guard, sender
from hub.courier.sender import BODY_LIMIT, Reply, Sender

LOCAL = networks(["127.0.0.0/8"])
WHOLE = 6.0

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def serving(serve: Serve) -> AsyncIterator[int]:
    """A server on loopback; its port."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await serve(reader, writer)
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def post(port: int, scheme: str = "http", host: str = "127.0.0.1", **options: Any) -> Reply:
    made = Sender(LOCAL, options.pop("whole", WHOLE), options.pop("lookup", None))
    try:
        return await made.send("POST", f"{scheme}://{host}:{port}/hook", {}, b"{}")
    finally:
        await made.close()


async def request(reader: asyncio.StreamReader) -> None:
    await reader.readuntil(b"\r\n\r\n")


async def silent(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
    await asyncio.sleep(30)


async def test_a_name_that_is_not_found_in_time_is_dns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "LOOKUP_SECONDS", 0.2)
    started = time.monotonic()
    reply = await post(9, "https", "school.example.org", lookup=lambda *_: time.sleep(1.0) or [])
    assert reply.answer.label == "dns"
    assert time.monotonic() - started < WHOLE


async def test_a_machine_that_accepts_no_connection_in_time_is_connect(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sender, "CONNECT_SECONDS", 0.5)
    with socket.socket() as full, contextlib.ExitStack() as waiting:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(3):
            one = waiting.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        assert (await post(full.getsockname()[1])).answer.label == "connect"


async def test_nobody_there_is_connect() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        assert (await post(free.getsockname()[1])).answer.label == "connect"


async def test_a_handshake_that_does_not_end_is_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "TLS_SECONDS", 0.3)
    async with serving(silent) as port:
        assert (await post(port, "https")).answer.label == "tls"


async def test_a_server_that_speaks_no_tls_is_tls() -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        await reader.read(1)

    async with serving(plain) as port:
        assert (await post(port, "https")).answer.label == "tls"


async def test_a_request_that_nobody_begins_to_answer_is_first_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "FIRST_BYTE_SECONDS", 0.3)
    async with serving(silent) as port:
        assert (await post(port)).answer.label == "first-byte"


async def test_an_answer_that_never_ends_is_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "FIRST_BYTE_SECONDS", 1.0)

    async def crawl(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 1000:
            writer.write(bytes([byte]))
            await asyncio.sleep(0.05)

    async with serving(crawl) as port:
        assert (await post(port, whole=1.5)).answer.label == "timeout"


async def test_headers_without_end_are_given_up_long_before_they_fill_memory() -> None:
    sent = 0

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while sent < 100_000_000:
            writer.write(b"X-Flood: " + b"x" * 1000 + b"\r\n")
            sent += 1011
            await writer.drain()

    async with serving(flood) as port:
        assert (await post(port)).answer.label == "bad-reply"
    assert sent < 20_000_000


async def test_a_body_is_read_to_a_bound_and_kept_as_far_as_it_came() -> None:
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n\r\nno ")
        for _ in range(100_000):
            writer.write(b"x" * 1000)
            await writer.drain()

    async with serving(flood) as port:
        reply = await post(port)
    assert reply.answer.label == "400"
    assert reply.kind == "text/plain"
    assert reply.body.startswith(b"no xxx") and len(reply.body) <= BODY_LIMIT


async def test_a_body_that_crawls_does_not_keep_the_status_waiting() -> None:
    async def crawl(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(b"HTTP/1.1 500 Oops\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(1000):
            writer.write(b"x")
            await asyncio.sleep(0.1)

    async with serving(crawl) as port:
        reply = await post(port)
    assert reply.answer.label == "500"
    assert 0 < len(reply.body) < 1000


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200", b"SSH-2.0-x\r\n"])
async def test_an_end_halfway_or_another_language_is_no_answer(said: bytes) -> None:
    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(said)
        await writer.drain()

    async with serving(half) as port:
        assert (await post(port)).answer.label in ("closed", "bad-reply")
