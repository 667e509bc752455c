"""The real Kafka that tests share: started once, for topics are cheap and starting is not."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from pathlib import Path

from hub.core.topics import Topic
from hub.kafka import ensure_topics
from hub.local.kafka import LocalKafka
from hub.local.ports import free_pair

ROOT = Path(__file__).parent.parent
JARS = Path(os.environ.get("HUB_KAFKA_LIBS", ROOT / ".kafka" / "libs"))


class Broker:
    """A LocalKafka in a temporary folder. Use topic names of your own: all tests of a run share it."""

    def __init__(self, folder: Path) -> None:
        self.local = LocalKafka(folder / "kafka", free_pair(), JARS, folder / "logs")

    @property
    def bootstrap(self) -> str:
        return self.local.bootstrap

    @property
    def port(self) -> int:
        return self.local.port

    @property
    def pid(self) -> int:
        return self.local.pid

    async def create(self, topics: Iterable[Topic]) -> list[str]:
        """Makes the topics that do not exist yet."""
        return await ensure_topics(self.bootstrap, topics)

    async def start(self) -> None:
        """Starts it where it is not running, and waits until it can be used."""
        if not self.local.running:
            await asyncio.to_thread(self.local.start)
        await self.local.wait_ready()

    def kill(self) -> None:
        """`kill -9`; `await start()` brings it back with its data (4 s, for the session of the dead)."""
        self.local.kill()

    async def restart(self) -> None:
        """A clean stop and start (about 2 s)."""
        await asyncio.to_thread(self.local.stop)
        await self.start()
