"""One look at everything that the alarm watches; whatever is dead is a finding, not a failure."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from hub.core.alerts import TOLD_BY_DATABASE, Kind, Sight, Trouble, sight
from hub.core.watch import Answer, Books, of_disk, of_parts
from hub.telemetry import log

READ_SECONDS = 10.0
"""A read model that has not answered by then is not there."""


class World(NamedTuple):
    """What there is to look at. `books` blocks, and raises what it likes; `judge` says what is wrong in them."""

    parts: Callable[[], Awaitable[Mapping[str, Answer]]]
    kafka: Callable[[], Awaitable[bool]]
    disk: Callable[[], tuple[int, int]]
    books: Callable[[int], Books]
    judge: Callable[[Books, int], list[Trouble]]


class Looker:
    def __init__(self, world: World, now: Callable[[], int]) -> None:
        self._world = world
        self._now = now
        self._reading: asyncio.Future[Books] | None = None

    async def __call__(self) -> Sight:
        now = self._now()
        parts, kafka, books = await asyncio.gather(self._world.parts(), self._world.kafka(), self._books(now))
        found = of_parts(parts)
        if not kafka:
            found.append(Trouble(Kind.KAFKA))
        with contextlib.suppress(OSError):
            found += of_disk(*self._world.disk())
        if books is None:
            return sight([*found, Trouble(Kind.DATABASE)], TOLD_BY_DATABASE)
        return sight([*found, *self._world.judge(books, now)])

    async def _books(self, now: int) -> Books | None:
        # A read that hangs is not begun a second time: a database that stands still would gather threads.
        if self._reading is None:
            self._reading = in_background(lambda: self._world.books(now))
        try:
            found = await asyncio.wait_for(asyncio.shield(self._reading), READ_SECONDS)
        except TimeoutError:
            return None
        except Exception as error:
            log.event("alerts.blind", "warning", error=type(error).__name__)
            found = None
        self._reading = None
        return found


def in_background(read: Callable[[], Books]) -> asyncio.Future[Books]:
    """Does `read` in a thread of its own, for which nobody waits at the end."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Books] = loop.create_future()

    def settle(act: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(lambda: None if done.done() else act())

    def work() -> None:
        try:
            found = read()
        except Exception as error:
            failure = error
            settle(lambda: done.set_exception(failure))
        else:
            settle(lambda: done.set_result(found))

    threading.Thread(target=work, name="alerts-books", daemon=True).start()
    return done
