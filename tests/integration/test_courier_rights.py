"""A right that is taken away stops the next delivery: the courier asks who the partner is each time."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import orjson
import pytest

from hub.core.delivery import Delivery, delivery_id, to_record
from hub.core.partners import Partner, Role
from hub.core.subscription import Subscription
from tests.broker import Broker
from tests.integration.partners import Stage, until

pytestmark = pytest.mark.kafka

ABSENCE = "nl.onderwijsloopbanen.absence.opened.v1"
ADVICE = "nl.onderwijsloopbanen.school-advice.issued.v1"


async def tell(stage: Stage, to: Subscription, number: int, column: str = "LP", type: str = ABSENCE) -> None:
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": f"e{number}",
        "source": "urn:nld:oin:00000099000000000001:systeem:test",
        "type": type,
        "subject": f"case-{number}",
        "data": {"place": number},
    }
    made = Delivery(
        delivery_id(event["source"], event["id"], to.id),
        event["subject"],
        1,
        orjson.dumps(event),
        column=column,
    )
    await stage._send([to_record(to.id, made)])


async def ended(stage: Stage, to: Subscription, count: int) -> list[tuple[str, str, str]]:
    """How deliveries ended, once so many did: id of the event, outcome, status."""
    for _ in range(300):
        found = [(one.id, one.outcome, one.status) for one in await stage.attempts(to)]
        if len(found) >= count:
            return found
        await asyncio.sleep(0.1)
    raise AssertionError(f"{len(found)} of {count} ended")


async def test_a_role_that_is_taken_away_stops_the_next_delivery_and_the_log_moves_on(kafka: Broker) -> None:
    async with Stage(kafka) as stage:
        partner = await stage.partner()
        to = await stage.subscribe("rights-lp", partner)
        await stage.know(Partner("rights-lp", "Leerplicht", (Role.LEERPLICHT, Role.GEMEENTE)))
        async with stage.courier():
            await tell(stage, to, 1)
            await until(lambda: len(partner.delivered) == 1)
            await stage.know(Partner("rights-lp", "Gemeente", (Role.GEMEENTE,)))
            await asyncio.sleep(1)
            await tell(stage, to, 2)
            await tell(stage, to, 3, "GEM")
            await until(lambda: len(partner.delivered) == 2)
            assert [hit.place for hit in partner.delivered] == [1, 3]
            assert sorted(await ended(stage, to, 3)) == [
                ("e1", "delivered", "200"),
                ("e2", "withheld", "no-role"),
                ("e3", "delivered", "200"),
            ]
            assert partner.delivered[-1].headers["Hub-Withdrawn"] == "2"


async def test_who_is_no_partner_any_more_gets_nothing_also_of_what_waited(kafka: Broker) -> None:
    async with Stage(kafka) as stage:
        partner = await stage.partner()
        to = await stage.subscribe("rights-gone", partner, paused=True)
        await tell(stage, to, 1)
        await stage.forget("rights-gone")
        async with stage.courier():
            await stage.write(msgspec.structs.replace(to, paused=False))
            assert await ended(stage, to, 1) == [("e1", "withheld", "partner-gone")]
    assert partner.hits == []


async def test_a_purpose_that_is_given_up_stops_what_was_routed_under_it(kafka: Broker) -> None:
    async with Stage(kafka) as stage:
        partner = await stage.partner()
        config = {"purpose": ["advice", "absence"], "basis": "WPO-OKR"}
        to = await stage.subscribe("rights-school", partner, paused=True, config=config)
        await stage.know(Partner("rights-school", "School", (Role.VO,)))
        await tell(stage, to, 1, "TO", ADVICE)
        narrow = {"purpose": ["handovers"], "basis": "WPO-OKR"}
        await stage.write(msgspec.structs.replace(to, paused=False, config=narrow))
        async with stage.courier():
            assert await ended(stage, to, 1) == [("e1", "withheld", "purpose-not-covered")]
    assert partner.hits == []
