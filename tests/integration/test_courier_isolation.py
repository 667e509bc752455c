"""One partner's trouble is invisible to the others; and who may be sent to at all."""

from __future__ import annotations

import asyncio
import socket
import time
from typing import Any

import msgspec
import pytest
from aiohttp import web

from tests.broker import Broker
from tests.integration.partners import Partner, Stage, until, well

pytestmark = pytest.mark.kafka

TIMEOUT = 3.0
"""Seconds that a partner that hangs or crawls takes up; more than a busy machine ever needs for one delivery."""


async def hang(_: web.Request, __: int) -> int:
    await asyncio.sleep(30)
    return 200


async def crawl(request: web.Request, _: int) -> web.StreamResponse:
    """Sends its headers one byte at a time."""
    transport = request.transport
    assert transport is not None
    for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 1000:
        if transport.is_closing():
            break
        transport.write(bytes([byte]))
        await asyncio.sleep(0.1)
    return web.Response(status=500)


async def fail(_: web.Request, __: int) -> int:
    return 500


async def test_partners_that_hang_crawl_fail_or_are_gone_delay_nobody_else(kafka: Broker) -> None:
    async with Stage(kafka, webhook_timeout=TIMEOUT) as stage:
        good = await stage.partner()
        theirs = await stage.subscribe("good", good)
        troubled = [await stage.partner(answer) for answer in (hang, crawl, fail)]
        gone = await stage.partner()
        for number, partner in enumerate([*troubled, gone]):
            await stage.subscribe(f"bad{number}", partner)
        async with stage.courier() as courier:
            await until(lambda: len(courier.subscriptions) == 5)
            await until(lambda: all(partner.asked for partner in [*troubled, gone]))
            await gone.stop()
            for number in range(4):
                bad = msgspec.structs.replace(theirs, id=f"{stage.name}-bad{number}")
                await stage.publish(bad, 100, subjects=50)
            await until(lambda: all(partner.count for partner in troubled))
            delays = [await timed(stage, theirs, good, place) for place in range(40)]
            assert sorted(delays)[37] < TIMEOUT, "nobody waits for an attempt at somebody else"
            assert all(not partner.delivered for partner in troubled)


async def timed(stage: Stage, to: Any, partner: Partner, place: int) -> float:
    before = len(partner.hits)
    start = time.monotonic()
    await stage.publish(to, 1, start=place)
    await until(lambda: len(partner.hits) > before)
    return time.monotonic() - start


async def test_a_partner_that_was_away_gets_all_its_records_soon_after_it_returns(kafka: Broker) -> None:
    async with Stage(kafka, retry_schedule=(0.0, 0.1, 1.0, 600.0)) as stage:
        partner = await stage.partner()
        mine = await stage.subscribe("a", partner)
        async with stage.courier():
            await until(lambda: bool(partner.asked))
            port = int(partner.sink.split(":")[2].split("/")[0])
            await partner.stop()
            await stage.publish(mine, 50, subjects=10)
            await asyncio.sleep(3)
            await partner.start(port)
            await stage.write(mine)
            await until(lambda: len(partner.delivered) == 50, what="waited for the schedule")
        assert partner.order() == {f"subject-{s}": list(range(s, 50, 10)) for s in range(10)}


async def test_what_was_on_the_wire_when_the_subscription_changed_is_tried_at_once_too(kafka: Broker) -> None:
    changed = asyncio.Event()

    async def late(_: web.Request, __: int) -> int:
        await changed.wait()
        return 500

    async with Stage(kafka, retry_schedule=(0.0, 600.0), webhook_timeout=90.0) as stage:
        partner, other = await stage.partner(late), await stage.partner()
        mine = await stage.subscribe("a", partner)
        await stage.publish(mine, 1)
        async with stage.courier():
            await until(lambda: partner.count == 1)
            partner.answer = well
            await stage.write(mine)
            await stage.subscribe("b", other)
            await until(lambda: bool(other.asked), what="the change was not read")
            changed.set()
            await until(lambda: len(partner.delivered) == 1)


async def test_one_success_ends_the_waits_of_those_that_found_nobody(kafka: Broker) -> None:
    async with Stage(kafka, retry_schedule=(0.0, 600.0)) as stage:
        partner = await stage.partner()
        mine = await stage.subscribe("a", partner)
        async with stage.courier():
            await until(lambda: bool(partner.asked))
            port = int(partner.sink.split(":")[2].split("/")[0])
            await partner.stop()
            await stage.publish(mine, 5, subjects=5)
            await asyncio.sleep(1)
            await partner.start(port)
            await stage.publish(mine, 1, subjects=9, start=8)
            await until(lambda: len(partner.delivered) == 6)


async def test_a_new_subscription_starts_soon_and_disturbs_nobody(kafka: Broker) -> None:
    async with Stage(kafka) as stage:
        old = await stage.partner()
        theirs = await stage.subscribe("old", old)
        async with stage.courier():
            await stage.publish(theirs, 1)
            await until(lambda: len(old.hits) == 1)
            for number in range(3):
                new = await stage.partner()
                mine = await stage.subscribe(f"new{number}", new)
                await stage.publish(mine, 1)
                await timed(stage, theirs, old, 1 + number)
                await until(lambda new=new: len(new.hits) == 1, TIMEOUT)
        assert len(old.hits) == 4, "nothing is sent twice because of a newcomer"


