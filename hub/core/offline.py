"""A whole hub in memory, without Kafka: admitted events go in, the clocks run, states and aggregates come out.

It takes the steps of the processor on states that it keeps as objects. What it adds is what Kafka and the projector do
around them: commands go round until all is quiet, what is due gets its tick, snapshots are published on their days.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from heapq import heappop, heappush
from typing import Any

import orjson

from hub.core import batch, census
from hub.core import state as states
from hub.core.admission import Admitted
from hub.core.calendar import LAST, add_days, next_fixed
from hub.core.event import from_structured
from hub.core.policy import Policy
from hub.core.records import Count, Out
from hub.core.snapshot import KEY
from hub.core.state import Raised, State
from hub.core.step import step
from hub.core.topics import COMMANDS, EVENTS, OUTBOX, QUARANTINE, subscription_of
from hub.core.views import Census, View
from hub.core.work import Origin, Step

Deliver = Callable[[Out], None]
"""Told of every record for an outbox."""
Handle = Callable[[State, Origin], Step]

UNREADABLE = "unreadable:"
CENSUS = KEY.encode()


class Offline:
    """Time moves on with `feed` and `advance`, never back. `states` are by key; `counted` holds what the metrics of
    the processor would say, `quarantined` why records were set aside, `delivered` how many each subscription got."""

    def __init__(self, policy: Policy, deliver: Deliver | None = None) -> None:
        self.policy = policy
        self.states: dict[bytes, State] = {}
        self.counted: Counter[Count] = Counter()
        self.quarantined: Counter[str] = Counter()
        self.delivered: Counter[str] = Counter()
        self.day = ""
        self._deliver = deliver
        self._offsets: Counter[str] = Counter()
        self._dues: list[tuple[str, bytes]] = []
        self._snapshot = ""
        self._tally = Tally()

    def feed(self, admitted: Admitted, at: int) -> None:
        """One event that came at `at` (milliseconds since 1970), and all that follows from it. What was due by that
        day is done first."""
        day = _day(at)
        if day > self.day:
            self.advance(day)
        event = admitted.event
        self._take(
            admitted.topic, admitted.key, at, lambda state, origin: step(state, event, origin, self.policy)
        )

    def advance(self, day: str) -> None:
        """Lets the clocks run up to and including a day: all that falls due, in order, and every snapshot."""
        self._snapshot = self._snapshot or self._following(add_days(day, -1))
        while (on := min(self._due(), self._snapshot)) <= day:
            self.day = max(self.day, on)
            if self._due() <= self.day:
                self._tick()
            else:
                self._publish()
        self.day = max(self.day, day)

    @property
    def next_snapshot(self) -> str:
        """The day on which aggregates are published next; empty before the first day."""
        return self._snapshot

    def views(self) -> Iterator[tuple[bytes, View]]:
        """What the read model would show now, by key."""
        for key in self.states:
            if shown := self._view(key):
                yield key, shown

    def signals(self) -> Iterator[tuple[bytes, Raised]]:
        """Signals that stand, with the key of the aggregate that they are about."""
        for key, state in self.states.items():
            for raised in state.signals.values():
                yield key, raised

    def counts(self) -> dict[str, int]:
        """Raw counts of the census: the sum over all views. Never to be shown."""
        return self._tally.sum(self._view)

    def census(self) -> Census:
        """What was published last, per metric and period."""
        shown = self._view(CENSUS) if CENSUS in self.states else None
        return shown if isinstance(shown, Census) else Census()

    def _due(self) -> str:
        """The first day on which a clock changes something."""
        while self._dues:
            due, key = self._dues[0]
            if self.states[key].due == due:
                return due
            heappop(self._dues)
        return LAST

    def _tick(self) -> None:
        at = _midnight(self.day)
        _, key = heappop(self._dues)
        self._command(key, at, {"command": "tick", "at": at})

    def _publish(self) -> None:
        on, self._snapshot = self._snapshot, self._following(self._snapshot)
        self._command(CENSUS, _midnight(on), {"command": "snapshot", "on": on, "counts": self.counts()})

    def _following(self, day: str) -> str:
        """The first fixed moment after a day."""
        after = add_days(day, 1)
        return min((next_fixed(on, after) for on in self.policy.rules.calendar.snapshots), default=LAST)

    def _command(self, key: bytes, at: int, given: Mapping[str, Any]) -> None:
        def handle(state: State, origin: Origin) -> Step:
            return batch.command(dict(given), state, origin, self.policy)

        self._take(COMMANDS, key, at, handle)

    def _take(self, topic: str, key: bytes, at: int, handle: Handle) -> None:
        """One record and every record that comes of it."""
        waiting = deque([(topic, key, handle)])
        while waiting:
            topic, key, handle = waiting.popleft()
            done = self._one(topic, key, at, handle)
            for out in done.out:
                if out.topic.startswith(OUTBOX):
                    self.delivered[subscription_of(out.topic)] += 1
                    if self._deliver:
                        self._deliver(out)
                elif out.topic == COMMANDS or out.topic in EVENTS:
                    waiting.append((out.topic, out.key or b"", self._handler(out)))
                elif out.topic == QUARANTINE:
                    self.quarantined[orjson.loads(out.value or b"{}")["reason"]] += 1

    def _handler(self, out: Out) -> Handle:
        if out.topic == COMMANDS:
            given = orjson.loads(out.value or b"")
            return lambda state, origin: batch.command(given, state, origin, self.policy)
        event = from_structured(out.value or b"")
        return lambda state, origin: step(state, event, origin, self.policy)

    def _one(self, topic: str, key: bytes, at: int, handle: Handle) -> Step:
        """As `batch.run`: a record that cannot be handled, even by a bug of ours, is set aside and counted."""
        before = self.states.get(key) or State(key.decode())
        offset = self._offsets[topic]
        self._offsets[topic] += 1
        try:
            done = handle(before, Origin(topic, 0, offset, at, self.day))
        except Exception as error:
            self.quarantined[f"{UNREADABLE}{type(error).__name__}"] += 1
            return Step(before)
        self.states[key] = done.state
        self._tally.dirty.add(key)
        self.counted.update(done.counts)
        if done.state.due and done.state.due != before.due:
            heappush(self._dues, (done.state.due, key))
        return done

    def _view(self, key: bytes) -> View | None:
        # By way of the bytes, so that what is shown is what would be stored.
        return batch.view(key, states.dump(self.states[key]), self.policy.rules)


class Tally:
    """The sum of what all views count for. Only those that changed are looked at again."""

    def __init__(self) -> None:
        self.dirty: set[bytes] = set()
        self._sum: Counter[str] = Counter()
        self._of: dict[bytes, tuple[tuple[str, int], ...]] = {}
        self._same: dict[tuple[tuple[str, int], ...], tuple[tuple[str, int], ...]] = {}

    def sum(self, view: Callable[[bytes], View | None]) -> dict[str, int]:
        """Numbers above 0 by cell."""
        for key in self.dirty:
            shown = view(key)
            cells = tuple(sorted(census.counts(shown).items())) if shown else ()
            self._add(self._of.get(key, ()), -1)
            self._add(cells, 1)
            # Most pupils of a school and year count alike: one tuple for all of them.
            self._of[key] = self._same.setdefault(cells, cells)
        self.dirty.clear()
        return {cell: n for cell, n in sorted(self._sum.items()) if n > 0}

    def _add(self, cells: Iterable[tuple[str, int]], sign: int) -> None:
        for cell, n in cells:
            self._sum[cell] += sign * n


def _day(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).date().isoformat()


def _midnight(day: str) -> int:
    return round(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() * 1000)
