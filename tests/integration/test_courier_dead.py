"""What is refused for good lets the next pass; who is down as a whole keeps everything."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest
from aiohttp import web

from hub.core.journal import DEAD, Attempted
from hub.core.subscription import Subscription
from tests.broker import Broker
from tests.integration.partners import Stage, until, well
from tests.integration.test_courier_isolation import fail

pytestmark = pytest.mark.kafka

QUICK = (0.0, 0.05, 0.1)
PERSON = "Jan, 123456782"


def dislikes(*places: int, answer: Any = 422) -> Any:
    async def picky(request: web.Request, _: int) -> Any:
        place = orjson.loads(await request.read())["data"]["place"]
        return 200 if place not in places else answer() if callable(answer) else answer

    return picky


async def dead(stage: Stage, of: Subscription) -> list[Attempted]:
    return [one for one in await stage.attempts(of) if one.outcome == DEAD]


async def test_what_is_refused_for_good_is_dead_after_the_schedule_and_the_next_passes(kafka: Broker) -> None:
    def problem() -> web.Response:
        title = orjson.dumps({"title": f"unknown: {PERSON}"}).decode()
        return web.Response(status=422, text=title, content_type="application/problem+json")

    async with Stage(kafka, retry_schedule=QUICK) as stage:
        partner = await stage.partner(dislikes(2, answer=problem))
        mine = await stage.subscribe("a", partner)
        ids = await stage.publish(mine, 6, subjects=2)
        async with stage.courier():
            await until(lambda: len(partner.delivered) == 5)
        assert partner.order() == {"subject-0": [0, 4], "subject-1": [1, 3, 5]}
        (letter,) = await dead(stage, mine)
        assert (letter.delivery, letter.number, letter.attempt) == (ids[2], 3, len(QUICK))
        assert (letter.status, letter.said) == ("422", "unknown: Jan, *")
        assert len([hit for hit in partner.hits if hit.id == ids[2]]) == len(QUICK)


async def test_the_dead_stay_dead_over_a_restart(kafka: Broker) -> None:
    async with Stage(kafka, retry_schedule=QUICK) as stage:
        partner = await stage.partner(dislikes(0))
        mine = await stage.subscribe("a", partner)
        await stage.publish(mine, 2)
        async with stage.courier("c1"):
            await until(lambda: len(partner.delivered) == 1)
        before = len(partner.hits)
        async with stage.courier("c1"):
            await stage.publish(mine, 1, start=2)
            await until(lambda: len(partner.delivered) == 2)
        assert len(partner.hits) == before + 1
        assert len(await dead(stage, mine)) == 1


async def test_a_restart_does_not_begin_the_schedule_anew(kafka: Broker) -> None:
    schedule = (0.0, 0.5, 0.5, 0.5, 0.5)
    async with Stage(kafka, retry_schedule=schedule) as stage:
        partner = await stage.partner(dislikes(0))
        mine = await stage.subscribe("a", partner)
        await stage.publish(mine, 2)
        async with stage.courier("c1"):
            await until(lambda: len(partner.hits) >= 3)
        async with stage.courier("c1"):
            await until(lambda: len(partner.delivered) == 1)
        # The wait that the restart cut short is begun again, with the attempt before it.
        assert len(partner.hits) - 1 <= len(schedule) + 1


async def test_an_endpoint_that_is_down_makes_no_dead_letters_and_catches_up_in_order(kafka: Broker) -> None:
    async with Stage(kafka, retry_schedule=QUICK) as stage:
        partner = await stage.partner(fail)
        mine = await stage.subscribe("a", partner)
        ids = await stage.publish(mine, 300, subjects=7)
        async with stage.courier():
            await until(lambda: partner.count > 40)
            partner.answer = well
            await until(lambda: len(partner.delivered) == 300)
        assert {hit.id for hit in partner.delivered} == set(ids)
        assert partner.order() == {f"subject-{s}": list(range(s, 300, 7)) for s in range(7)}
        assert await dead(stage, mine) == []


async def test_one_that_breaks_the_receiver_is_dead_only_because_others_pass(kafka: Broker) -> None:
    async with Stage(kafka, retry_schedule=QUICK) as stage:
        partner = await stage.partner(dislikes(0, answer=500))
        mine = await stage.subscribe("a", partner)
        await stage.publish(mine, 1)
        async with stage.courier():
            await until(lambda: partner.count > 2 * len(QUICK))
            assert await dead(stage, mine) == []
            await stage.publish(mine, 1, subjects=5, start=1)
            await until(lambda: len(partner.delivered) == 1)
            await stage.publish(mine, 1, start=5)
            await until(lambda: "subject-0" in partner.order())
        assert partner.order() == {"subject-1": [1], "subject-0": [5]}
        assert [one.status for one in await dead(stage, mine)] == ["500"]


async def test_who_asks_for_quiet_loses_nothing_by_it(kafka: Broker) -> None:
    def busy() -> web.Response:
        return web.Response(status=429, headers={"Retry-After": "1"})

    async with Stage(kafka, retry_schedule=(0.05,)) as stage:
        partner = await stage.partner(dislikes(0, answer=busy))
        mine = await stage.subscribe("a", partner)
        await stage.publish(mine, 2, subjects=2)
        async with stage.courier():
            await until(lambda: len(partner.hits) >= 5)
            partner.answer = well
            await until(lambda: len(partner.delivered) == 2)
        assert await dead(stage, mine) == []


async def test_a_subscription_has_its_own_schedule(kafka: Broker) -> None:
    async with Stage(kafka, retry_schedule=(0.0, 600.0)) as stage:
        partner = await stage.partner(dislikes(0))
        mine = await stage.subscribe("a", partner, config={"retry": [0, 0.05, 0.05, 0.05]})
        await stage.publish(mine, 2)
        async with stage.courier():
            await until(lambda: len(partner.delivered) == 1)
        assert [one.attempt for one in await dead(stage, mine)] == [4]


async def test_many_that_wait_after_a_refusal_do_not_hold_up_the_others(kafka: Broker) -> None:
    """More than may be under way at once (32)."""
    async with Stage(kafka, retry_schedule=(0.0, 600.0)) as stage:
        partner = await stage.partner(dislikes(*range(100)))
        mine = await stage.subscribe("a", partner)
        await stage.publish(mine, 150, subjects=150)
        async with stage.courier():
            await until(lambda: len(partner.delivered) == 50)
        assert await dead(stage, mine) == []


async def test_one_that_waits_for_days_stops_neither_reading_nor_committing(kafka: Broker) -> None:
    """More than may wait behind it (512), and none of it twice after a restart."""
    async with Stage(kafka, retry_schedule=(0.0, 600.0)) as stage:
        partner = await stage.partner(dislikes(3))
        mine = await stage.subscribe("a", partner)
        ids = await stage.publish(mine, 900, subjects=90)
        expected = 900 - 10  # the rest of its subject waits behind it
        async with stage.courier("c1"):
            await until(lambda: len(partner.delivered) == expected)
        before = len(partner.hits)
        async with stage.courier("c1"):
            (last,) = await stage.publish(mine, 1, subjects=96, start=950)
            await until(lambda: partner.delivered[-1].id == last)
            await until(lambda: len(partner.hits) == before + 2)
            partner.answer = well  # the courier may not have read the refusal yet
            await stage.write(mine)
            await until(lambda: len(partner.delivered) == 901)
        assert {hit.id for hit in partner.delivered} == {*ids, last}
        assert len(partner.delivered) == 901, "nothing came twice"
        assert partner.order()["subject-3"] == list(range(3, 900, 90))


async def test_a_partner_sets_its_own_rate(kafka: Broker) -> None:
    async with Stage(kafka) as stage:
        partner = await stage.partner()
        mine = await stage.subscribe("a", partner, config={"rate": 600})
        await stage.publish(mine, 60, subjects=60)
        async with stage.courier():
            await until(lambda: len(partner.delivered) == 60)
        took = partner.hits[-1].at - partner.hits[0].at
        assert took > 2.5, f"50 of 60 at 10 per second took {took:.2f} s; the first may have come in late"


async def test_nothing_a_receiver_says_is_logged(kafka: Broker, caplog: pytest.LogCaptureFixture) -> None:
    async def talks(_: web.Request, __: int) -> web.Response:
        return web.Response(status=400, text="zwaluwstaart")

    async with Stage(kafka, retry_schedule=(0.0, 0.05)) as stage:
        partner = await stage.partner(talks)
        mine = await stage.subscribe("a", partner)
        await stage.publish(mine, 1)
        async with stage.courier():
            await until(lambda: partner.count == 2)
            await asyncio.sleep(0.3)
        assert [one.said for one in await stage.attempts(mine)] == ["zwaluwstaart"] * 2
    assert "zwaluwstaart" not in "".join(str(record.__dict__) for record in caplog.records)
