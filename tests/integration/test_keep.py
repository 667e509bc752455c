"""The receiver that the README of the webhooks prints: a process between the real hub and a database of its own."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import random
import re
import shutil
import sqlite3
import sys
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from hub.core.subscription import Subscription
from hub.local.ports import free_row
from tests.broker import ROOT, Broker
from tests.gateway_fakes import PARTNERS, Hub
from tests.integration import gatewaykit as kit
from tests.integration.partners import Stage

pytestmark = pytest.mark.kafka

README = ROOT / "connectors" / "webhook" / "README.md"
SEED = 20261122
KILLS = 7


class Sink(NamedTuple):
    """What a subscription needs to know of a receiver."""

    sink: str
    secret: str


class Keeper:
    """The receiver of the README: what it is told by its environment, and what it has in its database."""

    def __init__(self, folder: Path) -> None:
        (block,) = re.findall(r"```python\n(\"\"\"Keeps every event.*?)```", README.read_text(), re.DOTALL)
        self.program = folder / "keep.py"
        self.program.write_text(block)
        self.file = folder / "events.sqlite"
        self.port = free_row(2)
        secret = "whsec_" + base64.b64encode(uuid.uuid4().bytes * 2).decode()
        self.at = Sink(f"http://127.0.0.1:{self.port}/", secret)
        self.feed = ""

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Until the end of the block, where it is killed with -9."""
        given = {"PORT": str(self.port), "FILE": str(self.file), "FEED": self.feed, "TOKEN": "almere-token"}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(self.program)),
            env={**os.environ, **given, "SECRET": self.at.secret},
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            yield
            assert process.returncode is None, "it ended by itself"
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    def kept(self) -> list[tuple[str, dict[str, Any]]]:
        """Ids and events, in the order in which it kept them."""
        if not self.file.exists():
            return []
        with contextlib.closing(sqlite3.connect(self.file)) as db:
            return [
                (id, json.loads(event))
                for id, event in db.execute("SELECT id, event FROM event ORDER BY rowid")
            ]

    async def has(self, count: int, seconds: float = 60) -> None:
        async with asyncio.timeout(seconds):
            while len(self.kept()) < count:
                await asyncio.sleep(0.1)


@contextlib.asynccontextmanager
async def hub(kafka: Broker, keeper: Keeper) -> AsyncIterator[tuple[Stage, Subscription]]:
    """A gateway and a courier, and the subscription of that receiver; its heart beats after a second of quiet."""
    patient = (0.0, *[0.2] * 200)  # nothing is refused for good because its receiver was dead for a moment
    async with Stage(kafka, heartbeat=1.0, retry_schedule=patient) as stage, kit.served(kafka, Hub()) as url:
        to = await stage.subscribe("almere", keeper.at)  # type: ignore[arg-type]
        await stage.know(next(one for one in PARTNERS if one.id == "almere"))  # with its token
        keeper.feed = f"{url}/v1/subscriptions/{to.id}/events"
        yield stage, to


async def test_killed_and_restarted_at_random_it_ends_with_exactly_the_set_of_events(
    kafka: Broker, tmp_path: Path
) -> None:
    chance, keeper = random.Random(SEED), Keeper(tmp_path)
    async with hub(kafka, keeper) as (stage, to):
        withdrawn = await stage.publish(to, 3)
        ids = [await stage.take_back(to, range(3), 3)]

        async def flow() -> None:
            for start in range(4, 500, 4):
                ids.extend(await stage.publish(to, 4, subjects=25, start=start))
                await asyncio.sleep(chance.uniform(0, 0.12))

        async with stage.courier():
            flowing = asyncio.create_task(flow())
            for _ in range(KILLS):
                async with keeper.running():
                    await asyncio.sleep(chance.uniform(0.2, 1.5))
                await asyncio.sleep(chance.choice((0, 0, chance.uniform(0, 0.5))))
            await flowing
            async with keeper.running():
                await keeper.has(len(ids))
                await asyncio.sleep(0.5)
        attempts = await stage.attempts(to)
    kept = keeper.kept()
    assert len(ids) == 497 and not set(ids) & set(withdrawn)
    assert sorted(id for id, _ in kept) == sorted(ids), f"seed {SEED}"
    assert len({event["id"] for _, event in kept}) == len(ids)
    by_subject: dict[str, list[int]] = {}
    for _, event in kept:
        by_subject.setdefault(event["subject"], []).append(event["data"]["place"])
    assert all(places == sorted(places) for places in by_subject.values()), "each subject in order"
    outcomes = {one.outcome for one in attempts}
    assert "retry" in outcomes, "the kills hit it while it was sent to"
    assert "dead" not in outcomes, "nothing was refused for good, which would cost its subject the order"


async def test_put_back_to_an_older_copy_it_learns_from_the_heartbeat_what_it_lost(
    kafka: Broker, tmp_path: Path
) -> None:
    keeper = Keeper(tmp_path)
    backup = tmp_path / "backup.sqlite"
    async with hub(kafka, keeper) as (stage, to), stage.courier():
        ids = await stage.publish(to, 30, subjects=5)
        async with keeper.running():
            await keeper.has(30)
        shutil.copy(keeper.file, backup)
        async with keeper.running():
            ids += await stage.publish(to, 30, subjects=5, start=30)
            await keeper.has(60)
        shutil.copy(backup, keeper.file)
        assert len(keeper.kept()) == 30
        async with keeper.running():
            await keeper.has(60)
    assert sorted(id for id, _ in keeper.kept()) == sorted(ids)
