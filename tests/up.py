"""Runs `hub up` as a user does: a process that is started, looked at, hurt and stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from hub.local import probe
from hub.local.children import port_of
from hub.local.folder import Folder, command_line
from hub.local.ports import free_row
from hub.settings import PORTS_PER_BROKER, Settings, read
from tests.broker import JARS, ROOT, with_certificate

HUB = ["hub", "up"]
STAND_INS = ["tests.standins"]
"""The supervisor and a real Kafka, with stand-ins for the four parts: starts faster."""


def places(folder: Path) -> dict[str, str]:
    """Settings that keep this hub apart from every other on the machine."""
    http = free_row(2) + 40
    return {
        "HUB_DATA": str(folder / "data"),
        "HUB_KAFKA_PORT": str(free_row(3 * PORTS_PER_BROKER)),
        "HUB_KAFKA_LIBS": str(JARS),
        "HUB_PORT": str(http),
        "HUB_METRICS_PORT": str(http + 1),
    }


class Up:
    """A `hub up` in a process of its own, with its own Kafka, ports and data folder; `command` is what to run."""

    def __init__(self, folder: Path, command: list[str], **settings: str) -> None:
        self.command = command
        environ = {**places(folder), **settings}
        with_certificate(folder / "data" / "kafka")
        self.environ = environ
        self.settings: Settings = read(environ)
        self.folder = Folder(folder / "data")
        self.output = folder / "output"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        with self.output.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *self.command, *arguments],
                cwd=ROOT,
                env={**os.environ, **self.environ},
                stdout=out,
                stderr=out,
            )
        return self.process

    @property
    def said(self) -> str:
        return self.output.read_text()

    def wait_up(self, times: int = 1) -> None:
        self.wait(lambda: self.said.count("the hub is up after") >= times)

    def wait(self, true: Callable[[], bool], seconds: float = 90.0) -> None:
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, self.said
            assert self.process is None or self.process.poll() is None, self.said
            time.sleep(0.05)

    def pid(self, name: str) -> int:
        pid = self.folder.pid(name)
        assert pid is not None
        return pid

    def ready(self, part: str) -> bool:
        return asyncio.run(probe.ready("127.0.0.1", port_of(part, self.settings)))[0]

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def end(self) -> int:
        assert self.process is not None
        self.signal(signal.SIGTERM)
        return self.process.wait(40)

    def clean(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.signal(signal.SIGCONT)
            self.end()
        for noted in self.folder.run.glob("*.pid"):
            if (pid := self.folder.pid(noted.stem)) and command_line(pid):
                os.kill(pid, signal.SIGKILL)
