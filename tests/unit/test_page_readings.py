"""One reading of the flows for all who look at about the same time."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from hub.wiring import pages
from hub.wiring.pages import Kept


class Source:
    """Counts how often it was read; readings wait for `go`, and fail when it is `wrong`."""

    def __init__(self) -> None:
        self.times = 0
        self.go = threading.Event()
        self.go.set()
        self.wrong = False
        self.seconds = 0.0

    def __call__(self) -> int:
        self.go.wait(5)
        time.sleep(self.seconds)
        self.times += 1
        if self.wrong:
            raise OSError("no database")
        return self.times


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def kept(source: Source) -> Kept[int]:
    """Read once a minute."""
    return Kept(source, every=60.0, kept=60.0)


@pytest.fixture
def quick(source: Source) -> Kept[int]:
    """Read again at once, as long as somebody looks."""
    return Kept(source, every=0.0)


async def test_all_who_look_at_once_get_one_reading(source: Source, kept: Kept[int]) -> None:
    assert await asyncio.gather(*(kept() for _ in range(20))) == [1] * 20
    assert source.times == 1


async def test_what_was_just_read_is_not_read_again(source: Source, kept: Kept[int]) -> None:
    assert [await kept(), await kept()] == [1, 1] and source.times == 1


async def test_who_looks_again_does_not_wait_for_the_next_reading(source: Source, quick: Kept[int]) -> None:
    assert await quick() == 1
    source.go.clear()
    async with asyncio.timeout(2):
        seen = await quick()
    source.go.set()
    async with asyncio.timeout(5):
        while await quick() <= seen:
            await asyncio.sleep(0.01)


async def test_while_somebody_looks_it_is_read_again_by_itself(source: Source, quick: Kept[int]) -> None:
    await quick()
    async with asyncio.timeout(5):
        while source.times < 5:
            await asyncio.sleep(0.01)


async def test_when_nobody_looks_any_more_it_is_not_read_any_more(
    source: Source, quick: Kept[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "WATCHED_SECONDS", 0.05)
    await quick()
    await asyncio.sleep(0.3)
    read = source.times
    await asyncio.sleep(0.2)
    assert source.times == read
    assert await quick() == read
    async with asyncio.timeout(5):
        while source.times == read:
            await asyncio.sleep(0.01)


async def test_a_reader_rests_three_times_as_long_as_it_reads(source: Source) -> None:
    source.seconds = 0.05
    slow = Kept(source, every=0.0)
    await slow()
    await asyncio.sleep(0.6)
    assert source.times <= 4


async def test_what_is_old_is_shown_to_nobody(source: Source) -> None:
    old = Kept(source, every=60.0, kept=-1.0)
    assert [await old(), await old(), await old()] == [1, 2, 3]


async def test_a_reading_that_failed_is_told_to_who_waits_and_the_next_is_made_anew(
    source: Source, kept: Kept[int]
) -> None:
    source.wrong = True
    for _ in range(2):
        with pytest.raises(OSError, match="no database"):
            await kept()
    source.wrong = False
    assert await kept() == 3
