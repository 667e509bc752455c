"""Whether one subscription may be sent to: its handshake, its refusals, its stop, and how long a consent lasts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from hub.core.retry import DAY, delay
from hub.core.subscription import GRANTED, Status, Subscription
from hub.courier import handshake
from hub.courier.crew import Crew

LEAST_SECONDS = 1.0
"""A sink is never asked more often than this, whatever the schedule of retries."""
EARLY = 0.1
"""Part of a consent's life that is left when it is asked again: three days of thirty, for a sink that is down."""
LOOK_SECONDS = 600.0
"""How late it may be noticed that the clock was set."""


class Permit:
    """The consent of one subscription's sink. Asks a new sink for it, again on the schedule when it refuses, and again
    before it expires, `crew.consent_days` after it was given.

    `status` holds as much of the status as that is: pending, refused, validated, expired or stopped. `on_change` is
    told when `granted` may have changed, and then awaited with it is `publish`, so that the partner sees it and the
    next courier does not ask again.
    """

    def __init__(
        self,
        subscription: Subscription,
        status: Status,
        crew: Crew,
        on_change: Callable[[], None],
        publish: Callable[[], Awaitable[None]],
    ) -> None:
        self._subscription = subscription
        self._crew = crew
        self._on_change = on_change
        self._publish = publish
        self._asking: asyncio.Task[None] | None = None
        self.status = _consent(status, crew.now())

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
        elif self.status.state != "stopped" and (self._asking is None or self._asking.done()):
            self._asking = asyncio.create_task(self._keep(), name=f"handshake {subscription.id}")
            self._asking.add_done_callback(self._crew.watch)
        self._on_change()

    async def stop(self, reason: str) -> None:
        """The receiver wants no more; holds until the subscription is written again."""
        self.close()
        await self._become(msgspec.structs.replace(self.status, state="stopped", reason=reason))

    def close(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            self._asking = None

    async def _keep(self) -> None:
        """Sees to it that there is a consent."""
        attempt = 0
        while True:
            if (rest := self._left(EARLY)) > 0:
                await asyncio.sleep(min(rest, LOOK_SECONDS))
                continue
            attempt += 1
            question = handshake.question(self._crew.origin)
            reply = await self._crew.send(self._subscription, "OPTIONS", question)
            outcome = handshake.read(reply.answer, reply.headers, self._crew.origin)
            if isinstance(outcome, handshake.Consent):
                attempt, now = 0, self._crew.now()
                given = Status("validated", allowed_rate=outcome.rate, sink=self.status.sink, consented=now)
                await self._become(given)
                continue
            await self._become(self._without(outcome))
            wait = max(LEAST_SECONDS, delay(attempt, self._crew.schedule, self._crew.draw()))
            await asyncio.sleep(min(wait, max(LEAST_SECONDS, self._left(0.0) or wait)))

    def _left(self, early: float) -> float:
        """Seconds until the consent has only so much of its life left; 0 when it has, or there is none."""
        if self.status.state != "validated":
            return 0.0
        life = self._crew.consent_days * DAY
        return max(0.0, life * (1 - early) - (self._crew.now() - self.status.consented) / 1000)

    def _without(self, outcome: handshake.Refusal) -> Status:
        """What follows from not being given a consent: nothing, while an earlier one lasts."""
        before = self.status
        if self._left(0.0) > 0:
            return before
        if before.state in ("validated", "expired"):
            reason = f"its consent is older than {self._crew.consent_days:g} days, and {outcome.reason}"
            return Status("expired", reason, sink=before.sink, consented=before.consented)
        return Status("refused" if outcome.answered else "pending", outcome.reason, sink=before.sink)

    async def _become(self, status: Status) -> None:
        self.status = status
        self._on_change()
        await self._publish()


def _consent(status: Status, now: int) -> Status:
    """As much of a status that was read as is consent. One of before consents had an age counts from when it began."""
    if status.state not in GRANTED:
        return status
    consented = status.consented or status.at or now
    return Status("validated", allowed_rate=status.allowed_rate, sink=status.sink, consented=consented)
