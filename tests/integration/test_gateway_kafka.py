"""The whole door on the real Kafka."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from hub import kafka as low
from hub.core import batch, delivery, topics
from hub.core.admission import Admitted, admit
from hub.core.catalogue import KINDS
from hub.core.cloudevents import STRUCTURED
from hub.core.delivery import Delivery
from hub.core.event import Event, Rejected
from hub.core.journal import Accepted, Refused, load
from hub.core.partners import Partner
from hub.core.records import Out, Record
from hub.core.views import Enrolment, Line
from hub.gateway.publisher import NotStored
from hub.settings import Settings
from tests.broker import Broker
from tests.gateway_fakes import ALMERE, Hub
from tests.integration import gatewaykit as kit

pytestmark = pytest.mark.kafka

ANNOUNCED = KINDS["nl.onderwijsloopbanen.arrival-group.announced.v1"]
KIND = {"Content-Type": STRUCTURED}
STRUCTURED_RECORD = [("content-type", STRUCTURED.encode())]


def event(**members: Any) -> dict[str, Any]:
    group = {**ANNOUNCED.example, "groupId": str(uuid.uuid4())}
    return {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": ALMERE,
        "type": ANNOUNCED.type,
        "time": "2026-11-21T09:12:44Z",
        "data": group,
    } | members


def about(records: list[Record], topic: str, id: str) -> list[Record]:
    return [r for r in records if r.topic == topic and id.encode() in (r.value or b"")]


async def until(broker: Broker, holds: Callable[[list[Record]], object]) -> list[Record]:
    async with asyncio.timeout(90):
        while not holds(records := await kit.everything(broker)):
            await asyncio.sleep(0.2)
    return records


async def post(client: Any, one: dict[str, Any]) -> Any:
    return await client.post("/v1/events", content=json.dumps(one), headers=KIND)


async def eventually(attempt: Callable[[], Awaitable[Any]], status: int) -> Any:
    async with asyncio.timeout(90):
        while (answer := await attempt()).status_code != status:
            await asyncio.sleep(0.2)
    return answer


async def test_202_means_that_event_and_journal_lie_in_kafka(kafka: Broker) -> None:
    sent = event()
    async with kit.running(kafka, Hub()) as client:
        answer = await client.post("/v1/events", json=sent, headers=KIND)
        assert answer.status_code == 202
        records = await kit.everything(kafka)
    (stored,) = about(records, topics.EVENTS_G, sent["id"])
    assert stored.key == f"group/{sent['data']['groupId']}".encode()
    assert dict(stored.headers)["content-type"].startswith(STRUCTURED.encode())
    (entry,) = about(records, topics.JOURNAL, sent["id"])
    assert isinstance(load(entry.value or b""), Accepted)


async def test_of_a_refused_payload_nothing_lies_in_any_topic(kafka: Broker) -> None:
    marker = uuid.uuid4().hex
    wrong = event(
        data={**ANNOUNCED.example, "naam": f"naam-{marker}", "bsn": "123456782", f"veld-{marker}": 1}
    )
    async with kit.running(kafka, Hub()) as client:
        answer = await client.post("/v1/events", json=wrong, headers=KIND)
        assert answer.status_code == 400
        records = await until(kafka, lambda found: about(found, topics.JOURNAL, wrong["id"]))
    assert isinstance(load(about(records, topics.JOURNAL, wrong["id"])[0].value or b""), Refused)
    assert not [r for r in records if marker.encode() in r.key + (r.value or b"") + repr(r.headers).encode()]
    assert not about(records, topics.EVENTS_G, wrong["id"])


async def test_a_subscription_lives_through_a_restart_of_the_gateway(kafka: Broker) -> None:
    async with kit.running(kafka, Hub()) as client:
        answer = await client.post("/v1/subscriptions", json={"types": ["a.b.c"]})
        assert answer.status_code == 201
        made = answer.json()
        await client.post(f"/v1/subscriptions/{made['id']}/_test")
    async with kit.running(kafka, Hub()) as client:
        found = await client.get(f"/v1/subscriptions/{made['id']}")
        assert found.json() == {k: v for k, v in made.items() if k != "secret"}
        feed = (await client.get(f"/v1/subscriptions/{made['id']}/events", params={"wait": 5})).json()
    assert [one["number"] for one in feed["events"]] == [1] and feed["next"] == 1


async def test_kafka_away_is_503_with_retry_after_and_the_door_recovers_by_itself(kafka: Broker) -> None:
    sent = event()
    position = "/v1/subscriptions/inbox-almere/position"
    async with kit.running(kafka, Hub(), timeout=1.0) as client:
        kept = (await client.get(position)).json()
        kafka.kill()
        refused = await client.post("/v1/events", json=sent, headers=KIND)
        assert refused.status_code == 503 and "retry-after" in refused.headers
        assert (await client.get(position)).status_code == 503
        await kafka.start()
        await eventually(lambda: client.post("/v1/events", json=sent, headers=KIND), 202)
        assert (await eventually(lambda: client.get(position), 200)).json() == kept
        assert about(await kit.everything(kafka), topics.EVENTS_G, sent["id"])


async def write(broker: Broker, topic: str, *records: tuple[bytes | None, list[tuple[str, bytes]]]) -> None:
    async with low.producer(Settings(kafka=broker.bootstrap)) as producer:
        for value, headers in records:
            await producer.send_and_wait(topic, value, b"key", headers=headers)


async def test_a_kafka_publisher_gets_the_same_checks_and_leaves_no_payload_in_quarantine(
    kafka: Broker,
) -> None:
    marker = uuid.uuid4().hex
    good, binary, foreign = event(), event(), event(source="/other")
    wrong = event(data={**ANNOUNCED.example, "naam": marker})
    attributes = [(f"ce_{k}", v.encode()) for k, v in binary.items() if k != "data"]
    await kit.prepare(kafka)
    await kafka.create([topics.ingress_topic("almere"), topics.ingress_topic("nobody")])
    await write(
        kafka,
        topics.ingress("almere"),
        (json.dumps(good).encode(), STRUCTURED_RECORD),
        (json.dumps(binary["data"]).encode(), [*attributes, ("content-type", b"application/json")]),
        (json.dumps(wrong).encode(), STRUCTURED_RECORD),
        (json.dumps(foreign).encode(), STRUCTURED_RECORD),
        (None, STRUCTURED_RECORD),
    )
    await write(kafka, topics.ingress("nobody"), (json.dumps(event()).encode(), STRUCTURED_RECORD))

    def all_handled(found: list[Record]) -> bool:
        return len([r for r in found if r.topic == topics.QUARANTINE]) >= 4 and bool(
            about(found, topics.EVENTS_G, binary["id"])
        )

    hub = Hub()
    async with kit.running(kafka, hub):
        records = await until(kafka, all_handled)
    assert about(records, topics.EVENTS_G, good["id"])
    ours = [r for r in records if not r.topic.startswith(topics.INGRESS)]
    assert not [r for r in ours if marker.encode() in (r.value or b"")]
    told = [json.loads(r.value or b"") for r in records if r.topic == topics.QUARANTINE]
    assert {reason["code"] for one in told for reason in one["reasons"]} >= {
        "unknown-field",
        "foreign-source",
        "tombstone",
        "unknown-publisher",
    }
    assert all(one["where"].startswith(topics.INGRESS) for one in told)
    entry = load(about(records, topics.JOURNAL, good["id"])[0].value or b"")
    assert isinstance(entry, Accepted) and entry.via == "kafka"


async def test_a_record_on_which_the_hub_itself_fails_is_put_aside_and_the_next_one_goes_on(
    kafka: Broker,
) -> None:
    bad, good = event(), event()
    hub = Hub()
    await kit.prepare(kafka)
    await kafka.create([topics.ingress_topic("almere")])
    records = [(json.dumps(one).encode(), STRUCTURED_RECORD) for one in (bad, good)]
    await write(kafka, topics.ingress("almere"), *records)

    def failing(one: Event, publisher: Partner) -> Admitted | Rejected:
        if one.id == bad["id"]:
            raise RuntimeError("a bug")
        return admit(one, publisher)

    sent = kit.publisher(kafka)
    await sent.start()
    ingress = kit.ingress(kafka, hub, sent, failing)
    await ingress.start()
    try:
        found = await until(kafka, lambda found: about(found, topics.EVENTS_G, good["id"]))
        assert await ingress.check() == ""
    finally:
        await ingress.stop()
        await sent.stop()
    assert any(b"internal-error" in (r.value or b"") for r in found if r.topic == topics.QUARANTINE)
    assert not about(found, topics.EVENTS_G, bad["id"])


async def test_events_of_both_doors_carry_the_day_when_the_clock_is_set(kafka: Broker) -> None:
    by_http, by_kafka, before = event(), event(), event()
    await kit.prepare(kafka)
    await kafka.create([topics.ingress_topic("almere")])
    await write(kafka, topics.ingress("almere"), (json.dumps(by_kafka).encode(), STRUCTURED_RECORD))
    stamp = lambda: ((batch.DAY, b"2027-03-01"),)  # noqa: E731
    async with kit.running(kafka, Hub(), stamp=stamp) as client:
        assert (await post(client, by_http)).status_code == 202
        await until(kafka, lambda found: about(found, topics.EVENTS_G, by_kafka["id"]))
    async with kit.running(kafka, Hub()) as client:
        assert (await post(client, before)).status_code == 202
    records = await kit.everything(kafka)

    days = [
        dict(record.headers).get(batch.DAY)
        for one in (by_http, by_kafka, before)
        for record in about(records, topics.EVENTS_G, one["id"])
    ]
    assert days == [b"2027-03-01", b"2027-03-01", None]
    assert all(batch.DAY not in dict(r.headers) for r in records if r.topic == topics.JOURNAL)


class Refusing:
    """A publisher that nothing gets through."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def publish(self, records: Sequence[Out]) -> None:
        self.asked.set()
        raise NotStored("test")

    def offer(self, records: Sequence[Out]) -> None: ...


