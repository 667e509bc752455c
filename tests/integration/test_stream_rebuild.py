"""The store is brought up to its changelog, whatever has happened to either."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import Any

import faust
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from faust.types import TP

from hub.core.topics import Topic
from hub.stream.app import Names, build
from hub.stream.recovery import rebuild
from hub.stream.stores import Store
from tests.integration.stream_app import run

pytestmark = pytest.mark.kafka

Rows = list[tuple[bytes, bytes | None]]


@pytest.fixture
def topic() -> str:
    return f"{uuid.uuid4().hex[:8]}.lines"


@pytest.fixture(params=["rocksdb://", "memory://"])
async def store(request: Any, kafka: Any, topic: str, tmp_path: Path) -> AsyncIterator[Store]:
    from hub.settings import Settings

    await kafka.create([Topic(topic, 2, {"cleanup.policy": "compact,delete"})])
    settings = Settings(data=tmp_path, kafka=kafka.bootstrap)
    app = build(settings, run, dict, lambda counts: None, request.param, Names("g", (), topic))
    app._create_directories()
    yield app.lines.data
    await app.lines.data.stop()


async def write(kafka: Any, topic: str, rows: Rows, partition: int = 0, **options: Any) -> int:
    """Appends rows; returns the offset after the last."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, acks="all", **options)
    await producer.start()
    try:
        if options.get("transactional_id"):
            async with producer.transaction():
                return await _write(producer, topic, rows, partition)
        return await _write(producer, topic, rows, partition)
    finally:
        await producer.stop()


async def _write(producer: AIOKafkaProducer, topic: str, rows: Rows, partition: int) -> int:
    sent = [await producer.send(topic, value, key=key, partition=partition) for key, value in rows]
    return max([(await future).offset for future in sent]) + 1


def some(count: int, version: bytes = b"1") -> Rows:
    return [(b"key/%d" % n, b"value %s of %d" % (version, n)) for n in range(count)]


def fold(*rows: Iterable[tuple[bytes, bytes | None]]) -> dict[bytes, bytes]:
    folded: dict[bytes, bytes] = {}
    for key, value in (row for part in rows for row in part):
        if value is None:
            folded.pop(key, None)
        else:
            folded[key] = value
    return folded


def tps(topic: str) -> list[TP]:
    return [TP(topic, 0), TP(topic, 1)]


async def test_a_new_store_becomes_the_fold_of_its_changelog(kafka: Any, topic: str, store: Store) -> None:
    first, second = some(5000), [*some(3000, b"2"), (b"key/4000", None), (b"key/7", None)]
    await write(kafka, topic, first)
    await write(kafka, topic, second)
    await write(kafka, topic, some(10, b"other"), partition=1)

    assert await rebuild(kafka.bootstrap, store, tps(topic)) == 8012
    assert dict(store.rows(0)) == fold(first, second)
    assert dict(store.rows(1)) == fold(some(10, b"other"))
    assert store.load(0, b"key/7") is None


async def test_only_what_is_missing_is_read(kafka: Any, topic: str, store: Store) -> None:
    await write(kafka, topic, some(50))
    await rebuild(kafka.bootstrap, store, tps(topic))
    await write(kafka, topic, [(b"key/1", None), (b"new", b"value")])

    assert await rebuild(kafka.bootstrap, store, tps(topic)) == 2
    assert await rebuild(kafka.bootstrap, store, tps(topic)) == 0
    assert dict(store.rows(0)) == fold(some(50), [(b"key/1", None), (b"new", b"value")])


async def test_it_ends_where_the_last_offset_is_no_record(kafka: Any, topic: str, store: Store) -> None:
    """A transaction's marker takes an offset that no reader ever sees."""
    await write(kafka, topic, some(5), transactional_id=topic)
    async with asyncio.timeout(90):
        assert await rebuild(kafka.bootstrap, store, tps(topic)) == 5


async def test_it_ends_where_the_last_records_were_compacted_away(
    kafka: Any, topic: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write(kafka, topic, [*some(5), (b"key/0", None)])
    ends = AIOKafkaConsumer.end_offsets

    async def beyond(self: Any, partitions: Any) -> dict[Any, int]:
        return {tp: end + 5 for tp, end in (await ends(self, partitions)).items()}

    monkeypatch.setattr(AIOKafkaConsumer, "end_offsets", beyond)
    async with asyncio.timeout(90):
        assert await rebuild(kafka.bootstrap, store, tps(topic)) == 6
    assert dict(store.rows(0)) == fold(some(5), [(b"key/0", None)])


@pytest.fixture
def lines_logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    lines: list[str] = []
    monkeypatch.setattr("hub.telemetry.log.event", lambda name, *rest, **fields: lines.append(name))
    return lines


async def test_a_store_ahead_of_its_changelog_is_wiped_and_rebuilt(
    kafka: Any, topic: str, store: Store, lines_logged: list[str]
) -> None:
    """The topic was made anew, and the data folder was not."""
    store.save(0, [(b"from before", b"value")], 1_000_000)
    await write(kafka, topic, some(3))

    assert await rebuild(kafka.bootstrap, store, tps(topic)) == 3
    assert dict(store.rows(0)) == fold(some(3))
    assert store.position(0) == 2
    assert lines_logged == ["processor.store_wiped"]


async def test_a_store_older_than_its_changelog_is_wiped_and_rebuilt(
    kafka: Any, topic: str, store: Store, lines_logged: list[str]
) -> None:
    """Records that it has not seen were deleted: it may hold keys that are long gone."""
    await write(kafka, topic, some(20))
    store.save(0, [(b"gone", b"value")], 3)
    await delete_before(kafka.bootstrap, topic, 10)

    assert await rebuild(kafka.bootstrap, store, tps(topic)) == 10
    assert dict(store.rows(0)) == fold(some(20)[10:])
    assert lines_logged == ["processor.store_wiped"]


async def delete_before(bootstrap: str, topic: str, offset: int) -> None:
    from kafka.admin import KafkaAdminClient
    from kafka.structs import TopicPartition

    def delete() -> None:
        admin = KafkaAdminClient(bootstrap_servers=bootstrap)
        admin.delete_records({TopicPartition(topic, 0): offset})
        admin.close()

    await asyncio.to_thread(delete)


async def test_a_rebuild_that_was_interrupted_goes_on(kafka: Any, topic: str, store: Store) -> None:
    await write(kafka, topic, some(20_000))
    rebuilding = asyncio.create_task(rebuild(kafka.bootstrap, store, tps(topic)))
    while store.position(0) is None:
        await asyncio.sleep(0)
    rebuilding.cancel()
    await asyncio.wait([rebuilding])
    done = (store.position(0) or 0) + 1
    assert 0 < done < 20_000

    assert await rebuild(kafka.bootstrap, store, tps(topic)) == 20_000 - done
    assert dict(store.rows(0)) == fold(some(20_000))


def test_the_table_is_a_faust_table(tmp_path: Path) -> None:
    from hub.settings import Settings

    app = build(Settings(data=tmp_path), run, dict, lambda counts: None)
    assert isinstance(app.tables["lines"], faust.Table)
    assert app.lines.changelog_topic_name == "hub.lines"
