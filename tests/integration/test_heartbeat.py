"""A receiver that hears nothing is told which number was the last."""

from __future__ import annotations

import jsonschema
import orjson
import pytest
from aiohttp import web

from hub.core import contracts, heartbeat
from tests.broker import Broker
from tests.integration.partners import Hit, Partner, Stage, until

pytestmark = pytest.mark.kafka


def beats(partner: Partner) -> list[Hit]:
    return [hit for hit in partner.hits if orjson.loads(hit.body)["type"] == heartbeat.TYPE]


async def test_a_quiet_receiver_is_told_its_last_number_and_the_heartbeat_itself_has_none(
    kafka: Broker,
) -> None:
    async with Stage(kafka, heartbeat=1.0) as stage:
        partner = await stage.partner()
        to = await stage.subscribe("a", partner)
        async with stage.courier():
            await until(lambda: len(beats(partner)) >= 1)
            await stage.publish(to, 3)
            await until(lambda: len(partner.hits) - len(beats(partner)) == 3)
            before = len(beats(partner))
            await until(lambda: len(beats(partner)) >= before + 2)
            await stage.publish(to, 1, start=3)
            await until(lambda: len(partner.hits) - len(beats(partner)) == 4)
        attempts = await stage.attempts(to)
        told = [orjson.loads(hit.body) for hit in beats(partner)]
    numbers = [one["data"]["number"] for one in told]
    assert numbers[0] == 0 and numbers[before : before + 2] == [3, 3]
    assert len({one["id"] for one in told}) == len({hit.id for hit in beats(partner)}) == len(told)
    assert all("Hub-Sequence" not in hit.headers for hit in beats(partner))
    assert sorted(hit.number for hit in partner.hits if hit not in beats(partner)) == [1, 2, 3, 4]
    assert partner.unverified == 0 and len(attempts) == 4, (
        "signed like any other, and no delivery in the journal"
    )
    judge = jsonschema.Draft7Validator(contracts.heartbeat_schema())
    assert all(judge.is_valid(one["data"]) and one["data"]["subscription"] == to.id for one in told)


async def test_a_receiver_that_refuses_one_event_still_hears_how_far_the_log_goes(kafka: Broker) -> None:
    async def never_the_second(request: web.Request, _: int) -> int:
        return 500 if b'"place":1,' in await request.read() else 200

    async with Stage(kafka, heartbeat=1.0, retry_schedule=(0.0, 20.0)) as stage:
        partner = await stage.partner(never_the_second)
        to = await stage.subscribe("a", partner)
        await stage.publish(to, 3)
        async with stage.courier():
            await until(lambda: len(beats(partner)) >= 1)
        data = orjson.loads(beats(partner)[0].body)["data"]
    assert data["number"] == 3


async def test_whose_option_says_otherwise_and_who_may_not_be_sent_to_hears_no_heart(kafka: Broker) -> None:
    async with Stage(kafka, heartbeat=1.0) as stage:
        silent, seldom, paused, well = [await stage.partner() for _ in range(4)]
        refusing = await stage.partner(consent=False)
        await stage.subscribe("silent", silent, config={"heartbeat": 0})
        await stage.subscribe("seldom", seldom, config={"heartbeat": 3600})
        await stage.subscribe("paused", paused, paused=True)
        await stage.subscribe("refusing", refusing)
        await stage.subscribe("well", well)
        async with stage.courier():
            await until(lambda: len(beats(well)) >= 2)
        assert all(one.asked for one in (silent, seldom, refusing)), "they had been met by then"
        assert not any(one.hits for one in (silent, seldom, paused, refusing))
