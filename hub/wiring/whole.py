"""The whole hub on one machine, its demo, and its directory."""

from __future__ import annotations

import argparse
import asyncio
import os
from pathlib import Path
from typing import Any

from hub import directory, kafka, kafka_access, kafka_lock, partners, steward
from hub.core.kafka_rights import STEWARD
from hub.settings import Settings
from hub.wiring import alarm, people, rules
from hub.wiring.clock import clock
from hub.wiring.shared import enter


def up(settings: Settings, main: Any = None) -> int:
    """Everything on this machine, with the partners of `HUB_PARTNERS` if that is set.

    Raises SettingsError before anything is started when the rules or the clock cannot be used.
    """
    from hub.local import supervisor

    rules.load(settings)
    clock(settings)
    people.check(settings)
    alarm.check(settings)

    async def load() -> None:
        if settings.partners is not None:
            await partners.store(settings, directory.load(settings.partners))

    async def lock(bootstrap: str) -> None:
        await kafka_lock.lock(bootstrap, settings.secrets)

    async def work(stopping: asyncio.Event) -> int:
        keeping = asyncio.create_task(steward.follow(settings.acting_as(STEWARD)), name="steward")
        try:
            return await (main or supervisor.until_stopped)(stopping)
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)

    return supervisor.run(settings, os.environ, load, work, lock=lock if settings.locked else None)


def follow(settings: Settings) -> int:
    """The steward alone, until SIGTERM."""
    from hub.telemetry import service

    enter("steward", settings)

    async def work(stopping: asyncio.Event) -> None:
        keeping = asyncio.create_task(steward.follow(settings))
        await stopping.wait()
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)

    return service.run(work)


def lock(settings: Settings, folder: Path | None) -> int:
    """Gives the parts of the hub their users, passwords and rights in a cluster, and takes all other rights of theirs
    away; comes in as who may do that."""
    into = folder or settings.secrets

    async def work() -> kafka_lock.Changed:
        await kafka.wait_for_kafka(settings.bootstrap, timeout=5)
        return await kafka_lock.lock(settings.bootstrap, into)

    done = asyncio.run(work())
    for user in done.passwords:
        print(f"a new password for {user} stands in {into / user}")
    print(f"{done.given} rights given, {done.taken} taken away")
    return 0


def demo(settings: Settings, chosen: argparse.Namespace) -> int:
    """The hub with simulated partners."""
    from hub.demo import run
    from hub.readmodel.queries import Queries
    from hub.readmodel.schema import open_engine

    def read_model(adapted: Settings) -> Any:
        return Queries(open_engine(adapted.database_url)).aggregates()

    return run.main(settings, chosen, up, read_model, rules.load(settings))


def load_partners(settings: Settings, path: Path) -> int:
    """Puts a directory file into `hub.partners`, and makes the topics its partners need."""
    found = directory.load(path)
    asyncio.run(partners.store(settings, found))
    print(f"{len(found)} partners loaded from {path}")
    return 0


def list_partners(settings: Settings) -> int:
    """Prints the directory; never a token."""
    for partner in asyncio.run(partners.read(settings)).partners.values():
        print(f"{partner.id:28}{partner.name:44}{' '.join(partner.roles):32}{len(partner.tokens)} tokens")
    return 0


def partner_ingress(settings: Settings, id: str) -> int:
    """Makes the topic to which a partner writes CloudEvents by Kafka, and prints its name."""
    print(asyncio.run(partners.open_ingress(settings, id)))
    return 0


def partner_kafka(settings: Settings, id: str) -> int:
    """Draws a partner's credential for Kafka and prints it this once, as the settings of its client."""
    door = asyncio.run(partners.give_kafka(settings, id))
    may = f"reads {' '.join(door.reads)}" + (f" and writes {' '.join(door.writes)}" if door.writes else "")
    print(f"# {id} {may}, in groups that begin with {kafka_access.group_prefix(id)}")
    for name, value in door.properties(settings).items():
        print(f"{name}={value}")
    return 0


def partner_no_kafka(settings: Settings, id: str) -> int:
    """Takes a partner's credential for Kafka, and all it may do there, away."""
    had = asyncio.run(partners.take_kafka(settings, id))
    print(f"{id} can no longer come in by Kafka" if had else f"{id} had no credential for Kafka")
    return 0
