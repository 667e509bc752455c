"""A locked Kafka, and what it lets each user do: found by trying, with the bare requests that no client keeps back."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import Any

from aiokafka.client import AIOKafkaClient, CoordinationType
from aiokafka.errors import GroupAuthorizationFailedError
from aiokafka.protocol.commit import OffsetFetchRequest
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.group import HeartbeatRequest
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.protocol.transaction import InitProducerIdRequest

from hub import kafka, kafka_lock
from hub.core import topics
from hub.core.kafka_rights import OPERATOR
from hub.local.kafka import LocalKafka
from hub.local.ports import free_row
from hub.settings import PORTS_PER_BROKER, Settings
from tests.broker import JARS, with_certificate

OUTBOX, INGRESS = topics.outbox("inbox-somebody"), topics.ingress("somebody")
TOPICS = (*(topic.name for topic in topics.manifest(1)), OUTBOX, INGRESS)
GROUPS = (
    *(topics.PROCESSORS, topics.COURIERS, topics.PROJECTORS, topics.INGRESSES),
    *(topics.SEALERS, topics.EXPORTERS),
    *(f"{topics.READER}inbox-somebody", "partner-somebody.1", "a-strangers"),
)
NEW = ("hub.new", "outbox.new", "ingress.new", "strange")
"""Topics that are not there."""

REFUSED = {29, 30, 31, 53}
"""The broker's codes for: no right to this topic, group, cluster, transactional id."""

Did = tuple[str, str]
"""An operation, and on what."""


class Cluster:
    """A running locked Kafka with the users of the table, all topics, an outbox and an ingress."""

    def __init__(self, folder: Path) -> None:
        with_certificate(folder / "kafka")
        self.local = LocalKafka(
            folder / "kafka", free_row(PORTS_PER_BROKER), JARS, folder / "logs", locked=True
        )
        self.settings = Settings(
            data=folder,
            kafka=f"127.0.0.1:{self.local.port}",
            kafka_ca=self.local.certificate.ca,
            kafka_partners=self.local.partner_bootstrap,
            kafka_partners_ca=self.local.certificate.ca,
            kafka_security="sasl_ssl",
            partitions=1,
        )

    def of(self, user: str) -> Settings:
        return self.settings.acting_as(user)

    async def lock(self) -> kafka_lock.Changed:
        return await kafka_lock.lock(self.local.bootstrap, self.settings.secrets)

    async def start(self) -> None:
        await asyncio.to_thread(self.local.start)
        await self.local.wait_ready()
        await self.lock()
        wanted = [
            *topics.manifest(1),
            topics.outbox_topic("inbox-somebody"),
            topics.ingress_topic("somebody"),
        ]
        await kafka.ensure_topics(self.of(OPERATOR).bootstrap, wanted)


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    made = Cluster(folder)
    try:
        asyncio.run(made.start())
        yield made
    finally:
        made.local.stop()


async def tried(settings: Settings) -> set[Did]:
    """All that the broker did not refuse. Nothing is changed by it: what is let through is refused for being empty, or
    is only checked."""
    async with _client(settings) as client:
        done = {*await _topics(client), *await _groups(client), *await _producing(client)}
    return done | await asyncio.to_thread(_administered, settings)


@contextlib.asynccontextmanager
async def _client(settings: Settings) -> AsyncIterator[AIOKafkaClient]:
    client = kafka.client(settings.bootstrap)
    try:
        await client.bootstrap()
        yield client
    finally:
        await client.close()


async def _topics(client: AIOKafkaClient) -> set[Did]:
    seen = (await client.fetch_all_metadata()).topics()
    node = client.get_random_node()
    fetch = FetchRequest(200, 1, 1 << 20, 0, [(name, [(0, 0, 1 << 20)]) for name in TOPICS])
    fetched = {name: code for name, ((_, code, *_),) in (await client.send(node, fetch)).topics}
    produce = ProduceRequest(None, -1, 1000, [(name, [(0, b"")]) for name in TOPICS])
    produced = {name: code for name, ((_, code, *_),) in (await client.send(node, produce)).topics}
    return {
        *(("DESCRIBE", name) for name in TOPICS if name in seen),
        *_passed("READ", fetched.items()),
        *_passed("WRITE", produced.items()),
    }


async def _groups(client: AIOKafkaClient) -> set[Did]:
    found: set[Did] = set()
    for group in GROUPS:
        try:
            node = await client.coordinator_lookup(CoordinationType.GROUP, group)
        except GroupAuthorizationFailedError:
            continue
        asked = await client.send(node, OffsetFetchRequest(group, [(OUTBOX, [0])]))
        beat = await client.send(node, HeartbeatRequest(group, 1, "nobody"))
        found |= _passed("DESCRIBE", [(group, getattr(asked, "error_code", 0))])
        found |= _passed("READ", [(group, beat.error_code)])
    return found


async def _producing(client: AIOKafkaClient) -> set[Did]:
    """As an idempotent producer, and as one of transactions."""
    node = client.get_random_node()
    plain = await client.send(node, InitProducerIdRequest(None, 1000))
    found = _passed("PRODUCE", [("idempotent", plain.error_code)])
    try:
        await client.coordinator_lookup(CoordinationType.TRANSACTION, "some")
    except Exception as error:
        assert getattr(error, "errno", 0) in REFUSED, error
        return found
    return found | {("PRODUCE", "transactional")}


def _administered(settings: Settings) -> set[Did]:
    from kafka.admin import ConfigResource, UserScramCredentialDeletion
    from kafka.errors import KafkaError

    admin = kafka.admin_client(settings.bootstrap)
    try:
        made = admin.create_topics(
            {name: {"num_partitions": 1, "replication_factor": 1} for name in NEW},
            validate_only=True,
            raise_errors=False,
        )
        gone = admin.delete_topics(list(TOPICS), raise_errors=False)
        found = _passed("CREATE", [(one["name"], one["error_code"]) for one in made["topics"]])
        found |= _passed("DELETE", [(one["name"], one["error_code"]) for one in gone["topics"]])
        for name in TOPICS:
            wanted = [ConfigResource("TOPIC", name, configs={"retention.ms": "1"})]
            told = admin.alter_configs(wanted, validate_only=True, raise_on_unknown=False, incremental=True)
            if "uthoriz" not in str(told):
                found.add(("ALTER_CONFIGS", name))
        user = "nobody-at-all"
        told = admin.alter_user_scram_credentials([UserScramCredentialDeletion(user, "SCRAM-SHA-512")])
        if "permission" not in told[user]:
            found.add(("ALTER", "kafka-cluster"))
        with contextlib.suppress(KafkaError):
            admin.describe_user_scram_credentials([user])
            found.add(("DESCRIBE", "kafka-cluster"))
        return found
    finally:
        admin.close()


def _passed(operation: str, codes: Iterable[tuple[Any, int]]) -> set[Did]:
    return {(operation, name) for name, code in codes if code not in REFUSED}
