"""A made-up stretch of journal and states, as Kafka would hand it out: for tests of the read model."""

from __future__ import annotations

import random
import uuid
import zlib
from collections.abc import Iterable, Sequence

import msgspec

from hub.core import journal, state, views
from hub.core.flows import HOUR_MS
from hub.core.records import Record
from hub.core.topics import EVENTS_P1, JOURNAL, LINES

NOW = 1_790_000_000_000
PREFIX = "nl.onderwijsloopbanen."
HANDOVER = f"{PREFIX}handover.prepared.v1"
GROUP = f"{PREFIX}arrival-group.announced.v1"
PARTITIONS = 4


def view_of(_: bytes, value: bytes) -> views.View | None:
    """Shows a state made by `stored`: the view lies in it as it is."""
    fact = state.load(value).facts.get("view")
    return views.load(msgspec.json.encode(fact.data)) if fact else None


def stored(key: str, view: views.View | None, due: str = "", **signals: state.Raised) -> bytes:
    data = msgspec.to_builtins(view)
    facts = {"view": state.Fact({}, data)} if view is not None else {}
    return state.dump(state.State(key, facts=facts, signals=dict(signals), due=due))


def raised(rule: str, severity: str, responsible: str, due: str = "2026-09-01") -> state.Raised:
    return state.Raised(rule, severity, due, responsible, "subject")


class Log:
    """Gives records their offsets, per topic and partition, as a broker does."""

    def __init__(self) -> None:
        self.next: dict[tuple[str, int], int] = {}

    def record(self, topic: str, key: bytes, value: bytes | None, partitions: int = PARTITIONS) -> Record:
        partition = zlib.crc32(key) % partitions
        offset = self.next.get((topic, partition), 0)
        self.next[topic, partition] = offset + 1
        return Record(topic, partition, offset, NOW, key, value)

    def entries(self, given: Iterable[journal.Entry]) -> list[Record]:
        outs = [journal.record(entry) for entry in given]
        return [self.record(JOURNAL, out.key or b"", out.value) for out in outs]

    def state(self, key: str, value: bytes | None) -> Record:
        return self.record(LINES, key.encode(), value)


class Event:
    """One event, and the entries a journal may hold about it."""

    def __init__(
        self, id: str, type: str = HANDOVER, publisher: str = "po", at: int = NOW, topic: str = EVENTS_P1
    ) -> None:
        self.at = at
        self.topic = topic
        self.publisher = publisher
        self.named = {"source": f"urn:nld:kvknr:1:systeem:{publisher}", "id": id, "type": type}

    def accepted(self, after: int = 0) -> journal.Accepted:
        return journal.Accepted(
            at=self.at + after, publisher=self.publisher, topic=self.topic, via="http", **self.named
        )

    def refused(self, *reasons: str) -> journal.Refused:
        return journal.Refused(
            at=self.at, publisher=self.publisher, reasons=reasons, via="http", **self.named
        )

    def routed(self, *to: tuple[str, str], after: int = 5, order: int = 1) -> journal.Routed:
        """`to`: partner and subscription of every delivery."""
        told = tuple(journal.Told(p, "TO", {s: self.delivery(s)}, ("/siteLabel",)) for p, s in to)
        withheld = (journal.Withheld("GEM", "no-relation"),)
        return journal.Routed(
            at=self.at + after,
            publisher=self.publisher,
            order=order,
            told=told,
            withheld=withheld,
            **self.named,
        )

    def repeat(self, outcome: str = "duplicate", order: int = 2, after: int = 9) -> journal.Repeat:
        return journal.Repeat(
            at=self.at + after, publisher=self.publisher, order=order, outcome=outcome, **self.named
        )

    def attempted(
        self,
        partner: str,
        subscription: str,
        outcome: str = "delivered",
        attempt: int = 1,
        after: int = 20,
        number: int = 7,
    ) -> journal.Attempted:
        return journal.Attempted(
            at=self.at + after,
            partner=partner,
            subscription=subscription,
            delivery=self.delivery(subscription),
            number=number,
            attempt=attempt,
            outcome=outcome,
            status="200" if outcome == "delivered" else "503",
            took=3,
            waited=15,
            **self.named,
        )

    def delivery(self, subscription: str) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self.named['id']}/{subscription}"))


def pulled(partner: str, subscription: str, *deliveries: str, at: int = NOW + 50) -> journal.Pulled:
    return journal.Pulled(at=at, partner=partner, subscription=subscription, deliveries=deliveries)


def life(seed: int, events: int) -> list[journal.Entry]:
    """The journal of many events: refusals, repeats, retries, pulls, and everything a crash makes be said twice."""
    rng = random.Random(seed)
    made: list[journal.Entry] = []
    for number in range(events):
        made += _life_of_one(rng, number)
    return made


def _life_of_one(rng: random.Random, number: int) -> list[journal.Entry]:
    id = str(uuid.UUID(int=rng.getrandbits(128)))
    one = Event(id, rng.choice((HANDOVER, GROUP)), f"po{number % 3}", NOW - rng.randrange(23 * HOUR_MS))
    if rng.random() < 0.05:
        return [one.refused("extra-field")]
    partner = f"vo{number % 5}"
    hook, inbox = f"hook-{partner}", f"inbox-{partner}"
    entries: list[journal.Entry] = [one.accepted(), one.routed((partner, hook), (partner, inbox))]
    if rng.random() < 0.2:
        entries.append(one.attempted(partner, hook, "retry", 1, 15))
    if partner != "vo4":
        entries.append(one.attempted(partner, hook, "delivered", 2, 30))
    if rng.random() < 0.1:
        entries.append(one.repeat())
    if rng.random() < 0.3:
        entries.append(pulled(partner, inbox, one.delivery(inbox), at=one.at + 60))
    return [twice for entry in entries for twice in [entry] * (2 if rng.random() < 0.1 else 1)]


def batches(records: Sequence[Record], size: int) -> list[Sequence[Record]]:
    return [records[start : start + size] for start in range(0, len(records), size)]
