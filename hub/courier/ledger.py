"""How far one replay has got, and writing that down."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from hub.core import journal
from hub.core.journal import Replayed
from hub.core.records import Out
from hub.core.redelivery import Order, Progress, dump, numbered, progress_key, spans
from hub.core.topics import SUBSCRIPTIONS
from hub.courier.writer import Write
from hub.telemetry import log

UNSAVED = 16
"""So many results may stand in memory only: as many deliveries are repeated at most after a crash, besides those on
the wire."""


class Ledger:
    """Counts results; written whenever UNSAVED stand in it, and when `save` is called.

    Writes only as long as `holds`: whoever lost the lane must not overwrite what its successor wrote.
    """

    def __init__(
        self,
        order: Order,
        progress: Progress,
        now: Callable[[], int],
        write: Write,
        holds: Callable[[], Awaitable[bool]],
    ) -> None:
        self.order = order
        self.progress = progress
        self._ahead = {number for span in spans(progress.ahead) for number in span}
        self._now = now
        self._write = write
        self._holds = holds
        self._unsaved = 0
        self._saving = asyncio.Lock()

    async def begin(self) -> None:
        if not self.progress.started:
            self._change(started=self._now())
            await self.save()

    async def count(self, result: str, numbers: range, next: int) -> None:
        """`numbers` ended as `result` (a field of Progress); everything below number `next` is done."""
        done = getattr(self.progress, result) + len(numbers)
        self._ahead.update(numbers)
        self._ahead = {number for number in self._ahead if number >= next}
        self._change(**{result: done, "next": next, "ahead": numbered(self._ahead) or ""})
        if self._unsaved >= UNSAVED:
            await self.save()

    async def finish(self) -> None:
        """Everything is done. The journal first: it takes a repeat for what it is."""
        entry = Replayed(
            at=self._now(),
            id=self.order.id,
            subscription=self.order.subscription,
            by=self.order.by,
            change="finished",
            why=self.order.why,
            count=self.progress.delivered,
        )
        await self._write(journal.record(entry))
        self._change(ended=self._now())
        await self.save()
        log.event("replay.finished", subscription=self.order.subscription, replay=self.order.id)

    async def save(self) -> None:
        async with self._saving:
            if self._unsaved and await self._holds():
                given, unsaved = dump(self.progress), self._unsaved
                await self._write(
                    Out(SUBSCRIPTIONS, progress_key(self.order.subscription, self.order.id), given)
                )
                self._unsaved -= unsaved

    def _change(self, **fields: object) -> None:
        self.progress = msgspec.structs.replace(self.progress, at=self._now(), **fields)
        self._unsaved += 1
