"""The link between two programs does what a fault says that it does."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable

import pytest

from tests.chaos.proxy import Link
from tests.chaos.stage import free_ports


@pytest.fixture
def ports() -> Callable[[], int]:
    return free_ports()


@pytest.fixture
async def link(ports: Callable[[], int]) -> AsyncIterator[Link]:
    """To a server that says back what it is told."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(100):
                writer.write(data)
        writer.close()

    target = ports()
    server = await asyncio.start_server(echo, "127.0.0.1", target)
    made = Link(ports(), target)
    await made.start()
    yield made
    await made.stop()
    server.close()


async def opened(link: Link) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", link.port)


async def test_it_passes_on_what_it_is_given_both_ways(link: Link) -> None:
    reader, writer = await opened(link)
    writer.write(b"x" * 300_000)
    assert await reader.readexactly(300_000) == b"x" * 300_000
    writer.write_eof()
    writer.close()


async def test_what_is_closed_on_one_side_is_closed_on_the_other(link: Link) -> None:
    reader, writer = await opened(link)
    writer.write(b"hello")
    assert await reader.readexactly(5) == b"hello"
    writer.close()
    await writer.wait_closed()
    assert await reader.read() == b""


async def test_a_cut_resets_every_connection_and_refuses_new_ones_until_it_is_mended(link: Link) -> None:
    reader, writer = await opened(link)
    writer.write(b"hello")
    await reader.readexactly(5)
    assert await link.cut() == 1
    with pytest.raises(ConnectionResetError):
        await reader.read()
    assert await link.refuses()
    assert await link.mend()
    reader, writer = await opened(link)
    writer.write(b"again")
    assert await reader.readexactly(5) == b"again"
    writer.close()


async def test_two_cuts_at_once_last_as_long_as_the_longer(link: Link) -> None:
    await link.cut()
    await link.cut()
    assert not await link.mend()
    assert await link.refuses()
    assert await link.mend()
    assert not await link.refuses()


async def test_a_slow_link_holds_everything_up_and_keeps_its_order(link: Link) -> None:
    reader, writer = await opened(link)
    with link.slow(0.1):
        began = time.monotonic()
        for letter in b"abc":
            writer.write(bytes((letter,)))
            await writer.drain()
            await asyncio.sleep(0.01)
        assert await reader.readexactly(3) == b"abc"
        assert time.monotonic() - began >= 0.2  # there and back
    assert link.delayed >= 2
    before = link.delayed
    writer.write(b"d")
    assert await reader.readexactly(1) == b"d"
    assert link.delayed == before
    writer.close()


async def test_a_link_to_nobody_closes_who_comes(ports: Callable[[], int]) -> None:
    link = Link(ports(), ports())
    await link.start()
    reader, writer = await opened(link)
    with contextlib.suppress(ConnectionResetError):
        assert await reader.read() == b""
    writer.close()
    await link.stop()
