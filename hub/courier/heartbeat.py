"""Tells receivers that heard nothing for a while which number was the last, so that they notice what they miss."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from aiokafka.errors import KafkaError

from hub.core import heartbeat
from hub.courier.crew import Crew
from hub.courier.gate import Closed
from hub.courier.lane import Lane
from hub.telemetry import log

LOOK_SECONDS = 0.5
WAIT_SECONDS = 60.0
"""How long a heartbeat may wait to be let out (handshake, rate, quiet): later its number would be old."""

Ends = Callable[[Sequence[str]], Awaitable[Mapping[str, int]]]
"""The last number written for each of these subscriptions; raises KafkaError or TimeoutError."""


class Heart:
    """Beats for every lane whose sink answered no request well for `seconds` (its own option goes first; 0 = never).

    A heartbeat is sent once, whatever is answered. A courier that has just begun waits for the full time of quiet.
    """

    def __init__(
        self, source: str, seconds: float, crew: Crew, lanes: Callable[[], Iterable[Lane]], ends: Ends
    ) -> None:
        self._source = source
        self._seconds = seconds
        self._crew = crew
        self._lanes = lanes
        self._ends = ends
        self._spoke: dict[str, float] = {}
        self._speaking: dict[str, asyncio.Task[None]] = {}

    async def beat(self) -> None:
        """Until cancelled."""
        try:
            while True:
                await asyncio.sleep(LOOK_SECONDS)
                await self._look()
        finally:
            for task in self._speaking.values():
                task.cancel()

    async def _look(self) -> None:
        lanes = {lane.subscription.id: lane for lane in self._lanes()}
        self._spoke = {id: at for id, at in self._spoke.items() if id in lanes}
        due = [id for id, lane in lanes.items() if id not in self._speaking and self._quiet(lane)]
        if not due:
            return
        try:
            ends = await self._ends(due)
        except (KafkaError, TimeoutError) as error:
            log.event("heartbeat.postponed", "debug", error=error)
            return
        for id in due:
            self._send(lanes[id], ends.get(id, 0))

    def _quiet(self, lane: Lane) -> bool:
        seconds = lane.subscription.heartbeat(self._seconds)
        last = max(lane.last_success, self._spoke.get(lane.subscription.id, 0.0))
        return seconds > 0 and self._crew.steady() - last >= seconds

    def _send(self, lane: Lane, number: int) -> None:
        id = lane.subscription.id
        task = asyncio.create_task(self._speak(lane, number), name=f"heartbeat {id}")
        self._speaking[id] = task
        task.add_done_callback(lambda _: self._speaking.pop(id, None))
        task.add_done_callback(self._crew.watch)

    async def _speak(self, lane: Lane, number: int) -> None:
        id = lane.subscription.id
        made = heartbeat.delivery(self._source, id, number, self._crew.now())
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                reply = await lane.speak(made, 0, {})
        except (Closed, TimeoutError):
            return
        finally:
            self._spoke[id] = self._crew.steady()
        log.event("heartbeat.sent", "debug", subscription=id, number=number, status=reply.answer.label)
