"""Wakes the aggregates whose date has come: timers never write state, they ask for a step (design.md §4)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Protocol

import orjson
import sqlalchemy as sa
from aiokafka.errors import KafkaError
from sqlalchemy.exc import SQLAlchemyError

from hub.core.event import moment
from hub.core.records import Out
from hub.core.topics import COMMANDS
from hub.readmodel.schema import views
from hub.telemetry import log

AGAIN_SECONDS = 60.0
EVERY_SECONDS = 1.0
_PAGE = 1000

Due = tuple[str, str]
"""Aggregate key, and the date it waits for."""


class Publish(Protocol):
    """Publishes records; returns when all are acknowledged. Raises KafkaError when they may not be."""

    async def __call__(self, outs: Sequence[Out], /) -> None: ...


async def every(seconds: float, *looks: Callable[[], Awaitable[object]]) -> None:
    """Takes the looks one after the other, until cancelled. Rides out an absent broker or database."""
    while True:
        try:
            for look in looks:
                await look()
        except (KafkaError, SQLAlchemyError, OSError) as error:
            log.event("clock.interrupted", "warning", error=error)
        await asyncio.sleep(seconds)


class Clock:
    """Asks for a tick of every aggregate that is due, once, and again after a minute if nothing came of it.

    Ticks are idempotent, so several clocks may run side by side. `now` is the hub's clock, milliseconds since 1970,
    which may be set and stand still or leap; dates are UTC. `stopwatch` counts seconds that pass in the world.
    """

    def __init__(
        self,
        engine: sa.Engine,
        publish: Publish,
        now: Callable[[], int],
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._publish = publish
        self._now = now
        self._stopwatch = stopwatch
        self._asked: dict[Due, tuple[float, float]] = {}  # when first, when last
        self._looked = ""

    async def tick(self) -> int:
        """One look at the clock. Returns how many ticks were published."""
        now, elapsed = self._now(), self._stopwatch()
        self._looked = today = moment(now)[:10]
        waiting = await asyncio.to_thread(lambda: set(self._due(today)))
        self._asked = {due: at for due, at in self._asked.items() if due in waiting}
        asking = sorted(due for due in waiting if not self._lately(due, elapsed))
        for start in range(0, len(asking), _PAGE):
            page = asking[start : start + _PAGE]
            await self._publish([_tick(key, now) for key, _ in page])
            self._asked.update({due: (self._asked.get(due, (elapsed,))[0], elapsed) for due in page})
        return len(asking)

    def settled(self, today: str) -> bool:
        """Whether every tick of the day was answered, as of the last look. One that was first asked for a minute ago
        is not waited for: what it is for may be beyond mending."""
        elapsed = self._stopwatch()
        fresh = (elapsed - first < AGAIN_SECONDS for first, _ in self._asked.values())
        return self._looked >= today and not any(fresh)

    def _lately(self, due: Due, elapsed: float) -> bool:
        return due in self._asked and elapsed - self._asked[due][1] < AGAIN_SECONDS

    def _due(self, today: str) -> Iterator[Due]:
        query = sa.select(views.c.key, views.c.due).where(views.c.due != "", views.c.due <= today)
        with self._engine.connect() as connection:
            yield from ((key, due) for key, due in connection.execute(query))


def _tick(key: str, now: int) -> Out:
    return Out(COMMANDS, key.encode(), orjson.dumps({"command": "tick", "at": now}))
