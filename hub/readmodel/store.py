"""Writes a batch of records and the positions behind it in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection, Table

from hub.core import census
from hub.core import subscription as subs
from hub.core.contact import CONTACTS
from hub.core.records import Record
from hub.core.redelivery import is_replay
from hub.core.views import View
from hub.readmodel import entries, legs, schema, sql
from hub.readmodel.counting import CountView, difference
from hub.readmodel.entries import Changes, Item
from hub.readmodel.purge import unclean
from hub.readmodel.standing import MakeView, Row, Standing, standing
from hub.telemetry import log

_JOURNAL = 7_301
"""Any number: the lock of whoever writes what the journal says."""


class Fenced(Exception):
    """Another projector has moved the position. Nothing was written: read the positions anew and go on."""


class Move(NamedTuple):
    """The position of one partition before and after a batch."""

    topic: str
    partition: int
    old: int
    new: int


class Batch(NamedTuple):
    """Records by what they are, each list in the order of its partitions, and the moves they amount to."""

    moves: Sequence[Move]
    lines: Sequence[Record] = ()
    journal: Sequence[Record] = ()
    subscriptions: Sequence[Record] = ()


class Store:
    """The writing side of the read model. Blocks: call it in a thread. `count` says what one view counts for."""

    def __init__(self, engine: sa.Engine, view: MakeView, count: CountView = census.counts) -> None:
        self._engine = schema.writing(engine)
        self._view = view
        self._census = count

    def prepare(self) -> None:
        """Raises OutdatedReadModel."""
        schema.prepare(self._engine)

    def positions(self, partitions: Iterable[tuple[str, int]]) -> dict[tuple[str, int], int]:
        """Offset of the next record to apply, per partition; 0 for one never seen before."""
        wanted = sorted(partitions)
        table = schema.positions
        with self._engine.begin() as connection:
            fresh = [{"topic": topic, "partition": number, "next": 0} for topic, number in wanted]
            sql.insert(connection, table, fresh)
            found = connection.execute(sa.select(table.c.topic, table.c.partition, table.c.next))
            known = {(topic, number): position for topic, number, position in found}
        return {partition: known[partition] for partition in wanted}

    def apply(self, batch: Batch) -> None:
        """All or nothing. Raises Fenced, and sqlalchemy.exc.OperationalError when the database is away.

        A record that cannot be read is logged by its place and passed over.
        """
        with self._engine.begin() as connection:
            if batch.journal:
                # What a delivery counts for in its leg follows from entries of two partitions.
                sql.alone(connection, _JOURNAL)
            _fence(connection, batch.moves)
            self._apply_lines(connection, batch.lines)
            _apply_subscriptions(connection, batch.subscriptions)
            _apply_journal(connection, batch.journal)

    def _apply_lines(self, connection: Connection, records: Sequence[Record]) -> None:
        newest = {record.key: record for record in records}
        standings = [made for r in newest.values() if (made := self._standing(r)) is not None]
        if standings:
            self._count_anew(connection, standings)
            _replace(connection, standings)

    def _count_anew(self, connection: Connection, standings: Sequence[Standing]) -> None:
        """Adds what the new rows count for and takes off what the old ones did. The fence holds every other
        projector from these rows; cells are shared with it, so they are taken in a fixed order."""
        before = _stored_views(connection, [one.key for one in standings])
        after = {one.key: "" if one.view is None else one.view["view"] for one in standings}
        moved = sorted(difference(before, after, self._count).items())
        sql.add(connection, schema.counts, [{"cell": cell, "n": n} for cell, n in moved], {"n"})
        _drop_zeros(connection, [cell for cell, n in moved if n < 0])

    def _count(self, view: View) -> Mapping[str, int]:
        # A view that cannot be counted counts for nothing, now and when it is taken off again.
        try:
            return self._census(view)
        except Exception as error:
            log.event("projector.view_not_counted", "error", error=type(error).__name__)
            return {}

    def _standing(self, record: Record) -> Standing | None:
        try:
            return standing(record.key, record.value, self._view)
        except (
            Exception
        ) as error:  # `view` is handed in: whatever it raises, one bad state must not stop all others
            _skipped(record, error)
            return None


def _skipped(record: Record, error: Exception) -> None:
    where = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
    log.event("projector.record_skipped", "error", **where, error=type(error).__name__)


def _fence(connection: Connection, moves: Sequence[Move]) -> None:
    # First of all, and in a fixed order: it locks the rows, so a second projector waits here and then finds
    # it lost.
    table = schema.positions
    for move in sorted(moves):
        moved = connection.execute(
            table.update()
            .where(table.c.topic == move.topic, table.c.partition == move.partition, table.c.next == move.old)
            .values(next=move.new)
        )
        if moved.rowcount != 1:
            raise Fenced(f"{move.topic}/{move.partition} is no longer at {move.old}")


def _stored_views(connection: Connection, keys: Sequence[str]) -> dict[str, str]:
    table = schema.views
    found: dict[str, str] = {}
    for chunk in sql.chunks(keys):
        rows = connection.execute(sa.select(table.c.key, table.c.view).where(table.c.key.in_(chunk)))
        found.update((row.key, row.view) for row in rows)
    return found


def _drop_zeros(connection: Connection, cells: Sequence[str]) -> None:
    table = schema.counts
    for chunk in sql.chunks(cells):
        connection.execute(table.delete().where(table.c.cell.in_(chunk), table.c.n == 0))


def _replace(connection: Connection, standings: Sequence[Standing]) -> None:
    keys = [one.key for one in standings]
    gone = [one.key for one in standings if one.view is None]
    if _stored_views(connection, gone):
        unclean(connection)
    for table in (schema.relations, schema.signals):
        sql.delete(connection, table, "key", keys)
    sql.delete(connection, schema.views, "key", gone)
    sql.upsert(connection, schema.views, [one.view for one in standings if one.view is not None])
    sql.insert(connection, schema.relations, [row for one in standings for row in one.relations])
    sql.insert(connection, schema.signals, [row for one in standings for row in one.signals])


def _apply_subscriptions(connection: Connection, records: Sequence[Record]) -> None:
    for record in records:
        try:
            _apply_subscription(connection, record)
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            _skipped(record, error)


def _apply_subscription(connection: Connection, record: Record) -> None:
    key = record.key.decode()
    if is_replay(key):
        return
    name, _, status = key.partition("/")
    if status:
        state = "" if record.value is None else subs.load_status(record.value).state
        sql.upsert(connection, schema.subscriptions, [{"id": name, "state": state}])
    elif record.value is None:
        sql.delete(connection, schema.subscriptions, "id", [name])
    else:
        sql.upsert(connection, schema.subscriptions, [_subscription_row(subs.load(record.value))])


def _subscription_row(given: subs.Subscription) -> Row:
    return {
        "id": given.id,
        "partner": given.partner,
        "push": given.sink is not None,
        "paused": given.paused,
    }


def _apply_journal(connection: Connection, records: Sequence[Record]) -> None:
    new = _new_entries(connection, _items(records))
    if not new:
        return
    known = _known(connection, schema.deliveries, entries.touched(new))
    letters = _known(connection, schema.dead_letters, entries.doomed(new, known))
    _write(connection, entries.fold(new, known, letters))


def _items(records: Sequence[Record]) -> dict[tuple[str, str], Item]:
    """By name; of two records with one name the first."""
    found: dict[tuple[str, str], Item] = {}
    for record in records:
        try:
            item = entries.item(record)
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            _skipped(record, error)
        else:
            found.setdefault((item.event, item.key), item)
    return found


def _new_entries(connection: Connection, items: dict[tuple[str, str], Item]) -> list[Item]:
    """Writes what is not there yet and returns it, in the order of the journal."""
    table = schema.entries
    new: set[tuple[str, str]] = set()
    rows = [item.row() for item in items.values()]
    statement = sql.into(connection, table).on_conflict_do_nothing()
    for chunk in sql.chunks(rows):
        found = connection.execute(statement.returning(table.c.event, table.c.key), chunk)
        new.update((event, key) for event, key in found)
    return [item for name, item in items.items() if name in new]


def _known(connection: Connection, table: Table, ids: Sequence[str]) -> dict[str, Row]:
    """Rows of a table that is keyed by delivery."""
    known: dict[str, Row] = {}
    for chunk in sql.chunks(ids):
        for row in connection.execute(sa.select(table).where(table.c.delivery.in_(chunk))):
            known[row.delivery] = dict(row._mapping)
    return known


def _write(connection: Connection, changes: Changes) -> None:
    _add_events(connection, [row for _, row in sorted(changes.events.items())])
    courses = [_without(row, "pulled_at") for _, row in sorted(changes.courses.items())]
    sql.upsert(connection, schema.deliveries, courses)
    sql.upsert(
        connection, schema.deliveries, [row for _, row in sorted(changes.pulled.items())], {"pulled_at"}
    )
    sql.upsert(connection, schema.dead_letters, [row for _, row in sorted(changes.letters.items())])
    hourly = [
        {"hour": hour, "what": what, "name": name, "publisher": publisher, "n": n}
        for (hour, what, name, publisher), n in sorted(changes.hourly.items())
    ]
    sql.add(connection, schema.hourly, hourly, {"n"})
    sql.add(connection, schema.tallies, _tally_rows(changes), {"routed", "delivered", "pulled"})
    sql.add(connection, schema.legs, _leg_rows(changes), set(legs.COLUMNS))
    sql.latest(connection, schema.contacts, _contact_rows(changes), CONTACTS)
    sql.insert(connection, schema.acts, changes.acts)


def _add_events(connection: Connection, rows: Sequence[Row]) -> None:
    if not rows:
        return
    table = schema.events
    statement = sql.into(connection, table)
    new = statement.excluded
    changes: dict[str, Any] = {n: table.c[n] + new[n] for n in ("duplicates", "conflicts", "stale")}
    for name in ("accepted_at", "refused_at"):
        changes[name] = sa.func.coalesce(table.c[name], new[name])
    for name in ("type", "publisher", "topic"):
        # What the hub accepted is true; what it refused, or decided on, is all that is known until then.
        said = sa.func.coalesce(sa.func.nullif(table.c[name], ""), new[name])
        changes[name] = sa.case((new.accepted_at.is_not(None), new[name]), else_=said)
    for name in ("about", "correlation", "trace"):
        changes[name] = sa.func.coalesce(sa.func.nullif(table.c[name], ""), new[name])
    connection.execute(
        statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=changes), rows
    )


def _without(row: Row, name: str) -> Row:
    return {k: v for k, v in row.items() if k != name}


def _tally_rows(changes: Changes) -> list[Row]:
    rows: dict[str, Row] = {}
    for (subscription, partner, what), n in sorted(changes.tallies.items()):
        blank = {"subscription": subscription, "partner": partner, "routed": 0, "delivered": 0, "pulled": 0}
        rows.setdefault(subscription, blank)[what] += n
    return list(rows.values())


def _leg_rows(changes: Changes) -> list[Row]:
    rows: dict[legs.Leg, Row] = {}
    for (leg, column), n in sorted(changes.legs.items()):
        names = zip(("day", "publisher", "type", "subscription", "partner"), leg, strict=True)
        rows.setdefault(leg, {**dict(names), **dict.fromkeys(legs.COLUMNS, 0)})[column] += n
    return list(rows.values())


def _contact_rows(changes: Changes) -> list[Row]:
    rows: dict[tuple[str, str], Row] = {}
    for (partner, subscription, what), at in sorted(changes.contacts.items()):
        blank = {"partner": partner, "subscription": subscription, **dict.fromkeys(CONTACTS, 0)}
        rows.setdefault((partner, subscription), blank)[what] = at
    return list(rows.values())
