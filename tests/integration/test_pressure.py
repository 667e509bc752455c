"""Kafka away or hanging, processors behind, a full disk: an answer in time, nothing lost, and on by itself."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from aiokafka import OffsetAndMetadata, TopicPartition

from hub import kafka as low
from hub.core import topics
from hub.core.admission import admit
from hub.core.cloudevents import STRUCTURED
from hub.core.topics import Topic
from hub.gateway.backlog import Backlog
from hub.gateway.ingress import GROUP, Ingress
from hub.gateway.pressure import Pressure
from hub.readmodel.schema import open_engine
from hub.settings import Settings
from tests.broker import Broker
from tests.gateway_fakes import Hub
from tests.integration import gatewaykit as kit
from tests.integration.partners import Stage, until
from tests.integration.test_gateway_kafka import about, event, eventually, post
from tests.integration.test_projector import City, clean_run, done, rows

pytestmark = pytest.mark.kafka


@contextlib.contextmanager
def hanging(broker: Broker) -> Iterator[None]:
    """It takes connections and answers nothing."""
    os.kill(broker.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(broker.pid, signal.SIGCONT)


def is_problem(answer: Any, status: int) -> bool:
    kind = answer.headers["content-type"].startswith("application/problem+json")
    return answer.status_code == status and kind and int(answer.headers["retry-after"]) > 0


async def test_while_kafka_hangs_every_publisher_gets_its_answer_and_afterwards_the_same_is_accepted(
    kafka: Broker,
) -> None:
    sent = [event() for _ in range(60)]
    async with kit.running(kafka, Hub(), timeout=2.0, pressure=Pressure(requests=20)) as client:
        assert (await post(client, sent[0])).status_code == 202
        with hanging(kafka):
            async with asyncio.timeout(90):
                answers = await asyncio.gather(*(post(client, one) for one in sent))
        assert all(is_problem(answer, 503) for answer in answers)
        codes = [answer.json()["code"] for answer in answers]
        assert codes.count("not-stored") == 20 and codes.count("busy") == 40, "so many at a time, and no more"
        for one in sent:
            await eventually(lambda one=one: post(client, one), 202)
        records = await kit.everything(kafka)
    assert all(about(records, topics.EVENTS_G, one["id"]) for one in sent), "accepted is stored"


async def test_a_body_for_which_there_is_no_room_is_refused_before_it_is_read(kafka: Broker) -> None:
    pressure = Pressure(size=3000)
    async with kit.running(kafka, Hub(), pressure=pressure) as client:
        large = event(subject="x" * 3000)
        answer = await post(client, large)
        assert is_problem(answer, 503) and answer.json()["code"] == "busy"
        for _ in range(5):
            assert (await post(client, event())).status_code == 202, "room that was taken is given back"


class Waiting:
    """Records in a topic that a group has not done yet."""

    def __init__(self, broker: Broker) -> None:
        tag = uuid.uuid4().hex[:8]
        self.topic, self.group = f"{tag}.in", f"{tag}.group"
        self._broker = broker

    async def add(self, count: int) -> None:
        await self._broker.create([Topic(self.topic, 2, {})])
        async with low.producer(Settings(kafka=self._broker.bootstrap)) as producer:
            for number in range(count):
                await producer.send_and_wait(self.topic, b"x", partition=number % 2)

    async def do(self, count: int) -> None:
        """Commits so far that `count` remain."""
        reader = low.consumer(self._broker.bootstrap, self.group)
        await reader.start()
        try:
            parts = [TopicPartition(self.topic, number) for number in range(2)]
            reader.assign(parts)
            ends = await reader.end_offsets(parts)
            await reader.commit({part: OffsetAndMetadata(ends[part] - count // 2, "") for part in parts})
        finally:
            await reader.stop()

    @contextlib.asynccontextmanager
    async def watched(self, limit: int) -> AsyncIterator[Backlog]:
        backlog = Backlog(self._broker.bootstrap, self.group, [self.topic], limit, every=0.05)
        await backlog.start()
        try:
            yield backlog
        finally:
            await backlog.stop()


async def test_publishers_stay_away_while_the_processors_are_far_behind(kafka: Broker) -> None:
    waiting, sent = Waiting(kafka), event()
    await waiting.add(60)
    async with (
        waiting.watched(limit=40) as backlog,
        kit.running(kafka, Hub(), pressure=Pressure(backlog.behind)) as client,
    ):
        answer = await eventually(lambda: post(client, event()), 429)
        assert is_problem(answer, 429) and answer.json()["code"] == "behind"
        assert "60 records wait" in backlog.note()
        await waiting.do(30)
        await asyncio.sleep(0.5)
        assert (await post(client, sent)).status_code == 429, "not before it is down to half"
        await waiting.do(10)
        await eventually(lambda: post(client, sent), 202)
        assert backlog.note() == ""


async def test_by_kafka_too_nothing_more_comes_in_while_the_processors_are_far_behind(kafka: Broker) -> None:
    hub, sent, behind = Hub(), event(), [1]
    await kit.prepare(kafka)
    await kafka.create([topics.ingress_topic("almere")])
    out = kit.publisher(kafka)
    await out.start()
    reader = lambda: low.consumer(kafka.bootstrap, GROUP, metadata_max_age_ms=1000)  # noqa: E731
    ingress = Ingress(reader, hub.known, out, admit, hub.counts.extend, kit.now, tuple, lambda: behind[0])
    await ingress.start()
    try:
        async with low.producer(Settings(kafka=kafka.bootstrap)) as producer:
            headers = [("content-type", STRUCTURED.encode())]
            await producer.send_and_wait(
                topics.ingress("almere"), json.dumps(sent).encode(), b"key", headers=headers
            )
        await asyncio.sleep(2.0)
        assert not about(await kit.everything(kafka), topics.EVENTS_G, sent["id"])
        behind[0] = 0
        async with asyncio.timeout(90):
            while not about(await kit.everything(kafka), topics.EVENTS_G, sent["id"]):
                await asyncio.sleep(0.2)
    finally:
        await ingress.stop()
        await out.stop()


@pytest.fixture
async def city(kafka: Broker) -> AsyncIterator[City]:
    out = low.producer(Settings(kafka=kafka.bootstrap))
    await out.start()
    made = City(kafka, out)
    await made.create()
    yield made
    await out.stop()


async def test_a_projector_whose_disk_is_full_waits_and_goes_on_where_it_was(
    city: City, tmp_path: Path
) -> None:
    await city.load(1500)
    url = f"sqlite:///{tmp_path / 'full.sqlite'}"
    projector = city.projector(url)
    pages = [120]

    @sa.event.listens_for(projector.engine, "checkout")
    def little_room(connection: Any, *_: Any) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages[0]}")

    running = asyncio.create_task(projector.run())
    engine = open_engine(url)
    try:
        await until(lambda: "is full" in projector.ready()[1])
        stuck_at = done(engine)
        assert stuck_at < city.sent and projector.healthy()[0] and not projector.ready()[0]
        pages[0] = 1_000_000
        await until(lambda: done(engine) == city.sent)
        await until(lambda: projector.ready()[0])
    finally:
        projector.stop()
        await running
    assert rows(engine) == await clean_run(city, tmp_path)


async def test_a_courier_whose_kafka_hangs_goes_on_when_it_answers_again(kafka: Broker) -> None:
    async with Stage(kafka) as stage:
        partner = await stage.partner()
        mine = await stage.subscribe("a", partner)
        ids = await stage.publish(mine, 300, subjects=10)
        async with stage.courier("c1") as courier:
            await until(lambda: len(partner.hits) > 20)
            with hanging(kafka):
                await asyncio.sleep(3)
                held = time.monotonic()
            await until(lambda: {hit.id for hit in partner.hits} == set(ids))
            ids += await stage.publish(mine, 50, subjects=10, start=300)
            await until(lambda: {hit.id for hit in partner.hits} == set(ids))
            await until(lambda: courier.ready()[0])
            assert partner.hits[-1].at > held
        assert partner.order() == {f"subject-{s}": list(range(s, 350, 10)) for s in range(10)}
