"""The table of what each part may do in Kafka, and how a part comes in."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from hub import kafka
from hub.core import kafka_rights as table
from hub.core.kafka_rights import RIGHTS
from hub.errors import SettingsError
from hub.local.children import USERS, crew, environment
from hub.locked import Locked
from hub.settings import Settings, read
from hub.stream import app
from tests.broker import ROOT, with_certificate


def test_the_document_in_deploy_is_the_table() -> None:
    written = (ROOT / "deploy/kafka/rights.md").read_text()
    assert written == table.document(), "hub kafka rights > deploy/kafka/rights.md"


def test_no_part_that_strangers_speak_to_may_change_what_others_may() -> None:
    mighty = {user for user, rights in RIGHTS.items() if any(one.kind == table.CLUSTER for one in rights)}
    assert mighty == {table.OPERATOR, table.STEWARD}


def test_nobody_may_delete_a_topic_and_the_operator_alone_says_how_long_it_is_kept() -> None:
    known = {table.READ, table.WRITE, table.CREATE, table.DESCRIBE, table.ALTER, table.ALTER_CONFIGS}
    assert {one.operation for rights in RIGHTS.values() for one in rights} == known
    changes = {u for u, rights in RIGHTS.items() for one in rights if one.operation == table.ALTER_CONFIGS}
    assert changes == {table.OPERATOR}
    assert not [one for rights in RIGHTS.values() for one in rights if one[0:3:2] == ("TOPIC", "ALTER")]


def test_every_group_is_joined_by_one_part_alone() -> None:
    groups = [one.name for rights in RIGHTS.values() for one in rights if one[0:3:2] == ("GROUP", "READ")]
    assert len(groups) == len(set(groups)) == 7


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of a locked local Kafka, with the passwords of all its users."""
    made = read({"HUB_DATA": str(tmp_path), "HUB_KAFKA_SECURITY": "sasl_ssl"})
    made.secrets.mkdir()
    for user in RIGHTS:
        (made.secrets / user).write_text(f"secret of {user}\n")
    with_certificate(tmp_path / "kafka")
    return made


async def test_every_client_comes_in_over_tls_by_the_name_of_its_part(settings: Settings) -> None:
    own = settings.acting_as(table.COURIER)
    clients = [
        kafka.consumer(own.bootstrap)._client,
        kafka.producer(own).client,
        kafka.client(own.bootstrap),
    ]
    for client in clients:
        assert client._security_protocol == "SASL_SSL" and client._ssl_context.check_hostname
        assert client._ssl_context.verify_mode == ssl.CERT_REQUIRED
        assert (client._sasl_mechanism, client._sasl_plain_username) == ("SCRAM-SHA-512", "hub-courier")
        assert client._sasl_plain_password == "secret of hub-courier"


def test_so_does_the_processor(settings: Settings, tmp_path: Path) -> None:
    given = app._options(settings.acting_as(table.PROCESSOR), tmp_path, "memory://")["broker_credentials"]
    assert (given.protocol.value, given.mechanism.value, given.username) == (
        "SASL_SSL",
        "SCRAM-SHA-512",
        "hub-processor",
    )
    assert given.ssl_context.check_hostname


def test_who_prints_where_kafka_is_prints_no_password(settings: Settings) -> None:
    where = settings.bootstrap
    assert isinstance(where, Locked) and where.user == table.OPERATOR and where.password
    assert f"{where} {where!r}" == "127.0.0.1:19092 '127.0.0.1:19092'"
    told = settings.model_copy(update=read({"HUB_KAFKA_PASSWORD": "hush"}).model_dump())
    assert "hush" not in f"{told!r} {told.model_dump()} {told.model_dump_json()}"


def test_a_part_is_given_the_name_of_its_own_secrets_and_of_no_others(settings: Settings) -> None:
    given = settings.model_copy(
        update={
            **read({"HUB_KAFKA_PASSWORD": "hush"}).model_dump(include={"kafka_password"}),
            "database": "postgresql://hub_projector:writes@db/hub",
            "database_reader": "postgresql://hub_gateway:reads@db/hub",
        }
    )
    for part, own in crew(given):
        environ = environment(
            own, {"HUB_KAFKA_PASSWORD": "hush", "HUB_DATABASE": "postgresql://who:else@db/hub"}
        )
        assert environ["HUB_KAFKA_USER"] == USERS[part]
        assert read(environ).bootstrap.password == f"secret of {USERS[part]}"
        assert not [name for name in environ if name.startswith("HUB_KAFKA_PASSWORD")]
        bases = {name: value for name, value in environ.items() if name.startswith("HUB_DATABASE")}
        expected = {"projector": given.database, "gateway": given.database_reader}.get(part)
        assert bases == ({"HUB_DATABASE": expected} if expected else {})


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"HUB_KAFKA_SECURITY": "ssl"}, "HUB_KAFKA_SECURITY"),
        ({"HUB_KAFKA_USER": ""}, "HUB_KAFKA_USER"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(given: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=f"^{named}: "):
        read(given)


def test_a_password_that_is_not_there_is_asked_for_by_the_name_of_its_setting(settings: Settings) -> None:
    (settings.secrets / table.OPERATOR).unlink()
    with pytest.raises(SettingsError, match=r"^HUB_KAFKA_PASSWORD_FILE: .*hub-operator: No such file"):
        _ = settings.bootstrap
