"""Several events in one request, for who asked for it."""

from __future__ import annotations

import asyncio
import base64
import hmac
from typing import Any

import msgspec
import orjson
import pytest
from aiohttp import web

from hub.core.journal import DEAD
from tests.broker import Broker
from tests.integration.partners import Stage, until

pytestmark = pytest.mark.kafka

BATCH = {"batch": {"size": 10, "seconds": 0.1}}


class Batches:
    """A partner that takes batches: `requests` are the places in each, `taken` those it accepted, per subject.

    `refuse` are places that it refuses by name, `spoil` places for which it refuses the whole request.
    """

    def __init__(self, secret: str = "whsec_c2VjcmV0") -> None:
        self.secret = secret
        self.refuse: set[int] = set()
        self.spoil: set[int] = set()
        self.status = 200
        self.requests: list[list[int]] = []
        self.ids: list[str] = []
        self.taken: dict[str, list[int]] = {}
        self.faults: list[str] = []

    @property
    def count(self) -> int:
        return sum(map(len, self.taken.values()))

    async def answer(self, request: web.Request, _: int) -> Any:
        body = await request.read()
        events = orjson.loads(body)
        self._check(request, body, events)
        places = [event["data"]["place"] for event in events]
        self.requests.append(places)
        self.ids.append(request.headers["webhook-id"])
        if self.status != 200:
            return self.status
        if self.spoil & set(places):
            return 422
        return self._take(events)

    def _take(self, events: list[dict[str, Any]]) -> web.Response:
        refused = []
        for event in events:
            if event["data"]["place"] in self.refuse:
                refused.append({"id": event["id"], "reason": "does not fit"})
            else:
                self.taken.setdefault(event["subject"], []).append(event["data"]["place"])
        return web.json_response({"refused": refused})

    def _check(self, request: web.Request, body: bytes, events: list[dict[str, Any]]) -> None:
        given = request.headers
        signed = f"{given['webhook-id']}.{given['webhook-timestamp']}.".encode() + body
        digest = hmac.digest(base64.b64decode(self.secret.removeprefix("whsec_")), signed, "sha256")
        right = "v1," + base64.b64encode(digest).decode()
        if given["webhook-signature"] != right:
            self.faults.append("signature")
        if not given["Content-Type"].startswith("application/cloudevents-batch+json"):
            self.faults.append("content type")
        if numbers(given["Hub-Sequence"]) != [event["data"]["place"] + 1 for event in events]:
            self.faults.append("numbers")


def numbers(header: str) -> list[int]:
    runs = [run.partition("-") for run in header.split(",")]
    return [number for first, _, last in runs for number in range(int(first), int(last or first) + 1)]


async def subscribed(stage: Stage, batches: Batches, **config: Any) -> Any:
    partner = await stage.partner()
    partner.batches = batches.answer
    return await stage.subscribe("a", partner, secret=batches.secret, config=BATCH | config)


async def test_events_come_together_signed_numbered_and_in_order(kafka: Broker) -> None:
    batches = Batches()
    async with Stage(kafka) as stage:
        mine = await subscribed(stage, batches)
        await stage.publish(mine, 95, subjects=7)
        async with stage.courier():
            await until(lambda: batches.count == 95)
            tried = await stage.attempts(mine)
        assert batches.faults == []
        assert batches.taken == {f"subject-{s}": list(range(s, 95, 7)) for s in range(7)}
        assert max(map(len, batches.requests)) == 10
        assert len(batches.requests) < 30
        assert all(place == sorted(place) for place in batches.requests)
        assert sorted(one.number for one in tried if one.outcome == "delivered") == list(range(1, 96))


async def test_a_few_events_wait_for_more_but_not_for_long(kafka: Broker) -> None:
    batches = Batches()
    async with Stage(kafka) as stage:
        mine = await subscribed(stage, batches, batch={"size": 100, "seconds": 1.5})
        async with stage.courier():
            await stage.publish(mine, 1)
            await asyncio.sleep(0.3)
            await stage.publish(mine, 2, subjects=3, start=1)
            await until(lambda: batches.count == 3)
        assert batches.requests == [[0, 1, 2]]


