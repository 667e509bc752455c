"""The sealed journal on a real Kafka: killed, doubled or late, the sealer makes one chain, and nobody touches a record
unseen."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from argparse import Namespace
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka import TopicPartition

from hub import kafka as low
from hub.core import seals, topics
from hub.core.journal import Repeat, record
from hub.core.records import Record
from hub.core.seals import Verdict
from hub.core.topics import Topic
from hub.logbook import keys
from hub.logbook import verify as checking
from hub.logbook.sealer import Sealer
from hub.settings import Settings
from hub.wiring import journal
from tests.broker import Broker

pytestmark = [pytest.mark.kafka]

KEY = keys.make()
GENUINE = keys.checker(keys.public(KEY))
PARTITIONS = 2
SIZE = 2500
ENTRY = record(Repeat(at=1, source="urn:sealed", id="1", publisher="p", order=1, outcome="duplicate"))
"""Others read the journal of the hub too, and take what lies in it for entries."""


class Log:
    """A journal and its seals, in topics of their own."""

    def __init__(self, broker: Broker) -> None:
        self.settings = Settings(kafka=broker.bootstrap)
        self.broker = broker
        self.name = uuid.uuid4().hex[:8]
        self.journal, self.seals = f"journal-{self.name}", f"seals-{self.name}"

    async def create(self) -> None:
        await self.broker.create(
            [Topic(self.journal, PARTITIONS, {}), Topic(self.seals, 1, {"cleanup.policy": "compact"})]
        )

    async def write(self, count: int = SIZE, start: int = 0) -> None:
        async with low.producer(self.settings) as out:
            sent = [
                await out.send(
                    self.journal, b'{"entry":%d}' % n, b"event-%d" % (n % 50), partition=n % PARTITIONS
                )
                for n in range(start, start + count)
            ]
            await asyncio.gather(*sent)

    async def copy(self, change: Callable[[list[Record]], list[Record]]) -> str:
        """A journal in which partition 0 is not what it was."""
        name = f"{self.journal}-{uuid.uuid4().hex[:6]}"
        await self.broker.create([Topic(name, PARTITIONS, {})])
        async with low.producer(self.settings) as out:
            for number in range(PARTITIONS):
                records = await self.read(self.journal, number)
                for one in change(records) if number == 0 else records:
                    await out.send(name, one.value, one.key, partition=number, timestamp_ms=one.timestamp)
            await out.flush()
        return name

    async def read(self, topic: str, number: int = 0) -> list[Record]:
        part = TopicPartition(topic, number)
        async with low.consumer(self.broker.bootstrap) as reader:
            return [low.to_record(one) async for one in checking._records(reader, part)]

    async def verify(self, journal: str = "") -> list[Verdict]:
        return await checking.verify(self.broker.bootstrap, GENUINE, journal or self.journal, self.seals)

    async def sealed(self) -> list[Verdict]:
        """Waits until everything is."""
        until = time.monotonic() + 30
        while time.monotonic() < until:
            found = await self.verify()
            if not any(one.waiting for one in found):
                return found
            await asyncio.sleep(0.2)
        raise AssertionError(f"not sealed: {found}")

    async def sealed_up_to(self, end: int) -> list[Verdict]:
        """Waits until there are genuine seals up to there, whatever else is found."""
        until = time.monotonic() + 30
        while time.monotonic() < until:
            known = [seals.load(one.value or b"") for one in await self.read(self.seals)]
            if {one.partition for one in known if GENUINE(one) and one.end == end} == {*range(PARTITIONS)}:
                return await self.verify()
            await asyncio.sleep(0.2)
        raise AssertionError("not sealed")

    @contextlib.asynccontextmanager
    async def sealer(self, quiet: float = 0.5, group: str = "") -> AsyncIterator[asyncio.Task[None]]:
        made = Sealer(
            self.settings,
            keys.signer(KEY),
            GENUINE,
            journal=self.journal,
            seals=self.seals,
            group=group or f"sealer-{self.name}",
            quiet=quiet,
        )
        task = asyncio.create_task(made.run())
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.wait([task])


@pytest.fixture
async def log(kafka: Broker) -> Log:
    made = Log(kafka)
    await made.create()
    return made


def altered(records: list[Record]) -> list[Record]:
    return [*records[:700], records[700]._replace(value=b'{"entry":0}'), *records[701:]]


def without_one(records: list[Record]) -> list[Record]:
    return records[:700] + records[701:]


def with_one_more(records: list[Record]) -> list[Record]:
    return [*records[:700], records[3], *records[700:]]


async def test_a_journal_is_sealed_as_it_grows_and_found_sound(log: Log) -> None:
    await log.write()
    async with log.sealer():
        await log.sealed()
        await log.write(10, start=SIZE)
        found = await log.sealed()
    assert [(one.fault, one.sealed) for one in found] == [(None, 1255), (None, 1255)]


@pytest.mark.parametrize(
    ("change", "fault"), [(altered, "changed"), (without_one, "removed"), (with_one_more, "inserted")]
)
async def test_the_first_record_that_was_touched_is_named(
    log: Log, change: Callable[[list[Record]], list[Record]], fault: str
) -> None:
    await log.write()
    async with log.sealer():
        await log.sealed()
    first, second = await log.verify(await log.copy(change))
    assert first.fault == (0, 700, fault) and second.fault is None
    assert "700" in journal.told(first, 0) and "NOT SOUND" in journal.told(first, 0)


async def test_a_journal_that_lost_its_end_is_not_sound(log: Log) -> None:
    await log.write()
    async with log.sealer():
        await log.sealed()
    first, _ = await log.verify(await log.copy(lambda records: records[:1200]))
    assert first.fault == (0, 1200, "removed")


async def test_sealers_that_come_and_go_beside_each_other_leave_one_chain(log: Log) -> None:
    async def come_and_go(name: str) -> None:
        for _ in range(4):
            async with log.sealer(quiet=0.05, group=f"{name}-{log.name}"):
                await asyncio.sleep(1.2)

    async def grow() -> None:
        for n in range(20):
            await log.write(100, start=n * 100)
            await asyncio.sleep(0.1)

    await asyncio.gather(come_and_go("one"), come_and_go("other"), grow())
    async with log.sealer():
        found = await log.sealed()
    assert [(one.fault, one.sealed) for one in found] == [(None, 1000), (None, 1000)]
    written = [(one.key, one.value) for one in await log.read(log.seals)]
    assert len(written) > len({key for key, _ in written}), "both sealed the same"
    chains = {
        number: seals.chain(
            seals.load(v or b"") for _, v in written if seals.load(v or b"").partition == number
        )
        for number in range(PARTITIONS)
    }
    assert all(chain[0].start == 0 and chain[-1].end == 1000 for chain in chains.values())


async def test_a_seal_signed_by_another_counts_for_nothing(log: Log) -> None:
    await log.write(20)
    async with log.sealer():
        await log.sealed()
    stranger = keys.checker(keys.public(keys.make()))
    found = await checking.verify(log.broker.bootstrap, stranger, log.journal, log.seals)
    assert [one.fault for one in found] == [(0, 0, "seal"), (1, 0, "seal")]


async def test_a_seal_that_somebody_else_wrote_is_told_and_holds_up_nothing(log: Log) -> None:
    await log.write(20)
    async with log.sealer():
        await log.sealed()
        (mine, *_) = [seals.load(one.value or b"") for one in await log.read(log.seals)]
        forged = msgspec.structs.replace(mine, start=mine.end, end=10**6, previous=mine.hash, hash="f" * 64)
        async with low.producer(log.settings) as out:
            await out.send_and_wait(log.seals, seals.record(forged).value, b"forged")
        await log.write(20, start=20)
        found = await log.sealed_up_to(20)
    assert (mine.partition, mine.end, "seal") in [one.fault for one in found]


async def test_the_command_ends_with_exit_code_1_only_when_something_was_touched(
    kafka: Broker, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(kafka=kafka.bootstrap, data=tmp_path)
    await kafka.create(topics.manifest(4))
    own = journal.seal_key(settings)
    sealer = Sealer(settings, keys.signer(own), keys.checker(keys.public(own)), quiet=0.2)
    async with low.producer(settings) as out:
        await out.send_and_wait(topics.JOURNAL, ENTRY.value, ENTRY.key, partition=0)
        sealing = asyncio.create_task(sealer.run())
        until = time.monotonic() + 30
        while "last seal" not in capsys.readouterr().out and time.monotonic() < until:
            assert await asyncio.to_thread(journal.verify, settings, Namespace(key=None)) == 0
        sealing.cancel()
        await asyncio.wait([sealing])
        forged = seals.Seal(partition=0, start=0, end=1, previous="", hash="f" * 64, marks="")
        key = b"forged"
        await out.send_and_wait(topics.SEALS, seals.record(forged).value, key)
        assert await asyncio.to_thread(journal.verify, settings, Namespace(key=None)) == 1
        assert "hub.journal/0  NOT SOUND" in capsys.readouterr().out
        await out.send_and_wait(topics.SEALS, None, key)


async def test_what_retention_took_away_leaves_the_rest_provable(log: Log) -> None:
    await log.write()
    async with log.sealer():
        await log.sealed()
    admin = await asyncio.to_thread(low.admin_client, log.broker.bootstrap)
    try:
        await asyncio.to_thread(admin.delete_records, {_part(log.journal): 300})
    finally:
        await asyncio.to_thread(admin.close)
    first, second = await log.verify()
    assert (first.start, first.sealed, first.fault, second.start) == (300, 1250, None, 0)


def _part(topic: str) -> Any:
    from kafka import TopicPartition as Part

    return Part(topic, 0)


async def test_without_a_sealer_the_journal_is_not_called_sound_for_long(log: Log) -> None:
    await log.write(4)
    found = await log.verify()
    now = time.time_ns() // 1_000_000
    assert all(checking.sound(one, now) for one in found)
    assert not any(checking.sound(one, now + checking.LATE_MS) for one in found)


def test_the_topics_of_a_hub_have_room_for_seals_longer_than_for_the_journal() -> None:
    made = {one.name: one.config for one in topics.manifest(4)}
    assert int(made[topics.SEALS]["retention.ms"]) > int(made[topics.JOURNAL]["retention.ms"])
