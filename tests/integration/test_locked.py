"""A locked Kafka: every part of the hub may do what the table says (hub/core/kafka_rights.py) and nothing besides."""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError
from pydantic import SecretStr

from hub import kafka, kafka_lock, partners, steward
from hub.core import kafka_rights as table
from hub.core import topics
from hub.core.kafka_rights import RIGHTS, Right
from hub.core.partners import Partner, Role
from hub.core.subscription import Subscription, dump
from hub.errors import SettingsError
from hub.knock import knock
from hub.local.certificate import Certificate
from hub.settings import Settings
from tests import locked
from tests.broker import ROOT
from tests.locked import GROUPS, INGRESS, NEW, OUTBOX, TOPICS, Cluster, Did

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]

IMPLIED = {name: (name, "DESCRIBE") for name in ("READ", "WRITE", "ALTER")}
"""What a right brings with it, by Kafka's own rules."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with locked.cluster(tmp_path_factory.mktemp("locked")) as made:
        yield made


def expected(rights: frozenset[Right]) -> set[Did]:
    places = {table.TOPIC: (*TOPICS, *NEW), table.GROUP: GROUPS, table.CLUSTER: (table.THE_CLUSTER,)}
    found = {
        (operation, name)
        for right in rights
        for name in places[right.kind]
        if (name.startswith(right.name) if right.prefix else name == right.name)
        for operation in IMPLIED.get(right.operation, (right.operation,))
        if operation == table.CREATE or name not in NEW
    }
    found = {one for one in found if one[0] != table.CREATE or one[1] in NEW}
    writes = any(right.operation == table.WRITE for right in rights)
    return found | ({("PRODUCE", "idempotent")} if writes else set())


@pytest.mark.parametrize("user", sorted(RIGHTS))
async def test_a_part_can_do_what_its_row_says_and_is_refused_all_else(cluster: Cluster, user: str) -> None:
    assert await locked.tried(cluster.of(user)) == expected(RIGHTS[user])


async def test_no_part_reads_the_events_that_only_the_processor_needs(cluster: Cluster) -> None:
    """Said once more by hand, lest the table and its test go wrong together."""
    readers = {
        user: {on for did, on in await locked.tried(cluster.of(user)) if did == "READ"} for user in RIGHTS
    }
    of_persons = {topics.EVENTS_P1, topics.EVENTS_P2}
    assert {user for user, may in readers.items() if may & of_persons} == {table.PROCESSOR, table.AUDITOR}
    assert topics.LINES not in readers[table.COURIER]
    assert OUTBOX not in readers[table.PROCESSOR] | readers[table.PROJECTOR] | readers[table.OPERATOR]


async def test_locking_again_takes_away_what_the_table_does_not_say_and_leaves_the_rest(
    cluster: Cluster,
) -> None:
    kept = {user: (cluster.settings.secrets / user).read_text() for user in RIGHTS}
    more = dict(RIGHTS) | {
        table.COURIER: RIGHTS[table.COURIER] | {Right(table.TOPIC, topics.LINES, table.READ)}
    }
    await kafka_lock.lock(cluster.local.bootstrap, cluster.settings.secrets, more)
    assert ("READ", topics.LINES) in await locked.tried(cluster.of(table.COURIER))
    assert await cluster.lock() == ([], 0, 1)
    assert await cluster.lock() == ([], 0, 0)
    assert await locked.tried(cluster.of(table.COURIER)) == expected(RIGHTS[table.COURIER])
    assert kept == {user: (cluster.settings.secrets / user).read_text() for user in RIGHTS}


async def test_a_password_file_that_was_removed_is_a_password_that_is_replaced(cluster: Cluster) -> None:
    path = cluster.settings.secrets / table.PROJECTOR
    old = cluster.of(table.PROJECTOR).bootstrap
    path.unlink()
    assert (await cluster.lock()).passwords == [table.PROJECTOR]
    with pytest.raises(SettingsError, match=r"HUB_KAFKA_PASSWORD_FILE: .* does not let hub-projector in"):
        while True:  # until the broker has heard of it
            assert await knock(old)
    assert await knock(cluster.of(table.PROJECTOR).bootstrap)
    assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700


async def test_a_partner_gets_its_own_outboxes_and_ingress_as_it_subscribes_and_nothing_else(
    cluster: Cluster,
) -> None:
    operator, gateway = cluster.of(table.OPERATOR), cluster.of(table.GATEWAY)
    await partners.store(operator, [Partner(id="somebody", name="Somebody", roles=(Role.PO,))])
    password = (await partners.give_kafka(operator, "somebody")).password
    own = operator.model_copy(
        update={
            "kafka": operator.kafka_partners,
            "kafka_user": "partner-somebody",
            "kafka_password": SecretStr(password),
        }
    )
    may = expected(
        frozenset([Right(table.TOPIC, OUTBOX, table.READ), Right(table.TOPIC, INGRESS, table.WRITE)])
    )
    may |= {(operation, "partner-somebody.1") for operation in ("READ", "DESCRIBE")}
    await eventually(lambda: locked.tried(own), may)

    keeping = asyncio.create_task(steward.follow(cluster.of(table.STEWARD)))
    later = topics.outbox_topic("sub-later")
    await kafka.ensure_topics(gateway.bootstrap, [later])
    made = Subscription(id="sub-later", partner="somebody")
    async with kafka.producer(gateway) as producer:
        await producer.send_and_wait(topics.SUBSCRIPTIONS, dump(made), b"sub-later")
        await eventually(lambda: seen(own), {OUTBOX, INGRESS, later.name})
        await producer.send_and_wait(topics.SUBSCRIPTIONS, None, b"sub-later")
        await eventually(lambda: seen(own), {OUTBOX, INGRESS})
    keeping.cancel()
    await partners.take_kafka(operator, "somebody")


async def seen(settings: Settings) -> set[str]:
    client = kafka.client(settings.bootstrap)
    try:
        await client.bootstrap()
        return set((await client.fetch_all_metadata()).topics())
    finally:
        await client.close()


async def eventually(attempt: Callable[[], Awaitable[Any]], wanted: Any) -> None:
    """A broker learns of a right or a password a moment after it was stored."""
    found = None
    for _ in range(60):
        with contextlib.suppress(KafkaError):
            if (found := await attempt()) == wanted:
                return
        await asyncio.sleep(0.25)
    assert found == wanted


async def test_nobody_comes_in_unnamed(cluster: Cluster) -> None:
    server = f"127.0.0.1:{cluster.local.port}"
    tls = ssl.create_default_context(cafile=cluster.local.certificate.ca)
    for given in ({}, {"security_protocol": "SSL", "ssl_context": tls}):
        client = AIOKafkaClient(bootstrap_servers=server, request_timeout_ms=3000, **given)
        with pytest.raises(KafkaError):
            await client.bootstrap()
        await client.close()


async def test_a_broker_by_another_name_than_its_certificate_is_not_trusted(cluster: Cluster) -> None:
    async with elsewhere("127.0.0.2", cluster.local.port) as port:
        strange = cluster.of(table.COURIER).model_copy(update={"kafka": f"127.0.0.2:{port}"})
        with pytest.raises(SettingsError, match=r"HUB_KAFKA_CA: .*IP address mismatch"):
            await knock(strange.bootstrap)


@pytest.mark.parametrize("command", ["gateway", "processor", "courier", "projector", "steward", "topics"])
def test_a_wrong_password_ends_a_start_with_one_line_that_names_the_setting(
    cluster: Cluster, command: str
) -> None:
    wrong = start(cluster, command, KAFKA_USER="hub-courier", KAFKA_PASSWORD="guessed")
    assert wrong.returncode == 2, wrong.stderr
    assert wrong.stderr.startswith("hub: HUB_KAFKA_PASSWORD_FILE: ") and "hub-courier" in wrong.stderr
    assert wrong.stderr.count("\n") == 1 and "guessed" not in wrong.stdout + wrong.stderr


@pytest.mark.parametrize(
    ("name", "content"),
    [("KAFKA_PASSWORD_FILE", None), ("KAFKA_PASSWORD_FILE", ""), ("KAFKA_CA", None), ("KAFKA_CA", "none")],
)
def test_a_file_that_is_missing_or_useless_is_named_too(
    cluster: Cluster, tmp_path: Path, name: str, content: str | None
) -> None:
    path = tmp_path / "given"
    if content is not None:
        path.write_text(content)
    wrong = start(cluster, "courier", **{name: str(path)})
    assert wrong.returncode == 2
    assert wrong.stderr.startswith(f"hub: HUB_{name}: {path}") and wrong.stderr.count("\n") == 1


def test_another_ca_is_named_too(cluster: Cluster, tmp_path: Path) -> None:
    stranger = Certificate(tmp_path / "tls")
    stranger.make()
    wrong = start(cluster, "courier", KAFKA_CA=str(stranger.ca))
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("hub: HUB_KAFKA_CA: ") and wrong.stderr.count("\n") == 1


def start(cluster: Cluster, command: str, **given: str) -> subprocess.CompletedProcess[str]:
    """`hub COMMAND`, as the operator where nothing else is given."""
    s = cluster.settings
    ours = {
        "DATA": str(s.data),
        "KAFKA": str(s.kafka),
        "KAFKA_SECURITY": s.kafka_security,
        "KAFKA_CA": str(s.kafka_ca),
        **given,
    }
    environ = os.environ | {f"HUB_{name}": value for name, value in ours.items()}
    return subprocess.run(
        [sys.executable, "-m", "hub", command],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
    )


@contextlib.asynccontextmanager
async def elsewhere(host: str, port: int) -> AsyncIterator[int]:
    """The same server, at another address."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while part := await reader.read(4096):
            writer.write(part)
        writer.close()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onward = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(carry(reader, onward[1]), carry(onward[0], writer))

    async with await asyncio.start_server(meet, host, 0) as server:
        yield server.sockets[0].getsockname()[1]
