"""What all tests share: one real Kafka, and a new database of each kind per test."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import postgres as pg
from tests.broker import Broker


def pytest_configure(config: pytest.Config) -> None:
    # CI that gives up sends SIGTERM; left alone, pytest dies of it and its Kafka lives on.
    signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A running Kafka, the same for all tests. Who kills it need not start it again."""
    broker = Broker(tmp_path_factory.mktemp("kafka"))
    broker.local.start()
    try:
        asyncio.run(broker.local.wait_ready())
        yield broker
    finally:
        broker.local.stop()


@pytest.fixture(autouse=True)
def _kafka_comes_back(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "kafka" in request.fixturenames:
        broker: Broker = request.getfixturevalue("kafka")
        if not broker.local.running:
            asyncio.run(broker.start())


@pytest.fixture(scope="session")
def postgres() -> Iterator[pg.Postgres]:
    """A running PostgreSQL; tests that need it are skipped where it is not installed."""
    with pg.running() as cluster:
        if cluster is None:
            pytest.skip(pg.MISSING)
        yield cluster


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """SQLAlchemy URL of a new, empty database; the test runs once for each kind the hub supports."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'readmodel.sqlite'}"
        return
    cluster: pg.Postgres = request.getfixturevalue("postgres")
    with cluster.database() as url:
        yield url


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The developer's own HUB_ variables must not decide what a test sees."""
    for name in [name for name in os.environ if name.startswith("HUB_")]:
        monkeypatch.delenv(name)
