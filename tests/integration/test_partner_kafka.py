"""A partner that comes in by Kafka: over TLS, with its own credential, to its own topics and to nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    NoError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    for_code,
)
from aiokafka.protocol.fetch import FetchRequest

from hub import kafka, kafka_access, partners, steward
from hub.core import topics
from hub.core.partners import Partner, Role
from hub.errors import OperatorError
from hub.settings import Settings
from hub.wiring.door import gateway_app
from tests.broker import ROOT, Broker

pytestmark = pytest.mark.kafka

Given = dict[str, str]
"""The settings of a client, by the names that `hub partners kafka` prints."""


async def a_partner(broker: Broker, id: str = "") -> str:
    """A partner with one record in its inbox."""
    id = id or f"p{uuid.uuid4().hex[:8]}"
    await partners.store(broker.settings, [Partner(id=id, name=id, roles=(Role.PO,))])
    await write(broker, inbox(id), id)
    return id


def inbox(partner: str) -> str:
    return topics.outbox(f"inbox-{partner}")


async def write(broker: Broker, topic: str, value: str) -> None:
    async with kafka.producer(broker.settings) as producer:
        await producer.send_and_wait(topic, value.encode())


async def credential(broker: Broker, id: str) -> Given:
    return (await partners.give_kafka(broker.settings, id)).properties(broker.settings)


def hub(broker: Broker, *words: str) -> subprocess.CompletedProcess[str]:
    """`hub partners ...` as an operator types it."""
    s = broker.settings
    ours = {
        "KAFKA": s.bootstrap,
        "KAFKA_PARTNERS": s.partner_bootstrap,
        "KAFKA_PARTNERS_CA": str(s.partner_ca),
    }
    return subprocess.run(
        [sys.executable, "-m", "hub", "partners", *words],
        cwd=ROOT,
        env=os.environ | {f"HUB_{name}": value for name, value in ours.items()},
        capture_output=True,
        text=True,
    )


def options(given: Given) -> dict[str, Any]:
    """The same for aiokafka."""
    return {
        "bootstrap_servers": given["bootstrap.servers"],
        "security_protocol": given["security.protocol"],
        "ssl_context": ssl.create_default_context(cafile=given["ssl.ca.location"]),
        "sasl_mechanism": given["sasl.mechanism"],
        "sasl_plain_username": given["sasl.username"],
        "sasl_plain_password": given["sasl.password"],
    }


@contextlib.asynccontextmanager
async def connected(given: Given) -> AsyncIterator[AIOKafkaClient]:
    client = AIOKafkaClient(request_timeout_ms=10_000, **options(given))
    try:
        await client.bootstrap()
        yield client
    finally:
        await client.close()


@contextlib.asynccontextmanager
async def reading(given: Given, topic: str, **other: Any) -> AsyncIterator[AIOKafkaConsumer]:
    wanted = {"group_id": given["group.id"], "auto_offset_reset": "earliest", **options(given), **other}
    consumer = AIOKafkaConsumer(topic, **wanted)
    try:
        await consumer.start()
        yield consumer
    finally:
        await kafka.end(consumer)


async def next_value(consumer: AIOKafkaConsumer) -> str:
    record = await asyncio.wait_for(consumer.getone(), 90)
    return (record.value or b"").decode()


async def fetched(client: AIOKafkaClient, topic: str) -> type[Exception]:
    """What the broker itself answers to a bare fetch, whatever a client would keep from asking."""
    request = FetchRequest(200, 1, 1 << 20, 0, [(topic, [(0, 0, 1 << 20)])])
    answer = await client.send(client.get_random_node(), request)
    ((_, ((_, code, *_),)),) = answer.topics
    return for_code(code)


async def eventually(attempt: Callable[[], Awaitable[Any]], wanted: Any) -> None:
    """A broker learns of a right or a password a moment after it was stored."""
    async with asyncio.timeout(90):
        while (found := await attempt()) != wanted:
            await asyncio.sleep(0.1)
    assert found == wanted


async def comes_in(given: Given) -> str:
    try:
        async with connected(given):
            return "in"
    except (SaslAuthenticationFailed, KafkaConnectionError):
        return "refused"


async def test_a_partner_reads_its_outbox_with_the_settings_that_the_command_printed(kafka: Broker) -> None:
    id = await a_partner(kafka)
    done = await asyncio.to_thread(hub, kafka, "kafka", id)
    assert done.returncode == 0, done.stderr
    first, *lines = done.stdout.splitlines()
    assert first == f"# {id} reads {inbox(id)}, in groups that begin with partner-{id}."
    given = dict(line.split("=", 1) for line in lines)
    assert given["group.id"].startswith(f"partner-{id}.")
    await eventually(lambda: comes_in(given), "in")
    async with reading(given, inbox(id)) as consumer:
        assert await next_value(consumer) == id
        await consumer.commit()
        await write(kafka, inbox(id), "the next")
        assert await next_value(consumer) == "the next"
    assert given["sasl.password"] not in done.stderr
    files = [path for path in Path(kafka.local.cluster).rglob("*") if path.is_file()]
    assert not [path for path in files if given["sasl.password"].encode() in path.read_bytes()]


async def test_nothing_but_its_own_topics_can_be_seen_or_read(kafka: Broker) -> None:
    id = await a_partner(kafka)
    other = await a_partner(kafka, f"{id}-west")
    await credential(kafka, other)
    given = await credential(kafka, id)
    await eventually(lambda: comes_in(given), "in")
    async with connected(given) as client:
        await eventually(lambda: fetched(client, inbox(id)), NoError)
        assert (await client.fetch_all_metadata()).topics() == {inbox(id)}
        for topic in (inbox(other), *topics.INPUTS, topics.LINES, topics.JOURNAL, topics.PARTNERS):
            assert await fetched(client, topic) is TopicAuthorizationFailedError, topic


async def test_a_partner_writes_to_its_ingress_only(kafka: Broker) -> None:
    id, other = await a_partner(kafka), await a_partner(kafka)
    given = await credential(kafka, id)
    for one in (id, other):
        await partners.open_ingress(kafka.settings, one)
    await eventually(lambda: comes_in(given), "in")
    producer = AIOKafkaProducer(enable_idempotence=True, **options(given))
    await producer.start()
    try:
        await asyncio.wait_for(producer.send_and_wait(topics.ingress(id), b"mine"), 90)
        for topic in (inbox(id), inbox(other), topics.ingress(other), topics.EVENTS_P1):
            with pytest.raises(TopicAuthorizationFailedError):
                await asyncio.wait_for(producer.send_and_wait(topic, b"not mine"), 90)
    finally:
        await producer.stop()


async def test_a_group_of_another_name_cannot_be_joined(kafka: Broker) -> None:
    id = await a_partner(kafka)
    given = await credential(kafka, id)
    await eventually(lambda: comes_in(given), "in")
    for group in ("hub-courier", f"partner-{id}", f"partner-{id}-west.1", f"pull-inbox-{id}"):
        with pytest.raises(GroupAuthorizationFailedError):
            async with reading(given, inbox(id), group_id=group) as consumer:
                await next_value(consumer)


async def test_who_has_no_password_or_an_old_one_is_refused(kafka: Broker) -> None:
    id = await a_partner(kafka)
    old = await credential(kafka, id)
    await eventually(lambda: comes_in(old), "in")
    assert await comes_in(old | {"sasl.password": "guessed"}) == "refused"
    assert await comes_in(old | {"sasl.username": "ANONYMOUS"}) == "refused"
    assert await comes_in(old | {"security.protocol": "SSL"}) == "refused"
    new = await credential(kafka, id)
    await eventually(lambda: comes_in(old), "refused")
    await eventually(lambda: comes_in(new), "in")


async def test_a_new_credential_leaves_no_right_that_is_no_longer_due(kafka: Broker) -> None:
    id = await a_partner(kafka)
    given = await credential(kafka, id)
    await eventually(lambda: comes_in(given), "in")
    async with connected(given) as client:
        assert await kafka_access.let(kafka.bootstrap, id, topics.LINES, kafka_access.READ)
        await eventually(lambda: fetched(client, topics.LINES), NoError)
        await credential(kafka, id)
        await eventually(lambda: fetched(client, topics.LINES), TopicAuthorizationFailedError)
        assert await fetched(client, inbox(id)) is NoError


async def test_a_credential_taken_away_ends_open_connections_and_refuses_the_next(kafka: Broker) -> None:
    id = await a_partner(kafka)
    given = await credential(kafka, id)
    await eventually(lambda: comes_in(given), "in")
    async with connected(given) as client:
        await eventually(lambda: fetched(client, inbox(id)), NoError)
        done = await asyncio.to_thread(hub, kafka, "kafka", id, "--revoke")
        assert done.stdout == f"{id} can no longer come in by Kafka\n", done.stderr
        await eventually(lambda: fetched(client, inbox(id)), TopicAuthorizationFailedError)
    await eventually(lambda: comes_in(given), "refused")
    assert await partners.take_kafka(kafka.settings, id) is False


async def test_the_certificate_names_this_machine_and_is_signed_by_the_ca_that_is_given_out(
    kafka: Broker,
) -> None:
    stranger = ssl.create_default_context()
    port = kafka.local.partner_port
    with pytest.raises(ssl.SSLCertVerificationError):
        await asyncio.open_connection("127.0.0.1", port, ssl=stranger)
    known = ssl.create_default_context(cafile=kafka.local.certificate.ca)
    for name in ("localhost", "127.0.0.1"):
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=known, server_hostname=name)
        writer.close()
    with pytest.raises(ssl.SSLCertVerificationError):
        await asyncio.open_connection("127.0.0.1", port, ssl=known, server_hostname="hub.example")


@contextlib.asynccontextmanager
async def gateway(broker: Broker, folder: Path, token: str) -> AsyncIterator[httpx.AsyncClient]:
    """With the steward beside it."""
    settings = Settings(kafka=broker.bootstrap, data=folder)
    app = gateway_app(settings)
    keeping = asyncio.create_task(steward.follow(settings))
    transport = httpx.ASGITransport(app=app)
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://hub", headers=headers) as client,
    ):
        yield client
    keeping.cancel()


async def test_rights_follow_the_subscriptions_of_who_has_a_credential(kafka: Broker, tmp_path: Path) -> None:
    id = await a_partner(kafka)
    token = await partners.give_token(kafka.settings, id)
    given = await credential(kafka, id)
    await eventually(lambda: comes_in(given), "in")
    async with gateway(kafka, tmp_path, token) as door, connected(given) as client:
        made = await door.post("/v1/subscriptions", json={"types": ["a.b.c"]})
        assert made.status_code == 201, made.text
        topic = topics.outbox(made.json()["id"])
        await eventually(lambda: fetched(client, topic), NoError)
        assert (await door.delete(f"/v1/subscriptions/{made.json()['id']}")).status_code == 200
        await eventually(lambda: fetched(client, topic), TopicAuthorizationFailedError)
        assert await fetched(client, inbox(id)) is NoError

        await partners.take_kafka(kafka.settings, id)
        later = topics.outbox((await door.post("/v1/subscriptions", json={"types": ["a.b.c"]})).json()["id"])
        assert await fetched(client, later) is TopicAuthorizationFailedError
    again = await partners.give_kafka(kafka.settings, id)
    assert set(again.reads) == {inbox(id), later}


async def test_a_partner_that_does_not_exist_gets_no_credential(kafka: Broker) -> None:
    await kafka.create(topics.manifest(4))
    with pytest.raises(OperatorError, match="no partner nobody"):
        await partners.give_kafka(kafka.settings, "nobody")


async def test_without_a_door_for_partners_the_command_says_what_to_set() -> None:
    with pytest.raises(OperatorError, match="HUB_KAFKA_PARTNERS"):
        await partners.give_kafka(Settings(kafka="127.0.0.1:1"), "nobody")
