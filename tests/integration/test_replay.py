"""Replays on a real Kafka: what was ordered is sent once more, and nothing else; whatever dies meanwhile."""

from __future__ import annotations

import asyncio
import signal
import time

import pytest
from aiohttp import web

from hub.core import journal, redelivery
from hub.core.journal import Replayed
from hub.core.records import Out
from hub.core.redelivery import Order, Progress
from hub.core.subscription import Subscription
from hub.core.topics import JOURNAL, SUBSCRIPTIONS
from hub.courier.ledger import UNSAVED
from hub.courier.rerun import WIDTH
from tests.broker import Broker
from tests.gateway_fakes import Hub
from tests.integration.gatewaykit import running
from tests.integration.partners import Hit, Partner, Stage, until
from tests.integration.test_courier_crash import process

pytestmark = pytest.mark.kafka

REPEATS = UNSAVED + WIDTH
"""What a crash may repeat: results not yet written down, and what was on the wire."""


def order(of: Subscription, numbers: str, id: str = "rp-1", pace: int = 6000, **more: object) -> Order:
    total = sum(len(span) for span in redelivery.spans(numbers))
    return Order(
        id=id,
        subscription=of.id,
        by=of.partner,
        why="rehearsal",
        pace=pace,
        at=time.time_ns() // 1_000_000,
        numbers=numbers,
        total=total,
        criteria=("first", "last"),
        content=id,
        **more,  # type: ignore[arg-type]
    )


async def place(stage: Stage, given: Order) -> Order:
    key = redelivery.order_key(given.subscription, given.id)
    await stage._send([Out(SUBSCRIPTIONS, key, redelivery.dump(given))])
    return given


async def progress(stage: Stage, of: Order) -> Progress:
    """As a reader of the whole topic finds it."""
    known = redelivery.Replays()
    for key in (
        redelivery.order_key(of.subscription, of.id),
        redelivery.progress_key(of.subscription, of.id),
    ):
        for name, value in await stage.everything(SUBSCRIPTIONS, key):
            known.apply(name.decode(), value)
    return known.progress(of)


async def ended(stage: Stage, of: Order, seconds: float = 90) -> Progress:
    deadline = time.monotonic() + seconds
    while not (found := await progress(stage, of)).ended:
        assert time.monotonic() < deadline, f"the replay did not end in time: {found}"
        await asyncio.sleep(0.2)
    return found


def again(partner: Partner) -> list[Hit]:
    return [hit for hit in partner.hits if "Hub-Replay" in hit.headers]


async def test_a_replay_sends_the_same_ids_and_numbers_again_while_new_events_go_on(kafka: Broker) -> None:
    async with Stage(kafka) as stage:
        partner = await stage.partner()
        mine = await stage.subscribe("a", partner)
        async with stage.courier():
            ids = await stage.publish(mine, 60, subjects=6)
            await until(lambda: len(partner.hits) == 60)
            ordered = await place(stage, order(mine, "11-20,31-60"))
            fresh = await stage.publish(mine, 10, subjects=6, start=60)
            found = await ended(stage, ordered)
            await until(lambda: {hit.id for hit in partner.hits} == {*ids, *fresh})
        replayed = again(partner)
        assert {hit.number: hit.id for hit in replayed} == {
            n: ids[n - 1] for n in (*range(11, 21), *range(31, 61))
        }
        assert len(replayed) == 40 and {hit.headers["Hub-Replay"] for hit in replayed} == {"rp-1"}
        for subject in {hit.subject for hit in replayed}:
            places = [hit.place for hit in replayed if hit.subject == subject]
            assert places == sorted(places)
        assert (found.delivered, found.done, found.ended > found.started > 0) == (40, 40, True)
        said = [one for one in await stage.attempts(mine) if one.replay == "rp-1"]
        assert sorted(one.number for one in said) == sorted(hit.number for hit in replayed)
        assert partner.unverified == 0


