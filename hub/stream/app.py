"""Builds the Faust app of the processor, and runs it as this process."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import signal
import threading
import time
import uuid
from collections.abc import Awaitable, Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import faust
import uvloop
from faust.types import TP

from hub import kafka, private
from hub.core import topics
from hub.core.records import Count
from hub.errors import OperatorError
from hub.locked import Locked
from hub.settings import Settings
from hub.stream import garbage
from hub.stream.agents import Job, Run, processor
from hub.stream.changelog import rebuild
from hub.stream.driver import RawTopic, Transport, check_versions
from hub.stream.publisher import Publisher
from hub.stream.recovery import Tables
from hub.stream.standby import Standby
from hub.stream.tables import Lines
from hub.telemetry import log

P = TypeVar("P")
Hook = Callable[[], Awaitable[None]]

MOST_RECORDS = 2000
"""Records of one fetch. Its outputs go to some fifty outboxes, so small fetches make many tiny batches: half as many
events a second at 500. More would hold up health checks, and be repeated after a crash."""

SESSION_SECONDS = 6.0
"""How long the group waits for a worker that has died: the least that brokers allow (`group.min.session.timeout.ms`).
A worker that is started again within it has its partitions back as if nothing had happened; otherwise another takes
over. Heartbeats come from a thread of their own, so only a process that stands still as a whole takes this long."""

HEARTBEAT_SECONDS = 1.0
"""Also how soon a worker hears that partitions are dealt out anew."""

STOP_SECONDS = 20.0
"""Longest time a stop may take; then the process ends at once. Nothing is lost by that, records are repeated."""

SCRUB_SECONDS = 15.0
"""Between two looks whether something erased must be taken off the disk: a second of work for a city, and rare."""


class Names(NamedTuple):
    """What tests change so that many processors share one broker."""

    group: str = topics.PROCESSORS
    inputs: tuple[str, ...] = topics.INPUTS
    changelog: str = topics.LINES


class DataInUse(OperatorError):
    """Another processor works in the same data folder."""


class App(faust.App):  # type: ignore[misc]
    """The processor. `on_start_hooks` run in the worker's loop before anything is read, in order; `on_stop_hooks`
    after everything stands still."""

    bootstrap: str
    names: Names
    lines: Lines
    standby: Standby
    warms = False

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.on_start_hooks: list[Hook] = []
        self.on_stop_hooks: list[Hook] = []

    def _new_transport(self) -> Transport:
        return Transport(self.conf.broker_consumer, self)

    async def on_start(self) -> None:
        await super().on_start()
        await self._check_topics()
        for hook in self.on_start_hooks:
            await hook()
        if self.warms:
            await self._warm()

    async def on_started(self) -> None:
        await super().on_started()
        self.add_future(self._scrub())

    async def _scrub(self) -> None:
        while not self.should_stop:
            await self.sleep(SCRUB_SECONDS)
            self.lines.data.scrub()

    async def _warm(self) -> None:
        """Reads all states before joining: until then whoever has the partitions goes on with them."""
        started = time.monotonic()
        numbers = await kafka.partitions(self.bootstrap, self.names.changelog)
        places = [TP(self.names.changelog, number) for number in numbers]
        count = await rebuild(self.bootstrap, self.lines.data, places)
        log.event("processor.warm", records=count, seconds=round(time.monotonic() - started, 3))

    async def _check_topics(self) -> None:
        """Faust would wait for a missing topic for ever, and spread a learner over workers if the counts differ."""
        wanted = (*self.names.inputs, self.names.changelog)
        await kafka.wait_for_kafka(self.bootstrap, topics=wanted)
        counts = {name: len(await kafka.partitions(self.bootstrap, name)) for name in wanted}
        if len(set(counts.values())) > 1:
            told = ", ".join(f"{name} {count}" for name, count in counts.items())
            raise kafka.TopicMismatch(f"topics that must have the same number of partitions do not: {told}")

    async def on_shutdown(self) -> None:
        await super().on_shutdown()
        for hook in self.on_stop_hooks:
            await hook()

    def ready(self) -> bool:
        """Whether this worker has joined its group, rebuilt its states, and reads."""
        joined = self._assignment is not None and not self.should_stop
        return joined and self.tables.actives_ready and not self.rebalancing and not self.in_recovery

    def healthy(self) -> bool:
        """False when only a restart helps. That the caller's loop answers at all is the other half of it."""
        return not self.crashed and (self._consumer is None or self._consumer.healthy)


