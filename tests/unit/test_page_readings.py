"""One reading of the flows for all who look at about the same time."""

from __future__ import annotations

import asyncio
import threading

import pytest

from hub.wiring.pages import Kept


class Source:
    """Counts how often it was read; readings wait for `go`, and fail when it is `wrong`."""

    def __init__(self) -> None:
        self.times = 0
        self.go = threading.Event()
        self.go.set()
        self.wrong = False

    def __call__(self) -> int:
        self.go.wait(5)
        self.times += 1
        if self.wrong:
            raise OSError("no database")
        return self.times


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def kept(source: Source) -> Kept[int]:
    """Fresh for a minute."""
    return Kept(source, fresh=60.0)


@pytest.fixture
def stale(source: Source) -> Kept[int]:
    """Never fresh."""
    return Kept(source, fresh=0.0)


async def test_all_who_look_at_once_get_one_reading(source: Source, kept: Kept[int]) -> None:
    assert await asyncio.gather(*(kept() for _ in range(20))) == [1] * 20
    assert source.times == 1


async def test_what_was_just_read_is_not_read_again(source: Source, kept: Kept[int]) -> None:
    assert [await kept(), await kept()] == [1, 1] and source.times == 1


async def test_who_looks_again_does_not_wait_for_the_next_reading(source: Source, stale: Kept[int]) -> None:
    assert await stale() == 1
    source.go.clear()
    async with asyncio.timeout(2):
        assert await stale() == 1
    source.go.set()
    async with asyncio.timeout(5):
        while await stale() < 2:
            await asyncio.sleep(0.01)


async def test_what_is_old_is_shown_to_nobody(source: Source) -> None:
    old = Kept(source, fresh=0.0, kept=-1.0)
    assert [await old(), await old(), await old()] == [1, 2, 3]


async def test_a_reading_that_failed_is_told_to_who_waits_and_the_next_is_made_anew(
    source: Source, stale: Kept[int]
) -> None:
    source.wrong = True
    for _ in range(2):
        with pytest.raises(OSError, match="no database"):
            await stale()
    source.wrong = False
    assert await stale() == 3
