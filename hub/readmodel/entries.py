"""Pure: entries of the journal become rows and counts.

A journal may hold one entry twice: a part that dies between writing and acknowledging says it again. So every
entry has a name, and only the first of a name counts; `fold` expects entries that are new.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import msgspec

from hub.core import traces
from hub.core.flows import HOUR_MS
from hub.core.identity import identity
from hub.core.journal import (
    DEAD,
    ENDS,
    UNSENT,
    Accepted,
    Attempted,
    Entry,
    Pulled,
    Quarantined,
    Refused,
    Repeat,
    Replayed,
    Routed,
    Shown,
    Signal,
    load,
)
from hub.core.records import Record
from hub.readmodel import legs
from hub.readmodel.acting import act
from hub.readmodel.lettering import lettered

Row = dict[str, Any]

HUB = "hub"
"""Stands as the publisher of events that the hub issues itself (domain.md §2.8)."""

_encode = msgspec.json.Encoder().encode
_EVENT: Row = {
    "source": "",
    "id": "",
    "type": "",
    "publisher": "",
    "topic": "",
    "about": "",
    "correlation": "",
    "trace": "",
    "at": 0,
    "accepted_at": None,
    "refused_at": None,
    "duplicates": 0,
    "conflicts": 0,
    "stale": 0,
}
_DELIVERY: Row = {
    "event": "",
    "publisher": "",
    "type": "",
    "partner": "",
    "subscription": "",
    "column": "",
    "removed": "",
    "number": None,
    "routed_at": None,
    "attempts": 0,
    "last_at": None,
    "outcome": "",
    "status": "",
    "delivered_at": None,
    "pulled_at": None,
}
_REPEATS = {"duplicate": "duplicates", "conflict": "conflicts", "stale": "stale"}


class Item(NamedTuple):
    """One entry with the name (`event`, `key`) under which it counts once. `event` is empty for an entry that
    is about no event, such as a look-up."""

    event: str
    key: str
    entry: Entry

    def row(self) -> Row:
        kind = str(self.entry.__struct_config__.tag)
        return {"event": self.event, "key": self.key, "at": self.entry.at, "kind": kind, "body": self._body()}

    def _body(self) -> str:
        # The event row has these three; without them an entry takes half the room.
        return _encode(msgspec.structs.replace(self.entry, source="", id="", type="")).decode()


def item(record: Record) -> Item:
    """Raises msgspec.ValidationError on a record that is no entry."""
    entry = load(record.value or b"")
    event = identity(entry.source, entry.id) if entry.id else ""
    return Item(event, _name(entry, record), entry)


def _name(entry: Entry, record: Record) -> str:
    match entry:
        case Accepted():
            return "accepted"
        case Routed():
            # Deciding again after a crash may give another `at`, but never another decision.
            return f"routed/{_digest((entry.order, entry.again, entry.told, entry.withheld))}"
        case Repeat():
            return f"repeat/{entry.outcome}/{entry.order}/{entry.at}"
        case Quarantined():
            return f"quarantined/{entry.where}"
        case Attempted():
            return f"attempted/{entry.delivery}/{entry.attempt}/{entry.at}" + (
                entry.replay and f"/{entry.replay}"
            )
        case Replayed():
            # Ordered, stopped or finished: each once, whoever says it again after a crash.
            return f"replayed/{entry.change}"
        case _:
            return f"{entry.__struct_config__.tag}/{entry.at}/{record.partition}/{record.offset}"


def _digest(value: object) -> str:
    return hashlib.blake2b(_encode(value), digest_size=8).hexdigest()


class Changes:
    """What a batch of new entries changes: counts to add, and rows to write.

    `courses` are whole rows of `deliveries` but for `pulled_at`, which `pulled` holds. They are apart because
    the two come from different partitions of the journal, so perhaps through two projectors at once; each
    column has one writer.
    """

    def __init__(self, known: Mapping[str, Row], letters: Mapping[str, Row]) -> None:
        self.letters: dict[str, Row] = {}
        self.events: dict[str, Row] = {}
        self.courses: dict[str, Row] = {}
        self.pulled: dict[str, Row] = {}
        self.hourly: Counter[tuple[int, str, str, str]] = Counter()
        self.tallies: Counter[tuple[str, str, str]] = Counter()
        self.legs: Counter[tuple[legs.Leg, str]] = Counter()
        self.contacts: dict[tuple[str, str, str], int] = {}
        self.acts: list[Row] = []
        self._known = known
        self._letters = letters

    def event(self, item: Item) -> Row:
        """The changes to the event's row: counts add up, texts and moments replace what was empty."""
        entry = item.entry
        row = self.events.get(item.event)
        if row is None:
            row = {**_EVENT, "event": item.event, "source": entry.source, "id": entry.id, "at": entry.at}
            if item.event:
                self.events[item.event] = row
        row["type"] = row["type"] or entry.type
        row["trace"] = row["trace"] or traces.id_in(entry.trace)
        return row

    def course(self, delivery: str) -> Row:
        row = self.courses.get(delivery)
        if row is None:
            row = {**_DELIVERY, **self._known.get(delivery, {}), "delivery": delivery}
            self.courses[delivery] = row
        return row

    @contextmanager
    def moving(self, delivery: str) -> Iterator[Row]:
        """The course of a delivery, to be changed meanwhile: what it counts for in the matrix moves with it."""
        row = self.course(delivery)
        with self._counting(row):
            yield row

    @contextmanager
    def fetching(self, delivery: str) -> Iterator[None]:
        """The same for a pull, which writes nothing of the course itself."""
        row = self.courses.get(delivery) or {
            **_DELIVERY,
            **self._known.get(delivery, {}),
            "delivery": delivery,
        }
        with self._counting(row):
            yield

    @contextmanager
    def _counting(self, row: Row) -> Iterator[None]:
        before = legs.counted(row, self._pulled_at(row["delivery"]))
        yield
        if row["routed_at"] is not None:
            moved = legs.counted(row, self._pulled_at(row["delivery"]))
            moved.subtract(before)
            self.legs.update({(legs.leg(row), column): n for column, n in moved.items()})

    def _pulled_at(self, delivery: str) -> int | None:
        known = self.pulled.get(delivery) or self._known.get(delivery, {})
        return known.get("pulled_at")

    def letter(self, delivery: str) -> Row | None:
        """The dead letter of a delivery as it is so far; None when there is none."""
        return self.letters.get(delivery) or self._letters.get(delivery)

    def unread(self, delivery: str) -> bool:
        """Whether no pull of this delivery is known yet."""
        return self._pulled_at(delivery) is None

    def count(self, entry: Entry, what: str, name: str, publisher: str) -> None:
        self.hourly[entry.at - entry.at % HOUR_MS, what, name, publisher] += 1

    def contact(self, partner: str, subscription: str, what: str, at: int) -> None:
        """`what` is one of CONTACTS."""
        named = (partner, subscription, what)
        self.contacts[named] = max(at, self.contacts.get(named, 0))

    def tally(self, subscription: str, partner: str, what: str, n: int = 1) -> None:
        self.tallies[subscription, partner, what] += n


