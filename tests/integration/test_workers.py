"""Several processors and couriers that come, go, die and stand still under load, on a real Kafka."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import signal
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hub.core.records import Record
from tests.broker import Broker
from tests.integration.partners import Stage as Couriers
from tests.integration.partners import until
from tests.integration.stream_app import expected, place
from tests.integration.streamkit import Stage
from tests.integration.test_courier_crash import process, slowly

pytestmark = pytest.mark.kafka


@pytest.fixture
async def stage(kafka: Any, tmp_path: Path) -> AsyncIterator[Stage]:
    stage = await Stage(kafka, tmp_path).open()
    yield stage
    stage.close()


class Load:
    """Publishes all the time, until told to stop."""

    def __init__(self, stage: Stage) -> None:
        self.records: list[Record] = []
        self._stage = stage
        self._choice = random.Random(1)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Load]:
        task = asyncio.create_task(self._publish())
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _publish(self) -> None:
        while True:
            keys = [f"learner/{self._choice.randrange(60)}" for _ in range(20)]
            # Not to be cut off between sending and noting what was sent.
            publishing = asyncio.create_task(self._stage.publish([(key, b"event") for key in keys]))
            with contextlib.suppress(asyncio.CancelledError):
                self.records += await asyncio.shield(publishing)
                await asyncio.sleep(0.1)
                continue
            self.records += [] if publishing.done() else await publishing
            return


def said(stage: Stage, event: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in stage.log().splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == event]


async def test_processors_restart_one_by_one_die_and_join_under_load_and_nothing_is_lost(
    stage: Stage,
) -> None:
    before = await stage.publish([(f"learner/{n % 500}", b"event") for n in range(3000)])
    workers = {"one": stage.start("one")}
    await stage.until_done(before)
    workers["two"] = stage.start("two")
    await stage.ready(3)
    async with Load(stage).running() as load:
        for name in ("one", "two"):
            times = len(said(stage, "processor.ready"))
            assert await stage.stop(workers[name]) == 0
            workers[name] = stage.start(name)
            await stage.ready(times + 1)
        times = len(said(stage, "processor.ready"))
        await stage.kill(workers["one"])
        await stage.ready(times + 1)
        workers["three"] = stage.start("three")
        await stage.ready(times + 3)
    records = before + load.records
    await stage.until_done(records)
    for name in ("two", "three"):
        assert await stage.stop(workers[name]) == 0
    assert await stage.states() == expected(records)
    assert set(await stage.outputs()) == {place(r) for r in records}
    taken_over = said(stage, "processor.ready")[times]
    assert taken_over["partitions"] == 2
    assert taken_over["records"] < 500, "what it took over should have been in its copy already"
    assert said(stage, "processor.warm")[-1]["records"] >= 500, "who joins reads the states before it joins"


async def test_a_processor_that_stood_still_writes_over_nothing_of_the_one_that_took_over(
    stage: Stage,
) -> None:
    """Kafka refuses the sleeper's commit, but not the states it appends when it wakes."""
    keys = [f"learner/{n}" for n in range(30)]
    sleeper = stage.start("one", slow=2.0)
    await stage.ready(1)
    first = await stage.publish([(key, b"event") for key in keys])
    await stage.until(lambda: "processor.ready" in stage.log())
    while not await stage.outputs():  # published, and about to write its states
        await asyncio.sleep(0.05)
    sleeper.send_signal(signal.SIGSTOP)
    try:
        stage.start("two")
        await stage.until(lambda: any(one["partitions"] for one in said(stage, "processor.ready")[1:]))
        second = await stage.publish([(key, b"event") for key in keys])
        await stage.until_done(first + second)
    finally:
        sleeper.send_signal(signal.SIGCONT)
    await stage.until(lambda: bool(said(stage, "processor.overwritten")))
    await asyncio.to_thread(_settle, sleeper)
    third = await stage.publish([("learner/1", b"event")])
    await stage.until_done(first + second + third)
    assert await stage.states() == expected(first + second + third)


def _settle(sleeper: subprocess.Popen[bytes]) -> None:
    """It stops by itself where it notices in writing, and otherwise joins the group again."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        sleeper.wait(5)


async def test_when_a_courier_is_killed_the_other_has_its_lanes_and_order_and_ids_stay(
    kafka: Broker,
) -> None:
    async with Couriers(kafka) as stage:
        partners = [await stage.partner(slowly) for _ in range(4)]
        subscriptions = [await stage.subscribe(f"p{n}", partner) for n, partner in enumerate(partners)]
        async with process(stage, "c1") as dying, process(stage, "c2") as living:
            ids = [await stage.publish(to, 200, subjects=10) for to in subscriptions]
            await until(lambda: all(len(partner.hits) > 100 for partner in partners))
            dying.kill()
            for number, to in enumerate(subscriptions):
                ids[number] += await stage.publish(to, 200, subjects=10, start=200)
            await until(lambda: all(len({h.id for h in p.hits}) == 400 for p in partners))
            living.terminate()
            assert await asyncio.wait_for(living.wait(), 60) == 0
        for partner, wanted in zip(partners, ids, strict=True):
            assert {hit.id for hit in partner.hits} == set(wanted)
            assert partner.order() == {f"subject-{s}": list(range(s, 400, 10)) for s in range(10)}
