"""The courier: one process that delivers a share of all subscriptions. Run as many as you like."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Collection, Coroutine
from functools import partial
from typing import Any, Protocol

from aiokafka.errors import KafkaError

from hub import kafka
from hub.core import recheck, sinks
from hub.core.delivery import Delivery
from hub.core.known import Known
from hub.core.subscription import Subscription
from hub.core.topics import COURIERS, OUTBOX, PARTNERS, SUBSCRIPTIONS
from hub.courier.access import Access, Open
from hub.courier.crew import Crew
from hub.courier.guard import Lookup
from hub.courier.heartbeat import Heart
from hub.courier.reader import Reader
from hub.courier.redelivery import Redelivery
from hub.courier.register import Register
from hub.courier.scout import Scout
from hub.courier.sender import Sender
from hub.courier.tls import Contexts
from hub.courier.tokens import Tokens
from hub.courier.writer import Writer
from hub.memory import spare_the_loaded
from hub.settings import Settings
from hub.telemetry import log

RESTART_SECONDS = 1.0


class View(Protocol):
    """A full copy of a compacted topic (`hub.kafka.CompactedView`)."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def reached(self, partition: int, offset: int, timeout: float = ...) -> bool: ...


class Courier:
    """`run` until told to stop. Everything it knows stands in Kafka, so it may be killed at any moment: what
    was not committed is delivered again, with the same webhook-id.

    `instance` names this process within the group (Kafka's static membership): started again under the
    same name it gets its lanes back at once, instead of after the session timeout of the dead one (10 s).
    No two living couriers may share a name. `open` opens the secrets of a subscription, `secret` is the key of the
    marks of persons in the journal, `off` are the flows that are switched off (`hub.core.purposes`). `prefix` narrows
    the outboxes and `lookup` replaces DNS (both for tests). Raises OSError for certificates of the settings that cannot
    be used.
    """

    def __init__(
        self,
        settings: Settings,
        instance: str | None = None,
        group: str = COURIERS,
        prefix: str = OUTBOX,
        lookup: Lookup | None = None,
        open: Open = lambda to: to,
        secret: bytes = b"",
        off: Collection[str] = (),
    ) -> None:
        self._settings = settings
        self._open = open
        self._contexts = Contexts(settings.sink_ca, settings.sink_certificate)
        self._secret = secret
        self._off = off
        self._known = Known()
        self._instance = instance
        self._group = group
        self._prefix = prefix
        self._lookup = lookup
        self._register = Register(self._written)
        self._view: View = kafka.CompactedView(settings.bootstrap, SUBSCRIPTIONS, self._register.apply)
        self._partners: View = kafka.CompactedView(settings.bootstrap, PARTNERS, self._known.apply_partner)
        self._reader: Reader | None = None
        self._running = False

    async def run(self, stop: asyncio.Event) -> None:
        """Returns after `stop` is set and what was on the wire has ended, at most some 5 s later.

        Waits out a Kafka that goes away. Raises KafkaUnavailable when none is there to begin with, and
        whatever fault of our own makes going on unsafe.
        """
        stopped = asyncio.create_task(stop.wait())
        self._running = True
        try:
            if await _unless(stopped, self._start()):
                spare_the_loaded()
                await self._deliver(stopped)
        finally:
            self._running = False
            stopped.cancel()
            await asyncio.gather(self._view.stop(), self._partners.stop())

    async def _start(self) -> None:
        """Nothing is delivered before it is known who the partners are."""
        await asyncio.gather(self._view.start(), self._partners.start())

    def ready(self) -> tuple[bool, str]:
        """Whether it reads its share of the outboxes; the reason when not."""
        return (False, "starting") if self._reader is None else self._reader.state()

    def healthy(self) -> tuple[bool, str]:
        """Whether it works at all; a courier that waits for Kafka is healthy but not ready."""
        return self._running, "ok" if self._running else "not running; the log says why"

    @property
    def subscriptions(self) -> list[str]:
        """Those this courier delivers for now."""
        return [] if self._reader is None else self._reader.subscriptions

    async def _deliver(self, stopped: asyncio.Task[bool]) -> None:
        allowed = sinks.networks(self._settings.sink_allow)
        ports = sinks.PORTS.union(self._settings.sink_ports)
        sender = Sender(allowed, self._settings.webhook_timeout, self._lookup, ports)
        try:
            while not stopped.done():
                try:
                    await self._session(sender, stopped)
                except KafkaError as error:
                    log.event("courier.interrupted", "error", error=error)
                    await asyncio.wait([stopped], timeout=RESTART_SECONDS)
        finally:
            await sender.close()

    async def _session(self, sender: Sender, stopped: asyncio.Task[bool]) -> None:
        failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        writer = Writer(self._settings)
        scout = Scout(self._settings.bootstrap)
        crew = self._crew(sender, writer, scout, failed)
        reader = Reader(self._settings, self._register, crew, self._group, self._prefix, self._instance)
        quiet = self._settings.heartbeat
        heart = Heart(self._settings.source, quiet, crew, lambda: reader.lanes, reader.last_numbers)
        replays = Redelivery(reader, self._register.replays, crew, scout.fetch, partial(self._level, scout))
        reader.invite(replays)
        jobs = (reader.read, reader.commit, reader.search, reader.report, heart.beat, replays.run)
        try:
            await writer.start()
            self._reader = reader
            await reader.start()
            await _until_first(jobs, stopped, failed)
        finally:
            self._reader = None
            await replays.leave()
            await reader.stop()
            await scout.stop()
            await writer.stop()

    def _crew(self, sender: Sender, writer: Writer, scout: Scout, failed: asyncio.Future[None]) -> Crew:
        def fail(error: BaseException) -> None:
            if not failed.done():
                failed.set_exception(error)

        ask = partial(sender.send, tls=self._contexts.default)
        tokens = Tokens(ask, time.time, time.monotonic)
        return Crew(
            send=Access(sender, self._contexts, tokens, self._open).send,
            open=self._open,
            write=writer.write,
            look=scout.look,
            origin=self._settings.webhook_origin,
            schedule=self._settings.retry_schedule,
            consent_days=self._settings.consent_days,
            now=lambda: time.time_ns() // 1_000_000,
            steady=time.monotonic,
            draw=random.random,
            fail=fail,
            secret=self._secret,
            refused=self._refused,
        )

    def _refused(self, to: Subscription, type: str, delivery: Delivery) -> str:
        return recheck.refused(self._known.directory, self._off, to, type, delivery)

    async def _level(self, scout: Scout) -> bool:
        """Whether all that stands in `hub.subscriptions` now is known here."""
        end = await scout.end(SUBSCRIPTIONS)
        return end == 0 or await self._view.reached(0, end - 1)

    def _written(self, id: str) -> None:
        if self._reader is not None:
            self._reader.follow(id)


async def _unless(stopped: asyncio.Task[bool], start: Coroutine[None, None, None]) -> bool:
    """Whether `start` came to its end before it was time to stop; raises what it raised."""
    starting = asyncio.create_task(start)
    first: set[asyncio.Future[Any]] = {starting, stopped}
    await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
    if starting.done():
        starting.result()
        return True
    starting.cancel()
    await asyncio.wait([starting])
    return False


async def _until_first(
    jobs: tuple[Callable[[], Coroutine[None, None, None]], ...],
    stopped: asyncio.Task[bool],
    failed: asyncio.Future[None],
) -> None:
    """Runs `jobs` side by side until one fails (raises what it raised) or it is time to stop."""
    tasks = [asyncio.create_task(job()) for job in jobs]
    try:
        first: set[asyncio.Future[Any]] = {*tasks, stopped, failed}
        await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for done in (*tasks, failed):
        if done.done() and not done.cancelled():
            done.result()
