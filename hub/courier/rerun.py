"""One replay under way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from typing import NamedTuple

import msgspec

from hub.core import dead_letters, journal
from hub.core.delivery import Delivery
from hub.core.journal import Attempted
from hub.core.records import Record
from hub.core.redelivery import HEADER, left
from hub.core.retry import Answer, Delivered, Retry, Stop, Verdict, dead, judge, refuses_event
from hub.core.withdrawal import Ahead
from hub.courier.crew import Crew
from hub.courier.gate import Closed
from hub.courier.item import Item, read
from hub.courier.lane import Lane
from hub.courier.ledger import Ledger
from hub.courier.pace import Pace
from hub.courier.sender import Reply
from hub.courier.window import Window
from hub.telemetry import log, metrics

WIDTH = 8
"""Requests of one replay on the wire at once, each of another subject."""

AHEAD = 64
"""Records in hand."""

TRIES = 5
"""After so many attempts a delivery is given up that the receiver refuses, or that fails while others do not."""

LONGEST_SECONDS = 300.0
"""Between two attempts: somebody waits for the replay."""

COURTESY_SECONDS = 1.0
"""So long a request lets live deliveries go first."""

FRESH_SECONDS = 1.0
"""So old may be what is known of what was taken back."""


class Lost(Exception):
    """It cannot be proved (any more) that the lane is ours."""


class Unsent(Exception):
    """The delivery is not made (any more): how it ended, and why when that says more."""

    def __init__(self, outcome: str, why: str = "") -> None:
        super().__init__(outcome)
        self.outcome, self.why = outcome, why


class Sources(NamedTuple):
    """`fetch` gives some records of an outbox from an offset on. `holds` tells whether the lane is ours, `has_finished`
    whether it is done with an offset."""

    fetch: Callable[[str, int], Awaitable[list[Record]]]
    holds: Callable[[str], Awaitable[bool]]
    has_finished: Callable[[str, int], Awaitable[bool]]


class Rerun:
    """Begins at once, where the ledger says; `done` when there is nothing left to do or nothing more can be done here.

    In order per subject, subjects side by side, no faster than was ordered. `halt` must be called.
    """

    def __init__(self, ledger: Ledger, lane: Lane, crew: Crew, sources: Sources) -> None:
        self.ledger = ledger
        self.order = ledger.order
        self.lane = lane
        self._crew = crew
        self._sources = sources
        self._window = Window(WIDTH, AHEAD)
        self._next = ledger.progress.next
        self._pace = Pace(_pace(self.order.pace, lane))
        self._sight = Sight(self.order.subscription, crew)
        self._moved = asyncio.Event()
        self._idle: set[asyncio.Task[None]] = set()
        self._busy: set[asyncio.Task[None]] = set()
        self._ending = False
        self._task = asyncio.create_task(self._run(), name=f"replay {self.order.id}")
        self._task.add_done_callback(crew.watch)

    @property
    def done(self) -> bool:
        return self._task.done()

    async def halt(self, seconds: float) -> None:
        """Starts nothing more, waits so long for what is on the wire, and writes how far it got."""
        self._ending = True
        for task in self._idle:
            task.cancel()
        if busy := self._busy - self._idle:
            await asyncio.wait(busy, timeout=seconds)
        self._task.cancel()
        await asyncio.wait([self._task])
        await self.ledger.save()

    async def _run(self) -> None:
        try:
            await self.ledger.begin()
            async with asyncio.TaskGroup() as group:
                async for record in self._wanted():
                    await self._room()
                    self._window.add(record)
                    self._start(group)
            if not self._ending:
                await self.ledger.finish()
        except* (Lost, Closed):
            log.event(
                "replay.interrupted", "warning", subscription=self.order.subscription, replay=self.order.id
            )

    async def _wanted(self) -> AsyncIterator[Record]:
        """Records that are still to be sent, in order; what the log does not hold any more is counted."""
        batch: list[Record] = []
        for span in left(self.order, self.ledger.progress):
            number = span.start
            while number < span.stop:
                if not batch or not batch[0].offset < number <= batch[-1].offset + 1:
                    batch = await self._sources.fetch(self.order.subscription, number - 1)
                found = next((one for one in batch if one.offset + 1 >= number), None)
                reached = min(found.offset + 1, span.stop) if found else span.stop
                if number < reached:
                    self._next = reached
                    await self.ledger.count("gone", range(number, reached), self._low())
                if found and reached < span.stop:
                    self._next = reached + 1
                    yield found
                number = reached + 1

    def _low(self) -> int:
        """Every selected number below this is done."""
        return self._window.oldest.offset + 1 if self._window.oldest else self._next

    async def _room(self) -> None:
        while self._window.full:
            self._moved.clear()
            await self._moved.wait()

    def _start(self, group: asyncio.TaskGroup) -> None:
        while not self._ending and (taken := self._window.take()):
            task = group.create_task(self._carry(taken[0], group))
            self._busy.add(task)
            task.add_done_callback(self._busy.discard)

    async def _carry(self, record: Record, group: asyncio.TaskGroup) -> None:
        result = await self._result(record)
        self._window.release(record)
        self._start(group)
        self._window.finish(record)
        self._moved.set()
        number = record.offset + 1
        await self.ledger.count(result, range(number, number + 1), self._low())

    async def _result(self, record: Record) -> str:
        """Sends the record until it has ended; gives the field of Progress that counts it."""
        if not await self._sources.has_finished(self.order.subscription, record.offset):
            return "live"
        try:
            item = read(record)
        except (KeyError, ValueError):
            return "failed"
        try:
            return await self._send(item)
        except Unsent as end:
            await self._tell(item, end.outcome, NOT_SENT._replace(answer=Answer(0, end.why)))
            return "withdrawn"

    async def _send(self, item: Item) -> str:
        async def clear() -> None:
            if await self._sight.takes_back(item.record.offset, item.delivery):
                raise Unsent(journal.WITHDRAWN)
            if why := self._crew.refused(self.lane.subscription, item.event.type, item.delivery):
                raise Unsent(journal.WITHHELD, why)
            if self._ending or not await self._sources.holds(self.order.subscription):
                raise Lost

        wait = 0.0
        while True:
            await self._wait(self._turn(wait))
            reply = await self.lane.speak(item.delivery, item.number, {HEADER: self.order.id}, clear)
            item.sent(self._crew.steady() - reply.took)
            verdict = judge(
                reply.answer, item.attempt, self._schedule, self._crew.now() / 1000, self._crew.draw()
            )
            outcome = self._outcome(verdict, reply, item)
            await self._tell(item, outcome, reply)
            if not isinstance(verdict, Delivered):
                await self.lane.heed(verdict)
            if outcome in _RESULTS:
                return _RESULTS[outcome]
            wait = min(verdict.after, LONGEST_SECONDS) if isinstance(verdict, Retry) else 0.0

    @property
    def _schedule(self) -> Sequence[float]:
        return self.lane.subscription.schedule(self._crew.schedule)

    def _outcome(self, verdict: Verdict, reply: Reply, item: Item) -> str:
        if isinstance(verdict, Delivered):
            return "delivered"
        if isinstance(verdict, Stop):
            return "stopped"
        schedule, proven = self._schedule[:TRIES], self.lane.last_success > item.first
        hopeless = refuses_event(reply.answer) or dead(reply.answer, item.attempt, schedule, proven)
        return journal.DEAD if hopeless else "retry"

    async def _turn(self, wait: float) -> None:
        await asyncio.sleep(wait)
        await asyncio.sleep(self._pace.reserve(self._crew.steady()))
        until = self._crew.steady() + COURTESY_SECONDS
        while not self.lane.idle and self._crew.steady() < until:
            await asyncio.sleep(COURTESY_SECONDS / 20)

    async def _tell(self, item: Item, outcome: str, reply: Reply) -> None:
        said = dead_letters.words(reply.kind, reply.body)
        made = item.entry(self.lane.subscription, self._crew, outcome, reply, said)
        entry = msgspec.structs.replace(made, replay=self.order.id)
        _report(entry)
        await self._crew.write(journal.record(entry))

    async def _wait(self, moment: Coroutine[None, None, None]) -> None:
        """Waits where a halt need not wait along."""
        task = asyncio.current_task()
        if self._ending or task is None:
            moment.close()
            raise asyncio.CancelledError
        self._idle.add(task)
        try:
            await moment
        finally:
            self._idle.discard(task)


class Sight:
    """What records of one outbox take back, from the first that is asked about on; looked for anew each second."""

    def __init__(self, subscription: str, crew: Crew) -> None:
        self._subscription = subscription
        self._crew = crew
        self._ahead: Ahead | None = None
        self._known_at = float("-inf")
        self._looking = asyncio.Lock()

    async def takes_back(self, offset: int, delivery: Delivery) -> bool:
        async with self._looking:
            began = self._crew.steady()
            if self._ahead is None or offset < self._ahead.start:
                self._ahead, self._known_at = Ahead(offset), float("-inf")
            if began - self._known_at > FRESH_SECONDS:
                await self._crew.look(self._subscription, self._ahead)
                self._known_at = began
            return self._ahead.takes_back(offset, delivery)


NOT_SENT = Reply(Answer(0), {}, 0.0)
_RESULTS = {"delivered": "delivered", journal.DEAD: "failed"}


def _pace(ordered: int, lane: Lane) -> int:
    """Half of what may be sent at most is left to live deliveries."""
    return max(1, min(ordered, lane.rate // 2)) if lane.rate else ordered


def _report(entry: Attempted) -> None:
    """Apart from live deliveries: how long those take is watched."""
    if entry.attempt:
        metrics.ATTEMPTS.labels(entry.subscription, entry.status).inc()
    told = {
        name: getattr(entry, name)
        for name in ("subscription", "replay", "delivery", "number", "outcome", "status")
    }
    log.event("replay.attempted", "info" if entry.outcome == "delivered" else "warning", **told)