async def test_a_killed_courier_goes_on_with_the_replay_where_it_was(kafka: Broker) -> None:
    async with Stage(kafka) as stage:
        partner = await stage.partner()
        mine = await stage.subscribe("a", partner)
        ids = await stage.publish(mine, 160, subjects=40)
        async with process(stage, "c1") as courier:
            await until(lambda: len(partner.hits) >= 160)
            await asyncio.sleep(1.5)  # the lane's own position is written down
            ordered = await place(stage, order(mine, "1-160"))
            await until(lambda: len(again(partner)) > 60)
            courier.kill()
        before = len(again(partner))
        assert before < 160
        fresh = await stage.publish(mine, 1, start=160)
        async with process(stage, "c1"):
            found = await ended(stage, ordered)
        replayed = again(partner)
        assert {hit.id for hit in replayed} == set(ids)
        assert len(replayed) - 160 <= REPEATS, f"{len(replayed) - 160} were repeated"
        first: dict[str, list[int]] = {}
        for hit in replayed:
            places = first.setdefault(hit.subject, [])
            if hit.place not in places:
                places.append(hit.place)
        assert all(places == sorted(places) for places in first.values())
        assert found.done == found.delivered == 160
        assert fresh[0] in {hit.id for hit in partner.hits}
        finished = [one for one in await _replayed(stage, "rp-1", mine) if one.change == "finished"]
        assert [(one.by, one.count, one.why) for one in finished] == [("a", 160, "rehearsal")]


async def test_what_is_taken_back_while_a_replay_runs_is_not_sent_again(kafka: Broker) -> None:
    async with Stage(kafka) as stage:
        partner = await stage.partner()
        mine = await stage.subscribe("a", partner)
        ids = await stage.publish(mine, 60, subjects=60)
        async with stage.courier():
            await until(lambda: len(partner.hits) == 60)
            before = await stage.take_back(mine, [0, 1, 30], 60, "subject-purge")
            await until(lambda: before in {hit.id for hit in partner.hits})
            ordered = await place(stage, order(mine, "1-60", pace=600))
            await until(lambda: len(again(partner)) >= 5)
            order_to_purge = await stage.take_back(mine, [58, 59], 61, "subject-purge")
            await until(lambda: order_to_purge in {hit.id for hit in partner.hits})
            found = await ended(stage, ordered)
        gone = [0, 1, 30, 58, 59]
        assert {hit.id for hit in again(partner)} == set(ids) - {ids[place] for place in gone}
        assert (found.delivered, found.withdrawn, found.done) == (55, 5, 60)
        said = [one.number for one in await stage.attempts(mine) if one.replay and one.outcome == "withdrawn"]
        assert sorted(said) == [place + 1 for place in gone]


async def test_a_replay_that_waited_behind_a_pause_sends_nothing_that_was_taken_back_meanwhile(
    kafka: Broker,
) -> None:
    async with Stage(kafka) as stage:
        partner = await stage.partner()
        mine = await stage.subscribe("a", partner)
        ids = await stage.publish(mine, 3, subjects=3)
        async with stage.courier():
            await until(lambda: len(partner.hits) == 3)
            await stage.write(_paused(mine))
            ordered = await place(stage, order(mine, "1-3"))
            await until_started(stage, ordered)
            await asyncio.sleep(1.5)
            assert not again(partner)
            await stage.take_back(mine, [0], 3, "subject-purge")
            await stage.write(mine)
            found = await ended(stage, ordered)
        assert {hit.id for hit in again(partner)} == set(ids[1:])
        assert (found.delivered, found.withdrawn) == (2, 1)


async def test_what_the_receiver_refuses_is_counted_and_the_rest_goes_on(kafka: Broker) -> None:
    async def picky(request: web.Request, _: int) -> int:
        return 422 if request.headers["Hub-Sequence"] == "3" and "Hub-Replay" in request.headers else 200

    async with Stage(kafka) as stage:
        partner = await stage.partner(picky)
        mine = await stage.subscribe("a", partner)
        await stage.publish(mine, 10, subjects=2)
        async with stage.courier():
            await until(lambda: len(partner.hits) == 10)
            found = await ended(stage, await place(stage, order(mine, "1-10")))
        assert (found.delivered, found.failed, found.done) == (9, 1, 10)
        dead = [one for one in await stage.attempts(mine) if one.outcome == journal.DEAD]
        assert [(one.number, one.status, one.replay) for one in dead] == [(3, "422", "rp-1")]


async def test_a_stopped_replay_sends_no_more_and_the_next_one_begins(kafka: Broker) -> None:
    async with Stage(kafka) as stage:
        partner = await stage.partner()
        mine = await stage.subscribe("a", partner)
        await stage.publish(mine, 100, subjects=10)
        async with stage.courier():
            await until(lambda: len(partner.hits) == 100)
            slow = await place(stage, order(mine, "1-100", pace=120))
            second = await place(stage, order(mine, "1", id="rp-2"))
            await until(lambda: len(again(partner)) >= 2)
            await place(stage, order(mine, "1-100", pace=120, stopped_at=1, stopped_by="a"))
            await ended(stage, second)
            count = len(again(partner))
            await asyncio.sleep(1.5)
            assert len(again(partner)) == count < 50
        assert not (await progress(stage, slow)).ended


