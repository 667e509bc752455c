"""Who catches up gets everything in order, and takes turns with those who get what happened just now."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter

import pytest
from aiohttp import web

from hub.core.records import Record
from hub.courier.turns import LATE_MS, Turns
from tests.broker import Broker
from tests.integration.partners import Stage, until, well

NOW = 1_000_000
LATE = Record("outbox.a", 0, 0, NOW - LATE_MS - 1, b"", b"", ())
FRESH = LATE._replace(timestamp=NOW)


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


async def gone_out(turns: Turns, record: Record, passes: Passes) -> int:
    """In which pass of the loop."""
    await turns.take(record, NOW)
    return passes.number


async def test_what_stands_in_a_backlog_goes_out_in_passes_of_its_own() -> None:
    turns, passes = Turns(), Passes()
    found = await asyncio.gather(*(gone_out(turns, LATE, passes) for _ in range(32)))
    assert found == sorted(found), "who came first goes first"
    assert len(set(found)) == 32
    passes.end()


async def test_what_is_fresh_waits_for_no_turn() -> None:
    turns, passes = Turns(), Passes()
    behind = [asyncio.create_task(gone_out(turns, LATE, passes)) for _ in range(32)]
    await asyncio.sleep(0)
    before = passes.number
    found = await asyncio.gather(*(gone_out(turns, FRESH, passes) for _ in range(32)))
    assert max(found) <= before + 1
    assert not all(one.done() for one in behind)
    await asyncio.gather(*behind)
    passes.end()


async def test_who_is_given_up_while_it_waits_holds_nobody_up() -> None:
    turns, passes = Turns(), Passes()
    first, second, third = (asyncio.create_task(gone_out(turns, LATE, passes)) for _ in range(3))
    await asyncio.sleep(0)
    first.cancel()
    second.cancel()
    assert await third >= 0
    passes.end()


@pytest.mark.parametrize("others", [True, False])
async def test_a_backlog_rests_as_long_as_it_worked_only_while_others_get_what_is_fresh(others: bool) -> None:
    clock = Clock()
    turns, passes = Turns(clock), Passes()
    clock.now = 1000.0
    if others:
        await turns.take(FRESH, NOW)
    found = []
    for _ in range(2):
        found.append(await gone_out(turns, LATE, passes))
        clock.now += 0.01  # the work of this turn
        await asyncio.sleep(0)
    rested = found[1] - found[0] > 20
    assert rested == others
    passes.end()


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.kafka
async def test_a_partner_that_catches_up_is_sent_its_backlog_one_by_one_and_in_order(kafka: Broker) -> None:
    passes = Passes()
    seen: Counter[int] = Counter()

    async def note(request: web.Request, count: int) -> int:
        seen[passes.number] += 1
        return await well(request, count)

    async with Stage(kafka) as stage:
        partner = await stage.partner(note)
        mine = await stage.subscribe("a", partner)
        await stage.publish(mine, 1000, subjects=100)
        await asyncio.sleep(LATE_MS / 1000 + 0.1)
        async with stage.courier():
            await until(lambda: len(partner.delivered) == 1000)
        assert partner.order() == {f"subject-{s}": list(range(s, 1000, 100)) for s in range(100)}
        assert len(partner.hits) == 1000
    passes.end()
    assert sum(seen.values()) == 1000
    assert max(seen.values()) < 8, "so many came at once, and whatever is fresh waits for them"


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