async def test_what_a_reply_refuses_is_tried_by_itself_and_dead_in_the_end_the_rest_is_delivered(
    kafka: Broker,
) -> None:
    batches = Batches()
    batches.refuse = {3, 7}
    async with Stage(kafka, retry_schedule=(0.0, 0.3, 0.3)) as stage:
        mine = await subscribed(stage, batches)
        await stage.publish(mine, 20, subjects=4)
        async with stage.courier():
            await until(lambda: batches.count == 18)
            tried = await stage.attempts(mine)
            async with asyncio.timeout(90):
                while len(dead := [one for one in tried if one.outcome == DEAD]) < 2:
                    tried = await stage.attempts(mine)
        assert {one.number for one in dead} == {4, 8}
        assert {(one.status, one.said) for one in dead} == {("refused", "does not fit")}
        assert {s: sorted(places) for s, places in batches.taken.items()} == {
            f"subject-{s}": [p for p in range(s, 20, 4) if p not in (3, 7)] for s in range(4)
        }
        assert batches.requests.count([3]) == 2, "it was tried by itself, twice after the batch"
        retried = {one.number for one in tried if one.outcome == "retry"}
        assert retried == {4, 8}, "the rest of the batch was not sent again"
        counted = sorted(one.attempt for one in tried if one.number == 8)
        assert counted == list(range(1, len(counted) + 1)), "the journal knows every attempt"


async def test_a_refused_event_that_is_taken_later_is_delivered_before_the_next_of_its_subject(
    kafka: Broker,
) -> None:
    batches = Batches()
    batches.refuse = {0}
    async with Stage(kafka, retry_schedule=(0.0, *[0.1] * 100)) as stage:
        mine = await subscribed(stage, batches, batch={"size": 1, "seconds": 0})
        await stage.publish(mine, 4, subjects=2)
        async with stage.courier():
            await until(lambda: batches.count == 2)
            await until(lambda: len(batches.requests) > 5)
            assert "subject-0" not in batches.taken
            batches.refuse = set()
            await until(lambda: batches.count == 4)
        assert batches.taken == {"subject-0": [0, 2], "subject-1": [1, 3]}


async def test_a_whole_batch_is_retried_as_it_was_under_the_same_id(kafka: Broker) -> None:
    batches = Batches()
    batches.status = 503
    async with Stage(kafka) as stage:
        mine = await subscribed(stage, batches)
        await stage.publish(mine, 10, subjects=10)
        async with stage.courier():
            await until(lambda: len(batches.requests) >= 3)
            batches.status = 200
            await until(lambda: batches.count == 10)
        assert batches.requests == [list(range(10))] * len(batches.requests)
        assert len(set(batches.ids)) == 1


async def test_one_event_for_which_the_whole_batch_is_refused_is_found_and_dies_alone(kafka: Broker) -> None:
    batches = Batches()
    batches.spoil = {5}
    async with Stage(kafka, retry_schedule=(0.0, 0.2, 0.2)) as stage:
        mine = await subscribed(stage, batches)
        await stage.publish(mine, 30, subjects=6)
        async with stage.courier():
            await until(lambda: batches.count == 29)
            tried = await stage.attempts(mine)
        assert [one.number for one in tried if one.outcome == DEAD] == [6]
        assert batches.taken == {f"subject-{s}": [p for p in range(s, 30, 6) if p != 5] for s in range(6)}


async def test_one_subject_refused_as_a_whole_is_taken_apart_in_order(kafka: Broker) -> None:
    batches = Batches()
    batches.spoil = {2}
    async with Stage(kafka, retry_schedule=(0.0, 0.2, 0.2)) as stage:
        mine = await subscribed(stage, batches)
        await stage.publish(mine, 8)
        async with stage.courier():
            await until(lambda: batches.count == 7)
        assert batches.taken == {"subject-0": [0, 1, 3, 4, 5, 6, 7]}


async def test_what_is_taken_back_leaves_the_batch(kafka: Broker) -> None:
    batches = Batches()
    batches.status = 500
    async with Stage(kafka) as stage:
        mine = await subscribed(stage, batches)
        await stage.publish(mine, 6, subjects=6)
        async with stage.courier():
            await until(lambda: len(batches.requests) >= 2)
            await stage.take_back(mine, [2, 3], 6)
            await asyncio.sleep(0.5)
            batches.status = 200
            await until(lambda: batches.count == 5)
        assert sorted(place for own in batches.taken.values() for place in own) == [0, 1, 4, 5, 6]


async def test_who_wants_no_batches_any_more_gets_what_waits_one_by_one(kafka: Broker) -> None:
    batches = Batches()
    batches.status = 500
    async with Stage(kafka, retry_schedule=(0.0, 0.3)) as stage:
        partner = await stage.partner()
        partner.batches = batches.answer
        mine = await stage.subscribe("a", partner, config=BATCH)
        await stage.publish(mine, 9, subjects=3)
        async with stage.courier():
            await until(lambda: len(batches.requests) >= 2)
            partner.batches = None
            await stage.write(msgspec.structs.replace(mine, config={}))
            await until(lambda: len(partner.delivered) == 9)
        assert partner.order() == {f"subject-{s}": [s, s + 3, s + 6] for s in range(3)}
