"""One lane: everything that goes to one subscription, apart from all others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import TypeVar

from hub.core import journal
from hub.core.delivery import Delivery, from_record
from hub.core.event import Event
from hub.core.journal import Attempted, Quarantined
from hub.core.records import Record
from hub.core.retry import Answer, Delivered, Retry, Stop, Verdict, judge
from hub.core.subscription import Status, Subscription
from hub.courier import report, request
from hub.courier.crew import Crew
from hub.courier.gate import Alarm, Gate
from hub.courier.outlook import Outlook, Unsaid
from hub.courier.permit import Permit
from hub.courier.sender import Reply
from hub.courier.signing import BadSecret
from hub.courier.window import Window
from hub.telemetry import log

_OUTCOMES: dict[type[Verdict], str] = {Delivered: "delivered", Retry: "retry", Stop: "stopped"}
_NOT_SENT = Reply(Answer(0), {}, 0.0)
T = TypeVar("T")


class Lane:
    """Delivers the records it is fed: in order per subject, subjects side by side, each until it is
    delivered, or taken back by a later record before it was.

    `on_progress` is told when a record is finished. The next courier counts attempts from 1 again. Must be
    closed.
    """

    def __init__(
        self, subscription: Subscription, status: Status, crew: Crew, on_progress: Callable[[], None]
    ) -> None:
        self.window = Window()
        self.subscription = subscription
        self._crew = crew
        self._outlook = Outlook(subscription.id, crew.look, crew.steady)
        self._unsaid = Unsaid()
        self._on_progress = on_progress
        self._gate = Gate(crew.steady)
        self._alarm = Alarm()
        self._tasks: set[asyncio.Task[None]] = set()
        self._idle: set[asyncio.Task[None]] = set()
        self._ending = False
        self._permit = Permit(subscription, status, crew, self._settle)
        self._permit.begin()

    def follow(self, subscription: Subscription) -> None:
        """Takes the subscription as it was written just now. Whatever waits is tried at once."""
        self.subscription = subscription
        self._permit.follow(subscription)
        self._gate.quiet(0)
        self._alarm.ring()

    def feed(self, records: Iterable[Record]) -> None:
        for record in records:
            self._outlook.feed(record)
            self.window.add(record)
        self._start()

    @property
    def low_water(self) -> int | None:
        """Below this offset nothing need ever be read again; None before the first record."""
        at, held = self.window.low_water, self._unsaid.oldest
        return at if at is None or held is None else min(at, held - 1)

    def passed(self, offset: int) -> None:
        """It is written down that everything below `offset` is done."""
        self._outlook.forget(offset)

    async def drain(self, seconds: float) -> None:
        """Starts nothing more and waits so long for what is on the wire; `close` must follow."""
        self._ending = True
        for task in self._idle:
            task.cancel()
        if busy := self._tasks - self._idle:
            await asyncio.wait(busy, timeout=seconds)

    def close(self) -> None:
        """Drops everything at once. What was not finished is delivered again by whoever has the lane next."""
        self._ending = True
        self._permit.close()
        for task in self._tasks:
            task.cancel()

    def _settle(self) -> None:
        if self._permit.granted:
            self._gate.open(self._permit.status.allowed_rate)
            self._start()
        else:
            self._gate.shut()

    def _start(self) -> None:
        while self._gate.is_open and not self._ending and (record := self.window.take()):
            task = asyncio.create_task(self._carry(record))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            task.add_done_callback(self._crew.watch)

    async def _carry(self, record: Record) -> None:
        last = await self._deliver(record)
        self.window.release(record)
        self._start()
        await self._crew.write(journal.record(last))
        self.window.finish(record)
        self._on_progress()

    async def _deliver(self, record: Record) -> journal.Entry:
        """Returns the last word about a record; what came before it has been written down."""
        try:
            delivery, event = _read(record)
        except (KeyError, ValueError):
            return self._unreadable(record)
        number, attempt = record.offset + 1, 0
        while True:
            await self._wait(self._gate.enter())
            if await self._wait(self._outlook.takes_back(record, delivery, attempt, self._crew.now())):
                return self._withdrawn(delivery, event, number, attempt)
            if not self._gate.is_open:
                continue
            attempt += 1
            used = self.subscription
            entry, verdict = await self._attempt(delivery, event, number, attempt)
            if isinstance(verdict, Delivered):
                self._alarm.reached()
                return entry
            await self._crew.write(journal.record(entry))
            await self._endure(verdict, used)

    async def _endure(self, verdict: Retry | Stop, used: Subscription) -> None:
        if isinstance(verdict, Retry):
            if verdict.hold:
                self._gate.quiet(verdict.after)
            await self._wait(self._alarm.wait(verdict.after, verdict.unreached))
        elif used is self.subscription:
            await self._permit.stop(verdict.reason)

    async def _attempt(
        self, delivery: Delivery, event: Event, number: int, attempt: int
    ) -> tuple[Attempted, Verdict]:
        text, named = self._unsaid.named()
        reply = await self._post(delivery, number, text)
        verdict = judge(
            reply.answer, attempt, self._crew.schedule, self._crew.now() / 1000, self._crew.draw()
        )
        if isinstance(verdict, Delivered):
            self._unsaid.said(named)
        entry = self._entry(delivery, event, number, attempt, _OUTCOMES[type(verdict)], reply)
        report.attempted(entry, verdict.after if isinstance(verdict, Retry) else 0.0, delivery.accepted)
        return entry, verdict

    def _withdrawn(self, delivery: Delivery, event: Event, number: int, attempts: int) -> Attempted:
        """Taken back before anybody took it: it is not sent (any more), and the next request says so."""
        self._unsaid.add(number)
        entry = self._entry(delivery, event, number, attempts, journal.WITHDRAWN, _NOT_SENT)
        report.withdrawn(entry)
        return entry

    def _entry(
        self, delivery: Delivery, event: Event, number: int, attempt: int, outcome: str, reply: Reply
    ) -> Attempted:
        now = self._crew.now()
        return Attempted(
            at=now,
            source=event.source,
            id=event.id,
            type=event.type,
            partner=self.subscription.partner,
            subscription=self.subscription.id,
            delivery=delivery.id,
            number=number,
            attempt=attempt,
            outcome=outcome,
            status=reply.answer.label,
            took=round(reply.took * 1000),
            waited=max(0, now - delivery.accepted),
        )

    async def _post(self, delivery: Delivery, number: int, withdrawn: str) -> Reply:
        used, now = self.subscription, self._crew.now() // 1000
        try:
            made = request.build(delivery, used, number, self._crew.origin, now, withdrawn)
        except BadSecret:
            return Reply(Answer(0, "bad-secret"), {}, 0.0)
        return await self._crew.send("POST", used.sink or "", made.headers, made.body)

    async def _wait(self, moment: Coroutine[None, None, T]) -> T:
        """Waits where a stop need not wait along."""
        task = asyncio.current_task()
        if self._ending or task is None:
            moment.close()
            raise asyncio.CancelledError
        self._idle.add(task)
        try:
            return await moment
        finally:
            self._idle.discard(task)

    def _unreadable(self, record: Record) -> journal.Entry:
        """A record that is not ours to send. It cannot become readable, so it must not stop the lane."""
        where = f"{record.topic}/{record.partition}/{record.offset}"
        log.event("delivery.unreadable", "error", where=where)
        return Quarantined(at=self._crew.now(), reason="outbox-unreadable", where=where)


def _read(record: Record) -> tuple[Delivery, Event]:
    """Raises KeyError or ValueError when the record is not a delivery of a CloudEvent."""
    delivery = from_record(record.key, record.value or b"", record.headers)
    event = delivery.event()
    if missing := {"source", "id", "type"} - event.attributes.keys():
        raise KeyError(*missing)
    return delivery, event
