"""A whole gateway on the real Kafka, and a look into every topic."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

from aiokafka import TopicPartition

from hub import kafka as low
from hub.core import partners, topics
from hub.core.admission import admit
from hub.core.line import for_partner
from hub.core.reception import Admit
from hub.core.records import Record
from hub.gateway.app import build
from hub.gateway.context import Gateway
from hub.gateway.feedlog import KafkaFeeds
from hub.gateway.ingress import GROUP, Ingress
from hub.gateway.publisher import KafkaPublisher, Publisher, Stamp
from hub.settings import Settings
from tests.broker import Broker
from tests.gateway_fakes import PARTNERS, Hub


def feeds(broker: Broker) -> KafkaFeeds:
    return KafkaFeeds(lambda: low.consumer(broker.bootstrap, fetch_max_wait_ms=100), size=2)


def publisher(broker: Broker, timeout: float = 5.0) -> KafkaPublisher:
    return KafkaPublisher(lambda: low.producer(Settings(kafka=broker.bootstrap)), timeout)


def ingress(broker: Broker, hub: Hub, sent: Publisher, judge: Admit = admit, stamp: Stamp = tuple) -> Ingress:
    reader = lambda: low.consumer(broker.bootstrap, GROUP, metadata_max_age_ms=1000)  # noqa: E731
    return Ingress(reader, hub.known, sent, judge, hub.counts.extend, now, stamp)


def now() -> int:
    return int(time.time() * 1000)


async def prepare(broker: Broker) -> None:
    """All fixed topics, and the partners in theirs."""
    await broker.create(topics.manifest(4))
    async with low.producer(Settings(kafka=broker.bootstrap)) as producer:
        for one in PARTNERS:
            await producer.send_and_wait(topics.PARTNERS, partners.dump(one), one.id.encode())


@contextlib.asynccontextmanager
async def running(broker: Broker, hub: Hub, timeout: float = 5.0, stamp: Stamp = tuple) -> AsyncIterator[Any]:
    """A client of a gateway that stands on the real Kafka with all its services started. `hub` collects the counts."""
    await prepare(broker)
    sent = publisher(broker, timeout)
    read = feeds(broker)

    async def ensure(subscription: str) -> None:
        await broker.create([topics.outbox_topic(subscription)])

    views = (
        low.CompactedView(broker.bootstrap, topics.PARTNERS, hub.known.apply_partner),
        low.CompactedView(broker.bootstrap, topics.SUBSCRIPTIONS, hub.known.apply_subscription),
    )
    gateway: Gateway = hub.gateway(
        publisher=sent, feeds=read, ensure_outbox=ensure, for_partner=for_partner, now=now, stamp=stamp
    )
    app = build(gateway, services=(*views, sent, read, ingress(broker, hub, sent, stamp=stamp)))
    async with app.router.lifespan_context(app), hub.client(app=app) as client:
        yield client


async def everything(broker: Broker) -> list[Record]:
    """Every record of every topic of the cluster, as it lies there now."""
    reader = low.consumer(broker.bootstrap)
    await reader.start()
    try:
        cluster = await reader._client.fetch_all_metadata()
        parts = [
            TopicPartition(topic, number)
            for topic in cluster.topics()
            for number in cluster.partitions_for_topic(topic) or ()
        ]
        reader.assign(parts)
        ends = await reader.end_offsets(parts)
        found: list[Record] = []
        while any([await reader.position(part) < ends[part] for part in parts if ends[part]]):
            for records in (await reader.getmany(timeout_ms=200)).values():
                found += [
                    Record(
                        r.topic, r.partition, r.offset, r.timestamp, r.key or b"", r.value, tuple(r.headers)
                    )
                    for r in records
                ]
        return found
    finally:
        await reader.stop()
