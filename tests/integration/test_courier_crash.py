"""Killed, stopped, restarted, shared: nothing is missing, and repeats carry the id of the first time."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator

import orjson
import pytest
from aiohttp import web

from tests.broker import Broker
from tests.integration.partners import Stage, until

pytestmark = pytest.mark.kafka


@contextlib.asynccontextmanager
async def process(stage: Stage, instance: str) -> AsyncIterator[asyncio.subprocess.Process]:
    given = {
        "instance": instance,
        "group": f"g-{stage.name}",
        "prefix": stage.prefix,
        "kafka": stage.settings.kafka,
        "sink_allow": ",".join(stage.settings.sink_allow),
        "retry_schedule": ",".join(map(str, stage.settings.retry_schedule)),
    }
    command = (sys.executable, "-m", "tests.integration.courier_process", orjson.dumps(given).decode())
    started = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL)
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        await started.wait()


async def slowly(_: web.Request, __: int) -> int:
    await asyncio.sleep(0.01)
    return 200


async def test_kill_minus_nine_loses_nothing_and_repeats_keep_their_ids(kafka: Broker) -> None:
    async with Stage(kafka) as stage:
        partners = [await stage.partner(slowly) for _ in range(2)]
        subscriptions = [await stage.subscribe(f"p{n}", partner) for n, partner in enumerate(partners)]
        ids = [await stage.publish(to, 1500, subjects=40) for to in subscriptions]
        for round in range(2):
            async with process(stage, "c1") as courier:
                before = [len(partner.hits) for partner in partners]
                await until(lambda least=before[0]: len(partners[0].hits) > least)
                await asyncio.sleep(0.2 + 0.7 * round)
                courier.kill()
        async with process(stage, "c1") as courier:
            await until(lambda: all(len({h.id for h in p.hits}) == 1500 for p in partners))
            await asyncio.sleep(0.2)
            courier.terminate()
            assert await asyncio.wait_for(courier.wait(), 60) == 0
        for partner, expected in zip(partners, ids, strict=True):
            assert {hit.id for hit in partner.hits} == set(expected)
            assert partner.order() == {f"subject-{s}": list(range(s, 1500, 40)) for s in range(40)}
            repeats = len(partner.hits) - 1500
            assert 0 < repeats < 2 * 1500, (
                "two kills repeat what the last second brought, not everything twice"
            )


async def test_a_subscription_made_while_the_courier_was_dead_is_found_when_it_returns(kafka: Broker) -> None:
    async with Stage(kafka) as stage:
        old, new = await stage.partner(), await stage.partner()
        theirs = await stage.subscribe("old", old)
        await stage.publish(theirs, 1)
        async with process(stage, "c1") as courier:
            await until(lambda: len(old.hits) == 1)
            courier.kill()
        mine = await stage.subscribe("new", new)
        await stage.publish(mine, 1)
        async with process(stage, "c1"):
            await until(lambda: len(new.hits) == 1)


async def test_a_graceful_stop_finishes_what_is_on_the_wire_and_repeats_nothing(kafka: Broker) -> None:
    async def half_a_second(_: web.Request, __: int) -> int:
        await asyncio.sleep(0.5)
        return 200

    async with Stage(kafka) as stage:
        partner = await stage.partner(half_a_second)
        mine = await stage.subscribe("a", partner)
        ids = await stage.publish(mine, 100, subjects=100)
        for round in range(2):
            async with process(stage, "c1") as courier:
                await until(lambda round=round: partner.count > 32 * round)
                courier.terminate()
                assert await asyncio.wait_for(courier.wait(), 60) == 0
        async with stage.courier("c1"):
            await until(lambda: len({hit.id for hit in partner.hits}) == 100)
        assert sorted(hit.id for hit in partner.hits) == sorted(ids)


async def test_two_couriers_share_the_lanes_and_one_takes_over_from_the_other(kafka: Broker) -> None:
    async with Stage(kafka) as stage:
        partners = [await stage.partner() for _ in range(6)]
        subscriptions = [await stage.subscribe(f"p{n}", partner) for n, partner in enumerate(partners)]

        async def publish(start: int) -> None:
            for to in subscriptions:
                await stage.publish(to, 50, subjects=5, start=start)

        def all_have(count: int) -> bool:
            return all(len({hit.id for hit in partner.hits}) >= count for partner in partners)

        async with stage.courier() as first:
            await publish(0)
            await until(lambda: all_have(50))
            async with stage.courier() as second:
                await until(lambda: len(first.subscriptions) == len(second.subscriptions) == 3)
                await publish(50)
                await until(lambda: all_have(100))
            await publish(100)
            await until(lambda: all_have(150))
            assert len(first.subscriptions) == 6
        for partner in partners:
            assert partner.order() == {f"subject-{s}": list(range(s, 150, 5)) for s in range(5)}
            assert len(partner.hits) == 150, "what was committed before the lane moved is not sent again"


async def test_a_kafka_that_is_killed_and_comes_back_costs_nothing_but_time(kafka: Broker) -> None:
    async with Stage(kafka) as stage, Stage(kafka) as other:
        partner, second = await stage.partner(slowly), await other.partner()
        mine, theirs = await stage.subscribe("a", partner), await other.subscribe("b", second)
        ids = await stage.publish(mine, 2000, subjects=10)
        await other.publish(theirs, 10)
        async with process(other, "c2") as neighbour, stage.courier("c1") as courier:
            await until(lambda: len(partner.hits) > 200 and len(second.hits) == 10)
            kafka.kill()
            await asyncio.sleep(0.5)
            neighbour.terminate()
            assert await asyncio.wait_for(neighbour.wait(), 25) == 0, "a stop waits for no Kafka"
            await kafka.start()
            await until(lambda: len({hit.id for hit in partner.hits}) == 2000)
            await until(lambda: courier.ready()[0])
        assert {hit.id for hit in partner.hits} == set(ids)
        assert partner.order() == {f"subject-{s}": list(range(s, 2000, 10)) for s in range(10)}
