"""Carries out replays: sends numbers of an outbox once more, besides the log that its lane goes on to deliver."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from aiokafka.errors import KafkaError

from hub.core.records import Out, Record
from hub.core.redelivery import Order, Progress
from hub.core.topics import SUBSCRIPTIONS
from hub.courier.crew import Crew
from hub.courier.lane import Lane
from hub.courier.ledger import Ledger
from hub.courier.rerun import Rerun, Sources
from hub.telemetry import log

LOOK_SECONDS = 0.5
"""Between two looks at what was ordered or stopped, and two writings of progress."""

DRAIN_SECONDS = 2.0


class Lanes(Protocol):
    """The lanes of this courier (`hub.courier.reader.Reader`)."""

    @property
    def subscriptions(self) -> list[str]: ...

    def lane(self, id: str) -> Lane | None: ...

    async def holds(self, id: str) -> bool: ...

    async def has_finished(self, id: str, offset: int) -> bool: ...


class Orders(Protocol):
    """What was ordered, and how far it has got (`hub.core.redelivery.Replays`)."""

    def due(self, subscription: str) -> Order | None: ...

    def progress(self, order: Order) -> Progress: ...

    def apply(self, key: str, value: bytes | None) -> None: ...


class Redelivery:
    """Runs the oldest replay that is due of every lane that this courier has, and of no other.

    Lanes move between couriers. Before they may, `leave` ends what runs and writes how far it got; whoever has them
    next begins when `level` says that its copy of `hub.subscriptions` holds all that was written until then.
    """

    def __init__(
        self,
        lanes: Lanes,
        orders: Orders,
        crew: Crew,
        fetch: Callable[[str, int], Awaitable[list[Record]]],
        level: Callable[[], Awaitable[bool]],
    ) -> None:
        self._lanes = lanes
        self._orders = orders
        self._crew = crew
        self._fetch = fetch
        self._level = level
        self._running: dict[str, Rerun] = {}
        self._here = False
        self._shares = 0
        self._current = -1
        self._looking = asyncio.Lock()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self._catch_up()
            async with self._looking:
                if self._here:
                    await self._look()

    async def leave(self) -> None:
        """Ends what runs; returns when it is written how far that got, some 2 s later at most."""
        self._here = False
        async with self._looking:
            await self._halt(list(self._running))

    def arrive(self) -> None:
        self._here, self._shares = True, self._shares + 1

    @property
    def _waiting(self) -> list[str]:
        return [id for id in self._lanes.subscriptions if id not in self._running and self._orders.due(id)]

    async def _catch_up(self) -> None:
        """Outside the lock, for nobody may wait for it who has to give up lanes."""
        share = self._shares
        if not self._here or self._current == share or not self._waiting:
            return
        try:
            if await self._level():
                self._current = share
        except (KafkaError, TimeoutError) as error:
            log.event("replay.not_current", "warning", error=error)

    async def _look(self) -> None:
        await self._halt([id for id, one in self._running.items() if not self._goes_on(id, one)])
        await asyncio.gather(*(one.ledger.save() for one in self._running.values()))
        if self._current == self._shares and self._here:
            for id in self._waiting:
                self._begin(id)

    def _goes_on(self, id: str, one: Rerun) -> bool:
        order = self._orders.due(id)
        return (
            not one.done
            and one.lane is self._lanes.lane(id)
            and order is not None
            and order.id == one.order.id
        )

    def _begin(self, id: str) -> None:
        order, lane = self._orders.due(id), self._lanes.lane(id)
        if order is None or lane is None:
            return
        ledger = Ledger(
            order, self._orders.progress(order), self._crew.now, self._write, lambda: self._lanes.holds(id)
        )
        sources = Sources(self._fetch, self._lanes.holds, self._lanes.has_finished)
        self._running[id] = Rerun(ledger, lane, self._crew, sources)

    async def _halt(self, ids: list[str]) -> None:
        halting = [self._running.pop(id) for id in ids]
        await asyncio.gather(*(one.halt(DRAIN_SECONDS) for one in halting))

    async def _write(self, out: Out) -> None:
        """What is written of progress is known at once, not only when it was read back."""
        await self._crew.write(out)
        if out.topic == SUBSCRIPTIONS and out.key:
            self._orders.apply(out.key.decode(), out.value)
