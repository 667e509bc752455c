"""The hub without Kafka: the pure core, a dictionary of states, and offsets counted by hand."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from hub.core import batch, delivery, erasure, journal, views
from hub.core import state as states
from hub.core.admission import Admitted
from hub.core.policy import Policy
from hub.core.records import Batch, Count, Out, Record
from hub.core.state import State
from hub.core.topics import COMMANDS, JOURNAL, OUTBOX, subscription_of

DAY_MS = 24 * 3600 * 1000
START = 1_798_761_600_000
"""1 January 2027, 00:00 UTC."""


class Told(NamedTuple):
    """One delivery as it lies in an outbox."""

    subscription: str
    id: str
    event: dict[str, Any]

    @property
    def data(self) -> dict[str, Any]:
        return dict(self.event["data"])


class PureHub:
    """Feeds records to `batch.run` and keeps what came out. Commands go round until all is quiet."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.states: dict[bytes, bytes] = {}
        self.out: list[Out] = []
        self.counts: list[Count] = []
        self.handled: list[Record] = []
        self._next: dict[str, int] = defaultdict(int)

    def record(self, topic: str, key: bytes, value: bytes | None, at: int = START) -> Record:
        """A record at the next offset of its topic."""
        offset = self._next[topic]
        self._next[topic] += 1
        return Record(topic, 0, offset, at, key, value)

    def of(self, admitted: Admitted, at: int = START) -> Record:
        return self.record(admitted.topic, admitted.key, admitted.event.structured(), at)

    def run(self, records: Sequence[Record]) -> Batch:
        """One batch, published and stored, as the shell would."""
        done = batch.run(records, self.states.get, self.policy)
        self.out += done.out
        self.counts += done.counts
        self.handled += records
        for key, value in done.states.items():
            if value is None:
                self.states.pop(key, None)
            else:
                self.states[key] = value
        return done

    def publish(self, events: Iterable[Admitted], at: int = START) -> list[Out]:
        """Each event as a batch of its own, with all that follows from it. Returns what was published."""
        before = len(self.out)
        for event in events:
            self.settle(self.run([self.of(event, at)]).out, at)
        return self.out[before:]

    def settle(self, out: Sequence[Out], at: int = START) -> None:
        """Hands commands back in until no more come out."""
        while commands := [o for o in out if o.topic == COMMANDS]:
            out = self.run([self.record(o.topic, o.key or b"", o.value, at) for o in commands]).out

    def tick(self, key: bytes, at: int) -> list[Out]:
        """Lets the clocks of one aggregate run up to `at`."""
        return self.run([tick(self, key, at)]).out

    def tick_all(self, at: int) -> None:
        """As the projector's clock does: every aggregate that has something due."""
        day = at // DAY_MS
        for key, value in list(self.states.items()):
            due = states.load(value).due
            if due and day_ms(due) // DAY_MS <= day:
                self.tick(key, at)

    def state(self, key: bytes) -> State:
        return states.load(self.states.get(key) or self.states[erasure.tombstone(key)])

    def views(self) -> dict[bytes, views.View | None]:
        return {key: batch.view(key, value, self.policy.rules) for key, value in self.states.items()}


def tick(hub: PureHub, key: bytes, at: int) -> Record:
    return hub.record(COMMANDS, key, json.dumps({"command": "tick", "at": at}).encode(), at)


def day_ms(day: str) -> int:
    """Noon of an ISO date, in milliseconds since 1970."""
    from datetime import UTC, date, datetime, time

    noon = datetime.combine(date.fromisoformat(day), time(12), UTC)
    return int(noon.timestamp() * 1000)


def told(out: Iterable[Out]) -> list[Told]:
    """The deliveries among what was published."""
    found = []
    for o in out:
        if o.topic.startswith(OUTBOX):
            given = delivery.from_record(o.key, o.value or b"", o.headers)
            found.append(Told(subscription_of(o.topic), given.id, json.loads(given.body)))
    return found


def partner_of(subscription: str) -> str:
    """Tests name subscriptions `inbox-<partner>` or `<partner>.<anything>`."""
    return subscription.removeprefix("inbox-").split(".")[0]


def receivers(out: Iterable[Out]) -> set[str]:
    return {partner_of(t.subscription) for t in told(out)}


def entries(out: Iterable[Out]) -> list[journal.Entry]:
    """The journal among what was published."""
    return [journal.load(o.value or b"") for o in out if o.topic == JOURNAL]


def outcomes(out: Iterable[Out]) -> list[str]:
    """What the journal says was done: routed, duplicate, conflict, stale, or why it was quarantined."""
    said = []
    for entry in entries(out):
        if isinstance(entry, journal.Repeat):
            said.append(entry.outcome)
        elif isinstance(entry, journal.Quarantined):
            said.append(f"quarantined:{entry.reason}")
        elif isinstance(entry, journal.Routed) and entry.publisher != "hub":
            said.append("again" if entry.again else "routed")
    return said


def view_of(value: bytes, key: bytes, policy: Policy) -> views.View | None:
    return batch.view(key, value, policy.rules)
