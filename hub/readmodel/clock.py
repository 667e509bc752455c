"""Wakes the aggregates whose date has come: timers never write state, they ask for a step (design.md §4)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
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

AGAIN_MS = 60_000
EVERY_SECONDS = 1.0
_PAGE = 1000

Due = tuple[str, str]
"""Aggregate key, and the date it waits for."""


class Publish(Protocol):
    """Publishes records; returns when all are acknowledged. Raises KafkaError when they may not be."""

    async def __call__(self, outs: Sequence[Out], /) -> None: ...


class Clock:
    """Asks for a tick of every aggregate that is due, once, and again after a minute if nothing came of it.

    Ticks are idempotent, so several clocks may run side by side. `now` is milliseconds since 1970; dates are
    UTC.
    """

    def __init__(self, engine: sa.Engine, publish: Publish, now: Callable[[], int]) -> None:
        self._engine = engine
        self._publish = publish
        self._now = now
        self._asked: dict[Due, int] = {}

    async def run(self) -> None:
        """Until cancelled. Rides out an absent broker or database."""
        while True:
            try:
                await self.tick()
            except (KafkaError, SQLAlchemyError, OSError) as error:
                log.event("clock.interrupted", "warning", error=error)
            await asyncio.sleep(EVERY_SECONDS)

    async def tick(self) -> int:
        """One look at the clock. Returns how many ticks were published."""
        now = self._now()
        waiting = await asyncio.to_thread(lambda: set(self._due(moment(now)[:10])))
        self._asked = {due: at for due, at in self._asked.items() if due in waiting}
        asking = sorted(due for due in waiting if now - self._asked.get(due, -AGAIN_MS) >= AGAIN_MS)
        for start in range(0, len(asking), _PAGE):
            page = asking[start : start + _PAGE]
            await self._publish([_tick(key, now) for key, _ in page])
            self._asked.update(dict.fromkeys(page, now))
        return len(asking)

    def _due(self, today: str) -> Iterator[Due]:
        query = sa.select(views.c.key, views.c.due).where(views.c.due != "", views.c.due <= today)
        with self._engine.connect() as connection:
            yield from ((key, due) for key, due in connection.execute(query))


def _tick(key: str, now: int) -> Out:
    return Out(COMMANDS, key.encode(), orjson.dumps({"command": "tick", "at": now}))
