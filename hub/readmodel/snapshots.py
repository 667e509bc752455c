"""Has the aggregates published at fixed moments, and at no other: between any two dates one could subtract
(domain.md §3.7)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable

import orjson

from hub.core.event import moment
from hub.core.records import Out
from hub.core.topics import COMMANDS
from hub.readmodel.clock import AGAIN_SECONDS, Publish
from hub.readmodel.queries import CENSUS, Queries
from hub.telemetry import log


class Snapshots:
    """Asks once for each fixed moment that has passed, the newest alone after downtime, with the counts as they are
    when the rows have caught up; again after a minute if nothing came of it. Several may do so side by side.

    `moments` are days of the year (MM-DD), `level` tells whether the rows have caught up with Kafka, `settled` whether
    the clocks of a day have been answered, `now` is the hub's clock in milliseconds since 1970.
    """

    def __init__(
        self,
        queries: Queries,
        publish: Publish,
        now: Callable[[], int],
        moments: Iterable[str],
        level: Callable[[], Awaitable[bool]],
        settled: Callable[[str], bool],
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self._queries = queries
        self._publish = publish
        self._now = now
        self._moments = tuple(moments)
        self._level = level
        self._settled = settled
        self._stopwatch = stopwatch
        self._asked: tuple[str, float] = ("", 0.0)

    async def look(self) -> str:
        """One look at the calendar. Returns the day for which a snapshot was asked; empty for none."""
        today = moment(self._now())[:10]
        on = newest(self._moments, today)
        if not on or self._lately(on) or on <= await asyncio.to_thread(self._published):
            return ""
        if not self._settled(today) or not await self._level():
            return ""
        counts = await asyncio.to_thread(self._queries.counts)
        command = orjson.dumps({"command": "snapshot", "on": on, "counts": counts})
        await self._publish([Out(COMMANDS, CENSUS.encode(), command)])
        self._asked = (on, self._stopwatch())
        log.event("snapshot.asked", on=on, cells=len(counts))
        return on

    def _lately(self, on: str) -> bool:
        day, at = self._asked
        return day == on and self._stopwatch() - at < AGAIN_SECONDS

    def _published(self) -> str:
        return max((one.on for one in self._queries.census().published), default="")


def newest(moments: Iterable[str], today: str) -> str:
    """The last of the moments (MM-DD) that has come by `today` (ISO); empty when there are none."""
    return max(_of_year_and_before(moments, today), default="")


def _of_year_and_before(moments: Iterable[str], today: str) -> Iterable[str]:
    year = int(today[:4])
    days = [f"{year - back:04}-{moment}" for moment in moments for back in (0, 1)]
    return (day for day in days if day <= today)
