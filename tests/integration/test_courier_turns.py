"""Who catches up gets everything in order, and takes turns with those who get what happened just now."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from typing import Any

import pytest
from aiohttp import web

from hub.courier.courtesy import Courtesy
from hub.courier.sender import Reply, Sender
from hub.courier.turns import AT_ONCE, Turns
from hub.courier.window import SIZE
from tests.broker import Broker
from tests.integration.partners import Stage, until


class Passes:
    """Counts the passes of the loop."""

    def __init__(self) -> None:
        self.number = 0
        self._counting = asyncio.create_task(self._count())

    async def _count(self) -> None:
        while True:
            await asyncio.sleep(0)
            self.number += 1

    def end(self) -> None:
        self._counting.cancel()


async def gone_out(turns: Turns, behind: bool, passes: Passes) -> int:
    """In which pass of the loop."""
    await turns.take(behind)
    return passes.number


async def test_what_stands_in_a_backlog_goes_out_in_many_passes_of_the_loop() -> None:
    turns, passes = Turns(), Passes()
    found = await asyncio.gather(*(gone_out(turns, True, passes) for _ in range(32)))
    assert found == sorted(found), "who came first goes first"
    assert max(Counter(found).values()) <= AT_ONCE
    passes.end()


async def test_who_has_no_backlog_waits_for_no_turn() -> None:
    turns, passes = Turns(), Passes()
    behind = [asyncio.create_task(gone_out(turns, True, passes)) for _ in range(32)]
    await asyncio.sleep(0)
    before = passes.number
    found = await asyncio.gather(*(gone_out(turns, False, passes) for _ in range(32)))
    assert max(found) <= before + 1
    assert not all(one.done() for one in behind)
    await asyncio.gather(*behind)
    passes.end()


async def test_who_is_given_up_while_it_waits_holds_nobody_up() -> None:
    turns, passes = Turns(), Passes()
    given_up = [asyncio.create_task(gone_out(turns, True, passes)) for _ in range(2 * AT_ONCE)]
    await asyncio.sleep(0)
    for one in given_up:
        one.cancel()
    async with asyncio.timeout(30):
        await turns.take(behind=True)
    passes.end()


@pytest.mark.kafka
async def test_a_partner_that_catches_up_is_sent_its_backlog_a_few_at_a_time_and_in_order(
    kafka: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes, sent = Passes(), Counter[int]()
    send = Sender.send
    waiting: list[asyncio.Event] = []

    async def noted(self: Sender, method: str, *given: Any) -> Reply:
        sent[passes.number] += method == "POST"
        return await send(self, method, *given)

    async def all_together(_: web.Request, __: int) -> int:
        waiting.append(mine := asyncio.Event())
        if len(waiting) == SIZE:
            for one in waiting:
                one.set()
            waiting.clear()
        await mine.wait()
        return 200

    monkeypatch.setattr(Sender, "send", noted)
    async with Stage(kafka, webhook_timeout=90.0) as stage:
        partner = await stage.partner(all_together)
        mine = await stage.subscribe("a", partner)
        await stage.publish(mine, 30 * SIZE, subjects=3 * SIZE)
        async with stage.courier():
            await until(lambda: len(partner.delivered) == 30 * SIZE)
        order = {f"subject-{s}": list(range(s, 30 * SIZE, 3 * SIZE)) for s in range(3 * SIZE)}
        assert partner.order() == order
        assert len(partner.hits) == 30 * SIZE
    passes.end()
    many = sum(count for count in sent.values() if count > AT_ONCE)
    assert many <= 4 * SIZE, "so many went out together with others, and who has no backlog waits for them"


@pytest.mark.kafka
async def test_backlogs_ask_how_fast_they_may_go_and_what_is_fresh_tells_how_late_it_is(
    kafka: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, told = 0, list[float]()

    def reserve(_: Courtesy, now: float) -> float:
        nonlocal asked
        asked += 1
        return 0.0

    monkeypatch.setattr(Courtesy, "reserve", reserve)
    monkeypatch.setattr(Courtesy, "fresh", lambda _, late, now: told.append(late))
    async with Stage(kafka) as stage:
        behind, well = await stage.partner(), await stage.partner()
        backlog, mine = await stage.subscribe("a", behind), await stage.subscribe("b", well)
        await stage.publish(backlog, 4 * SIZE, subjects=4 * SIZE)
        async with stage.courier():
            await until(lambda: len(behind.delivered) == 4 * SIZE)
            told.clear()
            for place in range(5):
                await stage.publish(mine, 1, start=place)
                await until(lambda: len(well.delivered) == place + 1)  # noqa: B023
    assert 2 * SIZE <= asked <= 4 * SIZE, "what is no backlog any more asks nobody"
    assert len(told) == 5 and all(0 <= late < 5 for late in told)


@pytest.mark.kafka
async def test_what_a_courier_has_loaded_is_not_looked_through_for_garbage_again(kafka: Broker) -> None:
    gc.unfreeze()
    async with Stage(kafka) as stage:
        partner = await stage.partner()
        mine = await stage.subscribe("a", partner)
        async with stage.courier():
            await stage.publish(mine, 1)
            await until(lambda: len(partner.delivered) == 1)
            assert gc.get_freeze_count() > 10_000
    gc.unfreeze()
