"""A whole gateway on the real Kafka, and a look into every topic."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import uvicorn
from aiokafka import TopicPartition
from fastapi import APIRouter, FastAPI

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
from hub.gateway.journallog import KafkaJournal
from hub.gateway.offsets import KafkaOffsets
from hub.gateway.publisher import KafkaPublisher, Publisher, Stamp
from hub.settings import Settings
from tests.broker import Broker
from tests.gateway_fakes import PARTNERS, Hub


def feeds(broker: Broker, **options: Any) -> KafkaFeeds:
    return KafkaFeeds(lambda: low.consumer(broker.bootstrap, fetch_max_wait_ms=100, **options), size=2)


def offsets(broker: Broker, timeout: float = 5.0) -> KafkaOffsets:
    return KafkaOffsets(lambda: low.client(broker.bootstrap), timeout)


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


async def application(
    broker: Broker,
    hub: Hub,
    timeout: float = 5.0,
    stamp: Stamp = tuple,
    pages: Sequence[APIRouter] = (),
    **changes: Any,
) -> FastAPI:
    """A gateway that stands on the real Kafka, with all its services. `hub` collects the counts."""
    await prepare(broker)
    sent = publisher(broker, timeout)
    read = feeds(broker)

    async def ensure(subscription: str) -> None:
        await broker.create([topics.outbox_topic(subscription)])

    views = (
        low.CompactedView(broker.bootstrap, topics.PARTNERS, hub.known.apply_partner),
        low.CompactedView(broker.bootstrap, topics.SUBSCRIPTIONS, hub.known.apply_subscription),
    )
    kept = offsets(broker, timeout)
    gateway: Gateway = hub.gateway(
        publisher=sent,
        feeds=read,
        offsets=kept,
        journaled=KafkaJournal(read, 4),
        ensure_outbox=ensure,
        for_partner=for_partner,
        now=now,
        stamp=stamp,
        **changes,
    )
    services = (*views, sent, read, kept, ingress(broker, hub, sent, stamp=stamp))
    return build(gateway, services=services, pages=pages)


@contextlib.asynccontextmanager
async def running(
    broker: Broker, hub: Hub, timeout: float = 5.0, stamp: Stamp = tuple, **changes: Any
) -> AsyncIterator[Any]:
    """A client of a gateway on the real Kafka with all its services started."""
    app = await application(broker, hub, timeout, stamp, **changes)
    async with app.router.lifespan_context(app), hub.client(app=app) as client:
        yield client


@contextlib.asynccontextmanager
async def served(broker: Broker, hub: Hub) -> AsyncIterator[str]:
    """The same for who is no part of this process: gives its address."""
    app = await application(broker, hub)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, timeout_graceful_shutdown=1))
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
    serving = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(90):
            while not server.started:
                await asyncio.sleep(0.05)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await serving


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
