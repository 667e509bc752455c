"""The projector on a real Kafka: killed, doubled, stopped and rebuilt, it gives the same rows."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from aiokafka import AIOKafkaProducer

from hub.core import census, journal
from hub.core import subscription as subs
from hub.core.topics import Topic
from hub.core.views import Group
from hub.kafka import producer
from hub.readmodel import schema
from hub.readmodel.projector import AheadOfKafka, Projector, Sources
from hub.readmodel.queries import Queries
from hub.readmodel.schema import open_engine
from hub.settings import Settings
from tests.broker import ROOT, Broker
from tests.contract.test_readmodel import rows
from tests.journals import NOW, PARTITIONS, Event, life, raised, stored, view_of

pytestmark = [pytest.mark.kafka]

EVENTS = 4000
GROUPS = 400


class City:
    """Topics of one test, and a producer for them."""

    def __init__(self, broker: Broker, out: AIOKafkaProducer) -> None:
        self.broker = broker
        self.out = out
        name = uuid.uuid4().hex[:8]
        self.sources = Sources(f"lines-{name}", f"journal-{name}", f"subscriptions-{name}")
        self.sent = 0

    async def create(self) -> None:
        compact = {"cleanup.policy": "compact"}
        lines, entries, subscriptions = self.sources
        made = [Topic(lines, PARTITIONS, compact), Topic(entries, PARTITIONS, {})]
        await self.broker.create([*made, Topic(subscriptions, 1, compact)])

    async def load(self, events: int = EVENTS, seed: int = 1) -> None:
        for partner in range(5):
            sub = subs.Subscription(f"hook-vo{partner}", f"vo{partner}", sink="https://vo.example/in")
            await self._send(self.sources.subscriptions, sub.id.encode(), subs.dump(sub))
        for number in range(GROUPS):
            key, view = f"group/{number % 100}", Group(f"{number % 100}", certainty="decided", total=number)
            state = stored(key, view, "2026-09-01", s=raised("T01", "warn", f"oin:{number % 7}"))
            await self._send(self.sources.lines, key.encode(), state)
        await self.say(*life(seed, events))

    async def say(self, *entries: journal.Entry) -> None:
        for out in map(journal.record, entries):
            await self._send(self.sources.journal, out.key, out.value)
        await self.out.flush()

    async def _send(self, topic: str, key: bytes | None, value: bytes | None) -> None:
        await self.out.send(topic, value, key)
        self.sent += 1

    def settings(self, url: str) -> Settings:
        return Settings(kafka=self.broker.bootstrap, database=url)

    def projector(self, url: str, group: str = "") -> Projector:
        return Projector(self.settings(url), view_of, self.sources, group or f"group-{uuid.uuid4().hex[:8]}")


@pytest.fixture
async def city(kafka: Broker) -> AsyncIterator[City]:
    out = producer(Settings(kafka=kafka.bootstrap))
    await out.start()
    made = City(kafka, out)
    await made.create()
    yield made
    await out.stop()


def done(engine: sa.Engine) -> int:
    """Records applied so far."""
    try:
        with engine.connect() as connection:
            return connection.scalar(sa.select(sa.func.sum(schema.positions.c.next))) or 0
    except sa.exc.DatabaseError:
        return 0  # no tables yet


async def until(holds: Callable[[], bool], seconds: float = 90) -> None:
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.01)


async def project(projectors: Sequence[Projector], holds: Callable[[], bool]) -> None:
    """Runs projectors side by side until it holds."""
    tasks = [asyncio.create_task(one.run()) for one in projectors]
    waiting = asyncio.create_task(until(holds))
    await asyncio.wait({*tasks, waiting}, return_when=asyncio.FIRST_COMPLETED)
    for one in projectors:
        one.stop()
    await asyncio.gather(*tasks)
    await waiting


async def clean_run(city: City, tmp_path: Path) -> dict[str, list[tuple[Any, ...]]]:
    url = f"sqlite:///{tmp_path / 'clean.sqlite'}"
    engine = open_engine(url)
    await project([city.projector(url)], lambda: done(engine) == city.sent)
    return rows(engine)


def recount(engine: sa.Engine) -> dict[str, int]:
    """The census from nothing but the rows."""
    found: Counter[str] = Counter()
    for _, view in Queries(engine).aggregates():
        found.update(census.counts(view))
    return {cell: n for cell, n in found.items() if n}


def child(city: City, url: str) -> subprocess.Popen[bytes]:
    """A projector in a process of its own, always by the same name."""
    arguments = [city.broker.bootstrap, url, *city.sources]
    command = [sys.executable, "-m", "tests.integration.test_projector", *arguments]
    return subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})


async def test_kill_9_in_the_middle_of_a_load_gives_the_rows_of_a_clean_run(
    city: City, database_url: str, tmp_path: Path
) -> None:
    await city.load()
    engine = open_engine(database_url)
    killed_at = []
    for part in (0.1, 0.5):
        process = child(city, database_url)
        try:
            await until(lambda part=part: done(engine) > part * city.sent)
        finally:
            process.kill()
            process.wait()
        killed_at.append(done(engine))
    engine.dispose()

    await project([city.projector(database_url)], lambda: done(engine) == city.sent)

    assert 0 < killed_at[0] <= killed_at[1] < city.sent, "killed too late: nothing was left to do"
    assert rows(engine) == await clean_run(city, tmp_path)
    assert Queries(engine).counts() == recount(engine) != {}
    engine.dispose()


async def test_projectors_that_each_believe_to_own_every_partition_count_nothing_twice(
    city: City, database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Three in groups of their own: each reads everything, as a zombie does after it lost its partitions. On a busy
    machine one may be done before the others begin: then there is more to do."""
    engine = open_engine(database_url)

    for _ in range(5):
        await city.load(EVENTS // 4)
        zombies = [city.projector(database_url) for _ in range(3)]
        await project(zombies, lambda: done(engine) == city.sent)
        if any(record.message == "projector.fenced" for record in caplog.records):
            break
    else:
        pytest.fail("they never met")
    assert rows(engine) == await clean_run(city, tmp_path)
    engine.dispose()


async def test_a_second_projector_of_the_group_takes_a_share_and_nothing_is_lost(
    city: City, database_url: str, tmp_path: Path
) -> None:
    engine = open_engine(database_url)
    first, second = (city.projector(database_url, "shared") for _ in range(2))
    tasks = [asyncio.create_task(first.run())]
    await city.load(EVENTS // 8)
    await until(lambda: done(engine) == city.sent)
    tasks.append(asyncio.create_task(second.run()))
    await until(lambda: bool(second._positions) and bool(first._positions))
    await city.say(*life(2, EVENTS // 8))
    await until(lambda: done(engine) == city.sent)
    first.stop()
    await tasks[0]
    await city.say(*life(3, 50))
    await until(lambda: done(engine) == city.sent)
    second.stop()
    await tasks[1]

    assert rows(engine) == await clean_run(city, tmp_path)
    engine.dispose()


async def test_what_the_journal_says_is_seen_soon(city: City, database_url: str) -> None:
    engine = open_engine(database_url)
    queries, one = Queries(engine), city.projector(database_url)
    running = asyncio.create_task(one.run())
    await until(lambda: one.ready()[0])
    waits = []
    for number in range(20):
        event = Event(f"fresh-{number}")
        await city.say(event.accepted())
        said = time.monotonic()
        await until(lambda event=event: queries.journey(event.named["source"], event.named["id"]) is not None)
        waits.append(time.monotonic() - said)
    one.stop()
    await running

    assert sorted(waits)[len(waits) // 2] < 2
    engine.dispose()


async def test_it_stops_soon_under_load_and_goes_on_where_it_was(city: City, database_url: str) -> None:
    await city.load()
    engine = open_engine(database_url)
    first = city.projector(database_url)
    running = asyncio.create_task(first.run())
    await until(lambda: done(engine) > 0)
    first.stop()
    await asyncio.wait_for(running, 90)
    stopped_at = done(engine)

    await project([city.projector(database_url)], lambda: done(engine) == city.sent)

    assert 0 < stopped_at < city.sent
    engine.dispose()


async def test_it_is_ready_only_when_the_rows_have_caught_up(city: City, tmp_path: Path) -> None:
    await city.load(EVENTS // 4)
    url = f"sqlite:///{tmp_path / 'readmodel.sqlite'}"
    engine, one = open_engine(url), city.projector(url)
    before = one.ready()
    running = asyncio.create_task(one.run())
    await until(lambda: one.ready()[0])
    applied = done(engine)
    one.stop()
    await running

    assert before == (False, "not started")
    assert applied == city.sent
    engine.dispose()


async def test_it_is_level_while_the_rows_have_all_of_kafka_also_what_others_fill(
    city: City, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'readmodel.sqlite'}"
    engine = open_engine(url)
    first, second = (city.projector(url, "shared") for _ in range(2))
    before = await first.level()
    tasks = [asyncio.create_task(one.run()) for one in (first, second)]
    await until(lambda: bool(first._positions) and bool(second._positions))
    await city.load(10)
    await until(lambda: done(engine) == city.sent)
    level = [await first.level(), await second.level()]
    second.stop()
    await tasks[1]
    first._store.apply = lambda batch: None  # type: ignore[method-assign]  # it takes records, and writes none
    await city.load(10)
    behind = await first.level()
    first.stop()
    await tasks[0]

    assert (before, level, behind) == (False, [True, True], False)
    engine.dispose()


async def test_it_waits_for_a_broker_that_is_away_and_says_so(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'readmodel.sqlite'}"
    one = Projector(Settings(kafka="127.0.0.1:9", database=url), view_of)
    running = asyncio.create_task(one.run())
    await asyncio.sleep(0.5)
    ready, healthy = one.ready()[0], one.healthy()[0]
    one.stop()
    begun = time.monotonic()
    await running

    assert (ready, healthy) == (False, True)
    assert time.monotonic() - begun < 60


async def test_a_read_model_of_another_kafka_is_refused(city: City, tmp_path: Path) -> None:
    await city.say(Event("only").accepted())
    url = f"sqlite:///{tmp_path / 'readmodel.sqlite'}"
    engine = open_engine(url)
    await project([city.projector(url)], lambda: done(engine) == 1)
    with schema.writing(engine).begin() as connection:
        connection.execute(schema.positions.update().values(next=1000))

    with pytest.raises(AheadOfKafka, match="HUB_DATABASE"):
        await city.projector(url).run()
    engine.dispose()


async def test_a_database_that_comes_back_is_filled_on(city: City, tmp_path: Path) -> None:
    """SQLite locked by somebody else for longer than it waits stands for a database that is away."""
    url = f"sqlite:///{tmp_path / 'readmodel.sqlite'}?timeout=0.1"
    engine, one = open_engine(url), city.projector(url)
    running = asyncio.create_task(one.run())
    await until(lambda: one.ready()[0])
    with schema.writing(engine).begin():
        await city.say(Event("e1").accepted())
        await until(lambda: not one.ready()[0])
        troubled = one.ready()[1]
    await until(lambda: done(engine) == city.sent)
    one.stop()
    await running

    assert "database is away" in troubled
    assert Queries(engine).flows(NOW).events[0].counts[-1] == 1
    engine.dispose()


def main(bootstrap: str, url: str, *sources: str) -> None:
    settings, topics = Settings(kafka=bootstrap, database=url), Sources(*sources)
    one = Projector(settings, view_of, topics, group=f"of-{topics.journal}", instance="the-one")

    async def run() -> None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, one.stop)
        await one.run()

    asyncio.run(run())


if __name__ == "__main__":
    main(*sys.argv[1:])
