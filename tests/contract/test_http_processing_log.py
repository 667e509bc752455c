"""What the door writes into the processing log: whom it was about, in which trace, and always before it answers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from hub.core import journal, persons, traces
from hub.core.catalogue import KINDS
from hub.core.cloudevents import STRUCTURED
from hub.core.delivery import Delivery, to_record
from hub.core.event import Event
from hub.core.records import Out
from hub.core.topics import EVENTS_P1, JOURNAL
from hub.core.withdrawal import about
from hub.gateway.publisher import NotStored
from tests.contract.test_http_lookups import LEARNER, PATH, PURPOSE, hub_with_line
from tests.gateway_fakes import SCHOOL, Hub, MemoryKafka

GIVEN = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
PERSON = persons.of_learner(LEARNER, b"k" * 32)
ENROLLED = KINDS["nl.onderwijsloopbanen.enrolment.started.v1"]
FEED = "/v1/subscriptions/inbox-school/events"


class NoJournal(MemoryKafka):
    """Kafka that takes and gives everything but the journal, which nobody acknowledges."""

    async def publish(self, records: Sequence[Out]) -> None:
        if any(one.topic == JOURNAL for one in records):
            raise NotStored("no acknowledgement within 5 s")
        await super().publish(records)


def enrolled(**members: Any) -> dict[str, Any]:
    data = {**ENROLLED.example, "learnerId": LEARNER, "orgId": "brin:00YY01"}
    return {
        "specversion": "1.0",
        "id": "e1",
        "source": SCHOOL,
        "type": ENROLLED.type,
        "time": "2026-11-21T09:12:44Z",
        "data": data,
    } | members


async def send(hub: Hub, content: dict[str, Any], **headers: str) -> httpx.Response:
    async with hub.client("school") as client:
        kind = {"Content-Type": STRUCTURED}
        return await client.post("/v1/events", content=json.dumps(content), headers=kind | headers)


async def fill(hub: Hub) -> None:
    """One event about a person and one about none, in the inbox of the school."""
    for id, kind, marks in (
        ("d1", "enrolment.started", about(f"learner/{LEARNER}", "", ())),
        ("d2", "offer.published", ()),
    ):
        attributes = {"id": id, "source": "/s", "type": f"nl.onderwijsloopbanen.{kind}.v1"}
        body = Event(attributes, {"learnerId": LEARNER}).structured()
        await hub.kafka.publish([to_record("inbox-school", Delivery(id, "s", 1, body, marks))])


async def test_what_is_accepted_is_logged_with_a_mark_of_whom_and_its_trace() -> None:
    hub = Hub()
    answer = await send(hub, enrolled(), traceparent=GIVEN)
    assert answer.status_code == 202, answer.text
    (entry,) = hub.kafka.journal()
    assert (entry.person, entry.trace) == (PERSON, GIVEN)
    (stored,) = hub.kafka.topics[EVENTS_P1]
    assert json.loads(stored.value or b"")["traceparent"] == GIVEN, "receivers can go on with it"
    assert LEARNER.encode() not in repr(hub.kafka.topics[JOURNAL]).encode()


@pytest.mark.parametrize("header", ["", "nonsense", "00-" + "0" * 32 + "-00f067aa0ba902b7-01"])
async def test_without_a_valid_trace_nothing_is_drawn_so_a_retry_is_the_same(header: str) -> None:
    hub = Hub()
    for _ in range(2):
        assert (await send(hub, enrolled(), traceparent=header)).status_code == 202
    first, second = hub.kafka.topics[EVENTS_P1]
    assert first == second and {entry.trace for entry in hub.kafka.journal()} == {""}


async def test_the_trace_of_the_event_goes_before_that_of_the_request() -> None:
    hub, own = Hub(), GIVEN.replace("4bf9", "0000")
    assert (
        await send(hub, enrolled(traceparent=own, tracestate="las=1"), traceparent=GIVEN)
    ).status_code == 202
    assert hub.kafka.journal()[0].trace == own


@pytest.mark.parametrize("wrong", [{"traceparent": "x" * 55}, {"tracestate": "a note about Jan"}])
async def test_a_trace_is_no_room_for_other_words(wrong: dict[str, str]) -> None:
    hub = Hub()
    answer = await send(hub, enrolled(**wrong))
    assert answer.status_code == 400 and answer.json()["errors"][0]["pointer"] == f"/{next(iter(wrong))}"


async def test_a_refusal_is_logged_with_whom_it_was_about() -> None:
    hub = Hub()
    answer = await send(hub, enrolled(data={"learnerId": LEARNER.upper(), "naam": "x"}), traceparent=GIVEN)
    assert answer.status_code == 400
    (entry,) = hub.kafka.journal()
    assert isinstance(entry, journal.Refused) and (entry.person, entry.trace) == (PERSON, GIVEN)
    await send(hub, enrolled(data={"learnerId": "geheim"}))
    assert hub.kafka.journal()[1].person == "" and b"geheim" not in hub.kafka.everything()


async def test_a_look_at_a_line_is_logged_with_the_same_mark_and_the_trace_of_the_request() -> None:
    hub = hub_with_line()
    async with hub.client("school") as client:
        assert (await client.get(PATH, headers=PURPOSE | {"traceparent": GIVEN})).status_code == 200
    (entry,) = hub.kafka.journal()
    assert (entry.person, entry.trace) == (PERSON, GIVEN)


async def test_what_a_feed_shows_is_logged_per_delivery_with_whom_it_is_about() -> None:
    hub = Hub()
    await fill(hub)
    async with hub.client("school") as client:
        shown = await client.get(FEED, params={"after": 0}, headers={"traceparent": GIVEN})
        assert shown.status_code == 200
        await client.put(FEED.replace("events", "position"), json={"number": 2})
    first, second = hub.kafka.journal()
    assert isinstance(first, journal.Shown) and isinstance(second, journal.Pulled)
    assert first.persons == second.persons == (PERSON, "") and first.kinds == ("E8", "E5")
    assert first.trace == GIVEN


@pytest.mark.parametrize("path", [PATH, f"{FEED}?after=0"])
async def test_nothing_is_shown_before_the_log_has_it(path: str) -> None:
    hub = hub_with_line()
    hub.kafka = NoJournal()
    await fill(hub)
    async with hub.client("school") as client:
        answer = await client.get(path, headers=PURPOSE)
    assert answer.status_code == 503 and "retry-after" in answer.headers
    assert LEARNER not in answer.text and "brin:00YY01" not in answer.text


async def test_nothing_is_accepted_before_the_log_has_it() -> None:
    hub = Hub()
    hub.kafka = NoJournal()
    assert (await send(hub, enrolled())).status_code == 503


def test_the_span_of_a_delivery_is_the_same_however_often_it_is_sent() -> None:
    attributes = {"id": "e1", "source": "/s", "type": ENROLLED.type}
    one = Delivery("d1", "s", 1, Event(attributes, {}).structured())
    assert traces.of_delivery(one) == traces.of_delivery(one._replace(accepted=99))
    assert traces.FORM.fullmatch(traces.of_delivery(one)) and traces.FORM.fullmatch(
        traces.of_batch("batch-1")
    )
    traced = one._replace(body=Event(attributes | {"traceparent": GIVEN}, {}).structured())
    sent = traces.of_delivery(traced)
    assert sent[3:35] == GIVEN[3:35] and sent[36:52] != GIVEN[36:52]
