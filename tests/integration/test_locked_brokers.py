"""The brokers of a locked Kafka among themselves, and a Kafka that is locked after it was open."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hub import kafka, kafka_lock
from hub.core import topics
from hub.core.kafka_rights import AUDITOR, GATEWAY, OPERATOR
from hub.demo.log import read_all
from hub.local.kafka import LocalKafka, cluster
from hub.local.ports import free_row
from hub.settings import PORTS_PER_BROKER, Settings
from tests.broker import JARS, with_certificate

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(300)]


def settings(folder: Path, brokers: list[LocalKafka]) -> Settings:
    return Settings(
        data=folder,
        kafka_port=brokers[0].port,
        kafka_brokers=len(brokers),
        kafka_security="sasl_ssl" if brokers[0].locked else "plaintext",
    )


async def started(brokers: list[LocalKafka]) -> None:
    await asyncio.gather(*(asyncio.to_thread(broker.start) for broker in brokers))
    await asyncio.gather(*(broker.wait_ready(120) for broker in brokers))


async def tell(given: Settings, value: bytes) -> None:
    async with kafka.producer(given.acting_as(GATEWAY)) as producer:
        await producer.send_and_wait(topics.EVENTS_P2, value)


async def told(given: Settings) -> list[bytes | None]:
    records = await read_all(given.acting_as(AUDITOR).bootstrap, [topics.EVENTS_P2])
    return [record.value for record in records]


async def test_three_locked_brokers_know_one_another_and_any_of_them_may_die(tmp_path: Path) -> None:
    with_certificate(tmp_path / "kafka")
    brokers = cluster(tmp_path / "kafka", free_row(3 * PORTS_PER_BROKER), JARS, nodes=3, locked=True)
    hub = settings(tmp_path, brokers)
    try:
        await started(brokers)
        await kafka_lock.lock(brokers[0].bootstrap, hub.secrets)
        await kafka.ensure_topics(hub.acting_as(OPERATOR).bootstrap, topics.manifest(1))
        await tell(hub, b"to three")
        brokers[0].kill()
        await tell(hub, b"to two")
        assert await told(hub) == [b"to three", b"to two"]
    finally:
        for broker in brokers:
            broker.kill()


async def test_a_kafka_with_data_can_be_locked_and_opened_again(tmp_path: Path) -> None:
    with_certificate(tmp_path / "kafka")
    port, values = free_row(PORTS_PER_BROKER), []
    for locked, value in ((False, b"open"), (True, b"locked"), (False, b"open again")):
        broker = LocalKafka(tmp_path / "kafka", port, JARS, locked=locked)
        hub = settings(tmp_path, [broker])
        try:
            await started([broker])
            if locked:
                await kafka_lock.lock(broker.bootstrap, hub.secrets)
            await kafka.ensure_topics(hub.acting_as(OPERATOR).bootstrap, topics.manifest(1))
            await tell(hub, value)
            values.append(value)
            assert await told(hub) == values
        finally:
            await asyncio.to_thread(broker.stop)
