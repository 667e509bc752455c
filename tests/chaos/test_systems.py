"""A partner's system misbehaves as the fault says, and the ledger says what it took in."""

from __future__ import annotations

import base64
import time
from collections.abc import AsyncIterator

import orjson
import pytest

from hub.core.delivery import delivery_id
from hub.core.sinks import networks
from hub.courier.sender import Sender
from hub.courier.signing import signatures
from hub.demo.partners import Webhook
from tests.chaos.ledger import Ledger
from tests.chaos.stage import free_ports
from tests.chaos.systems import REFUSALS, Mood, Systems

SECRET = "whsec_" + base64.b64encode(b"x" * 24).decode()
EVENT = {"specversion": "1.0", "id": "e-1", "source": "urn:x", "type": "t", "data": {}}
BODY = orjson.dumps(EVENT)


@pytest.fixture
async def systems() -> AsyncIterator[Systems]:
    made = Systems(Ledger(), free_ports())
    await made.start(["school"])
    made.add("school", Webhook("school", "inbox-school", SECRET))
    yield made
    await made.stop()


async def post(
    systems: Systems, path: str = "school", patience: float = 20.0, body: bytes = BODY, **given: str
) -> str:
    """Status or failure, as the courier sees it. `given` are headers, with _ for -."""
    now = str(int(time.time()))
    headers = {
        "content-type": "application/cloudevents+json",
        "webhook-id": "d-1",
        "webhook-timestamp": now,
        "webhook-signature": signatures([SECRET], "d-1", int(now), body),
        "hub-sequence": "7",
        **{name.replace("_", "-"): value for name, value in given.items()},
    }
    sender = Sender(networks(["127.0.0.0/8"]), patience)
    try:
        url = systems.url("school").replace("/school", f"/{path}")
        return (await sender.send("POST", url, headers, body)).answer.label
    finally:
        await sender.close()


async def test_a_system_that_is_well_takes_a_delivery_in_and_says_so(systems: Systems) -> None:
    assert await post(systems) == "204"
    (hit,) = systems.ledger.hits
    assert (hit.subscription, hit.delivery, hit.number, hit.event["id"]) == ("inbox-school", "d-1", 7, "e-1")
    assert hit.well
    assert hit.answer == "204"


@pytest.mark.parametrize("mood", sorted(REFUSALS))
async def test_a_system_that_refuses_takes_nothing_in(systems: Systems, mood: str) -> None:
    systems["school"].moods.append(Mood(mood, 0.5))
    assert await post(systems) == mood
    (hit,) = systems.ledger.hits
    assert not hit.taken
    assert not systems.ledger.deliveries
    assert systems["school"].moody == {mood: 1}


@pytest.mark.parametrize("mood", ["hang", "crawl", "garbage", "half", "die"])
async def test_a_system_that_fails_to_say_so_has_taken_it_in(systems: Systems, mood: str) -> None:
    systems["school"].moods.append(Mood(mood, 0.9))
    assert not (await post(systems, patience=1.0 if mood in ("hang", "crawl") else 20.0)).isdecimal()
    (hit,) = systems.ledger.hits
    assert hit.taken
    assert not hit.well
    systems["school"].moods.clear()
    assert await post(systems) == "204"


async def test_a_forged_delivery_is_no_hit(systems: Systems) -> None:
    assert await post(systems, webhook_signature="v1,AAAA") == "401"
    assert not systems.ledger.hits
    assert systems.ledger.unsigned == {"inbox-school": 1}


async def test_of_a_batch_each_delivery_is_taken_in_by_itself(systems: Systems) -> None:
    events = [{**EVENT, "id": f"e-{n}"} for n in (1, 2, 3)]
    kind = "application/cloudevents-batch+json; charset=UTF-8"
    body = orjson.dumps(events)
    assert await post(systems, body=body, content_type=kind, hub_sequence="4,7-8") == "204"
    assert [(hit.number, hit.event["id"]) for hit in systems.ledger.hits] == [
        (4, "e-1"),
        (7, "e-2"),
        (8, "e-3"),
    ]
    assert [hit.delivery for hit in systems.ledger.hits] == [
        delivery_id("urn:x", id, "inbox-school") for id in ("e-1", "e-2", "e-3")
    ]


async def test_who_follows_a_redirect_is_noticed(systems: Systems) -> None:
    assert await post(systems, "elsewhere") == "503"
    assert systems.wandered == 1


async def test_a_heartbeat_is_answered_and_is_no_delivery(systems: Systems) -> None:
    """It has no number."""
    assert await post(systems, hub_sequence="") == "204"
    assert not systems.ledger.hits
