"""What is attacked: one real gateway process on a real Kafka, with a publisher for every kind of event."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from hub import kafka
from hub.core import partners, topics
from hub.core.catalogue import KINDS
from hub.core.partners import Org, Partner, Role, Token, hash_token
from hub.local import probe
from hub.local.ports import free_row
from hub.settings import Settings
from tests.broker import ROOT, Broker

SOURCE = "urn:nld:kvknr:00000001:systeem:proef"
SETTINGS = {
    "HUB_BACKLOG_LIMIT": "100000000",
    "HUB_DOOR_SUBSCRIPTIONS": "8",
    "HUB_DOOR_HEAD_SECONDS": "1.5",
    "HUB_DOOR_BODY_SECONDS": "2",
    "HUB_SINK_ALLOW": "127.0.0.0/8",
}
"""Nobody folds here, few topics, and who dawdles is not waited for long."""


def _partner(id: str, roles: tuple[Role, ...], orgs: tuple[Org, ...] = ()) -> Partner:
    token = Token("fuzz", hash_token(f"{id}-token"))
    return Partner(id=id, name=id.title(), roles=roles, orgs=orgs, sources=(SOURCE,), tokens=(token,))


def _publisher(code: str) -> Partner:
    kind = KINDS[code]
    orgs = tuple(Org(kind.example[name], "") for name in kind.orgs)
    role = min(role for role in kind.publishers if not kind.rights(kind.example, frozenset({role})))
    return _partner(f"fuzz-{kind.code.lower()}", (role,), orgs)


PUBLISHERS = {kind.type: _publisher(type) for type, kind in KINDS.items() if kind.code.startswith("E")}
READERS = (
    _partner("fuzz-school", (Role.PO,), (Org("brin:00YY01", "De Boot"),)),
    _partner("fuzz-regie", (Role.PROCESREGISSEUR,)),
    _partner("fuzz-beheer", (Role.OPERATOR,)),
    _partner("fuzz-fg", (Role.FG,)),
)
PARTNERS = (*PUBLISHERS.values(), *READERS)
BY_TOKEN = {f"{one.id}-token": one for one in PARTNERS}


@dataclass
class Stage:
    """`log` is all that the gateway wrote."""

    bootstrap: str
    port: int
    pid: int
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def rss(self) -> float:
        """Megabytes of memory that the gateway has now."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextlib.asynccontextmanager
async def opened(broker: Broker, folder: Path, **settings: str) -> AsyncIterator[Stage]:
    """A gateway of its own, ready, on topics that exist."""
    await broker.create(topics.manifest(4))
    async with kafka.producer(Settings(kafka=broker.bootstrap)) as producer:
        for one in PARTNERS:
            await producer.send_and_wait(topics.PARTNERS, partners.dump(one), one.id.encode())
    port, log = free_row(1) + 40, folder / "gateway.log"
    mine = {"HUB_DATA": str(folder / "data"), "HUB_KAFKA": broker.bootstrap, "HUB_PORT": str(port)}
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "hub", "gateway"],
            cwd=ROOT,
            env={**os.environ, **SETTINGS, **mine, **settings},
            stdout=out,
            stderr=out,
        )
    try:
        await _ready(port, process, log)
        yield Stage(broker.bootstrap, port, process.pid, log, process)
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 20)


async def _ready(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    async with asyncio.timeout(120):
        while not (await probe.ready("127.0.0.1", port))[0]:
            if process.poll() is not None:
                raise RuntimeError(f"the gateway ended: {log.read_text()[-2000:]}")
            await asyncio.sleep(0.2)
