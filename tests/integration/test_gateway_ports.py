"""What the door asks of Kafka: the fake and the real one keep the same promises."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hub.core.delivery import Delivery, to_record
from hub.core.event import Event
from hub.core.records import Out
from hub.core.topics import outbox_topic
from hub.gateway.feedlog import FeedLog
from hub.gateway.publisher import NotStored, Publisher
from tests.broker import Broker
from tests.gateway_fakes import MemoryKafka
from tests.integration import gatewaykit as kit

pytestmark = pytest.mark.kafka


class Ports:
    """A publisher and a feed of one new subscription, on either kind of Kafka."""

    def __init__(self, publisher: Publisher, feeds: FeedLog, subscription: str) -> None:
        self.publisher = publisher
        self.feeds = feeds
        self.subscription = subscription

    def records(self, *numbers: int) -> list[Out]:
        events = [
            Event({"id": str(n), "source": "/s", "type": "t", "specversion": "1.0"}, n) for n in numbers
        ]
        made = (Delivery(f"d{e.id}", "s", 1, e.structured(), about=(e.id,)) for e in events)
        return [to_record(self.subscription, one) for one in made]

    def taking_back(self, number: int, *others: int) -> Out:
        body = Event({"id": str(number), "source": "/s", "type": "t"}, number).structured()
        given = Delivery(f"d{number}", "s", 1, body, withdraws=tuple(str(one) for one in others))
        return to_record(self.subscription, given)

    async def page(self, after: int = 0, limit: int = 100, wait: float = 0) -> Any:
        return await self.feeds.read(self.subscription, after, limit, wait)


@pytest.fixture(params=["memory", "kafka"])
def either(request: pytest.FixtureRequest) -> Broker | None:
    """The real Kafka, or None for the one in memory."""
    return request.getfixturevalue("kafka") if request.param == "kafka" else None


@pytest.fixture
async def ports(either: Broker | None) -> AsyncIterator[Ports]:
    subscription = f"sub-{uuid.uuid4().hex[:12]}"
    if either is None:
        memory = MemoryKafka()
        yield Ports(memory, memory, subscription)
        return
    await either.create([outbox_topic(subscription)])
    publisher, feeds = kit.publisher(either), kit.feeds(either)
    await publisher.start()
    await feeds.start()
    yield Ports(publisher, feeds, subscription)
    await feeds.stop()
    await publisher.stop()


async def test_what_was_published_is_numbered_from_1_in_order(ports: Ports) -> None:
    await ports.publisher.publish(ports.records(1, 2, 3))
    page = await ports.page()
    assert [(n, d.id, d.event().data) for n, d in page.deliveries] == [
        (1, "d1", 1),
        (2, "d2", 2),
        (3, "d3", 3),
    ]
    assert (page.first, page.last) == (1, 3)


async def test_after_and_limit_cut_the_feed_without_gaps(ports: Ports) -> None:
    await ports.publisher.publish(ports.records(*range(1, 8)))
    seen, after = [], 0
    while page := (await ports.page(after, 3)).deliveries:
        assert len(page) <= 3
        seen += [number for number, _ in page]
        after = seen[-1]
    assert seen == list(range(1, 8))


async def test_what_a_later_one_takes_back_is_known_on_every_page(ports: Ports) -> None:
    await ports.publisher.publish(ports.records(*range(1, 3001)))
    assert (await ports.page(2999)).withdrawn == frozenset()
    await ports.publisher.publish([ports.taking_back(3001, 2, 2998, 3000)])
    assert (await ports.page(2997, 500)).withdrawn == {2998, 3000}
    await ports.publisher.publish([*ports.records(3002), ports.taking_back(3003, 1, 3001)])
    assert (await ports.page(0, 2)).withdrawn == {1, 2}
    assert (await ports.page(2, 500)).withdrawn == frozenset()
    assert (await ports.page(3000)).withdrawn == frozenset()


async def test_an_empty_feed_is_empty_at_once(ports: Ports) -> None:
    assert await ports.page() == ([], 1, 0, frozenset())


async def test_a_position_beyond_the_end_is_told_by_the_last_number(ports: Ports) -> None:
    await ports.publisher.publish(ports.records(1))
    page = await ports.page(after=9, wait=5)
    assert page.deliveries == [] and page.last == 1


async def test_waiting_ends_as_soon_as_something_comes(ports: Ports) -> None:
    await ports.publisher.publish(ports.records(1))
    waiting = asyncio.create_task(ports.page(after=1, wait=600))
    await asyncio.sleep(0.3)
    assert not waiting.done()
    await ports.publisher.publish(ports.records(2))
    page = await asyncio.wait_for(waiting, 60)
    assert [number for number, _ in page.deliveries] == [2]


async def test_waiting_ends_when_the_time_is_up(ports: Ports) -> None:
    page = await asyncio.wait_for(ports.page(wait=0.3), 60)
    assert page.deliveries == []


async def test_many_read_at_once_and_each_gets_its_own(ports: Ports) -> None:
    await ports.publisher.publish(ports.records(*range(1, 11)))
    pages = await asyncio.gather(*(ports.page(after, 1) for after in range(10)))
    assert [page.deliveries[0][0] for page in pages] == list(range(1, 11))


async def test_an_offer_arrives_too(ports: Ports) -> None:
    ports.publisher.offer(ports.records(1))
    assert len((await ports.page(wait=60)).deliveries) == 1


async def test_a_reader_that_gives_up_leaves_the_feed_to_others(ports: Ports) -> None:
    for _ in range(5):
        gone = asyncio.create_task(ports.page(wait=20))
        await asyncio.sleep(0.02)
        gone.cancel()
    await ports.publisher.publish(ports.records(1))
    assert len((await asyncio.wait_for(ports.page(wait=60), 90)).deliveries) == 1


async def test_publishing_to_a_dead_kafka_fails_in_time_and_works_again_when_it_is_back(
    kafka: Broker,
) -> None:
    subscription = f"sub-{uuid.uuid4().hex[:12]}"
    await kafka.create([outbox_topic(subscription)])
    publisher, feeds = kit.publisher(kafka, timeout=1.0), kit.feeds(kafka)
    await publisher.start()
    await feeds.start()
    ports = Ports(publisher, feeds, subscription)
    try:
        await publisher.publish(ports.records(1))
        kafka.kill()
        for number in (2, 3):
            with pytest.raises(NotStored):
                await asyncio.wait_for(publisher.publish(ports.records(number)), 30)
        await kafka.start()
        await _again(publisher, ports.records(4))
        page = await ports.page(wait=60)
        data = [delivery.event().data for _, delivery in page.deliveries]
        assert data[0] == 1 and 4 in data, "what was acknowledged is there; 2 and 3 may be"
    finally:
        await feeds.stop()
        await publisher.stop()


async def _again(publisher: Publisher, records: list[Out]) -> None:
    async with asyncio.timeout(90):
        while True:
            try:
                return await publisher.publish(records)
            except NotStored:
                await asyncio.sleep(0.2)
