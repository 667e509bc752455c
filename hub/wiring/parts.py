"""Processor, courier and projector: each function runs one part until SIGTERM and gives its exit code."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial

from hub import pairwise, private
from hub.core import batch
from hub.core.known import Known
from hub.memory import spare_the_loaded
from hub.settings import Settings
from hub.telemetry import metrics, service
from hub.telemetry.gate import scrape
from hub.telemetry.health import Check, HealthServer
from hub.wiring import rules as rulebook
from hub.wiring import secrets
from hub.wiring.clock import clock as clock_of
from hub.wiring.clock import wall
from hub.wiring.journal import seal_key
from hub.wiring.shared import Views, enter, following_partners, instance, line_key, publishing, then

QUICK_SECONDS = 0.1
"""Between two looks at a clock that is set: who sets it waits for what comes of it."""


def processor(settings: Settings) -> int:
    """Folds and routes until SIGTERM."""
    from hub.stream import app as stream

    enter(settings.name("processor"), settings)
    rules, references = rulebook.load(settings), pairwise.references(settings)
    views: list[Views] = []
    built = stream.build(settings, batch.run, lambda: views[0].policy(), metrics.count)
    checks = (lambda: _told(built.ready()), lambda: _told(built.healthy()))
    health = _health("processor", settings, *checks, lambda: views[0].known)

    async def start() -> None:
        views.append(Views(settings, rules, references))
        await health.start()
        await views[0].start()

    async def stop() -> None:
        await views[0].stop()
        await health.stop()

    built.on_start_hooks.append(start)
    built.on_stop_hooks.append(stop)
    return stream.worker(built)


def _told(well: bool) -> tuple[bool, str]:
    return well, "ok" if well else "joining its group or reading back its states"


def courier(settings: Settings) -> int:
    """Delivers webhooks until SIGTERM."""
    from hub.courier.runner import Courier

    enter(settings.name("courier"), settings)
    keys = secrets.keyring(settings)
    secrets.check_certificates(settings)
    off = rulebook.load(settings).off()

    async def work(stopping: asyncio.Event) -> None:
        name = instance(settings, settings.name("courier"))
        secret = line_key(settings)
        running = Courier(settings, instance=name, open=keys.open, secret=secret, off=off)
        async with serving("courier", settings, running.ready, running.healthy):
            await running.run(stopping)

    return service.run(work)


def projector(settings: Settings) -> int:
    """Fills the read model, wakes what is due, has aggregates published, and seals the journal, until SIGTERM."""
    from hub.logbook.keys import checker, public, signer
    from hub.logbook.sealer import Sealer
    from hub.readmodel.clock import EVERY_SECONDS, Clock, every
    from hub.readmodel.projector import Projector
    from hub.readmodel.purge import Purge
    from hub.readmodel.queries import Queries
    from hub.readmodel.snapshots import Snapshots

    enter("projector", settings)
    rules, now = rulebook.load(settings), clock_of(settings)
    private.folder(settings.data)
    own = seal_key(settings)
    sealer = Sealer(settings, signer(own), checker(public(own)))
    pause = QUICK_SECONDS if settings.clock else EVERY_SECONDS

    async def work(stopping: asyncio.Event) -> None:
        view = partial(batch.view, rules=rules)
        running = Projector(settings, view, instance=instance(settings, "projector"))
        async with (
            serving("projector", settings, running.ready, running.healthy),
            publishing(settings) as publish,
        ):
            clock = Clock(running.engine, publish, now)
            queries, moments = Queries(running.engine), rules.calendar.snapshots
            snapshots = Snapshots(queries, publish, now, moments, running.level, clock.settled)
            looks = partial(every, pause, clock.tick, snapshots.look)
            looking = asyncio.create_task(_once_ready(running.ready, looks))
            sealing = asyncio.create_task(sealer.run())
            sealing.add_done_callback(lambda _: running.stop())
            purge = Purge(running.engine, now, rules.journal_months, rules.retention_months)
            purging = asyncio.create_task(
                _once_ready(running.ready, partial(every, EVERY_SECONDS, purge.look))
            )
            ending = asyncio.create_task(then(stopping, running.stop))
            spare_the_loaded()
            try:
                await running.run()
            finally:
                looking.cancel()
                purging.cancel()
                ending.cancel()
                if sealing.cancel():
                    await asyncio.wait([sealing])
            if not sealing.cancelled():
                sealing.result()

    return service.run(work)


async def _once_ready(ready: Callable[[], tuple[bool, str]], work: Callable[[], Awaitable[None]]) -> None:
    """No clock judges by rows that have not caught up with Kafka."""
    while not ready()[0]:
        await asyncio.sleep(0.2)
    await work()


def _health(
    part: str, settings: Settings, ready: Check, healthy: Check, known: Callable[[], Known]
) -> HealthServer:
    def gate(headers: Mapping[str, str]) -> int:
        return scrape(headers, known().directory, settings.loopback, wall())

    return HealthServer(settings.host, settings.health_port(part), ready, healthy, gate)


@contextlib.asynccontextmanager
async def serving(
    part: str, settings: Settings, ready: Check, healthy: Check, known: Known | None = None
) -> AsyncIterator[None]:
    """Answers on the port of the part, and fills the directory of `known` as soon as Kafka answers."""
    async with following_partners(settings, known or Known()) as known:
        health = _health(part, settings, ready, healthy, lambda: known)
        await health.start()
        try:
            yield
        finally:
            await health.stop()
