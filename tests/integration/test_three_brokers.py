"""`HUB_KAFKA_BROKERS=3`: any one broker may die, at any moment. The parts are stand-ins; the brokers are real."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub import kafka
from hub.core.topics import LINES, PARTNERS
from hub.local import children
from hub.local.folder import Folder
from hub.local.kafka import LocalKafka, LocalKafkaError, cluster
from hub.settings import SettingsError, read
from tests.broker import JARS
from tests.three import TOPIC, Writers, broker_that_leads, numbers, replicas
from tests.up import STAND_INS, Up

pytestmark = pytest.mark.kafka


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    hub = Up(tmp_path, STAND_INS, HUB_KAFKA_BROKERS="3")
    yield hub
    hub.clean()


@pytest.mark.slow
def test_a_broker_that_is_killed_stops_no_writer_for_long_loses_nothing_and_comes_back(up: Up) -> None:
    up.start()
    up.wait(lambda: "the hub is up after" in up.said, 120)
    assert "(local, 3 brokers: any one may die)" in up.said
    writers = Writers(up.settings)
    asyncio.run(write_while_the_leader_is_killed(up, writers))
    found = asyncio.run(numbers(up.settings))
    for writer, last in writers.acknowledged.items():
        got = found[writer]
        assert last > 0 and got[:last] == list(range(1, last + 1)), "what was acknowledged is there, in order"
        assert len(got) <= last + 1, "and nothing is there twice"
    assert up.end() == 0
    assert not list(up.folder.run.glob("*.pid"))


async def write_while_the_leader_is_killed(up: Up, writers: Writers) -> None:
    await kafka.ensure_topics(up.settings.bootstrap, [TOPIC])
    async with writers.writing():
        await writers.goes_on()
        name = f"kafka-{await broker_that_leads(up.settings)}"
        # Held, so that it is two brokers that go on, and not the third that was started again in time.
        up.signal(signal.SIGSTOP)
        os.kill(up.pid(name), signal.SIGKILL)
        await writers.goes_on()
        up.signal(signal.SIGCONT)
        await asyncio.to_thread(up.wait, lambda: f"{name} is ready" in up.said, 120)
        await writers.goes_on()
    for topic in (TOPIC.name, LINES, PARTNERS, "__consumer_offsets"):
        assert await replicas(up.settings, topic) == {3}, topic


def test_data_of_one_broker_is_not_started_as_three_nor_the_other_way_round(tmp_path: Path) -> None:
    (tmp_path / "one" / "log").mkdir(parents=True)
    (tmp_path / "three" / "1").mkdir(parents=True)
    for broker in (
        *cluster(tmp_path / "one", 29990, JARS, nodes=3),
        LocalKafka(tmp_path / "three", 29990, JARS),
    ):
        with pytest.raises(LocalKafkaError, match="HUB_KAFKA_BROKERS"):
            broker.start()
        assert broker.process is None


def test_two_brokers_are_refused_at_the_door() -> None:
    with pytest.raises(SettingsError, match=r"HUB_KAFKA_BROKERS.*one broker, or three"):
        read({"HUB_KAFKA_BROKERS": "2"})


def test_every_broker_has_ports_of_its_own_and_all_are_named_to_clients(tmp_path: Path) -> None:
    given = {"HUB_KAFKA_BROKERS": "3", "HUB_KAFKA_PORT": "30000", "HUB_DATA": str(tmp_path)}
    settings = read(given)
    brokers = [child.local for child in children.brokers(settings, Folder(settings.data))]
    assert settings.bootstrap == ",".join(broker.bootstrap for broker in brokers)
    assert settings.partner_bootstrap == ",".join(broker.partner_bootstrap for broker in brokers)
    ports = [(b.port, b.controller_port, b.partner_port) for b in brokers]
    assert {broker.certificate.ca for broker in brokers} == {settings.partner_ca}
    assert len({port for three in ports for port in three}) == 9
