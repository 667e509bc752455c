"""The real Kafka that tests share: started once, for topics are cheap and starting is not."""

from __future__ import annotations

import asyncio
import atexit
import functools
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from hub.core.topics import Topic
from hub.kafka import ensure_topics
from hub.local.certificate import Certificate
from hub.local.kafka import LocalKafka
from hub.local.ports import free_row
from hub.settings import PORTS_PER_BROKER, Settings

ROOT = Path(__file__).parent.parent
JARS = Path(os.environ.get("HUB_KAFKA_LIBS", ROOT / ".kafka" / "libs"))


class Broker:
    """A LocalKafka in a temporary folder. Use topic names of your own: all tests of a run share it."""

    def __init__(self, folder: Path) -> None:
        with_certificate(folder / "kafka")
        self.local = LocalKafka(folder / "kafka", free_row(PORTS_PER_BROKER), JARS, folder / "logs")

    @property
    def bootstrap(self) -> str:
        return self.local.bootstrap

    @property
    def settings(self) -> Settings:
        """Of an operator of this cluster, who lets partners in."""
        ca = self.local.certificate.ca
        return Settings(
            kafka=self.bootstrap, kafka_partners=self.local.partner_bootstrap, kafka_partners_ca=ca
        )

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


def with_certificate(data: Path) -> None:
    """Puts a certificate where a new Kafka would make one: seconds each time, for which few tests have use."""
    data.mkdir(parents=True, exist_ok=True)
    if not (data / "tls").exists():
        shutil.copytree(_certificate(), data / "tls")


@functools.cache
def _certificate() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="hub-tests-tls-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    made = Certificate(folder / "tls")
    made.make()
    return made.folder
