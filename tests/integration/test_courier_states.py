"""The states of a subscription as its operator reads them, and the breaker between them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hub.core import subscription
from hub.core.retry import DAY
from hub.core.subscription import Status, Subscription
from hub.core.topics import SUBSCRIPTIONS
from hub.courier import breaker, bulletin
from tests.broker import Broker
from tests.integration.partners import Stage, until, well
from tests.integration.test_courier_isolation import fail

pytestmark = pytest.mark.kafka


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulletin, "SETTLE_SECONDS", 0.2)
    monkeypatch.setattr(bulletin, "CALM_SECONDS", 1.0)


async def history(stage: Stage, of: Subscription) -> list[Status]:
    written = await stage.everything(SUBSCRIPTIONS, subscription.status_key(of.id))
    return [subscription.load_status(value) for _, value in written]


async def until_state(stage: Stage, of: Subscription, state: str, seconds: float = 90.0) -> Status:
    async with asyncio.timeout(seconds):
        while (status := await stage.status(of)) is None or status.state != state:
            await asyncio.sleep(0.1)
    return status


async def test_a_busy_subscription_is_delivering_and_a_quiet_one_validated(kafka: Broker) -> None:
    async def slowly(*_: Any) -> int:
        await asyncio.sleep(0.1)
        return 200

    async with Stage(kafka) as stage:
        partner = await stage.partner(slowly)
        mine = await stage.subscribe("a", partner)
        async with stage.courier():
            await until_state(stage, mine, "validated")
            for place in range(12):
                await stage.publish(mine, 1, start=place)
                await until(lambda place=place: len(partner.delivered) == place + 1)
            await stage.publish(mine, 10, start=12)
            await until_state(stage, mine, "delivering")
            await until_state(stage, mine, "validated")
        states = [status.state for status in await history(stage, mine)]
        assert len(states) < 12, f"every flip was written: {states}"


async def test_what_is_over_at_once_is_no_change_of_state(
    kafka: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulletin, "SETTLE_SECONDS", 2.0)
    async with Stage(kafka) as stage:
        partner = await stage.partner()
        mine = await stage.subscribe("a", partner)
        async with stage.courier():
            await until_state(stage, mine, "validated")
            await stage.publish(mine, 1)
            await until(lambda: len(partner.delivered) == 1)
            await asyncio.sleep(2.5)
        assert [status.state for status in await history(stage, mine)] == ["validated"]


async def test_after_a_failure_it_backs_off_and_says_until_when(kafka: Broker) -> None:
    async with Stage(kafka, retry_schedule=(0.0, 600.0)) as stage:
        partner = await stage.partner(fail)
        mine = await stage.subscribe("a", partner)
        await stage.publish(mine, 1)
        async with stage.courier():
            status = await until_state(stage, mine, "backing-off")
            async with asyncio.timeout(90):
                while not status.next_at:
                    status = await until_state(stage, mine, "backing-off")
            assert "500" in status.reason
            assert 500_000 < status.next_at - status.at < 800_000
            assert status.sink == partner.sink and status.consented > 0
            partner.answer = well
            await stage.write(mine)
            await until(lambda: len(partner.delivered) == 1)
            assert (await until_state(stage, mine, "validated")).reason == ""


async def test_an_open_breaker_tries_one_at_a_time_and_a_success_lets_everything_flow(
    kafka: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those too that would have waited for ten minutes."""
    monkeypatch.setattr(breaker, "FRESH_SECONDS", 0.2)
    at_once = [0, 0]

    async def broken(*_: Any) -> int:
        at_once[0] += 1
        at_once[1] = max(at_once)
        await asyncio.sleep(0.05)
        at_once[0] -= 1
        return 500

    async with Stage(kafka, retry_schedule=(0.0, 600.0)) as stage:
        partner = await stage.partner(broken)
        mine = await stage.subscribe("a", partner)
        await stage.publish(mine, 200, subjects=100)
        async with stage.courier():
            status = await until_state(stage, mine, "breaker-open")
            assert status.next_at >= status.at
            await until(lambda: at_once[0] <= 1, what="those that were on the wire stay there")
            at_once[1] = 0
            before = partner.count
            await until(lambda: partner.count >= before + 5)
            assert at_once[1] == 1
            assert partner.count < 32 + breaker.THRESHOLD + 30, "every subject hammers"
            partner.answer = well
            await until(lambda: len(partner.delivered) == 200)
            await until_state(stage, mine, "validated")
        assert partner.order() == {f"subject-{s}": [s, s + 100] for s in range(100)}


async def test_an_open_breaker_outlives_the_courier(kafka: Broker) -> None:
    async with Stage(kafka, retry_schedule=(0.0, 600.0)) as stage:
        partner = await stage.partner(fail)
        mine = await stage.subscribe("a", partner)
        await stage.publish(mine, 60, subjects=60)
        async with stage.courier("c1"):
            await until_state(stage, mine, "breaker-open")
        before = partner.count
        async with stage.courier("c1"):
            await until(lambda: partner.count > before)
            await asyncio.sleep(0.5)
            assert partner.count == before + 1
            partner.answer = well
            await stage.write(mine)
            await until(lambda: len(partner.delivered) == 60)


async def test_one_event_that_nobody_can_take_leaves_the_breaker_shut(kafka: Broker) -> None:
    async with Stage(kafka, retry_schedule=(0.0, *[0.05] * 60)) as stage:
        partner = await stage.partner(fail)
        mine = await stage.subscribe("a", partner)
        await stage.publish(mine, 1)
        async with stage.courier():
            await until(lambda: partner.count > 3 * breaker.THRESHOLD)
            assert (await until_state(stage, mine, "backing-off")).reason
            partner.answer = well
            await stage.publish(mine, 1, subjects=9, start=1)
            await until(lambda: len(partner.delivered) == 2)


async def test_consent_is_asked_again_before_it_expires(kafka: Broker) -> None:
    async with Stage(kafka, consent_days=2 / DAY) as stage:
        partner = await stage.partner()
        mine = await stage.subscribe("a", partner)
        async with stage.courier():
            await until(lambda: len(partner.asked) >= 3)
            first = (await until_state(stage, mine, "validated")).consented
            await stage.publish(mine, 3)
            await until(lambda: len(partner.delivered) == 3)
            await until(lambda: len(partner.asked) >= 5)
        assert {status.state for status in await history(stage, mine)} <= {"validated", "delivering"}
        last = await stage.status(mine)
        assert last is not None and last.consented > first


async def test_a_consent_that_is_not_given_again_expires_and_nothing_goes_out_until_it_is(
    kafka: Broker,
) -> None:
    async with Stage(kafka, consent_days=1 / DAY) as stage:
        partner = await stage.partner()
        mine = await stage.subscribe("a", partner)
        async with stage.courier():
            await until_state(stage, mine, "validated")
            partner.consent = False
            status = await until_state(stage, mine, "expired")
            assert "WebHook-Allowed-Origin" in status.reason
            await stage.publish(mine, 3)
            await asyncio.sleep(0.5)
            assert partner.hits == []
            partner.consent = True
            await until(lambda: len(partner.delivered) == 3)


async def test_a_consent_of_last_month_is_asked_again_by_the_next_courier(kafka: Broker) -> None:
    async with Stage(kafka) as stage:
        partner = await stage.partner(consent=False)
        mine = await stage.subscribe("a", partner)
        old = Status("delivering", at=1, sink=partner.sink, consented=1)
        await stage.write_status(mine, old)
        await stage.publish(mine, 1)
        async with stage.courier():
            await until_state(stage, mine, "expired")
            assert partner.hits == []
