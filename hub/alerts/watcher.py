"""Looks, compares, tells. Rides out whatever it watches."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from hub.alerts import memory
from hub.alerts.channels import Channel, Unsent
from hub.alerts.letter import Letter
from hub.core.alerts import Alert, Kind, Sight, follow, tell
from hub.telemetry import log, metrics

EVERY_SECONDS = 15.0
PAUSES = (0.0, 30.0, 60.0, 300.0, 600.0)
"""Seconds before a letter that did not go out is tried again; the last one repeats."""
LETTER_SECONDS = 45.0
"""No channel may keep the alarm from its next look for longer."""
STALLED_SECONDS = 180.0

Look = Callable[[], Awaitable[Sight]]
Compose = Callable[[Sequence[Alert], int], Letter]


class Watcher:
    """`look` never raises. `patience` is in seconds; `now` gives milliseconds since 1970."""

    def __init__(
        self,
        look: Look,
        channels: Sequence[Channel],
        compose: Compose,
        state: Path,
        patience: float,
        now: Callable[[], int],
    ) -> None:
        self._look = look
        self._channels = channels
        self._compose = compose
        self._state = state
        self._patience = int(patience * 1000)
        self._now = now
        self._every = min(EVERY_SECONDS, max(0.2, patience / 2))
        self._memory = memory.load(state)
        self._tries = {channel.name: (0, 0.0) for channel in channels}
        self._looked = time.monotonic()
        self._began = False

    async def run(self, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            await self.once()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), self._every)

    def ready(self) -> tuple[bool, str]:
        """Whether it looks, and could say what it had to: who keeps the hub must know of an alarm without a voice."""
        if not self._began:
            return False, "has not looked yet"
        mute = [name for name, (failed, _) in self._tries.items() if failed]
        return not mute, f"cannot send by {' and '.join(mute)}" if mute else "ok"

    def healthy(self) -> tuple[bool, str]:
        still = time.monotonic() - self._looked
        well = still < STALLED_SECONDS
        return well, "ok" if well else f"has not looked for {still:.0f} s"

    async def once(self) -> None:
        """One look, and what is to be said of it by every channel."""
        seen, now = await self._look(), self._now()
        before = self._memory.standing
        self._memory.standing = follow(before, seen, now, self._patience)
        said = await asyncio.gather(*(self._tell(channel, now) for channel in self._channels))
        if any(said) or before.keys() != self._memory.standing.keys():
            memory.save(self._state, self._memory)
        self._looked, self._began = time.monotonic(), True
        for kind in Kind:
            standing = sum(one.trouble.kind is kind for one in self._memory.standing.values())
            metrics.ALERTS_STANDING.labels(kind).set(standing)
        metrics.ALERTS_LOOKED.set(now / 1000)

    async def _tell(self, channel: Channel, now: int) -> bool:
        """Whether something was said. What was not stays unsaid: the next look finds it again, if it still stands."""
        alerts, said = tell(
            self._memory.standing, self._memory.said.get(channel.name, {}), now, self._patience
        )
        failed, wait = self._tries[channel.name]
        if not alerts:
            self._tries[channel.name] = 0, 0.0
            self._memory.said[channel.name] = said
            return False
        if time.monotonic() < wait:
            return False
        letter = self._compose(alerts, now)
        try:
            async with asyncio.timeout(LETTER_SECONDS):
                await channel.send(letter)
        except (Unsent, TimeoutError) as error:
            pause = PAUSES[min(failed + 1, len(PAUSES) - 1)]
            self._tries[channel.name] = failed + 1, time.monotonic() + pause
            metrics.ALERTS_SENT.labels(channel.name, "failed").inc()
            log.event(
                "alerts.unsent",
                "warning",
                channel=channel.name,
                alerts=len(alerts),
                reason=str(error) or "no answer",
            )
            return False
        self._tries[channel.name] = 0, 0.0
        self._memory.said[channel.name] = said
        metrics.ALERTS_SENT.labels(channel.name, "sent").inc()
        log.event("alerts.sent", channel=channel.name, alerts=len(alerts), letter=letter.id)
        return True
