"""Writes the status of one subscription into `hub.subscriptions`, where its partner and the next courier read it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from hub.core.records import Out
from hub.core.subscription import GRANTED, Status, dump, status_key
from hub.core.topics import SUBSCRIPTIONS
from hub.courier.crew import Crew
from hub.telemetry import log

SETTLE_SECONDS = 3.0
"""A change that is over sooner is nobody's concern; it is also the least time between two writings."""
CALM_SECONDS = 60.0
"""So long nothing was delivered when a subscription counts as quiet again."""


class Bulletin:
    """`look` tells the status as it is now; what of it is written is a real change only. `begin` before use."""

    def __init__(self, subscription: str, written: Status, crew: Crew, look: Callable[[], Status]) -> None:
        self._subscription = subscription
        self._crew = crew
        self._look = look
        self._written = written
        self._stirred = asyncio.Event()
        self._writing = asyncio.Lock()
        self._keeping: asyncio.Task[None] | None = None

    def begin(self) -> None:
        self._keeping = asyncio.create_task(self._keep(), name=f"status {self._subscription}")
        self._keeping.add_done_callback(self._crew.watch)

    def close(self) -> None:
        if self._keeping is not None:
            self._keeping.cancel()

    def lingers(self, quiet: float) -> bool:
        """Whether a subscription of which nothing was delivered for so many seconds is delivering still."""
        return self._written.state == "delivering" and quiet < CALM_SECONDS

    def stir(self) -> None:
        """Something may have changed."""
        self._stirred.set()

    async def publish(self) -> None:
        """Returns when the status, if it changed, is written."""
        async with self._writing:
            status, before, now = self._look(), self._written, self._crew.now()
            if status.state in GRANTED and before.state not in GRANTED:
                # That it is agreed is said by itself; what came of it, a moment later.
                status = msgspec.structs.replace(status, state="validated", reason="", next_at=0)
                self.stir()
            if not _differs(status, before, now):
                return
            at = before.at if status.state == before.state and status.sink == before.sink else now
            status = msgspec.structs.replace(status, at=at)
            id = self._subscription
            if status.state != before.state or status.reason != before.reason:
                log.event("subscription.status", subscription=id, state=status.state, reason=status.reason)
            await self._crew.write(Out(SUBSCRIPTIONS, status_key(id), dump(status)))
            self._written = status

    async def _keep(self) -> None:
        while True:
            try:
                async with asyncio.timeout(CALM_SECONDS if self.lingers(0.0) else None):
                    await self._stirred.wait()
            except TimeoutError:
                pass
            await asyncio.sleep(SETTLE_SECONDS)
            self._stirred.clear()
            await self.publish()


def _differs(now: Status, written: Status, at: int) -> bool:
    """The next attempt alone is news only when the one that was told of is past."""
    if written.next_at > at:
        now = msgspec.structs.replace(now, next_at=written.next_at)
    return msgspec.structs.replace(now, at=written.at) != written
