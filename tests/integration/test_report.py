"""Proof for receivers on the real Kafka: the report of numbers, and a position that outlives its gateway."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from hub.core.event import moment
from hub.core.topics import outbox, outbox_topic
from hub.gateway.offsets import Offsets
from hub.readmodel.numbers import Numbers
from hub.readmodel.projector import Projector
from hub.readmodel.schema import open_engine, prepare
from hub.settings import Settings
from tests.broker import Broker
from tests.gateway_fakes import Hub, MemoryKafka
from tests.integration import gatewaykit as kit
from tests.integration.partners import Stage, until

pytestmark = pytest.mark.kafka


def states(report: dict[str, Any]) -> dict[str, list[list[int]]]:
    return {state: told["ranges"] for state, told in report["states"].items() if told["count"]}


async def eventually(ask: Callable[[], Any], holds: Callable[[Any], bool], seconds: float = 60) -> Any:
    async with asyncio.timeout(seconds):
        while not holds(answer := (await ask()).json()):
            await asyncio.sleep(0.1)
    return answer


@contextlib.asynccontextmanager
async def projecting(settings: Settings) -> AsyncIterator[None]:
    projector = Projector(settings, lambda *_: None, group=f"report-{uuid.uuid4().hex[:8]}")
    running = asyncio.create_task(projector.run())
    try:
        yield
    finally:
        projector.stop()
        await running


async def drop(broker: Broker, subscription: str, below: int) -> None:
    """What Kafka does after 28 days with records below this offset."""
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
    await admin.start()
    part = TopicPartition(outbox(subscription), 0)
    await admin.delete_records({part: RecordsToDelete(before_offset=below)})
    await admin.close()


async def test_books_that_are_behind_contradict_kafka_in_nothing_and_catch_up(
    kafka: Broker, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'books.sqlite'}"
    engine = open_engine(url)
    prepare(engine)
    async with Stage(kafka, database=url) as stage:
        partner = await stage.partner()
        to = await stage.subscribe("almere", partner)
        await stage.publish(to, 3)
        await stage.take_back(to, range(3), 3)
        await stage.publish(to, 36, subjects=6, start=4)
        changes = {"books": Numbers(engine), "courier": f"g-{stage.name}"}
        async with kit.running(kafka, Hub(), **changes) as client:

            async def report() -> Any:
                return await client.get(f"/v1/subscriptions/{to.id}/report")

            assert states(await eventually(report, lambda found: "states" in found)) == {"waiting": [[1, 40]]}
            async with stage.courier():
                await until(lambda: len(partner.delivered) == 37)
            behind = (await report()).json()
            assert states(behind) == {"handled": [[1, 40]]}, "Kafka knows it is done, the books know nothing"
            await stage.publish(to, 2, start=40)
            asked = moment(int(time.time() * 1000))
            assert behind["complete"] < asked
            async with projecting(stage.settings):
                whole = await eventually(report, lambda found: found["complete"] >= asked)
        engine.dispose()
    assert states(whole) == {"delivered": [[4, 40]], "withdrawn": [[1, 3]], "waiting": [[41, 42]]}


async def test_what_kafka_no_longer_keeps_says_so_and_a_position_outlives_its_gateway(kafka: Broker) -> None:
    async with Stage(kafka) as stage:
        to = await stage.subscribe("almere", None)
        await stage.publish(to, 10)
        await drop(kafka, to.id, 4)
        path = f"/v1/subscriptions/{to.id}"
        async with kit.running(kafka, Hub()) as client:
            report = await eventually(lambda: client.get(f"{path}/report"), lambda found: "states" in found)
            assert states(report) == {"expired": [[1, 4]], "waiting": [[5, 10]]} and report["first"] == 5
            assert (await client.put(f"{path}/position", json={"number": 7})).status_code == 200
        async with kit.running(kafka, Hub()) as client:
            rest = await eventually(lambda: client.get(f"{path}/events"), lambda found: "events" in found)
            assert [one["number"] for one in rest["events"]] == [8, 9, 10] and rest["last"] == 10
            assert (await client.put(f"{path}/position", json={"number": 5})).status_code == 200
            again = (await client.get(f"{path}/events")).json()
            assert [one["number"] for one in again["events"]] == [6, 7, 8, 9, 10]


class TestOffsets:
    """What the door asks of Kafka: the fake and the real one keep the same promises."""

    @pytest.fixture(params=["memory", "kafka"])
    async def offsets(self, request: pytest.FixtureRequest) -> AsyncIterator[tuple[Offsets, str]]:
        topic = outbox(f"sub-{uuid.uuid4().hex[:12]}")
        if request.param == "memory":
            yield MemoryKafka(), topic
            return
        broker: Broker = request.getfixturevalue("kafka")
        await broker.create([outbox_topic(topic.removeprefix("outbox."))])
        kept = kit.offsets(broker)
        yield kept, topic
        await kept.stop()

    async def test_a_group_has_what_it_committed_last_and_no_other_group_has_it(
        self, offsets: tuple[Offsets, str]
    ) -> None:
        kept, topic = offsets
        mine, other = (f"pull-{uuid.uuid4().hex[:8]}" for _ in range(2))
        assert await kept.committed(mine, topic) == 0
        for offset in (7, 7, 3):
            await kept.commit(mine, topic, offset)
            assert await kept.committed(mine, topic) == offset
        assert await kept.committed(other, topic) == 0
