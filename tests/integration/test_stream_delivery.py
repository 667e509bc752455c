"""The processor on a real Kafka, killed and broken in every place: nothing accepted is lost."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.stream_app import BUG, ERASE, expected, place
from tests.integration.streamkit import Stage

pytestmark = pytest.mark.kafka


@pytest.fixture
async def stage(kafka: Any, tmp_path: Path) -> AsyncIterator[Stage]:
    stage = await Stage(kafka, tmp_path).open()
    yield stage
    stage.close()


def values(count: int, keys: int = 40) -> list[tuple[str, bytes]]:
    choice = random.Random(count)
    return [(f"learner/{choice.randrange(keys)}", b"event") for _ in range(count)]


async def assert_all_done(stage: Stage, records: list[Any]) -> None:
    await stage.until_done(records)
    assert await stage.states() == expected(records)
    assert set(await stage.outputs()) == {place(r) for r in records}


async def test_an_exception_stops_the_worker_and_its_batch_comes_again(stage: Stage) -> None:
    records = await stage.publish([*values(50), ("learner/1", BUG), *values(20)], topic=0)
    (bug,) = [r for r in records if r.value == BUG]
    assert await stage.ended(stage.start(bug=BUG.decode())) == 1
    assert (await stage.committed())[bug.topic, bug.partition] <= bug.offset
    await stage.assert_committed_is_done(records)

    repaired = stage.start()
    await assert_all_done(stage, records)
    assert await stage.stop(repaired) == 0
    assert stage.stored() == expected(records)


async def test_a_record_that_cannot_be_published_stops_the_worker_before_the_acknowledgement(
    stage: Stage,
) -> None:
    records = await stage.publish(values(30), topic=0)
    assert await stage.ended(stage.start(pad=3_000_000)) == 1
    assert set((await stage.committed()).values()) == {0}
    assert await stage.states() == {}, "a state was written though its output could not be published"

    worker = stage.start()
    await assert_all_done(stage, records)
    assert await stage.stop(worker) == 0


async def test_kills_between_changelog_and_store_lose_no_state_and_no_output(stage: Stage) -> None:
    records = await stage.publish(values(600))
    for kill in range(3):
        worker = stage.start(slow=0.05, max_records=20)
        records += await stage.publish(values(150 + kill))
        await asyncio.sleep(1.3 + 0.47 * kill)
        await stage.kill(worker)
        await stage.assert_committed_is_done(records)
        await stage.assert_store_lacks_nothing_in_kafka()
    worker = stage.start()
    await assert_all_done(stage, records)
    assert await stage.stop(worker) == 0
    assert stage.stored() == expected(records)


async def test_when_a_worker_is_killed_another_takes_over_and_nothing_is_skipped(stage: Stage) -> None:
    records = await stage.publish(values(100))
    one = stage.start("one")
    await stage.ready(1)
    two = stage.start("two")
    await stage.ready(3)
    for round_ in range(6):
        records += await stage.publish(values(200 + round_))
        await stage.assert_committed_is_done(records)
    await stage.kill(one)
    records += await stage.publish(values(100))
    await stage.assert_committed_is_done(records)
    await assert_all_done(stage, records)
    assert await stage.stop(two) == 0
    assert stage.stored("two") == expected(records)


async def test_a_clean_stop_commits_what_is_done_and_the_next_worker_repeats_nothing(stage: Stage) -> None:
    worker = stage.start()
    records = await stage.publish(values(200))
    while len(await stage.outputs()) < 100:
        await asyncio.sleep(0.05)
    assert await stage.stop(worker) == 0
    worker = stage.start()
    await stage.ready(2)
    await assert_all_done(stage, records)
    assert await stage.stop(worker) == 0
    assert len(await stage.outputs()) == len(records)


async def test_a_second_worker_in_the_same_folder_is_refused(stage: Stage) -> None:
    records = await stage.publish(values(10))
    stage.start()
    await stage.until_done(records)
    assert await stage.ended(stage.start()) == 1
    assert "set another HUB_DATA" in stage.log()


async def test_readiness_and_health_tell_the_truth(stage: Stage) -> None:
    worker = stage.start()
    await stage.until(lambda: stage.told()[-1:] == [(True, True)])
    assert stage.told() == [(False, True), (True, True)]
    assert await stage.stop(worker) == 0


async def test_a_group_error_that_only_a_person_can_mend_stops_the_worker(stage: Stage) -> None:
    assert await stage.ended(stage.start(broken="_do_heartbeat:GroupAuthorizationFailedError")) == 1


async def test_a_dead_heartbeat_stops_the_worker(stage: Stage) -> None:
    """aiokafka never starts another; the worker would keep partitions that the group gave to somebody else."""
    assert await stage.ended(stage.start(broken="_do_heartbeat:UnknownError")) == 1


async def test_a_worker_whose_first_join_fails_joins_after_all(stage: Stage) -> None:
    """aiokafka stands still until somebody asks about the error; without the asking the worker is deaf."""
    records = await stage.publish(values(20))
    stage.start(broken="_do_rejoin_group:UnknownError")
    await assert_all_done(stage, records)
    assert "processor.group_trouble" in stage.log()


async def test_topics_with_different_numbers_of_partitions_are_refused(stage: Stage) -> None:
    from hub.core.topics import Topic

    stage.changelog += ".other"
    await stage.kafka.create([Topic(stage.changelog, 3, {"cleanup.policy": "compact"})])
    assert await stage.ended(stage.start()) == 1
    assert "must have the same number of partitions" in stage.log()


async def test_an_erased_key_stays_erased_after_a_rebuild(stage: Stage) -> None:
    records = await stage.publish([*values(200), *((f"learner/{n}", ERASE) for n in range(40))], topic=0)
    worker = stage.start()
    await stage.until_done(records)
    await stage.kill(worker)
    assert await stage.states() == {}
    stage.lose_store()
    worker = stage.start()
    more = await stage.publish([("learner/3", b"event")], topic=0)
    await stage.until_done(records + more)
    assert await stage.stop(worker) == 0
    assert stage.stored() == expected(records + more)
