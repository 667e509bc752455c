"""Processor, courier and projector: each function runs one part until SIGTERM and gives its exit code."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from hub.core import batch
from hub.settings import Settings
from hub.telemetry import metrics, service
from hub.telemetry.health import Check, HealthServer
from hub.wiring.shared import Views, instance, now, publishing, start_log, then

PORTS = {"processor": 0, "courier": 1, "projector": 2}
"""Added to HUB_METRICS_PORT."""


def processor(settings: Settings) -> int:
    """Folds and routes until SIGTERM."""
    from hub.stream import app as stream

    start_log("processor", settings)
    views: list[Views] = []
    built = stream.build(settings, batch.run, lambda: views[0].policy(), metrics.count)
    health = _health("processor", settings, lambda: _told(built.ready()), lambda: _told(built.healthy()))

    async def start() -> None:
        views.append(Views(settings))
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

    start_log("courier", settings)

    async def work(stopping: asyncio.Event) -> None:
        running = Courier(settings, instance=instance(settings, "courier"))
        async with _serving(_health("courier", settings, running.ready, running.healthy)):
            await running.run(stopping)

    return service.run(work)


def projector(settings: Settings) -> int:
    """Fills the read model, and wakes what is due, until SIGTERM."""
    from hub.readmodel.clock import Clock
    from hub.readmodel.projector import Projector

    start_log("projector", settings)
    settings.data.mkdir(parents=True, exist_ok=True)

    async def work(stopping: asyncio.Event) -> None:
        running = Projector(settings, batch.view, instance=instance(settings, "projector"))
        async with (
            _serving(_health("projector", settings, running.ready, running.healthy)),
            publishing(settings) as publish,
        ):
            clock = asyncio.create_task(_once_ready(running.ready, Clock(running.engine, publish, now).run))
            ending = asyncio.create_task(then(stopping, running.stop))
            try:
                await running.run()
            finally:
                clock.cancel()
                ending.cancel()

    return service.run(work)


async def _once_ready(ready: Callable[[], tuple[bool, str]], work: Callable[[], Awaitable[None]]) -> None:
    """No clock judges by rows that have not caught up with Kafka."""
    while not ready()[0]:
        await asyncio.sleep(0.2)
    await work()


def _health(part: str, settings: Settings, ready: Check, healthy: Check) -> HealthServer:
    return HealthServer(settings.host, settings.metrics_port + PORTS[part], ready, healthy)


@contextlib.asynccontextmanager
async def _serving(health: HealthServer) -> AsyncIterator[None]:
    await health.start()
    try:
        yield
    finally:
        await health.stop()