async def test_records_whose_outcome_could_not_be_published_come_again(kafka: Broker) -> None:
    sent = event()
    hub, refusing = Hub(), Refusing()
    await kit.prepare(kafka)
    await kafka.create([topics.ingress_topic("almere")])
    first = kit.ingress(kafka, hub, refusing)
    await first.start()
    await write(kafka, topics.ingress("almere"), (json.dumps(sent).encode(), STRUCTURED_RECORD))
    await asyncio.wait_for(refusing.asked.wait(), 90)
    await first.stop()
    assert not about(await kit.everything(kafka), topics.EVENTS_G, sent["id"])
    async with kit.running(kafka, hub):
        await until(kafka, lambda found: about(found, topics.EVENTS_G, sent["id"]))


async def test_with_kafka_gone_no_line_is_shown_that_no_log_could_tell_of(kafka: Broker) -> None:
    learner = "5f3e7c1a-9d42-4b7e-8f60-0f5be4c5a008"
    hub = Hub()
    enrolment = Enrolment(id="e1", org="brin:00YY01", stage="po", start="2026-08-01", primary=True)
    hub.queries.lines[learner] = Line(learner_id=learner, enrolments=[enrolment])
    headers = {"Authorization": "Bearer school-token", "Purpose": "WPO-OKR"}
    async with kit.running(kafka, hub, timeout=1.0) as client:
        kafka.kill()
        refused = await client.get(f"/v1/learning-lines/{learner}", headers=headers)
        assert refused.status_code == 503 and "brin:00YY01" not in refused.text
        await kafka.start()
        shown = await eventually(lambda: client.get(f"/v1/learning-lines/{learner}", headers=headers), 200)
        assert "brin:00YY01" in shown.text


async def test_who_waits_for_one_of_a_hundred_feeds_is_told_of_its_event_at_once(kafka: Broker) -> None:
    ids = [f"waiting-{uuid.uuid4().hex[:8]}" for _ in range(100)]
    await kafka.create([topics.outbox_topic(id) for id in ids])
    feeds = kit.feeds(kafka, retry_backoff_ms=2000)
    await feeds.start()
    waiting = [asyncio.create_task(feeds.read(id, 0, 10, wait=60)) for id in ids]
    try:
        # It takes two seconds; each question about a feed that the consumer has to find first would take two as well.
        async with asyncio.timeout(60):
            for id in ids:
                await feeds.span(id)
            async with low.producer(Settings(kafka=kafka.bootstrap)) as producer:
                for id in ids:
                    _, key, value, headers = delivery.to_record(id, Delivery("d1", "s", 1, b"{}"))
                    await producer.send_and_wait(topics.outbox(id), value, key, headers=list(headers))
            pages = await asyncio.gather(*waiting)
    finally:
        await feeds.stop()
    assert [[number for number, _ in page.deliveries] for page in pages] == [[1]] * len(ids)
