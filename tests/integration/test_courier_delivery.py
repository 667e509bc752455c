"""What arrives at one partner, over real Kafka and real HTTP."""

from __future__ import annotations

import asyncio
import random

import orjson
import pytest
from aiohttp import web
from standardwebhooks import Webhook

from hub.core import journal
from hub.core.records import Out
from hub.core.topics import JOURNAL, outbox
from hub.telemetry import metrics
from tests.broker import Broker
from tests.integration.partners import Stage, until

pytestmark = pytest.mark.kafka


def numbers(count: int) -> list[int]:
    return list(range(count))


async def test_every_event_arrives_once_signed_and_numbered_without_gaps(kafka: Broker) -> None:
    async with Stage(kafka) as stage:
        partner = await stage.partner()
        mine = await stage.subscribe("a", partner)
        ids = await stage.publish(mine, 200, subjects=20)
        async with stage.courier():
            await until(lambda: len(partner.hits) >= 200)
            await asyncio.sleep(0.2)
        assert sorted(hit.id for hit in partner.hits) == sorted(ids)
        assert sorted(hit.number for hit in partner.hits) == numbers(201)[1:]
        assert partner.unverified == 0
        for hit in partner.hits:
            Webhook(partner.secret).verify(hit.body, hit.headers)


async def test_the_body_is_the_stored_event_byte_for_byte(kafka: Broker) -> None:
    async with Stage(kafka) as stage:
        partner = await stage.partner()
        mine = await stage.subscribe("a", partner)
        await stage.publish(mine, 1)
        async with stage.courier():
            await until(lambda: bool(partner.hits))
        assert partner.hits[0].body == stage.delivery(mine, 0, "subject-0").body


async def test_binary_mode_and_custom_headers_reach_the_partner(kafka: Broker) -> None:
    async with Stage(kafka) as stage:
        partner = await stage.partner()
        own = {"headers": {"X-Api-Key": "k1", "Webhook-Id": "forged"}}
        mine = await stage.subscribe("a", partner, config={"mode": "binary"}, protocolsettings=own)
        ids = await stage.publish(mine, 1)
        async with stage.courier():
            await until(lambda: bool(partner.hits))
        hit = partner.hits[0]
        assert hit.id == ids[0]
        assert hit.headers["X-Api-Key"] == "k1"
        assert hit.headers["ce-id"] == "event.0"
        assert orjson.loads(hit.body) == {"place": 0, "naam": "Zoë"}
        Webhook(partner.secret).verify(hit.body, hit.headers)


async def test_subjects_stay_in_order_side_by_side_under_random_failures(kafka: Broker) -> None:
    dice = random.Random(7)
    at_once = [0, 0]

    async def moody(_: web.Request, __: int) -> int:
        at_once[0] += 1
        at_once[1] = max(at_once)
        await asyncio.sleep(dice.random() * 0.02)
        at_once[0] -= 1
        return dice.choice([200, 202, 204, 200, 200, 500, 503, 404])

    async with Stage(kafka, retry_schedule=(0.0, *[0.02] * 50)) as stage:
        partner = await stage.partner(moody)
        mine = await stage.subscribe("a", partner)
        ids = await stage.publish(mine, 600, subjects=12)
        async with stage.courier():
            await until(lambda: len({hit.id for hit in partner.delivered}) == 600)
        assert {hit.id for hit in partner.delivered} == set(ids)
        assert len(partner.delivered) == 600
        assert partner.order() == {f"subject-{s}": list(range(s, 600, 12)) for s in range(12)}
        assert 4 < at_once[1] <= 12


async def test_no_more_than_the_window_is_in_flight(kafka: Broker) -> None:
    at_once, answering = [0, 0], asyncio.Event()

    async def slow(_: web.Request, __: int) -> int:
        at_once[0] += 1
        at_once[1] = max(at_once)
        await answering.wait()
        at_once[0] -= 1
        return 200

    async with Stage(kafka, webhook_timeout=90.0) as stage:
        partner = await stage.partner(slow)
        mine = await stage.subscribe("a", partner)
        await stage.publish(mine, 150, subjects=150)
        async with stage.courier():
            await until(lambda: at_once[0] == 32)
            await asyncio.sleep(0.5)  # another one would have come by now
            answering.set()
            await until(lambda: len(partner.delivered) == 150)
        assert at_once[1] == 32


async def test_a_failing_subject_waits_while_others_go_on_and_is_never_skipped(kafka: Broker) -> None:
    allowed = False

    async def picky(request: web.Request, _: int) -> int:
        event = orjson.loads(await request.read())
        return 200 if allowed or event["data"]["place"] != 5 else 400

    async with Stage(kafka, retry_schedule=(0.0, *[0.1] * 200)) as stage:
        partner = await stage.partner(picky)
        mine = await stage.subscribe("a", partner)
        await stage.publish(mine, 40, subjects=10)
        async with stage.courier():
            await until(lambda: len(partner.delivered) == 36)
            assert "subject-5" not in partner.order()
            allowed = True
            await until(lambda: len(partner.delivered) == 40)
        assert partner.order()["subject-5"] == [5, 15, 25, 35]


async def test_the_journal_knows_every_attempt(kafka: Broker) -> None:
    async def second_time(_: web.Request, count: int) -> int:
        return 500 if count == 1 else 200

    async with Stage(kafka) as stage:
        partner = await stage.partner(second_time)
        mine = await stage.subscribe("a", partner)
        ids = await stage.publish(mine, 1)
        async with stage.courier():
            await until(lambda: len(partner.hits) == 2)
        tried = await stage.attempts(mine)
    told = [(one.delivery, one.number, one.attempt, one.outcome, one.status) for one in tried]
    assert told == [(ids[0], 1, 1, "retry", "500"), (ids[0], 1, 2, "delivered", "200")]
    assert all(one.partner == "a" and one.id == "event.0" and 0 <= one.waited < 10_000 for one in tried)


