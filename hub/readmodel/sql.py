"""The few statements that write many rows at once, the same for SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Table
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

Row = dict[str, Any]

_CHUNK = 5000  # PostgreSQL takes 65,535 parameters in one statement, SQLite 32,766


def into(connection: Connection, table: Table) -> Any:
    """An INSERT of the dialect in use; both have the same ON CONFLICT."""
    return (pg_insert if connection.dialect.name == "postgresql" else sqlite_insert)(table)


def alone(connection: Connection, key: int) -> None:
    """From here on to its end no other transaction runs that asked for the same. SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))


def insert(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Rows whose key exists already are left as they are."""
    if rows:
        connection.execute(into(connection, table).on_conflict_do_nothing(), rows)


def upsert(
    connection: Connection, table: Table, rows: Sequence[Row], columns: set[str] | None = None
) -> None:
    """Where the key exists, `columns` (default: all given but the key) are overwritten. All rows have the
    same names."""
    if not rows:
        return
    keys = {column.name for column in table.primary_key}
    names = (columns or set(rows[0])) - keys
    statement = into(connection, table)
    changes = {name: statement.excluded[name] for name in sorted(names)}
    keyed = statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=changes)
    connection.execute(keyed, rows)


def add(connection: Connection, table: Table, rows: Sequence[Row], counts: set[str]) -> None:
    """Where the key exists, `counts` are added to what is there."""
    if not rows:
        return
    statement = into(connection, table)
    changes = {name: table.c[name] + statement.excluded[name] for name in sorted(counts)}
    connection.execute(
        statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=changes), rows
    )


def latest(connection: Connection, table: Table, rows: Sequence[Row], moments: Sequence[str]) -> None:
    """Where the key exists, the later one stays of each of `moments`."""
    if not rows:
        return
    statement = into(connection, table)
    new = statement.excluded
    changes = {name: sa.case((new[name] > table.c[name], new[name]), else_=table.c[name]) for name in moments}
    connection.execute(
        statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=changes), rows
    )


def delete(connection: Connection, table: Table, column: str, values: Sequence[str]) -> None:
    for chunk in chunks(values):
        connection.execute(table.delete().where(table.c[column].in_(chunk)))


def chunks(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (values[start : start + _CHUNK] for start in range(0, len(values), _CHUNK))
