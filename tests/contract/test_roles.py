"""The roles of deploy/postgres/roles.sql: what the projector and the gateway may do in PostgreSQL, and what not."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import ProgrammingError

from hub.readmodel import schema
from hub.readmodel.queries import Queries
from hub.readmodel.schema import NoTables, metadata, open_engine
from hub.readmodel.store import Batch, Move, Store
from tests.journals import view_of
from tests.postgres import Postgres

ROLES = (Path(__file__).parents[2] / "deploy/postgres/roles.sql").read_bytes()
DENIED = "InsufficientPrivilege"


class Base:
    """A database on which roles.sql was run, twice."""

    def __init__(self, url: str) -> None:
        self.url = sa.make_url(url)
        where = self.url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(where, autocommit=True) as owner:
            owner.execute("CREATE SCHEMA others")
            owner.execute("CREATE TABLE others.kept (n int)")
            for _ in range(2):
                owner.execute(ROLES)

    def of(self, role: str) -> sa.Engine:
        return open_engine(self.url.set(username=role).render_as_string(hide_password=False))


@pytest.fixture
def base(postgres: Postgres) -> Iterator[Base]:
    with postgres.database() as url:
        yield Base(url)


def refused(engine: sa.Engine, statement: str) -> None:
    with pytest.raises(ProgrammingError, match=DENIED), engine.begin() as connection:
        connection.exec_driver_sql(statement)


ALIEN = [
    "DROP SCHEMA hub CASCADE",
    "ALTER SCHEMA hub RENAME TO mine",
    "CREATE SCHEMA mine",
    "CREATE TABLE public.mine (n int)",
    "CREATE TEMP TABLE mine (n int)",
    "SELECT * FROM others.kept",
    "DROP TABLE others.kept",
    "CREATE ROLE mine",
    "CREATE DATABASE mine",
    "SET ROLE hub",
    "SELECT pg_read_file('/etc/passwd')",
    "COPY (SELECT 1) TO PROGRAM 'true'",
]


@pytest.mark.parametrize("statement", ALIEN)
@pytest.mark.parametrize("role", ["hub_projector", "hub_gateway"])
def test_no_part_can_leave_its_schema_or_take_it_away(base: Base, role: str, statement: str) -> None:
    engine = base.of(role).execution_options(isolation_level="AUTOCOMMIT")
    with pytest.raises(ProgrammingError, match=DENIED), engine.connect() as connection:
        connection.exec_driver_sql(statement)


def test_the_projector_makes_and_fills_the_tables_and_the_gateway_reads_them(base: Base) -> None:
    projector, gateway = base.of("hub_projector"), base.of("hub_gateway")
    store = Store(projector, view_of)
    store.prepare()
    assert store.positions([("a", 0)]) == {("a", 0): 0}
    store.apply(Batch([Move("a", 0, 0, 7)]))
    schema.prepare(gateway)
    with gateway.begin() as connection:
        assert connection.scalar(sa.select(schema.positions.c.next)) == 7
    assert not Queries(gateway).flows(0).deliveries


def test_the_gateway_changes_nothing(base: Base) -> None:
    schema.prepare(base.of("hub_projector"))
    gateway = base.of("hub_gateway")
    for table in metadata.tables:
        for statement in (
            f"INSERT INTO {table} DEFAULT VALUES",
            f"UPDATE {table} SET {next(iter(metadata.tables[table].columns)).name} = NULL",
            f"DELETE FROM {table}",
            f"TRUNCATE {table}",
            f"DROP TABLE {table}",
            f"ALTER TABLE {table} ADD COLUMN mine int",
        ):
            refused(gateway, statement)
    refused(gateway, "CREATE TABLE mine (n int)")


def test_the_gateway_waits_until_the_projector_has_made_the_tables(base: Base) -> None:
    waiting = threading.Thread(target=schema.prepare, args=(base.of("hub_gateway"),))
    waiting.start()
    time.sleep(0.5)
    assert waiting.is_alive()
    schema.prepare(base.of("hub_projector"))
    waiting.join(10)
    assert not waiting.is_alive()


def test_a_gateway_for_which_nobody_makes_tables_says_what_is_missing(
    base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "TABLES_SECONDS", 0)
    with pytest.raises(NoTables, match=r"HUB_DATABASE: .*hub_gateway may not make them: start the projector"):
        schema.prepare(base.of("hub_gateway"))


def test_a_sqlite_database_and_what_lies_beside_it_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "readmodel.sqlite"
    schema.prepare(open_engine(f"sqlite:///{path}"))
    found = [*path.parent.iterdir()]
    assert path in found and path.parent.stat().st_mode & 0o777 == 0o700
    assert [one for one in found if one.stat().st_mode & 0o077] == []
