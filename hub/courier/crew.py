"""What every lane works with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from hub.core.delivery import Delivery
from hub.core.subscription import Subscription
from hub.courier.access import Open
from hub.courier.courtesy import Courtesy
from hub.courier.scout import Look
from hub.courier.sender import Reply
from hub.courier.writer import Write


class Send(Protocol):
    async def __call__(
        self, to: Subscription, method: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> Reply:
        """One HTTP request to its sink; never raises for what a partner does."""


@dataclass(frozen=True, slots=True)
class Crew:
    """Shared by all lanes. `now` is milliseconds since 1970, `steady` seconds of a clock that never jumps, `draw` a
    random number from [0, 1), `secret` the key of the marks of persons in the journal. `open` gives a subscription with
    its secrets as they were given. `schedule` is for subscriptions without one of their own. `refused` says, of what
    is known now, why a delivery of an event of that type may not be made (any more), "" when it may. `fail` ends the
    courier: for faults of our own, not for trouble of a partner.
    """

    send: Send
    open: Open
    write: Write
    look: Look
    origin: str
    schedule: tuple[float, ...]
    consent_days: float
    now: Callable[[], int]
    steady: Callable[[], float]
    draw: Callable[[], float]
    fail: Callable[[BaseException], None]
    secret: bytes = b""
    refused: Callable[[Subscription, str, Delivery], str] = lambda to, type, delivery: ""
    courtesy: Courtesy = field(default_factory=Courtesy)

    def watch(self, task: asyncio.Task[None]) -> None:
        """Ends the courier when a task of a lane dies of a fault of our own."""
        if not task.cancelled() and (error := task.exception()):
            self.fail(error)
