"""The data folder of `hub up`: who uses it, which processes run from it, and which an earlier run left
behind.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from hub import private
from hub.errors import OperatorError

LOG_BYTES = 20_000_000


class FolderInUse(OperatorError):
    """Another `hub up` runs on the same data folder."""


class Folder:
    """`run/<name>.pid` of every process, `logs/<name>.log`, and the lock."""

    def __init__(self, data: Path) -> None:
        self.data = data.absolute()
        self.logs = self.data / "logs"
        self.run = self.data / "run"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps a second `hub up` away; the system lets go by itself when this process dies.

        Raises FolderInUse, naming the process that has it.
        """
        for folder in (self.data, self.logs, self.run):
            private.folder(folder)
        with (self.data / "lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                raise FolderInUse(
                    f"a hub already runs on {self.data} (process {lock.read().strip() or 'unknown'}): "
                    "stop it, or set HUB_DATA to another folder"
                ) from None
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            yield

    def log(self, name: str) -> Path:
        """Log file of a process; one that grew over 20 MB is first put aside as `.1`."""
        path = self.logs / f"{name}.log"
        if path.exists() and path.stat().st_size > LOG_BYTES:
            path.replace(path.with_suffix(".log.1"))
        return path

    def note(self, name: str, pid: int) -> None:
        # Renamed into place: who reads it meanwhile must not find half a number.
        draft = self.run / f"{name}.pid.new"
        draft.write_text(str(pid))
        draft.replace(self.run / f"{name}.pid")

    def forget(self, name: str) -> None:
        (self.run / f"{name}.pid").unlink(missing_ok=True)

    def pid(self, name: str) -> int | None:
        """Process id that `name` last ran with here."""
        try:
            return int((self.run / f"{name}.pid").read_text())
        except (OSError, ValueError):
            return None

    def stop_leftovers(self, marks: dict[str, str]) -> list[str]:
        """Ends what an earlier run that was itself killed left running, and returns the names.

        `marks` gives per name a text that its command line holds, for a process id may have gone to another
        program.
        """
        found = []
        for name, mark in marks.items():
            pid = self.pid(name)
            if pid and mark in command_line(pid):
                _end(pid, mark)
                self.forget(name)
                found.append(name)
        return found


def command_line(pid: int) -> str:
    """Command line of a running process; empty when there is none."""
    proc = Path(f"/proc/{pid}/cmdline")
    if Path("/proc/self").exists():
        try:
            return proc.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    done = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True)
    return done.stdout.strip()


def _end(pid: int, mark: str, patience: float = 10.0) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + patience
        while mark in command_line(pid):
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)