def touched(items: Iterable[Item]) -> list[str]:
    """Ids of every delivery these entries speak of."""
    found: set[str] = set()
    for _, _, entry in items:
        if isinstance(entry, Attempted):
            found.add(entry.delivery)
        elif isinstance(entry, Routed):
            found.update(delivery for told in entry.told for delivery in told.deliveries.values())
        elif isinstance(entry, Pulled):
            found.update(entry.deliveries)
    return sorted(found)


def doomed(items: Iterable[Item], known: Mapping[str, Row]) -> list[str]:
    """Ids of the deliveries that may have a dead letter, given the `deliveries` rows that exist already."""
    attempts = [one.entry for one in items if isinstance(one.entry, Attempted)]
    return sorted(
        {one.delivery for one in attempts if one.replay or one.outcome in ENDS}
        | {one.delivery for one in attempts if known.get(one.delivery, {}).get("outcome") == DEAD}
    )


def fold(items: Iterable[Item], known: Mapping[str, Row], letters: Mapping[str, Row]) -> Changes:
    """The changes of new entries, given the rows of `deliveries` and `dead_letters` that exist already (by id)."""
    changes = Changes(known, letters)
    for one in items:
        _fold_one(changes, one)
    return changes


def _fold_one(changes: Changes, item: Item) -> None:
    if done := act(item.entry):
        changes.acts.append({"event": item.event, "key": item.key, **done})
    match item.entry:
        case Accepted() as entry:
            _accepted(changes, changes.event(item), entry)
        case Refused() as entry:
            _refused(changes, changes.event(item), entry)
        case Repeat() as entry:
            _repeat(changes, changes.event(item), entry)
        case Routed() as entry:
            row = changes.event(item)
            row["publisher"] = row["publisher"] or entry.publisher
            row["about"] = row["about"] or entry.about
            _routed(changes, item.event, entry)
        case Signal():
            changes.event(item)["publisher"] = HUB
        case Quarantined() as entry:
            changes.event(item)
            changes.count(entry, "quarantined", entry.reason, "")
        case Attempted() as entry:
            _attempted(changes, item.event, entry)
        case Shown() as entry:
            changes.contact(entry.partner, entry.subscription, "shown", entry.at)
        case Pulled() as entry:
            _pulled(changes, entry)


