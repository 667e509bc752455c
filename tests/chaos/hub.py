"""The hub that is hurt: `hub up` in a process of its own, with its own Kafka, ports and data folder."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from hub.local import probe
from hub.local.children import port_of
from hub.local.folder import Folder
from hub.local.ports import is_free
from hub.settings import Settings, SettingsError, read
from tests.broker import ROOT, with_certificate
from tests.chaos.plan import KAFKA
from tests.chaos.processes import Gone, Process
from tests.up import places

UP_SECONDS = 120.0
END_SECONDS = 60.0
BACK_SECONDS = 90.0
LOOK_SECONDS = 0.05


class HubFailed(Exception):
    """It did not start, or ended by itself."""


class Hub:
    """`settings` are HUB_ variables on top of those that keep it apart from every other hub on the machine."""

    def __init__(self, folder: Path, **settings: str) -> None:
        environ = {**places(folder), **settings}
        try:
            self.settings: Settings = read(environ)
        except SettingsError as error:
            raise HubFailed(f"this hub knows no such setting: {error}") from None
        with_certificate(folder / "data" / "kafka")
        self.folder = Folder(folder / "data")
        self.output = folder / "output"
        self._environ = environ
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Returns when every part is ready. Raises HubFailed."""
        with self.output.open("ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "hub", "up"],
                cwd=ROOT,
                env={**os.environ, **self._environ},
                stdout=out,
                stderr=out,
                # Ctrl-C is for the runner, which still needs the hub to check what there is.
                start_new_session=True,
            )
        deadline = time.monotonic() + UP_SECONDS
        while "the hub is up after" not in self.said:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise HubFailed(f"the hub did not start: {self.said[-1500:]}")
            await asyncio.sleep(LOOK_SECONDS)

    @property
    def said(self) -> str:
        return self.output.read_text(errors="replace")

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self) -> int | None:
        """As Ctrl-C would; nothing of it is left. Gives the exit code; None when it had to be killed."""
        if self._process is None:
            return None
        for _, pid in self.pids():
            _send(pid, signal.SIGCONT)  # what stands still cannot be stopped in order
        if self.running:
            self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._kill_all()
            return None

    def pids(self) -> Iterator[tuple[str, int]]:
        """Name and process id of everything that it runs, as it notes them."""
        for file in sorted(self.folder.run.glob("*.pid")):
            if pid := self.folder.pid(file.stem):
                yield file.stem, pid

    def name(self, target: str) -> str:
        """What the hub calls worker N of a part (`courier/0`, counted from 0 in the order of their names)."""
        part, _, number = target.partition("/")
        found = [name for name, _ in self.pids() if name == part or name.startswith(f"{part}-")]
        if int(number or 0) >= len(found):
            raise Gone(f"no process for {target}")
        return found[int(number or 0)]

    def process(self, target: str) -> Process:
        """Raises Gone while it is between two lives."""
        pid = self.folder.pid(self.name(target))
        if pid is None:
            raise Gone(target)
        return Process(pid)

    async def back(self, name: str, old: int) -> float | None:
        """Seconds until another process than `old` does its work and is ready; None when that took too long."""
        began = time.monotonic()
        while time.monotonic() - began < BACK_SECONDS:
            pid = self.folder.pid(name)
            if pid not in (None, old) and await self._ready(name):
                return time.monotonic() - began
            await asyncio.sleep(LOOK_SECONDS)
        return None

    async def ready(self, name: str) -> tuple[bool, str]:
        """What the part says of itself."""
        return await probe.ready("127.0.0.1", port_of(name, self.settings))

    async def _ready(self, name: str) -> bool:
        if not name.startswith(KAFKA):
            return (await self.ready(name))[0]
        number = int(name.partition("-")[2] or 1)  # `kafka` alone, or `kafka-1`, `kafka-2`, ...
        return not is_free("127.0.0.1", self.kafka_ports()[number - 1])

    def kafka_ports(self) -> list[int]:
        """Ports on which the brokers speak to the parts, by their number."""
        return [int(one.rpartition(":")[2]) for one in self.settings.bootstrap.split(",")]

    def _kill_all(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        for _, pid in self.pids():
            _send(pid, signal.SIGKILL)


def _send(pid: int, number: int) -> None:
    """To a process that may be gone."""
    with contextlib.suppress(Gone), contextlib.closing(Process(pid)) as process:
        process.send(number)


def workers(processors: int, couriers: int, brokers: int) -> Mapping[str, int]:
    """How many there are of each part."""
    return {"gateway": 1, "processor": processors, "courier": couriers, "projector": 1, KAFKA: brokers}
