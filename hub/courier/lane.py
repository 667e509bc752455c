"""One lane: everything that goes to one subscription, apart from all others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Literal

import msgspec

from hub.core.delivery import Delivery
from hub.core.records import Record
from hub.core.retry import Retry, Stop, delay
from hub.core.subscription import LAST_ANSWER, Status, Subscription
from hub.courier.breaker import Breaker
from hub.courier.bulletin import Bulletin
from hub.courier.carrier import Carrier, Ends, Ways
from hub.courier.crew import Crew
from hub.courier.done import NOTHING, Done
from hub.courier.gate import Alarm, Gate
from hub.courier.outlook import LATE_MS, Outlook, Unsaid
from hub.courier.permit import Permit
from hub.courier.post import Post
from hub.courier.sender import Reply
from hub.courier.supply import Supply
from hub.courier.tasks import Tasks
from hub.courier.turns import Turns
from hub.courier.window import Window


class Lane:
    """Delivers the records it is fed: in order per subject, subjects side by side, each until it is
    delivered, dead, or taken back by a later record before it was.

    `on_progress` is told when a record is finished; `done` is what was finished before. The next courier counts
    attempts from 1 again, at the place in the schedule where each delivery was. Must be closed.
    """

    def __init__(
        self,
        subscription: Subscription,
        status: Status,
        crew: Crew,
        on_progress: Callable[[], None],
        done: Done = NOTHING,
    ) -> None:
        self.window = Window(done=done)
        self.last_success = crew.steady()
        """Steady seconds of the last 2xx of the sink; when the lane began, as long as there was none."""
        self._crew = crew
        self._unsaid = Unsaid()
        self._outlook = Outlook(subscription.id, crew.look, crew.steady)
        self._post = Post(subscription, crew)
        self._tasks = Tasks(crew.watch)
        self._alarm = Alarm(crew.steady)
        self._breaker = Breaker(self._rest, crew.steady() if status.state == "breaker-open" else None)
        self._gate = Gate(crew.steady, self._breaker)
        self._supply = Supply(self.window, crew.steady, self._start)
        self._bulletin = Bulletin(subscription.id, status, crew, self._status)
        self._permit = Permit(subscription, status, crew, self._settle, self._bulletin.publish)
        ways = Ways(
            self.window,
            self._gate,
            self._breaker,
            self._alarm,
            self._outlook,
            self._unsaid,
            self._post,
            self._tasks,
            Turns(lambda: crew.courtesy.reserve(crew.steady())),
        )
        ends = Ends(self._permit.stop, self._start, on_progress, self._answered)
        self._carrier = Carrier(crew, ways, ends)
        self._bulletin.begin()
        self._permit.begin()

    @property
    def subscription(self) -> Subscription:
        return self._post.to

    def follow(self, subscription: Subscription) -> None:
        """Takes the subscription as it was written just now. Whatever waits is tried at once, unless only its keys are
        new."""
        rekeyed, self._post.to = subscription.only_rekeyed(self._post.to), subscription
        self._permit.follow(subscription, again=not rekeyed)
        if rekeyed:
            return
        self._breaker.succeeded()
        self._gate.quiet(0)
        self._alarm.ring()

    def feed(self, records: Iterable[Record]) -> None:
        for record in records:
            self._outlook.feed(record)
            self.window.add(record)
            if not self.window.crowded:
                self._tell_late(record)
        self._start()
        self._bulletin.stir()

    def _tell_late(self, record: Record) -> None:
        late = self._crew.now() - record.timestamp
        if late < LATE_MS:
            self._crew.courtesy.fresh(late / 1000, self._crew.steady())

    async def speak(
        self,
        delivery: Delivery,
        number: int,
        extra: Mapping[str, str],
        before: Callable[[], Awaitable[None]] | None = None,
    ) -> Reply:
        """One signed request besides the log, as soon as the gate lets it through (handshake, pause, allowed rate,
        quiet, breaker): not retried, not journaled, whatever is answered. `number` 0: it has no place in the feed, so
        the request has no `Hub-Sequence`. `extra` are headers of ours. `before` is awaited behind the gate, where the
        wait may have been long: what it raises comes out here, and nothing is sent.

        Raises Closed when the lane ends while it waits.
        """
        trying, sent = await self._gate.enter(), False
        try:
            if before is not None:
                await before()
            sent = True
            reply = await self._post.one(delivery, number, extra)
        finally:
            self._gate.leave(trying, sent)
        if reply.answer.taken:
            self._carrier.succeeded()
        return reply

    async def heed(self, verdict: Retry | Stop) -> None:
        """Does as the receiver asked in its answer to what was spoken: keeps quiet for a while, or stops for good."""
        if isinstance(verdict, Stop):
            await self._permit.stop(verdict.reason)
        elif verdict.hold:
            self._gate.quiet(verdict.after)

    @property
    def rate(self) -> int:
        """Requests per minute that the sink or its partner wants at most, 0 = as many as we like."""
        return _strictest(self._permit.status.allowed_rate, self.subscription.rate)

    @property
    def last_number(self) -> int:
        """The highest number of which all up to and including itself is finished; 0 if the lane knows of none."""
        return self.window.low_water or 0

    @property
    def idle(self) -> bool:
        """Whether the lane has finished all that it was fed."""
        return self.window.oldest is None

    @property
    def low_water(self) -> int | None:
        """Below this offset nothing need ever be read again; None before the first record."""
        at, held = self.window.low_water, self._unsaid.oldest
        return at if at is None or held is None else min(at, held - 1)

    @property
    def done(self) -> Done:
        """What need not be read again, beyond `low_water` too."""
        done = self.window.done
        return done._replace(left=done.left.union(number - 1 for number in self._unsaid.numbers))

    def passed(self, offset: int) -> None:
        """It is written down that everything below `offset` is done."""
        self._outlook.forget(offset)

    async def drain(self, seconds: float) -> None:
        """Starts nothing more and waits so long for what is on the wire; `close` must follow."""
        await self._tasks.drain(seconds)

    def close(self) -> None:
        """Drops everything at once. What was not finished is delivered again by whoever has the lane next."""
        self._permit.close()
        self._bulletin.close()
        self._supply.close()
        self._gate.end()
        self._tasks.close()

    def _rest(self, tried: int) -> float:
        """Seconds before the next try while the breaker is open."""
        return delay(tried, self.subscription.schedule(self._crew.schedule), self._crew.draw())

    def _settle(self) -> None:
        if self._permit.granted:
            self._gate.open(self.rate)
            self._start()
        else:
            self._gate.shut()
        self._bulletin.stir()

    def _start(self) -> None:
        while self._gate.is_open and not self._tasks.ending:
            records = self._supply.take(self.subscription.batching)
            if not records:
                return
            self._tasks.start(self._carrier.carry(records))

    def _answered(self, well: bool) -> None:
        if well:
            self.last_success = self._crew.steady()
        self._bulletin.stir()

    def _status(self) -> Status:
        """As operators read it."""
        consent, now = self._permit.status, self._crew.steady()
        if consent.state != "validated":
            return consent
        trouble, quiet = self._carrier.trouble, self._gate.quiet_until
        reason = f"{LAST_ANSWER}{trouble}" if trouble else ""
        if self._breaker.is_open:
            return self._waiting("breaker-open", reason, self._breaker.due)
        if quiet > now or (trouble and not self.idle):
            return self._waiting("backing-off", reason, quiet if quiet > now else self._alarm.next)
        busy = not self.idle or self._bulletin.lingers(now - self.last_success)
        return consent if not busy else msgspec.structs.replace(consent, state="delivering")

    def _waiting(
        self, state: Literal["breaker-open", "backing-off"], reason: str, until: float | None
    ) -> Status:
        next_at = 0 if until is None else self._crew.now() + round((until - self._crew.steady()) * 1000)
        return msgspec.structs.replace(self._permit.status, state=state, reason=reason, next_at=next_at)


def _strictest(*per_minute: int) -> int:
    """Of rates of which 0 sets no bound."""
    return min((one for one in per_minute if one), default=0)
