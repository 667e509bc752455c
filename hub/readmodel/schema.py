"""Tables of the read model, and how to open the database they live in (SQLite or PostgreSQL).

Every row is made from Kafka and can be thrown away. Text that is a person's (the views of learning lines)
stands in `views` only; all other tables hold identifiers of events and partners, codes and counts.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, Table, Text

from hub.core.contact import CONTACTS
from hub.errors import OperatorError
from hub.readmodel.legs import COLUMNS as LEG_COUNTS

VERSION = 5
"""Also to be raised when `hub.core.census.counts` changes: what a row counted for is worked out again from the row."""

WAIT_SECONDS = 5
TABLES_SECONDS = 30
"""How long a role that may only read waits for the projector to make the tables."""
INSUFFICIENT_PRIVILEGE = "42501"
_LOCK = 0x68756252  # "hubR": the PostgreSQL advisory lock under which tables are made

metadata = MetaData()


def _text(name: str, **options: Any) -> Column[str]:
    return Column(name, Text, nullable=False, server_default="", **options)


def _count(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default="0")


def _key(name: str, kind: Any = Text) -> Column[Any]:
    return Column(name, kind, primary_key=True, autoincrement=False)


def _table(name: str, *columns: Any) -> Table:
    # Keys are hashes and ids: with rows stored in the key's own tree, SQLite needs one tree per table, not
    # two.
    return Table(name, metadata, *columns, sqlite_with_rowid=False)


schema_version = _table("hub_schema", _key("version", Integer))

positions = _table(
    "positions",
    _key("topic"),
    _key("partition", Integer),
    Column("next", BigInteger, nullable=False),
)
"""Offset of the next record to apply. Moves in the transaction that writes the rows, and only from the old
value."""

views = _table(
    "views",
    _key("key"),
    _text("kind"),
    _text("status"),
    _text("due"),
    _text("as_of"),
    Column("view", Text, nullable=False),
)
"""One `hub.core.views.View` per aggregate key; `kind` is its tag, `due` the date of its next clock tick."""
Index("views_kind", views.c.kind, views.c.key)
Index(
    "views_due",
    views.c.due,
    views.c.key,
    sqlite_where=views.c.due != "",
    postgresql_where=views.c.due != "",
)

relations = _table(
    "relations",
    _key("org"),
    _key("key"),
    Column("active", Boolean, nullable=False),
)
"""Which organisation has, or had, to do with which aggregate."""
Index("relations_key", relations.c.key)

signals = _table(
    "signals",
    _key("key"),
    _key("name"),
    _text("rule"),
    _text("severity"),
    _text("responsible"),
    _text("due"),
    _text("subject"),
)
"""Signals that stand now, by aggregate."""
Index("signals_org", signals.c.responsible, signals.c.rule, signals.c.severity, signals.c.due)

counts = _table("counts", _key("cell"), _count("n"))
"""What all rows of `views` together count for, by cell of the census; moves in the transaction that moves them."""

subscriptions = _table(
    "subscriptions",
    _key("id"),
    _text("partner"),
    Column("push", Boolean, nullable=False, server_default=sa.false()),
    Column("paused", Boolean, nullable=False, server_default=sa.false()),
    _text("state"),
)
"""Only what the pages need: the address and the secret stay in Kafka."""

entries = _table(
    "entries",
    _key("event"),
    _key("key"),
    Column("at", BigInteger, nullable=False),
    _text("kind"),
    Column("body", Text, nullable=False),
)
"""The journal, each entry once: `key` is what makes two records the same entry. All other journal rows follow
from the entries that were new here, which is what keeps their counts exact."""

events = _table(
    "events",
    _key("event"),
    _text("source"),
    _text("id"),
    _text("type"),
    _text("publisher"),
    _text("topic"),
    _text("about"),
    _text("correlation"),
    _text("trace"),
    _count("at"),
    Column("accepted_at", BigInteger),
    Column("refused_at", BigInteger),
    _count("duplicates"),
    _count("conflicts"),
    _count("stale"),
)
"""`about` is the mark of the learner (`hub.core.withdrawal.mark`): by it alone is found what was told of whom.
`trace` is the id of the trace that it came with, `at` the moment of the first that was read of it, which never
changes: events are listed by it, page by page."""
Index("events_at", events.c.at, events.c.event)
Index("events_type", events.c.type, events.c.at, events.c.event)
Index("events_publisher", events.c.publisher, events.c.at, events.c.event, events.c.type)
Index("events_id", events.c.id, events.c.at, events.c.event)
for _column in (events.c.correlation, events.c.trace):
    Index(
        f"events_{_column.name}",
        _column,
        events.c.at,
        events.c.event,
        sqlite_where=_column != "",
        postgresql_where=_column != "",
    )
Index(
    "events_about",
    events.c.about,
    sqlite_where=events.c.about != "",
    postgresql_where=events.c.about != "",
)

deliveries = _table(
    "deliveries",
    _key("delivery"),
    _text("event"),
    _text("publisher"),
    _text("type"),
    _text("partner"),
    _text("subscription"),
    _text("column"),
    _text("removed"),
    Column("number", BigInteger),
    Column("routed_at", BigInteger),
    _count("attempts"),
    Column("last_at", BigInteger),
    _text("outcome"),
    _text("status"),
    Column("delivered_at", BigInteger),
    Column("pulled_at", BigInteger),
)
Index("deliveries_event", deliveries.c.event)
# What is rare is looked for in the index alone: it has all that a search asks of a delivery.
_searched = [deliveries.c[name] for name in ("routed_at", "event", "type", "publisher")]
Index("deliveries_partner", deliveries.c.partner, *_searched)
Index("deliveries_subscription", deliveries.c.subscription, *_searched, deliveries.c.partner)
Index("deliveries_number", deliveries.c.subscription, deliveries.c.number)
_open = sa.and_(deliveries.c.delivered_at.is_(None), deliveries.c.routed_at.is_not(None))
Index(
    "deliveries_open",
    deliveries.c.subscription,
    deliveries.c.routed_at,
    sqlite_where=_open,
    postgresql_where=_open,
)
_still = sa.and_(_open, deliveries.c.pulled_at.is_(None))
Index(
    "deliveries_leg",
    deliveries.c.subscription,
    deliveries.c.publisher,
    deliveries.c.type,
    deliveries.c.routed_at,
    sqlite_where=_still,
    postgresql_where=_still,
)

dead_letters = _table(
    "dead_letters",
    _key("delivery"),
    _text("event"),
    _text("partner"),
    _text("subscription"),
    Column("number", BigInteger, nullable=False),
    _text("type"),
    _text("cause"),
    _text("status"),
    _text("said"),
    _count("attempts"),
    Column("at", BigInteger, nullable=False),
    _text("state"),
    _text("replay"),
    Column("ended_at", BigInteger),
)
"""Deliveries that were refused for good. `state` is open, replayed (delivered after all, by `replay`) or withdrawn
(taken back by a later event), since `ended_at`; `said` is for the partner itself and the operator alone."""
Index(
    "dead_letters_group",
    dead_letters.c.subscription,
    dead_letters.c.state,
    dead_letters.c.cause,
    dead_letters.c.number,
)

hourly = _table(
    "hourly",
    _key("hour", BigInteger),
    _key("what"),
    _key("name"),
    _key("publisher"),
    _count("n"),
)
"""Counts per hour (milliseconds since 1970 of its start); `what` is accepted refused reason duplicate
conflict stale quarantined, `name` a CloudEvents type or a fault code."""

tallies = _table(
    "tallies",
    _key("subscription"),
    _text("partner"),
    _count("routed"),
    _count("delivered"),
    _count("pulled"),
)


legs = _table(
    "legs",
    _key("day", BigInteger),
    _key("publisher"),
    _key("type"),
    _key("subscription"),
    _text("partner"),
    *(_count(name) for name in LEG_COUNTS),
)
"""What the deliveries of one leg of the matrix of flows count for (`hub.readmodel.legs`)."""


contacts = _table(
    "contacts",
    _key("partner"),
    _key("subscription"),
    *(_count(name) for name in CONTACTS),
)
"""When something last happened between the hub and a partner (milliseconds since 1970, 0 = never): by subscription,
and without one for what the partner published."""

acts = _table(
    "acts",
    _key("event"),
    _key("key"),
    Column("at", BigInteger, nullable=False),
    _text("who"),
    _text("what"),
    _text("subscription"),
    _text("why"),
    Column("number", BigInteger),
)
"""Who did what: the entries of the journal (named as in `entries`) that tell of somebody's choice. `number` is how many
deliveries it is about. Of a right of a learner it says that it was used, never whose."""
Index("acts_at", acts.c.at)


class NoTables(OperatorError):
    """Nobody made the tables, and this role may not."""


class OutdatedReadModel(OperatorError):
    """The database was made by another release of the hub."""


def open_engine(url: str) -> sa.Engine:
    """An engine for `settings.database_url`; connects only when used, and waits WAIT_SECONDS for a server
    or a lock.

    `postgresql://` means psycopg. A transaction begun on a connection with the execution option `writes`
    takes SQLite's write lock at once, so that it never fails half-way because another process wrote in
    between.
    """
    parsed = sa.make_url(url)
    if parsed.drivername in ("postgres", "postgresql"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() != "sqlite":
        patient = {"connect_timeout": parsed.query.get("connect_timeout", WAIT_SECONDS)}
        return sa.create_engine(parsed, pool_pre_ping=True, connect_args=patient)
    patience = {} if "timeout" in parsed.query else {"timeout": WAIT_SECONDS}
    engine = sa.create_engine(parsed, connect_args={"isolation_level": None, **patience})
    sa.event.listen(engine, "connect", _pragmas)
    sa.event.listen(engine, "begin", _begin)
    return engine


def _pragmas(connection: Any, _: Any) -> None:
    # NORMAL: with WAL a power cut may lose the last transactions but never tears one, and the position that
    # is lost with them makes the projector read those records again.
    _patiently(lambda: connection.execute("PRAGMA journal_mode=WAL"))
    for pragma in ("synchronous=NORMAL", "cache_size=-65536", "mmap_size=268435456"):
        connection.execute(f"PRAGMA {pragma}")


def _patiently(act: Callable[[], object]) -> None:
    """A new file is made a WAL one by whoever comes first; SQLite does not let the others wait for that by itself."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            act()
            return
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _begin(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def writing(engine: sa.Engine) -> sa.Engine:
    """The same engine, for transactions that write."""
    return engine.execution_options(writes=True)


def prepare(engine: sa.Engine) -> None:
    """Makes the tables where they are missing; safe from several processes at once. A role that may only read waits
    until another has made them.

    Raises OutdatedReadModel when the tables are of another version, and NoTables when nobody makes them.
    """
    if engine.url.get_backend_name() == "sqlite" and engine.url.database not in (None, "", ":memory:"):
        _close_to_others(Path(engine.url.database or ""))
    deadline = time.monotonic() + TABLES_SECONDS
    while True:
        try:
            return _prepare(engine)
        except sa.exc.ProgrammingError as error:
            if getattr(error.orig, "sqlstate", "") != INSUFFICIENT_PRIVILEGE:
                raise
            if time.monotonic() > deadline:
                role = engine.url.username or "we"
                raise NoTables(
                    f"HUB_DATABASE: its tables are not there, and {role} may not make them: start the projector"
                ) from None
            time.sleep(0.2)


def _close_to_others(path: Path) -> None:
    """SQLite gives the files beside the database the permissions that the database has."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.chmod(0o600)


def _prepare(engine: sa.Engine) -> None:
    with writing(engine).begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        metadata.create_all(connection)
        found = connection.scalar(sa.select(schema_version.c.version))
        if found is None:
            connection.execute(schema_version.insert().values(version=VERSION))
        elif found != VERSION:
            raise OutdatedReadModel(
                f"the read model has version {found} and this release needs {VERSION}: stop every projector, "
                "empty the database named by HUB_DATABASE, and start again; it is rebuilt from Kafka"
            )
