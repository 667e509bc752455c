"""The tasks of one lane: which of them have something on the wire, and which only wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TypeVar

T = TypeVar("T")


class Tasks:
    """`watch` is told of every task that ends."""

    def __init__(self, watch: Callable[[asyncio.Task[None]], None]) -> None:
        self._watch = watch
        self._all: set[asyncio.Task[None]] = set()
        self._idle: set[asyncio.Task[None]] = set()
        self.ending = False

    def start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._all.add(task)
        task.add_done_callback(self._all.discard)
        task.add_done_callback(self._watch)

    async def wait(self, moment: Coroutine[None, None, T]) -> T:
        """Waits where a stop need not wait along."""
        task = asyncio.current_task()
        if self.ending or task is None:
            moment.close()
            raise asyncio.CancelledError
        self._idle.add(task)
        try:
            return await moment
        finally:
            self._idle.discard(task)

    async def drain(self, seconds: float) -> None:
        """Ends what waits, and gives the rest so long to end by itself."""
        self.ending = True
        for task in self._idle:
            task.cancel()
        if busy := self._all - self._idle:
            await asyncio.wait(busy, timeout=seconds)

    def close(self) -> None:
        self.ending = True
        for task in self._all:
            task.cancel()
