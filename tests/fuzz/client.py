"""Sends bytes and reads what comes back, whatever it is."""

from __future__ import annotations

import asyncio
import time
from typing import NamedTuple

from tests.fuzz.attacks import Attack

PATIENCE = 40.0


class Answer(NamedTuple):
    """`status` 0: none came. `seconds` from the last byte sent to the last one read."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float


NONE = Answer(0, {}, b"", 0.0)


async def send(port: int, attack: Attack) -> Answer:
    """Each attack has a connection of its own. Raises TimeoutError when neither an answer nor an end comes."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return NONE
    try:
        for piece in attack.pieces:
            writer.write(piece)
            await writer.drain()
            if len(attack.pieces) > 1:
                await asyncio.sleep(0.002)
        if attack.hang_up:
            return NONE
        async with asyncio.timeout(PATIENCE):
            return await _answer(reader, attack.head)
    except OSError:
        return NONE
    finally:
        writer.transport.abort()


async def _answer(reader: asyncio.StreamReader, head_only: bool) -> Answer:
    begun = time.perf_counter()
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        while head.startswith(b"HTTP/1.1 100"):
            head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        return Answer(-1 if error.partial else 0, {}, error.partial, time.perf_counter() - begun)
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    status = int(first.split()[1])
    size = 0 if head_only or status in (204, 304) else int(headers.get("content-length", 0))
    body = await reader.readexactly(size)
    return Answer(status, headers, body, time.perf_counter() - begun)
