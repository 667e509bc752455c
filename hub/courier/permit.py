"""Whether one subscription may be sent to: its handshake, its refusals, its stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from hub.core.records import Out
from hub.core.retry import delay
from hub.core.subscription import Status, Subscription, dump, status_key
from hub.core.topics import SUBSCRIPTIONS
from hub.courier import handshake
from hub.courier.crew import Crew
from hub.telemetry import log

LEAST_SECONDS = 1.0
"""A sink is never asked more often than this, whatever the schedule of retries."""


class Permit:
    """The status of one subscription. Asks a new sink for its consent, again on the schedule when it refuses.

    `on_change` is told when `granted` may have changed. Every change is written to `hub.subscriptions`, so
    that the partner sees it and the next courier does not ask again.
    """

    def __init__(
        self, subscription: Subscription, status: Status, crew: Crew, on_change: Callable[[], None]
    ) -> None:
        self._subscription = subscription
        self._crew = crew
        self._on_change = on_change
        self._asking: asyncio.Task[None] | None = None
        self.status = status

    def begin(self) -> None:
        self.follow(self._subscription, again=False)

    @property
    def granted(self) -> bool:
        return self.status.state == "validated" and not self._subscription.paused

    def follow(self, subscription: Subscription, again: bool = True) -> None:
        """Takes the subscription as it was written; `again` forgets all but an earlier consent."""
        self._subscription = subscription
        if self.status.sink != subscription.sink or (again and self.status.state != "validated"):
            self.close()
            self.status = Status(sink=subscription.sink or "")
        if subscription.paused:
            self.close()
        elif self.status.state in ("pending", "refused") and self._asking is None:
            self._asking = asyncio.create_task(self._ask(), name=f"handshake {subscription.id}")
            self._asking.add_done_callback(self._crew.watch)
        self._on_change()

    async def stop(self, reason: str) -> None:
        """The receiver wants no more; holds until the subscription is written again."""
        await self._become(msgspec.structs.replace(self.status, state="stopped", reason=reason))

    def close(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            self._asking = None

    async def _ask(self) -> None:
        attempt = 0
        while True:
            attempt += 1
            sink = self.status.sink
            reply = await self._crew.send("OPTIONS", sink, handshake.question(self._crew.origin))
            outcome = handshake.read(reply.answer, reply.headers, self._crew.origin)
            if isinstance(outcome, handshake.Consent):
                self._asking = None
                return await self._become(Status("validated", allowed_rate=outcome.rate, sink=sink))
            await self._become(
                Status("refused" if outcome.answered else "pending", outcome.reason, sink=sink)
            )
            wait = delay(attempt, self._crew.schedule, self._crew.draw())
            await asyncio.sleep(max(LEAST_SECONDS, wait))

    async def _become(self, status: Status) -> None:
        changed = (status.state, status.reason) != (self.status.state, self.status.reason)
        self.status = msgspec.structs.replace(status, at=self._crew.now())
        self._on_change()
        if not changed:
            return
        id = self._subscription.id
        log.event("subscription.status", subscription=id, state=status.state, reason=status.reason)
        await self._crew.write(Out(SUBSCRIPTIONS, status_key(id), dump(self.status)))
