"""The end of retention in rows (domain.md §5.9), and rows that were erased taken out of the database file."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from hub.core import calendar
from hub.core.event import moment
from hub.readmodel.schema import acts, dead_letters, deliveries, entries, events, writing
from hub.telemetry import log

CLEAN_SECONDS = 20.0
_PAGE = 1000


class Purge:
    """Looks once a day (by `now`, the hub's clock, milliseconds since 1970) for journal entries and dead letters that
    are past their months, and rewrites a SQLite file soon after something was erased. Lines end by their own clocks.

    Several may look side by side. In PostgreSQL erased rows leave the files by its own vacuum.
    """

    def __init__(
        self,
        engine: sa.Engine,
        now: Callable[[], int],
        journal_months: int,
        letter_months: int,
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._now = now
        self._journal_months = journal_months
        self._letter_months = letter_months
        self._stopwatch = stopwatch
        self._looked = ""
        self._cleaned = float("-inf")
        self._rewritten = 0

    async def look(self) -> int:
        """Returns how many journal entries and letters were forgotten."""
        today, forgotten = moment(self._now())[:10], 0
        if today != self._looked:
            forgotten = await asyncio.to_thread(self._forget, today)
            self._looked = today
        if self._engine.dialect.name == "sqlite" and self._stopwatch() - self._cleaned > CLEAN_SECONDS:
            await asyncio.to_thread(self._clean)
        return forgotten

    def _forget(self, today: str) -> int:
        forgotten = self._forget_journal(_before(today, self._journal_months))
        old = dead_letters.c.at < _before(today, self._letter_months)
        with writing(self._engine).begin() as connection:
            forgotten += connection.execute(dead_letters.delete().where(old)).rowcount
        if forgotten:
            log.event("purge.done", day=today, rows=forgotten)
        return forgotten

    def _forget_journal(self, before: int) -> int:
        with writing(self._engine).begin() as connection:
            connection.execute(acts.delete().where(acts.c.at < before))
        with self._engine.connect() as connection:
            query = sa.select(entries.c.event, entries.c.key).where(entries.c.at < before)
            old = [(event, key) for event, key in connection.execute(query)]
        for start in range(0, len(old), _PAGE):
            with writing(self._engine).begin() as connection:
                _forget_entries(connection, old[start : start + _PAGE])
        return len(old)

    def _clean(self) -> None:
        """Deleting leaves bytes behind in free pages, in pages that were divided, and in the log of writes."""
        raw = self._engine.raw_connection()
        try:
            run = raw.cursor().execute
            seen = run("PRAGMA user_version").fetchone()[0]
            if not seen:
                return
            if seen != self._rewritten:
                run("VACUUM")
                self._rewritten = seen
            if run("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                return  # somebody reads; at the next look
            self._cleaned, self._rewritten = self._stopwatch(), 0
            run("BEGIN IMMEDIATE")
            if run("PRAGMA user_version").fetchone()[0] == seen:
                run("PRAGMA user_version = 0")
            run("COMMIT")
        except sqlite3.OperationalError as error:
            log.event("purge.interrupted", "warning", error=error)
        finally:
            raw.close()


def unclean(connection: Connection) -> None:
    """Notes, with what the transaction deletes, that the file holds what was erased."""
    if connection.dialect.name == "sqlite":
        seen = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        connection.exec_driver_sql(f"PRAGMA user_version = {seen % 2**30 + 1}")


def _before(today: str, months: int) -> int:
    then = datetime.fromisoformat(calendar.add_months(today, -months)).replace(tzinfo=UTC)
    return int(then.timestamp() * 1000)


def _forget_entries(connection: Connection, old: Sequence[tuple[str, str]]) -> None:
    """Entries, and the events and deliveries of which no entry is left."""
    named = sa.tuple_(entries.c.event, entries.c.key)
    connection.execute(entries.delete().where(named.in_(old)))
    ids = sorted({event for event, _ in old if event})
    for table in (deliveries, events):
        left = sa.exists().where(entries.c.event == table.c.event)
        connection.execute(table.delete().where(table.c.event.in_(ids), ~left))
