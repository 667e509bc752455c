"""Folds a file of events on this machine, without Kafka: through the door, through every step, with the clocks running.

A file holds one JSON object per line, in order of arrival: `{"at": "2026-08-01T08:12:44Z", "partner": "de-ontdekking",
"event": {...}}`, as `hub year` writes it, or a CloudEvent in structured form alone. Then its partner is the one that
owns its `source`, and it arrives at its `time`. Empty lines are passed over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from heapq import heappop, heappush
from random import Random
from typing import Any, NamedTuple

import orjson

from hub.core.admission import Admitted, admit
from hub.core.cloudevents import STRUCTURED, Draft, draft_http
from hub.core.directory import Directory
from hub.core.event import moment
from hub.core.offline import Offline
from hub.errors import OperatorError

HOUR_MS = 3_600_000
STRANGER = "unknown-publisher"
"""Reason of a refusal: no partner owns that source, or has that id."""

Progress = Callable[[int], None]
"""Told now and then how many lines were read."""
EVERY = 2_000


class UnreadableLine(OperatorError):
    """The file cannot be used: which line, and why."""

    def __init__(self, number: int, why: str) -> None:
        super().__init__(f"line {number}: {why}")


class Arrival(NamedTuple):
    """One line: `raw` (structured form) came at `at`, milliseconds since 1970, from `partner` ("" = by its source)."""

    at: int
    partner: str
    raw: bytes


class Door:
    """Admits as the gateway does. `refused` counts by reason; an event with two faults counts under the first."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self.read = self.admitted = 0
        self.refused: Counter[str] = Counter()

    def admit(self, one: Arrival) -> Admitted | None:
        self.read += 1
        reason, found = self._judge(one)
        self.admitted += found is not None
        if reason:
            self.refused[reason] += 1
        return found

    def _judge(self, one: Arrival) -> tuple[str, Admitted | None]:
        draft = draft_http(STRUCTURED, {}, one.raw)
        assert isinstance(draft, Draft)
        if draft.faults:
            return draft.faults[0].code, None
        partner = self._directory.get(one.partner) or self._directory.of_source(draft.event.source)
        if partner is None:
            return STRANGER, None
        outcome = admit(draft.event, partner)
        return ("", outcome) if isinstance(outcome, Admitted) else (outcome.faults[0].code, None)


def arrivals(lines: Iterable[bytes]) -> Iterator[Arrival]:
    """Reads a file line by line. Raises UnreadableLine."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _arrival(number, line)


def _arrival(number: int, line: bytes) -> Arrival:
    try:
        given = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise UnreadableLine(number, f"is not JSON: {error}") from None
    if not isinstance(given, dict):
        raise UnreadableLine(number, "must be a JSON object: a CloudEvent, or one under `event`")
    if "event" not in given:
        return Arrival(_instant(number, "time", given), "", line.strip())
    if not isinstance(given["event"], dict):
        raise UnreadableLine(number, "`event` must be a JSON object")
    return Arrival(_instant(number, "at", given), str(given.get("partner", "")), orjson.dumps(given["event"]))


def _instant(number: int, name: str, given: dict[str, Any]) -> int:
    try:
        found = datetime.fromisoformat(given[name])
    except (KeyError, TypeError, ValueError):
        raise UnreadableLine(number, f"`{name}` must be a moment such as 2026-08-01T08:12:44Z") from None
    return round((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)


def shuffled(given: Iterable[Arrival], hours: float, seed: str) -> Iterator[Arrival]:
    """The same events, each held up by chance for at most so many hours."""
    rng, waiting = Random(seed), list[tuple[int, int, Arrival]]()
    for number, one in enumerate(given):
        while waiting and waiting[0][0] <= one.at:
            yield heappop(waiting)[2]
        at = one.at + round(rng.random() * hours * HOUR_MS)
        heappush(waiting, (at, number, one._replace(at=at)))
    while waiting:
        yield heappop(waiting)[2]


def fold(
    given: Iterable[Arrival],
    door: Door,
    hub: Offline,
    until: str = "",
    progress: Progress = lambda read: None,
) -> None:
    """Feeds everything that arrives up to and including the day `until` ("" = all of it), and lets the clocks run to
    the end of that day."""
    for one in given:
        if until and moment(one.at)[:10] > until:
            break
        admitted = door.admit(one)
        if admitted:
            hub.feed(admitted, one.at)
        if door.read % EVERY == 0:
            progress(door.read)
    if until or hub.day:
        hub.advance(until or hub.day)
