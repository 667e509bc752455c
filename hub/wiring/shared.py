"""What the parts have in common: clock, log, full copies of directory and subscriptions, a plain publisher."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from hub import kafka, private
from hub.core import topics
from hub.core.known import Known
from hub.core.pairwise import References
from hub.core.policy import Policy
from hub.core.records import Out
from hub.core.rules import Rules
from hub.knock import knock
from hub.settings import Settings, SettingsError
from hub.telemetry import log, metrics

FOREVER = 10.0**9


def start_log(part: str, settings: Settings) -> None:
    log.configure(part, settings.log_level, settings.log_format)


def enter(part: str, settings: Settings) -> None:
    """What every part does first: starts its log, and comes in to Kafka once, if that is there.

    Raises SettingsError when Kafka does not let it in.
    """
    start_log(part, settings)
    metrics.watch_disk(private.folder(settings.data))
    asyncio.run(knock(settings.bootstrap))


async def kafka_answers(settings: Settings, part: str) -> str:
    """Why Kafka does not answer `part` now; "" when it does."""
    try:
        await kafka.wait_for_kafka(settings.bootstrap, timeout=2.0)
    except (kafka.KafkaUnavailable, SettingsError) as error:
        metrics.KAFKA_UP.labels(part).set(0)
        return str(error)
    metrics.KAFKA_UP.labels(part).set(1)
    return ""


def instance(settings: Settings, part: str) -> str:
    """Name of this process in its Kafka group, kept in the data folder: started again, it has its work back at once."""
    path = settings.data / f"{part}.instance"
    if not path.exists():
        private.folder(path.parent)
        path.write_text(f"{part}-{secrets.token_hex(8)}")
    return path.read_text()


def line_key(settings: Settings) -> bytes:
    """Secret of this installation under which persons stand in the journal: the same for all its parts, on whatever
    machine."""
    return kept(settings.line_key or settings.data / "line.key", lambda: secrets.token_bytes(32))


def kept(path: Path, make: Callable[[], bytes]) -> bytes:
    """A secret in a file: made once, whichever process comes first, and readable by us alone."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        file, fresh = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(file, "wb") as out:
                out.write(make())
                os.fsync(out.fileno())
            with contextlib.suppress(FileExistsError):
                os.link(fresh, path)
        finally:
            Path(fresh).unlink()
    return path.read_bytes()


class Views:
    """Full copies of the directory and the subscriptions, kept current."""

    def __init__(self, settings: Settings, rules: Rules, references: References | None = None) -> None:
        self.known = Known()
        self._rules = rules
        self._secret = line_key(settings)
        self._references = references
        self._policy: Policy | None = None
        self._revision = -1
        watch = partial(kafka.CompactedView, settings.bootstrap)
        self._partners = watch(topics.PARTNERS, self.known.apply_partner)
        self._subscriptions = watch(topics.SUBSCRIPTIONS, self.known.apply_subscription)

    async def start(self) -> None:
        await asyncio.gather(self._partners.start(), self._subscriptions.start())

    async def stop(self) -> None:
        await asyncio.gather(self._partners.stop(), self._subscriptions.stop())

    def policy(self) -> Policy:
        """The policy of this moment; the same object until something changes."""
        if self._policy is None or self._revision != self.known.revision:
            known, secret = self.known, self._secret
            self._policy = Policy(
                known.directory, known.subscriptions(), self._rules, secret, self._references
            )
            self._revision = self.known.revision
        return self._policy

    async def check(self) -> str:
        return (
            ""
            if self._partners.ready and self._subscriptions.ready
            else "partners and subscriptions not read yet"
        )


@contextlib.asynccontextmanager
async def following_partners(settings: Settings, known: Known) -> AsyncIterator[Known]:
    """The directory, filled as soon as Kafka answers: for a part that can do its work without."""
    view = kafka.CompactedView(settings.bootstrap, topics.PARTNERS, known.apply_partner)
    starting = asyncio.create_task(view.start(timeout=FOREVER))
    try:
        yield known
    finally:
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        await view.stop()


@contextlib.asynccontextmanager
async def publishing(
    settings: Settings,
) -> AsyncIterator[Callable[[Sequence[Out]], Coroutine[Any, Any, None]]]:
    """A call that publishes records and returns when all are acknowledged."""
    await kafka.wait_for_kafka(settings.bootstrap)
    producer = kafka.producer(settings)

    async def publish(outs: Sequence[Out]) -> None:
        sent = [await producer.send(o.topic, o.value, o.key, headers=list(o.headers)) for o in outs]
        await asyncio.gather(*sent)

    await producer.start()
    try:
        yield publish
    finally:
        await kafka.end(producer)


async def then(event: asyncio.Event, act: Callable[[], None]) -> None:
    """Does `act` once `event` is set."""
    await event.wait()
    act()