async def test_what_waits_for_its_first_delivery_and_what_is_gone_is_counted_and_not_sent(
    kafka: Broker,
) -> None:
    async def closed(request: web.Request, _: int) -> int:
        return 200 if request.headers["Hub-Sequence"] == "1" else 503

    async with Stage(kafka, retry_schedule=(0.0, 600.0)) as stage:
        partner = await stage.partner(closed)
        mine = await stage.subscribe("a", partner)
        await stage.publish(mine, 3, subjects=3)
        async with stage.courier():
            await until(lambda: partner.count >= 3)
            found = await ended(stage, await place(stage, order(mine, "1-3,7-9")))
        assert (found.delivered, found.live, found.gone) == (1, 2, 3)
        assert [hit.number for hit in again(partner)] == [1]


async def test_couriers_that_come_and_go_run_a_replay_once(kafka: Broker) -> None:
    """Also one that is stopped in the middle and wakes up when another has long had its lane."""
    async with Stage(kafka) as stage:
        partner = await stage.partner()
        mine = await stage.subscribe("a", partner)
        ids = await stage.publish(mine, 160, subjects=160)
        async with process(stage, "c1") as sleeper:
            await until(lambda: len(partner.hits) >= 160)
            await asyncio.sleep(1.5)
            ordered = await place(stage, order(mine, "1-160", pace=900))
            await until(lambda: len(again(partner)) >= 20)
            sleeper.send_signal(signal.SIGSTOP)
            stopped = len(again(partner))
            async with process(stage, "c2"):
                await until(lambda: len(again(partner)) >= stopped + 40)
                sleeper.send_signal(signal.SIGCONT)
                found = await ended(stage, ordered)
        replayed = again(partner)
        assert {hit.id for hit in replayed} == set(ids)
        # The sleeper dies once in effect, and a rebalance when it returns repeats at most what was on the wire.
        assert len(replayed) - 160 <= REPEATS + 2 * WIDTH, f"{len(replayed) - 160} were repeated"
        assert found.delivered == 160


async def test_a_partner_counts_orders_and_follows_a_replay_over_http(kafka: Broker) -> None:
    hub = Hub()
    async with Stage(kafka) as stage:
        partner = await stage.partner()
        mine = await stage.subscribe("almere", partner)
        ids = await stage.publish(mine, 260, subjects=60)
        await stage.take_back(mine, [250], 260, "subject-purge")
        async with running(kafka, hub) as client, stage.courier():
            url = f"/v1/subscriptions/{mine.id}"
            await until(lambda: len(partner.hits) == 260)
            asked = {"from": 190, "why": "rehearsal", "pace": 6000}
            counted = (await client.post(f"{url}/_replay", json=asked)).json()
            answer = await client.post(f"{url}/_replay", json={**asked, "dryRun": False})
            assert answer.status_code == 202, answer.text
            again_asked = await client.post(f"{url}/_replay", json={**asked, "dryRun": False})
            assert again_asked.headers["location"] == answer.headers["location"]
            deadline = time.monotonic() + 90
            while (shown := (await client.get(answer.headers["location"])).json())["state"] != "finished":
                assert time.monotonic() < deadline, shown
                await asyncio.sleep(0.2)
    assert (counted["total"], counted["withdrawn"], counted["toSend"]) == (72, 1, 71)
    assert (shown["delivered"], shown["withdrawn"], shown["left"]) == (71, 1, 0)
    wanted = {ids[place] for place in range(189, 260) if place != 250}
    assert {hit.id for hit in again(partner)} > wanted and len(again(partner)) == 71


async def until_started(stage: Stage, of: Order) -> None:
    deadline = time.monotonic() + 90
    while not (await progress(stage, of)).started:
        assert time.monotonic() < deadline, "the replay did not begin in time"
        await asyncio.sleep(0.1)


def _paused(of: Subscription) -> Subscription:
    return Subscription(id=of.id, partner=of.partner, sink=of.sink, secret=of.secret, paused=True)


async def _replayed(stage: Stage, id: str, of: Subscription) -> list[Replayed]:
    entries = [journal.load(value) for _, value in await stage.everything(JOURNAL)]
    return [one for one in entries if isinstance(one, Replayed) and (one.id, one.subscription) == (id, of.id)]
