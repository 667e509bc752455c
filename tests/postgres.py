"""A private PostgreSQL cluster for tests, in a temporary folder, never on disk for long."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg

from hub.local.ports import free_row

MISSING = "PostgreSQL is missing: install its server (Debian: apt-get install postgresql)"
_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin")
_SETTINGS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=32MB", "jit=off")


def find(program: str) -> str | None:
    """Path of a server program: Debian keeps them out of the PATH. The newest version found, or None."""
    if found := shutil.which(program):
        return found
    candidates = [path for pattern in _FOLDERS for path in Path("/").glob(f"{pattern[1:]}/{program}")]
    return str(max(candidates, key=_version)) if candidates else None


class Postgres:
    """A running cluster that trusts this machine; `url` is SQLAlchemy's, of a new and empty database."""

    def __init__(self, port: int) -> None:
        self.port = port

    @contextlib.contextmanager
    def database(self) -> Iterator[str]:
        name = f"test_{uuid.uuid4().hex[:12]}"
        self._do(f"CREATE DATABASE {name}")
        try:
            yield f"postgresql+psycopg://hub@127.0.0.1:{self.port}/{name}"
        finally:
            self._do(f"DROP DATABASE {name} WITH (FORCE)")

    def answers(self) -> bool:
        try:
            self._do("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _do(self, statement: str) -> None:
        where = f"host=127.0.0.1 port={self.port} user=hub dbname=postgres connect_timeout=2"
        with psycopg.connect(where, autocommit=True) as connection:
            connection.execute(statement.encode())


@contextlib.contextmanager
def running() -> Iterator[Postgres | None]:
    """A cluster for as long as the block runs; None where PostgreSQL is not installed."""
    initdb, server = find("initdb"), find("postgres")
    if initdb is None or server is None:
        yield None
        return
    # Not below pytest's folder: that is closed to the user the server must run as.
    folder = Path(tempfile.mkdtemp(prefix="hub-postgres-"))
    try:
        with _serving(folder, initdb, server) as postgres:
            yield postgres
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _serving(folder: Path, initdb: str, server: str) -> Iterator[Postgres]:
    user = _unprivileged()
    if user is not None:
        shutil.chown(folder, user)
    data = folder / "data"
    as_user = {"cwd": folder, "user": user, "extra_groups": [] if user else None}
    arguments = [initdb, "-D", data, "-U", "hub", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
    subprocess.run(arguments, check=True, capture_output=True, **as_user)
    postgres = Postgres(free_row(2))
    options = [part for setting in _SETTINGS for part in ("-c", setting)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [server, "-D", data, "-p", str(postgres.port), "-h", "127.0.0.1", "-k", folder, *options],
            stdout=log,
            stderr=log,
            **as_user,
        )
    try:
        _wait(postgres, process, folder / "log")
        yield postgres
    finally:
        process.terminate()
        process.wait(20)


def _wait(postgres: Postgres, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while not postgres.answers():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL does not start: {log.read_text()[-500:]}")
        time.sleep(0.05)


def _unprivileged() -> str | None:
    """The server refuses to run as root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _version(path: Path) -> float:
    digits = "".join(c for c in path.parent.parent.name if c.isdigit() or c == ".")
    return float(digits) if digits else 0.0