def build(
    settings: Settings,
    run: Run[P],
    policy: Callable[[], P],
    count: Callable[[Iterable[Count]], None],
    store: str | None = None,
    names: Names | None = None,
) -> App:
    """The processor, not started. `store` is `rocksdb://` (default, in `settings.data`) or `memory://`.

    Raises VersionMismatch. `policy()` is called once per batch.
    """
    check_versions()
    names = names or Names()
    folder = settings.data / settings.name("processor")
    app = App(names.group, **_options(settings, folder, store or "rocksdb://"))
    app.bootstrap, app.names = settings.bootstrap, names
    app.finalize()
    publisher = Publisher(lambda: app.producer._ensure_producer())
    app.lines = Lines(app, names.changelog, publisher)
    app.tables.add(app.lines)
    app.standby = Standby(app.lines, copies=settings.standby)
    app.warms = settings.standby
    inputs = RawTopic(app, topics=list(names.inputs), key_type=bytes, value_type=bytes)
    app.agent(inputs, name="processor")(processor(Job(run, policy, count, app.lines, publisher)))
    return app


def _options(settings: Settings, folder: Path, store: str) -> dict[str, Any]:
    return {
        "broker": [f"kafka://{server}" for server in settings.bootstrap.split(",")],
        "broker_credentials": _credentials(settings.bootstrap),
        "store": store,
        "datadir": folder,
        "TableManager": Tables,
        "agent_supervisor": "mode.CrashingSupervisor",
        "broker_session_timeout": SESSION_SECONDS,
        "broker_heartbeat_interval": HEARTBEAT_SECONDS,
        "broker_request_timeout": 30.0,
        "broker_max_poll_records": MOST_RECORDS,
        "broker_commit_interval": 1.0,
        "consumer_auto_offset_reset": "earliest",
        "consumer_group_instance_id": identity(folder),
        "consumer_metadata_max_age_ms": kafka.METADATA_MS,
        "producer_acks": -1,
        "producer_max_batch_size": 1 << 18,
        "producer_metadata_max_age_ms": kafka.METADATA_MS,
        "producer_request_timeout": 30.0,
        "table_standby_replicas": 0,
        "topic_allow_declare": False,
        "topic_disable_leader": True,
        "web_enabled": False,
    }


def _credentials(bootstrap: str) -> faust.SASLCredentials | None:
    if not isinstance(bootstrap, Locked):
        return None
    known = {"username": bootstrap.user, "password": bootstrap.password}
    return faust.SASLCredentials(**known, ssl_context=bootstrap.tls, mechanism=bootstrap.mechanism)


def identity(folder: Path) -> str:
    """Name of this worker in its group, kept in its folder: a worker that comes back within the session timeout
    gets its partitions at once (static membership, KIP-345)."""
    private.folder(folder)
    path = folder / "instance"
    if not path.exists():
        path.write_text(f"processor-{uuid.uuid4()}")
    return path.read_text()


@contextlib.contextmanager
def sole_user(folder: Path) -> Iterator[None]:
    """Holds the folder for this process: two workers with one identity would take each other's partitions.

    Raises DataInUse. The lock goes with the process, however it ends.
    """
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DataInUse(f"another processor runs on {folder}: stop it, or set another HUB_DATA") from None
        yield


def worker(app: App) -> int:
    """Runs the processor until SIGTERM or SIGINT. Returns the exit code: 0 after a stop, 1 after a crash.

    Raises the OperatorError of a hook, and DataInUse when another process works in the same folder. Must be
    called in the main thread. Ends the process itself when a stop hangs.
    """
    for name in ("aiokafka", "faust", "mode", "hub.stream"):
        logging.getLogger(name).setLevel(logging.WARNING)
    garbage.settle()
    with sole_user(app.conf.datadir), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_serve(app))


async def _serve(app: App) -> int:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    starting = asyncio.create_task(app.start())
    ends = [asyncio.create_task(stop.wait()), asyncio.create_task(app.wait_until_stopped())]
    await asyncio.wait([starting, *ends], return_when=asyncio.FIRST_COMPLETED)
    if not (starting.done() and starting.exception()):
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    return await _stop(app, starting)


async def _stop(app: App, starting: asyncio.Task[None]) -> int:
    last_resort = threading.Timer(STOP_SECONDS, os._exit, (1,))
    last_resort.daemon = True
    last_resort.start()
    reason = app.crash_reason or (starting.exception() if starting.done() else None)
    if reason:
        log.event("processor.crashed", "error", error=reason)
    starting.cancel()
    with contextlib.suppress(Exception):
        await app.stop()
    last_resort.cancel()
    if isinstance(reason, OperatorError):
        raise reason
    return 1 if reason else 0