async def test_a_paused_subscription_keeps_its_records_until_it_is_resumed(kafka: Broker) -> None:
    async with Stage(kafka) as stage:
        partner = await stage.partner()
        mine = await stage.subscribe("a", partner)
        async with stage.courier():
            await stage.publish(mine, 1)
            await until(lambda: len(partner.hits) == 1)
            await stage.write(msgspec.structs.replace(mine, paused=True))
            await asyncio.sleep(0.3)
            await stage.publish(mine, 9, start=1)
            await asyncio.sleep(0.5)
            assert len(partner.hits) == 1
            await stage.write(mine)
            await until(lambda: len(partner.hits) == 10)
        assert partner.order() == {"subject-0": list(range(10))}


async def test_what_came_in_before_there_was_a_webhook_is_delivered_once_there_is_one(kafka: Broker) -> None:
    async with Stage(kafka) as stage:
        partner = await stage.partner()
        pulled = await stage.subscribe("a", None)
        await stage.publish(pulled, 5)
        async with stage.courier() as courier:
            await until(lambda: courier.ready()[0])
            await asyncio.sleep(0.5)
            await stage.publish(pulled, 5, start=5)
            with_sink = msgspec.structs.replace(pulled, sink=partner.sink, secret=partner.secret)
            await stage.write(with_sink)
            await until(lambda: len(partner.hits) == 10)
            await asyncio.sleep(1.5)
            partner.answer = fail
            await stage.publish(pulled, 5, start=10)
            await until(lambda: len(partner.hits) > 10)
            await stage.write(pulled)
            await asyncio.sleep(0.3)
            before = len(partner.hits)
            partner.answer = well
            await stage.publish(pulled, 5, start=15)
            await asyncio.sleep(0.5)
            assert len(partner.hits) == before
            await stage.write(with_sink)
            await until(lambda: len(partner.delivered) == 20)
        assert partner.order() == {"subject-0": list(range(20))}


async def test_a_busy_lane_holds_a_bounded_number_of_records(kafka: Broker) -> None:
    async with Stage(kafka) as stage:
        partner = await stage.partner(fail)
        mine = await stage.subscribe("a", partner)
        await stage.publish(mine, 2500, subjects=250)
        async with stage.courier() as courier:
            await until(lambda: partner.count > 35)
            await asyncio.sleep(0.5)
            assert courier._reader is not None
            (lane,) = courier._reader._lanes.values()
            assert lane.window.unfinished < 1500
            partner.answer = well
            await until(lambda: len(partner.delivered) == 2500)
        assert partner.order() == {f"subject-{s}": list(range(s, 2500, 250)) for s in range(250)}


async def test_without_consent_nothing_is_delivered(kafka: Broker) -> None:
    async with Stage(kafka) as stage:
        partner = await stage.partner(consent=False)
        mine = await stage.subscribe("a", partner)
        await stage.publish(mine, 3)
        async with stage.courier():
            await until(lambda: bool(partner.asked))
            await asyncio.sleep(0.5)
            status = await stage.status(mine)
            assert status is not None
            assert (status.state, status.sink) == ("refused", partner.sink)
            assert "WebHook-Allowed-Origin" in status.reason
            assert partner.hits == []
            partner.consent = True
            await until(lambda: len(partner.hits) == 3, what="a refusal is asked again on the schedule")
            status = await stage.status(mine)
            assert status is not None
            assert status.state == "validated"
        asked = partner.asked[0]
        assert asked["WebHook-Request-Origin"] == "onderwijshub.local"
        assert int(asked["WebHook-Request-Rate"]) > 0


async def test_consent_belongs_to_one_sink_and_outlives_the_courier(kafka: Broker) -> None:
    async with Stage(kafka) as stage:
        first, second = await stage.partner(), await stage.partner(consent=False)
        mine = await stage.subscribe("a", first)
        await stage.publish(mine, 1)
        async with stage.courier():
            await until(lambda: len(first.hits) == 1)
        async with stage.courier():
            await stage.publish(mine, 1, start=1)
            await until(lambda: len(first.hits) == 2)
            assert len(first.asked) == 1
            await stage.write(msgspec.structs.replace(mine, sink=second.sink, secret=second.secret))
            await until(lambda: bool(second.asked))
            await stage.publish(mine, 1, start=2)
            await asyncio.sleep(0.3)
            assert second.hits == []
            second.consent = True
            await until(lambda: len(second.hits) == 1)
            assert len(first.hits) == 2


async def test_a_name_that_leads_inside_is_refused_when_it_is_looked_up(kafka: Broker) -> None:
    async with Stage(kafka, sink_allow=("192.0.2.0/24",)) as stage:
        partner = await stage.partner()
        port = int(partner.sink.split(":")[2].split("/")[0])
        named = await stage.subscribe("named", partner, sink=f"https://school.example.org:{port}/hook")
        literal = await stage.subscribe("literal", partner)
        await stage.publish(named, 1)
        await stage.publish(literal, 1)

        def lookup(_: str, port: int) -> list[tuple[Any, ...]]:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

        async with stage.courier(lookup=lookup) as courier:
            await until(lambda: len(courier.subscriptions) == 2)
            await asyncio.sleep(0.7)
        assert partner.asked == []
        assert partner.hits == []
        for one in (named, literal):
            status = await stage.status(one)
            assert status is not None
            assert status.state == "pending"
            assert "forbidden" in status.reason