def _accepted(changes: Changes, row: Row, entry: Accepted) -> None:
    row.update(type=entry.type, publisher=entry.publisher, topic=entry.topic, accepted_at=entry.at)
    row["correlation"] = entry.correlation
    changes.count(entry, "accepted", entry.type, entry.publisher)
    changes.contact(entry.publisher, "", "published", entry.at)


def _refused(changes: Changes, row: Row, entry: Refused) -> None:
    if row["accepted_at"] is None:
        row["publisher"] = row["publisher"] or entry.publisher
    row["refused_at"] = row["refused_at"] or entry.at
    changes.count(entry, "refused", "", entry.publisher)
    for reason in entry.reasons:
        changes.count(entry, "reason", reason, entry.publisher)


def _repeat(changes: Changes, row: Row, entry: Repeat) -> None:
    if column := _REPEATS.get(entry.outcome):
        row[column] += 1
    if entry.outcome != "quarantined":  # which has an entry of its own
        changes.count(entry, entry.outcome, entry.type, entry.publisher)


def _routed(changes: Changes, event: str, entry: Routed) -> None:
    for told in entry.told:
        for subscription, delivery in told.deliveries.items():
            with changes.moving(delivery) as row:
                if row["routed_at"] is None:
                    if not _over(changes, row):
                        changes.tally(subscription, told.partner, "routed")
                    row.update(
                        event=event,
                        publisher=entry.publisher,
                        type=entry.type,
                        partner=told.partner,
                        subscription=subscription,
                        column=told.column,
                        removed="\n".join(told.removed),
                        routed_at=entry.at,
                    )


def _over(changes: Changes, row: Row) -> bool:
    """Whether nothing is to come any more and nothing came: neither open nor delivered."""
    got = row["delivered_at"] is not None or not changes.unread(row["delivery"])
    return row["outcome"] in ENDS and not got


def _attempted(changes: Changes, event: str, entry: Attempted) -> None:
    with changes.moving(entry.delivery) as row:
        row.update(event=event, partner=entry.partner, subscription=entry.subscription, number=entry.number)
        before = _over(changes, row)
        if entry.outcome in UNSENT:
            _unsent(row, entry)
        else:
            _tried(row, entry)
            changes.contact(entry.partner, entry.subscription, "tried", entry.at)
        if entry.outcome == "delivered":
            changes.contact(entry.partner, entry.subscription, "delivered", entry.at)
        if entry.outcome == "delivered" and row["delivered_at"] is None:
            row["delivered_at"] = entry.at
            changes.tally(entry.subscription, entry.partner, "delivered")
        if row["routed_at"] is not None and (after := _over(changes, row)) != before:
            changes.tally(entry.subscription, entry.partner, "routed", -1 if after else 1)
    if letter := lettered(changes.letter(entry.delivery), event, entry):
        changes.letters[entry.delivery] = letter


def _tried(row: Row, entry: Attempted) -> None:
    row["attempts"] += 1
    if row["last_at"] is None or row["outcome"] in UNSENT or entry.at >= row["last_at"]:
        last_at = max(entry.at, row["last_at"] or 0)
        row.update(last_at=last_at, outcome=_outcome(row, entry), status=entry.status)


def _outcome(row: Row, entry: Attempted) -> str:
    """What ended stays so until it is delivered after all, what was delivered when a replay of it fails."""
    stays = row["outcome"] in ENDS or (entry.replay and row["delivered_at"] is not None)
    return str(row["outcome"]) if stays and entry.outcome != "delivered" else entry.outcome


def _unsent(row: Row, entry: Attempted) -> None:
    """Not an attempt, and no news of what was delivered already; the answer to the last attempt stays, unless it is
    said why there is none any more."""
    if row["delivered_at"] is None:
        last_at, status = max(entry.at, row["last_at"] or 0), entry.status or row["status"]
        row.update(last_at=last_at, outcome=entry.outcome, status=status)


def _pulled(changes: Changes, entry: Pulled) -> None:
    changes.contact(entry.partner, entry.subscription, "pulled", entry.at)
    for delivery in entry.deliveries:
        if changes.unread(delivery):
            with changes.fetching(delivery):
                changes.pulled[delivery] = {
                    "delivery": delivery,
                    "partner": entry.partner,
                    "subscription": entry.subscription,
                    "pulled_at": entry.at,
                }
            changes.tally(entry.subscription, entry.partner, "pulled")
