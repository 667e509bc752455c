"""What `hub up` starts: the parts of the hub and the local Kafka, seen alike by the supervisor."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from hub.core.kafka_rights import ALERTS, COURIER, GATEWAY, PROCESSOR, PROJECTOR
from hub.errors import OperatorError
from hub.local import probe
from hub.local.folder import Folder
from hub.local.kafka import LocalKafka, cluster
from hub.settings import PREFIX, Settings

KAFKA = "kafka"
PARTS = ("processor", "courier", "projector", "gateway")
"""In the order in which they are announced; each waits by itself for Kafka and its topics."""
ALARM = "alerts"
"""Runs beside them when it has somebody to tell."""
USERS = {
    "processor": PROCESSOR,
    "courier": COURIER,
    "projector": PROJECTOR,
    "gateway": GATEWAY,
    ALARM: ALERTS,
}


def crew(settings: Settings) -> list[tuple[str, Settings]]:
    """Every part to run, as often as the settings ask for, each with settings of its own: its folder, its name in the
    Kafka group and its port follow from `worker`, what it may do in Kafka from its user there."""
    numbers = {"processor": settings.processors, "courier": settings.couriers}
    return [
        (part, _own(part, settings).model_copy(update={"worker": number}))
        for part in (*PARTS, *([ALARM] if settings.alarmed else []))
        for number in range(1, numbers.get(part, 1) + 1)
    ]


def _own(part: str, settings: Settings) -> Settings:
    """With the credentials of this part and no others."""
    reader = settings.database_reader or settings.database
    databases = {"projector": settings.database, "gateway": reader, ALARM: reader}
    changes = {"database": databases.get(part), "database_reader": None}
    return settings.acting_as(USERS[part]).model_copy(update=changes)


class Child(Protocol):
    """A process that the supervisor keeps alive.

    `start` and `stop` may run in threads; a stop that comes during a start waits for it, so that no process
    can be left over.
    """

    name: str
    mark: str
    """Text that the command line of this process holds."""

    def start(self) -> None: ...
    def exit_code(self) -> int | None:
        """None while it runs; negative: the signal that ended it."""
        ...

    async def ready(self) -> tuple[bool, str]: ...
    def stop(self, timeout: float) -> None: ...
    def kill(self) -> None: ...
    def last_words(self) -> str: ...


def hub_command(part: str) -> list[str]:
    return [sys.executable, "-m", "hub", part]


class Part:
    """One process of the hub, its output in `logs/<name>.log`. `settings` are its own."""

    def __init__(
        self, part: str, command: list[str], settings: Settings, folder: Folder, environ: Mapping[str, str]
    ) -> None:
        self.name = settings.name(part)
        self.mark = " ".join(command[1:])
        self._command = command
        self.host = settings.host
        self.port = port_of(part, settings)
        self._folder = folder
        self._environ = environment(settings, environ)
        self._log = folder.log(self.name)
        self._process: subprocess.Popen[bytes] | None = None
        self._starting = threading.Lock()

    def start(self) -> None:
        with self._starting, self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C in the terminal reaches the supervisor only, which stops the parts in order.
                start_new_session=True,
            )
        self._folder.note(self.name, self._process.pid)

    def exit_code(self) -> int | None:
        return None if self._process is None else self._process.poll()

    async def ready(self) -> tuple[bool, str]:
        return await probe.ready(self.host, self.port)

    def stop(self, timeout: float) -> None:
        with self._starting:
            if self._process is None:
                return
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
        self._folder.forget(self.name)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def last_words(self) -> str:
        with contextlib.suppress(OSError, IndexError):
            return f"{self._log.read_text(errors='replace').splitlines()[-1][:300]} (see {self._log})"
        return f"see {self._log}"


class Broker:
    """One broker of the local Kafka as a child."""

    def __init__(self, local: LocalKafka, folder: Folder) -> None:
        self.local = local
        self.name = local.name
        self.mark = str(local.properties)
        self._folder = folder
        self._starting = threading.Lock()

    def start(self) -> None:
        with self._starting:
            self.local.start()
            self._folder.note(self.name, self.local.pid)

    def exit_code(self) -> int | None:
        return None if self.local.process is None else self.local.process.poll()

    async def ready(self) -> tuple[bool, str]:
        try:
            await self.local.wait_ready()
        except OperatorError as error:
            return False, str(error)
        return True, "ok"

    def stop(self, timeout: float) -> None:
        with self._starting:
            self.local.stop(timeout)
        self._folder.forget(self.name)

    def kill(self) -> None:
        self.local.kill()

    def last_words(self) -> str:
        return self.local.last_words()


def brokers(settings: Settings, folder: Folder) -> list[Broker]:
    """The local Kafka; none when `HUB_KAFKA` names a cluster."""
    if settings.kafka:
        return []
    given = (settings.kafka_port, settings.kafka_libs, folder.logs, settings.kafka_brokers, settings.locked)
    return [Broker(local, folder) for local in cluster(folder.data / KAFKA, *given)]


def port_of(name: str, settings: Settings) -> int:
    """Where the process of that name (`courier`, `courier-2`) serves `/readyz` and `/metrics`."""
    part, _, worker = name.partition("-")
    own = settings.model_copy(update={"worker": int(worker)}) if worker else settings
    return own.port if part == "gateway" else own.health_port(part)


def environment(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` with the `HUB_` variables that make a process read exactly these settings."""
    given = {name: value for name, value in environ.items() if not name.startswith(PREFIX)}
    for field, value in settings.model_dump().items():
        if isinstance(value, Path):
            value = value.absolute()
        if value is not None:
            given[PREFIX + field.upper()] = (
                ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
            )
    return given
