"""Carries deliveries of one lane until each is delivered, taken back, or dead."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field

from hub.core import journal, recheck
from hub.core.dead_letters import words
from hub.core.journal import Quarantined
from hub.core.records import Record
from hub.core.retry import REFUSED, Answer, Delivered, Retry, Stop, dead, judge, refuses_event
from hub.core.subscription import Subscription
from hub.courier import batch, item, report
from hub.courier.breaker import Breaker
from hub.courier.crew import Crew
from hub.courier.gate import Alarm, Gate
from hub.courier.item import Item
from hub.courier.outlook import Outlook, Unsaid
from hub.courier.post import Post
from hub.courier.sender import Reply
from hub.courier.tasks import Tasks
from hub.courier.turns import Turns
from hub.courier.window import SIZE, Window
from hub.telemetry import log

_NOT_SENT = Reply(Answer(0), {}, 0.0)
_BAD_REPLY = Answer(0, "bad-reply")


@dataclass(frozen=True, slots=True)
class Ways:
    """What the deliveries of one lane pass by."""

    window: Window
    gate: Gate
    breaker: Breaker
    alarm: Alarm
    outlook: Outlook
    unsaid: Unsaid
    post: Post
    tasks: Tasks
    turns: Turns
    wire: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(SIZE))


@dataclass(frozen=True, slots=True)
class Ends:
    """Whom a carrier tells: `stop` when the receiver wants no more, `room` when another record may be started,
    `progress` when one is finished, `answered` (well or not) of every attempt."""

    stop: Callable[[str], Awaitable[None]]
    room: Callable[[], None]
    progress: Callable[[], None]
    answered: Callable[[bool], None]


class Carrier:
    """Owns a record from when it was taken out of the window until it is finished there."""

    def __init__(self, crew: Crew, ways: Ways, ends: Ends) -> None:
        self._crew = crew
        self._ways = ways
        self._ends = ends
        self._kept: dict[int, Item] = {}
        self._delivered_at = float("-inf")
        self.trouble = ""
        """How the last attempt failed; "" when it did not."""

    async def carry(self, records: Sequence[Record]) -> None:
        items = []
        for record in records:
            try:
                known = self._kept.pop(record.offset, None)
                items.append(known or item.read(record))
            except (KeyError, ValueError):
                await self._end(record, self._unreadable(record))
        await self._deliver(items)

    async def _deliver(self, items: list[Item], wait: Retry | None = None) -> None:
        while items:
            if wait is not None:
                await self._endure(items, wait)
            items, wait = await self._turn(items)

    async def _endure(self, items: list[Item], wait: Retry) -> None:
        """Others may use the wire meanwhile."""
        ways = self._ways
        if wait.hold:
            ways.gate.quiet(wait.after)
        ways.window.park(len(items))
        self._ends.room()
        self._ends.answered(False)  # when it is tried again is known now
        try:
            served = await ways.tasks.wait(ways.alarm.wait(wait.after, wait.unreached))
        finally:
            ways.window.unpark(len(items))
        if served and not wait.hold:
            for one in items:
                ways.window.advance(one.record)

    async def _turn(self, items: list[Item]) -> tuple[list[Item], Retry | None]:
        """One turn on the wire. Returns what is left to deliver, and what to wait for first."""
        ways = self._ways
        if len(items) > 1 and ways.post.to.batching is None:
            self._start([one] for one in self._firsts(items))  # batches are not wanted any more
            return [], None
        await ways.tasks.wait(ways.wire.acquire())
        try:
            trying = await ways.tasks.wait(ways.gate.enter(fresh=not items[0].attempt))
            sent = False
            try:
                await self._let_go_first(items[0])
                items = await self._wanted(items)
                if not items or not ways.gate.is_open:
                    return items, None
                sent = True
                used = ways.post.to
                reply = await self._send(items)
            finally:
                ways.gate.leave(trying, sent)
        finally:
            ways.wire.release()
        if reply.answer.taken:
            return await self._taken(items, reply, used)
        return await self._failed(items, reply, used=used)

    async def _let_go_first(self, one: Item) -> None:
        """Whatever must be before this goes out, and all that goes with it: a look ahead, then what others do. Not the
        other way round, or all that waited for the same look would go out at once."""
        ways = self._ways
        await ways.tasks.wait(ways.outlook.learn(one.record, one.attempt, self._crew.now()))
        await ways.tasks.wait(ways.turns.take(ways.window.crowded))

    async def _wanted(self, items: list[Item]) -> list[Item]:
        """Those that were not taken back meanwhile, and that the receiver still has a right to."""
        wanted = []
        for one in items:
            if self._ways.outlook.takes_back(one.record, one.delivery):
                await self._unsent(one, journal.WITHDRAWN)
            elif why := self._crew.refused(self._ways.post.to, one.event.type, one.delivery):
                await self._unsent(one, journal.WITHHELD, why)
            else:
                wanted.append(one)
        return wanted

    async def _send(self, items: list[Item]) -> Reply:
        ways = self._ways
        text, named = ways.unsaid.named()
        for one in items:
            one.sent(self._crew.steady())
        deliveries, numbers = [one.delivery for one in items], [one.number for one in items]
        reply = await ways.post.several(deliveries, numbers, {"Hub-Withdrawn": text} if text else {})
        if reply.answer.taken:
            ways.unsaid.said(named)
        return reply

    @property
    def _schedule(self) -> Sequence[float]:
        return self._ways.post.to.schedule(self._crew.schedule)

    async def _taken(
        self, items: list[Item], reply: Reply, used: Subscription
    ) -> tuple[list[Item], Retry | None]:
        """A 2xx: all are delivered, but those of a batch that the reply refuses."""
        try:
            no = batch.refused(reply.kind, reply.body, items) if used.batching else {}
        except batch.Unreadable:
            return await self._failed(items, reply._replace(answer=_BAD_REPLY), used=used)
        self.succeeded()
        yes = [one for one in items if one.number not in no]
        if yes:
            self._delivered_at = self._crew.steady()
        await self._conclude(yes, "delivered", reply)
        refusals = [one for one in items if one.number in no]
        firsts = self._firsts(refusals)
        reply = reply._replace(answer=Answer(0, REFUSED))
        for one in refusals:
            if one in firsts:
                self._ways.tasks.start(self._refused(one, reply, no[one.number]))
            else:
                await self._write([one], "retry", reply, no[one.number])
        return [], None

    async def _refused(self, one: Item, reply: Reply, said: str) -> None:
        """It goes on by itself, and holds up its own subject only."""
        items, wait = await self._failed([one], reply, said)
        await self._deliver(items, wait)

    async def _failed(
        self, items: list[Item], reply: Reply, said: str | None = None, used: Subscription | None = None
    ) -> tuple[list[Item], Retry | None]:
        """`said` is the reason that the receiver gave, unless it stands in the reply; `used` the subscription as it
        was sent to."""
        answer, crew, schedule = reply.answer, self._crew, self._schedule
        said = words(reply.kind, reply.body) if said is None else said
        verdict = judge(answer, max(map(self._step, items)), schedule, crew.now() / 1000, crew.draw())
        assert not isinstance(verdict, Delivered)
        if isinstance(verdict, Stop):
            await self._write(items, "stopped", reply, said)
            if used is self._ways.post.to:
                await self._ends.stop(verdict.reason)
            return items, None
        self._fails(items, answer, verdict)
        last = not verdict.hold and any(self._is_dead(one, answer, schedule) for one in items)
        if last and len(items) == 1:
            await self._conclude(items, journal.DEAD, reply, said)
            return [], None
        await self._write(items, "retry", reply, said, verdict.after)
        if len(items) > 1 and (last or refuses_event(answer)):
            self._split(items)
            return [], None
        # Who wrote the subscription again while this was on the wire may have mended what was wrong.
        return items, None if used is not None and used is not self._ways.post.to else verdict

    def _step(self, one: Item) -> int:
        return self._ways.window.step(one.record)

    def _is_dead(self, one: Item, answer: Answer, schedule: Sequence[float]) -> bool:
        return dead(answer, self._step(one), schedule, proven=self._delivered_at > one.first)

    def succeeded(self) -> None:
        """The receiver answered well: after trouble everything that waits is tried at once."""
        ways, self.trouble = self._ways, ""
        if ways.breaker.succeeded():
            ways.alarm.ring()
            ways.gate.change()
        else:
            ways.alarm.reached()
        self._ends.answered(True)

    def _fails(self, items: list[Item], answer: Answer, verdict: Retry) -> None:
        ways, self.trouble = self._ways, answer.label
        if refuses_event(answer):
            if ways.breaker.succeeded():  # it is there, and reads what it gets
                ways.gate.change()
        elif not verdict.hold:
            ways.breaker.failed(items[0].number, self._crew.steady())
        self._ends.answered(False)

    def _split(self, items: list[Item]) -> None:
        """The fault of one is not the fault of all: halves are tried by themselves, each subject kept together."""
        subjects = list(dict.fromkeys(one.record.key for one in items))
        half = set(subjects[: len(subjects) // 2])
        parts = [[one for one in items if (one.record.key in half) is first] for first in (True, False)]
        self._start(parts if half else [self._firsts(items)])

    def _start(self, parts: Iterable[list[Item]]) -> None:
        for part in parts:
            self._ways.tasks.start(self._deliver(part))

    def _firsts(self, items: list[Item]) -> list[Item]:
        """The first of each subject; the others wait for it again."""
        firsts: dict[bytes, Item] = {}
        for one in items:
            firsts.setdefault(one.record.key, one)
        others = [one for one in items if one is not firsts[one.record.key]]
        self._kept.update((one.record.offset, one) for one in others)
        self._ways.window.put_back([one.record for one in others])
        return list(firsts.values())

    async def _unsent(self, one: Item, outcome: str, why: str = "") -> None:
        """It is not sent (any more), and the next request says so; a partner that is gone gets no next one."""
        if why != recheck.GONE:
            self._ways.unsaid.add(one.number)
        reply = _NOT_SENT._replace(answer=Answer(0, why))
        entry = one.entry(self._ways.post.to, self._crew, outcome, reply)
        report.unsent(entry)
        await self._end(one.record, entry)

    async def _conclude(self, items: list[Item], outcome: str, reply: Reply, said: str = "") -> None:
        """The last word about them. Others of their subjects need not wait until it is written down."""
        for one in items:
            self._ways.window.release(one.record)
        self._ends.room()
        await self._write(items, outcome, reply, said)
        for one in items:
            self._ways.window.finish(one.record)
        self._ends.progress()

    async def _write(
        self, items: list[Item], outcome: str, reply: Reply, said: str = "", after: float = 0.0
    ) -> None:
        to = self._ways.post.to
        entries = [one.entry(to, self._crew, outcome, reply, said) for one in items]
        for entry, one in zip(entries, items, strict=True):
            report.attempted(entry, after, one.delivery.accepted)
        if len(entries) == 1:
            return await self._crew.write(journal.record(entries[0]))
        await asyncio.gather(*(self._crew.write(journal.record(entry)) for entry in entries))

    async def _end(self, record: Record, entry: journal.Entry) -> None:
        self._ways.window.release(record)
        self._ends.room()
        await self._crew.write(journal.record(entry))
        self._ways.window.finish(record)
        self._ends.progress()

    def _unreadable(self, record: Record) -> journal.Entry:
        """A record that is not ours to send. It cannot become readable, so it must not stop the lane."""
        where = f"{record.topic}/{record.partition}/{record.offset}"
        log.event("delivery.unreadable", "error", where=where)
        return Quarantined(at=self._crew.now(), reason="outbox-unreadable", where=where)
