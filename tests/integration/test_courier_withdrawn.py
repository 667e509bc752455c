"""What is taken back while its receiver is away never reaches it; what came before or after does."""

from __future__ import annotations

import asyncio
import time

import pytest
from aiohttp import web

from hub.core.journal import WITHDRAWN
from tests.broker import Broker
from tests.integration.partners import Partner, Stage, until, well
from tests.integration.test_courier_crash import process
from tests.integration.test_courier_isolation import fail, timed

pytestmark = pytest.mark.kafka


def named(partner: Partner) -> list[str | None]:
    """Which numbers each accepted request said would not come."""
    return [hit.headers.get("Hub-Withdrawn") for hit in partner.delivered]


async def test_who_was_down_gets_the_purge_order_and_not_what_it_takes_back(kafka: Broker) -> None:
    async with Stage(kafka) as stage:
        partner = await stage.partner(fail)
        mine = await stage.subscribe("a", partner)
        async with stage.courier():
            handover, before = await stage.publish(mine, 2, subjects=2)
            await until(lambda: {hit.id for hit in partner.hits} == {handover, before})
            order = await stage.take_back(mine, [0], 2)
            (after,) = await stage.publish(mine, 1, start=3)
            await until(lambda: order in {hit.id for hit in partner.hits})
            partner.answer = well
            await until(lambda: len(partner.delivered) == 3)
        assert {hit.id for hit in partner.delivered} == {before, order, after}
        assert partner.order()["subject-0"] == [2, 3]
        assert [name for name in named(partner) if name] == ["1"], "said once it was taken"
        ended = [(one.delivery, one.number) for one in await stage.attempts(mine) if one.outcome == WITHDRAWN]
        assert ended == [(handover, 1)]


async def test_who_is_up_gets_both(kafka: Broker) -> None:
    async with Stage(kafka) as stage:
        partner = await stage.partner()
        mine = await stage.subscribe("a", partner)
        async with stage.courier():
            (handover,) = await stage.publish(mine, 1)
            await until(lambda: len(partner.delivered) == 1)
            order = await stage.take_back(mine, [0], 1)
            await until(lambda: len(partner.delivered) == 2)
        assert [hit.id for hit in partner.delivered] == [handover, order]
        assert named(partner) == [None, None]


async def test_a_courier_that_starts_with_a_backlog_looks_ahead_before_its_first_attempt(
    kafka: Broker,
) -> None:
    """Further ahead than the 512 records that a lane has in hand."""
    async with Stage(kafka) as stage:
        partner = await stage.partner()
        mine = await stage.subscribe("a", partner)
        ids = await stage.publish(mine, 3000, subjects=30)
        gone = [*range(0, 600), 700, 2999]
        order = await stage.take_back(mine, gone, 3000, "subject-purge")
        async with stage.courier():
            await until(lambda: len(partner.delivered) == 3001 - len(gone))
            await asyncio.sleep(0.3)
            (last,) = await stage.publish(mine, 1, start=3001)
            await until(lambda: partner.delivered[-1].id == last)
        assert {hit.id for hit in partner.hits} == {*ids, order, last} - {ids[place] for place in gone}
        assert len(partner.hits) == 3002 - len(gone)
        said: set[int] = set()
        for name in filter(None, named(partner)):
            for run in name.split(","):
                first, _, last = run.partition("-")
                said.update(range(int(first), int(last or first) + 1))
        assert said == {place + 1 for place in gone}


async def test_a_killed_courier_still_holds_back_what_was_taken_back_and_says_its_numbers(
    kafka: Broker,
) -> None:
    async def refuse(request: web.Request, _: int) -> int:
        return 500

    async with Stage(kafka) as stage:
        partner = await stage.partner(refuse)
        mine = await stage.subscribe("a", partner)
        (handover,) = await stage.publish(mine, 1)
        others = await stage.publish(mine, 20, subjects=21, start=1)
        async with process(stage, "c1") as courier:
            await until(lambda: handover in {hit.id for hit in partner.hits})
            order = await stage.take_back(mine, [0], 21)
            await until(lambda: order in {hit.id for hit in partner.hits})
            await asyncio.sleep(1.5)  # what is withdrawn would have been committed by now
            courier.kill()
        before = len(partner.hits)
        partner.answer = well
        async with process(stage, "c1"):
            await until(lambda: {hit.id for hit in partner.delivered} == {*others, order})
            await asyncio.sleep(0.3)
        assert handover not in {hit.id for hit in partner.hits[before:]}
        assert "1" in named(partner)


async def test_a_second_taking_back_and_one_of_what_was_delivered_change_nothing(kafka: Broker) -> None:
    async with Stage(kafka) as stage:
        partner = await stage.partner()
        mine = await stage.subscribe("a", partner)
        async with stage.courier():
            await stage.publish(mine, 3)
            await until(lambda: len(partner.delivered) == 3)
            orders = [await stage.take_back(mine, [0, 2], place) for place in (3, 4)]
            (last,) = await stage.publish(mine, 1, start=5)
            await until(lambda: len(partner.delivered) == 6)
        assert [hit.id for hit in partner.delivered][3:] == [*orders, last]
        assert named(partner) == [None] * 6


async def test_a_look_far_ahead_for_one_lane_delays_nobody_else(kafka: Broker) -> None:
    async with Stage(kafka) as stage:
        good, bad = await stage.partner(), await stage.partner()
        theirs = await stage.subscribe("good", good)
        behind = await stage.subscribe("bad", bad)
        await stage.publish(behind, 40_000, subjects=50)
        await stage.publish(theirs, 1)
        async with stage.courier():
            await until(lambda: len(good.hits) == 1)
            start = time.monotonic()
            delays = [await timed(stage, theirs, good, 1 + place) for place in range(40)]
            await stage.write(behind)
            assert bad.count < 40_000, f"after {time.monotonic() - start:.1f} s there was no backlog left"
            assert sorted(delays)[37] < 5.0, f"the slowest took {max(delays):.3f} s"
