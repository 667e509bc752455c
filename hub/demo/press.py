"""The publishing side of all simulated systems: each sends its events one after another, all of them side by side."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import orjson

from connectors.http.client import Accepted, HubUnavailable, Publisher, Refused

MOST_WAITING = 200
"""Events that wait to be sent; beyond that the story itself waits."""

Named = tuple[str, str]
Worded = Callable[[str, dict[str, Any]], dict[str, Any]]


class Press:
    """Queues per partner. `sent` and `refused` are the events (source, id) of this run, `accepted` those of all runs
    on this folder. `surprises` counts answers other than the story wants, with partner and fault codes."""

    def __init__(
        self, publishers: Mapping[str, Publisher], path: Path, worded: Worded = lambda partner, event: event
    ) -> None:
        """`worded` gives an event as the system of that partner writes it."""
        self.published = 0
        self.sent: set[Named] = set()
        self.accepted = _earlier(path)
        self.refused: set[Named] = set()
        self.surprises: Counter[str] = Counter()
        self._publishers = publishers
        self._worded = worded
        self._file = path.open("ab")
        self._queues: dict[str, asyncio.Queue[tuple[dict[str, Any], str]]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self.waiting = 0
        """Events not answered yet."""
        self._room = asyncio.Condition()

    async def room(self) -> None:
        """Waits while too many events are under way."""
        async with self._room:
            await self._room.wait_for(lambda: self.waiting < MOST_WAITING)

    def put(self, partner: str, event: dict[str, Any], refused: str = "") -> None:
        """Hands one event to the partner's system. `refused`: the fault code with which the hub must refuse it."""
        self.waiting += 1
        self._queue(partner).put_nowait((event, refused))

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._file.close()

    def _queue(self, partner: str) -> asyncio.Queue[tuple[dict[str, Any], str]]:
        if partner not in self._queues:
            self._queues[partner] = asyncio.Queue()
            self._tasks.append(asyncio.create_task(self._run(partner), name=f"publish {partner}"))
        return self._queues[partner]

    async def _run(self, partner: str) -> None:
        while True:
            event, refused = await self._queues[partner].get()
            try:
                await self._publish(partner, event, refused)
            finally:
                async with self._room:
                    self.waiting -= 1
                    self._room.notify_all()

    async def _publish(self, partner: str, event: dict[str, Any], refused: str) -> None:
        self.sent.add((event["source"], event["id"]))
        try:
            outcome = await self._publishers[partner].publish(self._worded(partner, event))
        except HubUnavailable as error:
            self.surprises[f"{partner}: {error}"] += 1
            return
        self.published += 1
        if isinstance(outcome, Accepted):
            self._accept(partner, event, refused)
        else:
            self._refuse(partner, event, refused, outcome)

    def _accept(self, partner: str, event: dict[str, Any], refused: str) -> None:
        named = (event["source"], event["id"])
        self._file.write(orjson.dumps(named) + b"\n")
        self._file.flush()
        self.accepted.add(named)
        if refused:
            self.surprises[f"{partner}: accepted what must be refused ({refused})"] += 1

    def _refuse(self, partner: str, event: dict[str, Any], refused: str, outcome: Refused) -> None:
        codes = sorted({fault.code for fault in outcome.faults})
        self.refused.add((event["source"], event["id"]))
        if refused not in codes:
            said = f"{partner}: refused with {outcome.status} {', '.join(codes)}"
            self.surprises[f"{said}, where the story wants {refused or 'acceptance'}"] += 1


def _earlier(path: Path) -> set[Named]:
    """Whole lines of earlier runs; a line that was cut off by a kill is left out."""
    content = path.read_bytes() if path.exists() else b""
    whole, _, half = content.rpartition(b"\n")
    if half:
        path.write_bytes(whole + b"\n" if whole else b"")
    return {(source, id) for source, id in map(orjson.loads, whole.splitlines())}
