"""The local Kafka and the helpers of hub.kafka, against the real thing."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path

import pytest
from aiokafka.errors import KafkaConnectionError

from hub import kafka as hub_kafka
from hub.core.topics import RETENTION_MS, Topic, manifest, outbox_topic
from hub.local.kafka import LocalKafka, LocalKafkaError
from hub.settings import Settings
from tests.broker import JARS, Broker

pytestmark = pytest.mark.kafka


def compacted(partitions: int = 2) -> Topic:
    return Topic(f"view.{uuid.uuid4().hex[:8]}", partitions, {"cleanup.policy": "compact"})


def settings(kafka: Broker) -> Settings:
    return Settings(kafka=kafka.bootstrap)


async def publish(kafka: Broker, topic: Topic, *pairs: tuple[bytes, bytes | None]) -> None:
    async with hub_kafka.producer(settings(kafka)) as producer:
        for key, value in pairs:
            await producer.send_and_wait(topic.name, value, key)


async def read_all(kafka: Broker, topic: Topic) -> dict[bytes, bytes | None]:
    seen: dict[bytes, bytes | None] = {}
    view = hub_kafka.CompactedView(kafka.bootstrap, topic.name, seen.__setitem__)
    await view.start()
    await view.stop()
    return seen


async def until(true: object, seconds: float = 90.0) -> None:
    assert callable(true)
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.02)


async def test_what_was_acknowledged_survives_a_kill_of_the_broker(kafka: Broker) -> None:
    topic = compacted()
    await kafka.create([topic])
    written = {f"k{n}".encode(): f"v{n}".encode() for n in range(500)}
    await publish(kafka, topic, *written.items())
    kafka.kill()
    assert not kafka.local.running
    await kafka.start()
    assert await read_all(kafka, topic) == written


async def test_the_first_producer_after_readiness_meets_no_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fresh = Broker(tmp_path)
    await asyncio.to_thread(fresh.local.start)
    try:
        await fresh.local.wait_ready()
        topic = compacted()
        await fresh.create([topic])
        await publish(fresh, topic, (b"k", b"v"))
        assert [record.message for record in caplog.records if record.levelname in ("WARNING", "ERROR")] == []
    finally:
        await asyncio.to_thread(fresh.local.stop)
    assert not fresh.local.running


async def test_missing_jars_are_told_in_one_line_with_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(LocalKafkaError, match="run `make setup`"):
        LocalKafka(tmp_path / "kafka", 29999, tmp_path / "nothing").start()


async def test_a_taken_port_is_told_before_any_jvm_starts(kafka: Broker, tmp_path: Path) -> None:
    second = LocalKafka(tmp_path / "kafka", kafka.port, JARS)
    with pytest.raises(LocalKafkaError, match=f"port {kafka.port} is taken.*HUB_KAFKA_PORT"):
        second.start()
    assert second.process is None


async def test_making_topics_twice_makes_them_once(kafka: Broker) -> None:
    topics = [compacted(), compacted(1)]
    assert sorted(await kafka.create(topics)) == sorted(t.name for t in topics)
    assert await kafka.create(topics) == []
    assert await hub_kafka.partitions(kafka.bootstrap, topics[0].name) == [0, 1]


async def test_two_processes_may_make_the_same_topics_at_once(kafka: Broker) -> None:
    topics = [compacted() for _ in range(5)]
    made = await asyncio.gather(*(kafka.create(topics) for _ in range(4)))
    assert sorted(name for names in made for name in names) == sorted(t.name for t in topics)


async def test_another_partition_count_is_refused_and_named(kafka: Broker) -> None:
    topic = compacted(2)
    await kafka.create([topic])
    with pytest.raises(hub_kafka.TopicMismatch, match=f"{topic.name} has 2 partitions where 3"):
        await kafka.create([topic._replace(partitions=3)])


async def test_every_topic_of_the_manifest_can_be_made(kafka: Broker) -> None:
    await kafka.create(manifest(4))
    await hub_kafka.wait_for_kafka(kafka.bootstrap, 5, [t.name for t in manifest(4)])


async def test_topics_that_are_there_get_the_window_that_is_set(kafka: Broker) -> None:
    old = outbox_topic(f"old-{uuid.uuid4()}")._replace(
        config={"cleanup.policy": "delete", "retention.ms": "1"}
    )
    await kafka.create([old])
    assert old.name in await hub_kafka.set_retention(kafka.bootstrap, RETENTION_MS)
    assert old.name not in await hub_kafka.set_retention(kafka.bootstrap, RETENTION_MS)


async def test_waiting_for_a_topic_that_nobody_makes_names_it(kafka: Broker) -> None:
    with pytest.raises(hub_kafka.KafkaUnavailable, match=r"no topic nobody\.made\.this: run `hub topics`"):
        await hub_kafka.wait_for_kafka(kafka.bootstrap, 0.5, ["nobody.made.this"])


async def test_waiting_for_a_cluster_that_is_not_there_names_its_address() -> None:
    with pytest.raises(hub_kafka.KafkaUnavailable, match=r"127\.0\.0\.1:1 .*HUB_KAFKA"):
        await hub_kafka.wait_for_kafka("127.0.0.1:1", 0.3)


async def test_a_producer_gives_up_a_broker_that_hangs_long_before_it_gives_up_a_record(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hub_kafka, "ANSWER_SECONDS", 0.3)
    silent = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    host, port = silent.sockets[0].getsockname()
    producer = hub_kafka.producer(Settings(kafka=f"{host}:{port}"))
    try:
        with pytest.raises(KafkaConnectionError):
            await asyncio.wait_for(producer.start(), 90)
        assert producer._message_accumulator._batch_ttl > 30
    finally:
        await hub_kafka.end(producer)
        silent.close()


async def test_a_view_holds_all_that_was_there_when_start_returns_and_follows_after(kafka: Broker) -> None:
    topic = compacted()
    await kafka.create([topic])
    await publish(
        kafka, topic, *((f"k{n}".encode(), b"old") for n in range(50)), (b"k1", b"new"), (b"k2", None)
    )
    seen: dict[bytes, bytes | None] = {}
    changes: list[int] = []
    view = hub_kafka.CompactedView(kafka.bootstrap, topic.name, seen.__setitem__, lambda: changes.append(1))
    assert not view.ready
    await view.start()
    try:
        assert view.ready and len(seen) == 50 and seen[b"k1"] == b"new" and seen[b"k2"] is None
        before = len(changes)
        async with hub_kafka.producer(settings(kafka)) as producer:
            mine = await producer.send_and_wait(topic.name, b"later", b"k3")
        assert await view.reached(mine.partition, mine.offset)
        assert seen[b"k3"] == b"later" and len(changes) > before
        assert not await view.reached(mine.partition, mine.offset + 1, 0.2)
    finally:
        await view.stop()


async def test_a_view_of_an_empty_topic_is_ready_at_once(kafka: Broker) -> None:
    topic = compacted()
    await kafka.create([topic])
    assert await read_all(kafka, topic) == {}


async def test_a_view_goes_on_after_the_broker_was_killed(kafka: Broker) -> None:
    topic = compacted()
    await kafka.create([topic])
    await publish(kafka, topic, (b"before", b"1"))
    log: list[tuple[bytes, bytes | None]] = []
    view = hub_kafka.CompactedView(kafka.bootstrap, topic.name, lambda k, v: log.append((k, v)))
    await view.start()
    try:
        kafka.kill()
        await asyncio.sleep(1)
        await kafka.start()
        await publish(kafka, topic, (b"after", b"2"))
        await until(lambda: (b"after", b"2") in log)
        assert log == [(b"before", b"1"), (b"after", b"2")], "nothing was read again from the start"
    finally:
        await view.stop()


async def test_a_record_that_cannot_be_applied_hides_no_other(kafka: Broker) -> None:
    topic = compacted(1)
    await kafka.create([topic])
    await publish(kafka, topic, (b"a", b"1"), (b"bad", b"?"), (b"c", b"3"))
    seen: dict[bytes, bytes | None] = {}

    def apply(key: bytes, value: bytes | None) -> None:
        if key == b"bad":
            raise ValueError(value)
        seen[key] = value

    view = hub_kafka.CompactedView(kafka.bootstrap, topic.name, apply)
    await view.start()
    await view.stop()
    assert seen == {b"a": b"1", b"c": b"3"} and view.refused == 1


async def test_a_view_of_a_topic_that_does_not_exist_says_so(kafka: Broker) -> None:
    view = hub_kafka.CompactedView(kafka.bootstrap, "never.made", lambda key, value: None)
    with pytest.raises(hub_kafka.KafkaUnavailable, match=r"never\.made.*hub topics"):
        await view.start(timeout=0.6)
