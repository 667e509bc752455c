"""The connection itself, on real sockets: what is too slow, too large, too many or no HTTP at all."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn

from hub.gateway.wire import Wire, protocol

LIMITS = Wire(
    connections=3,
    head_seconds=0.3,
    body_seconds=0.4,
    answer_seconds=0.4,
    url_bytes=100,
    headers=10,
    header_bytes=2000,
)


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the size of the body; `/endless` with more than anybody reads, `/late` after a while."""
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    if scope["path"] == "/late":
        await asyncio.sleep(0.6)
    body = b"x" * 50_000_000 if scope["path"] == "/endless" else str(size).encode()
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": body})


@contextlib.asynccontextmanager
async def door(limits: Wire = LIMITS) -> AsyncIterator[int]:
    config = uvicorn.Config(
        app, port=0, http=protocol(limits), ws="none", lifespan="off", log_config=None, timeout_keep_alive=1
    )
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = server.force_exit = True
        await serving


async def said(port: int, *pieces: bytes, pause: float = 0.0) -> bytes:
    """All that comes back until the door hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def write() -> None:
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(pause)

    writing = asyncio.create_task(write())
    found = b""
    try:
        async with asyncio.timeout(5):
            while piece := await reader.read(65536):
                found += piece
    except ConnectionError:
        pass
    finally:
        writing.cancel()
        writer.close()
    return found


def problem(answer: bytes) -> tuple[int, str]:
    """Status and code of a problem."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head and b"x-content-type-options: nosniff" in head
    content = json.loads(body)
    assert f"HTTP/1.1 {content['status']} ".encode() in head
    return content["status"], content["code"]


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        (b"GET / HTTP/9\r\n\r\n", 400, "malformed"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01", 400, "malformed"),
        (b"GET / HTTP/1.1\r\nA b\r\n\r\n", 400, "malformed"),
        (b"POST / HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc", 400, "malformed"),
        (b"GET /" + b"a" * 100 + b" HTTP/1.1\r\n\r\n", 414, "url-too-long"),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 11 + b"\r\n", 431, "too-many-headers"),
        (b"GET / HTTP/1.1\r\nA: " + b"b" * 2000 + b"\r\n\r\n", 431, "headers-too-large"),
        (b"GET / HTTP/1.1\r\nA: " + b"b" * 3000, 431, "headers-too-large"),
        (b"GET / HTTP/1.1\r\nA: b", 408, "too-slow"),
        (b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc", 408, "too-slow"),
    ],
)
async def test_what_the_door_cannot_take_is_answered_as_a_problem(
    request_: bytes, status: int, code: str
) -> None:
    async with door() as port:
        assert problem(await said(port, request_)) == (status, code)


async def test_a_request_that_drips_is_cut_off_however_often_a_byte_comes() -> None:
    async with door() as port:
        drops = [bytes([byte]) for byte in b"GET / HTTP/1.1\r\nAccept: text/html\r\n\r\n"]
        assert problem(await said(port, *drops, pause=0.03)) == (408, "too-slow")


async def test_a_connection_on_which_nothing_is_said_is_closed_without_a_word() -> None:
    async with door() as port:
        assert await said(port) == b""
        assert await said(port, b"\r\n\r\n") == b""


async def test_a_request_in_pieces_and_two_at_once_are_served() -> None:
    one = b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"
    async with door() as port:
        answer = await said(port, one[:20], one[20:] + one, pause=0.05)
        assert answer.count(b"HTTP/1.1 200") == 2


async def test_what_is_no_request_does_not_garble_the_answer_before_it() -> None:
    async with door() as port:
        answer = await said(port, b"GET /late HTTP/1.1\r\n\r\n", b"nonsense\r\n\r\n", pause=0.05)
        assert b"problem" not in answer


async def test_an_answer_may_take_longer_than_a_request() -> None:
    async with door() as port:
        assert (await said(port, b"GET /late HTTP/1.1\r\nConnection: close\r\n\r\n")).startswith(
            b"HTTP/1.1 200"
        )


async def test_who_does_not_read_the_answer_is_hung_up_on() -> None:
    async with door() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(b"GET /endless HTTP/1.1\r\n\r\n")
        await asyncio.sleep(1.0)
        with contextlib.suppress(ConnectionError):
            assert len(await reader.read(60_000_000)) < 50_000_000
        writer.close()


async def test_one_connection_too_many_is_told_to_come_back() -> None:
    async with door(LIMITS._replace(head_seconds=5.0)) as port:
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        await asyncio.sleep(0.05)
        answer = await said(port)
        assert problem(answer) == (503, "connections") and b"retry-after: 2" in answer
        for _, writer in held:
            writer.close()
        await asyncio.sleep(0.05)
        assert b"200" in await said(port, b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