async def test_retry_after_holds_the_whole_subscription(kafka: Broker) -> None:
    async def busy(_: web.Request, count: int) -> web.Response | int:
        return web.Response(status=429, headers={"Retry-After": "2"}) if count == 1 else 200

    async with Stage(kafka) as stage:
        partner = await stage.partner(busy)
        mine = await stage.subscribe("a", partner)
        await stage.publish(mine, 1)
        async with stage.courier():
            await until(lambda: len(partner.hits) == 1)
            # The partner has answered; give the answer time to arrive before there is more to send.
            await asyncio.sleep(0.3)
            await stage.publish(mine, 3, subjects=3, start=1)
            await until(lambda: len(partner.delivered) == 4)
        first, *rest = partner.hits
        waits = [round(hit.at - first.at, 2) for hit in rest]
        assert min(waits) >= 2.0 and max(waits) < 4.0, waits


async def test_a_redirect_is_a_failure_and_is_not_followed(kafka: Broker) -> None:
    async def moved(_: web.Request, __: int) -> web.Response:
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    async with Stage(kafka) as stage:
        partner = await stage.partner(moved)
        mine = await stage.subscribe("a", partner)
        await stage.publish(mine, 1)
        async with stage.courier():
            await until(lambda: len(partner.hits) >= 3)
        assert {hit.status for hit in partner.hits} == {307}
        assert (await stage.attempts(mine))[0].outcome == "retry"


async def test_gone_stops_the_subscription_until_it_is_written_again(kafka: Broker) -> None:
    gone = True

    async def answer(_: web.Request, __: int) -> int:
        return 410 if gone else 200

    async with Stage(kafka) as stage:
        partner = await stage.partner(answer)
        mine = await stage.subscribe("a", partner)
        await stage.publish(mine, 5)
        async with stage.courier():
            await until(lambda: len(partner.hits) == 1)
            await asyncio.sleep(0.5)
            assert len(partner.hits) == 1
            status = await stage.status(mine)
            assert status is not None
            assert (status.state, status.sink) == ("stopped", partner.sink)
            assert "410" in status.reason
        gone = False
        async with stage.courier():
            await asyncio.sleep(1.0)
            assert len(partner.hits) == 1, "a stop holds over a restart"
            await stage.write(mine)
            await until(lambda: len(partner.delivered) == 5)
        assert partner.order() == {"subject-0": numbers(5)}


async def test_a_record_that_cannot_be_read_is_reported_and_passed_by(kafka: Broker) -> None:
    async with Stage(kafka) as stage:
        partner = await stage.partner()
        mine = await stage.subscribe("a", partner)
        await stage._send([Out(outbox(mine.id), b"subject-0", b"{}", ()), Out(outbox(mine.id), b"x", None)])
        await stage.publish(mine, 2)
        async with stage.courier():
            await until(lambda: len(partner.delivered) == 2)
        entries = [journal.load(value) for _, value in await stage.everything(JOURNAL)]
        where = [
            one.where for one in entries if isinstance(one, journal.Quarantined) and mine.id in one.where
        ]
        assert sorted(where) == [f"{outbox(mine.id)}/0/{offset}" for offset in (0, 1)]


async def test_an_allowed_rate_is_kept(kafka: Broker) -> None:
    async with Stage(kafka) as stage:
        partner = await stage.partner(rate=600)
        mine = await stage.subscribe("a", partner)
        await stage.publish(mine, 60, subjects=60)
        async with stage.courier():
            await until(lambda: len(partner.delivered) == 60)
        took = partner.hits[-1].at - partner.hits[0].at
        assert took > 2.5, f"50 of 60 at 10 per second took {took:.2f} s; the first may have come in late"


async def test_a_body_without_end_does_not_hold_up_a_delivery(kafka: Broker) -> None:
    async def talkative(request: web.Request, _: int) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 1024)
                await asyncio.sleep(0.005)
        except ConnectionError:
            pass
        return response

    async with Stage(kafka, webhook_timeout=600.0) as stage:
        partner = await stage.partner(talkative)
        mine = await stage.subscribe("a", partner)
        await stage.publish(mine, 3)
        async with stage.courier():
            await until(lambda: len(partner.hits) == 3)
        assert [one.outcome for one in await stage.attempts(mine)] == ["delivered"] * 3


async def test_metrics_and_backlog_are_kept_while_a_partner_is_down(kafka: Broker) -> None:
    async def broken(_: web.Request, __: int) -> int:
        return 500

    async with Stage(kafka) as stage:
        partner = await stage.partner(broken)
        mine = await stage.subscribe("a", partner)
        await stage.publish(mine, 20, subjects=3)

        def gauge(name: str) -> float:
            return metrics.REGISTRY.get_sample_value(name, {"subscription": mine.id}) or 0.0

        async with stage.courier():
            await until(lambda: gauge("hub_backlog_age_seconds") > 2)
            assert gauge("hub_backlog_records") == 20
            partner.answer = lambda *_: asyncio.sleep(0, 200)
            await until(lambda: len(partner.delivered) == 20)
            await until(lambda: gauge("hub_backlog_records") == 0)
            assert gauge("hub_backlog_age_seconds") == 0
    label = {"subscription": mine.id, "outcome": "delivered"}
    assert metrics.REGISTRY.get_sample_value("hub_deliveries_total", label) == 20
    assert metrics.REGISTRY.get_sample_value("hub_backlog_records", {"subscription": mine.id}) is None
