"""Signals and limits for one process, held by a handle (pidfd), so that no other that got its number can be hit."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import resource
import select
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

PIDFD_GETFD = 438
"""System call, Linux 5.6: a copy of a file descriptor of another process."""

LOOK_SECONDS = 0.02


class Gone(Exception):
    """There is no such process (any more)."""


class Process:
    """A running process of this machine. Linux only. Raises Gone when it ended before."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        try:
            self._handle = os.pidfd_open(pid)
        except OSError:
            raise Gone(pid) from None

    def close(self) -> None:
        os.close(self._handle)

    @property
    def ended(self) -> bool:
        look = select.poll()
        look.register(self._handle, select.POLLIN)
        return bool(look.poll(0))

    @property
    def stopped(self) -> bool:
        """Whether it stands still (SIGSTOP), as the system shows it."""
        try:
            text = Path(f"/proc/{self.pid}/stat").read_text()
        except OSError:
            return False
        return text.rpartition(")")[2].split()[0] == "T"

    def send(self, number: int) -> None:
        try:
            signal.pidfd_send_signal(self._handle, number)
        except ProcessLookupError:
            raise Gone(self.pid) from None

    async def end_within(self, seconds: float) -> float | None:
        """Seconds until it had ended; None when it had not."""
        began = time.monotonic()
        while not self.ended:
            if time.monotonic() - began > seconds:
                return None
            await asyncio.sleep(LOOK_SECONDS)
        return time.monotonic() - began

    def limit_files(self, size: int | None) -> None:
        """From now on it can write no file beyond so many bytes; None lets it again. Raises Gone."""
        try:
            _, hard = resource.prlimit(self.pid, resource.RLIMIT_FSIZE)
            soft = hard if size is None else size
            resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (soft, hard))
        except ProcessLookupError:
            raise Gone(self.pid) from None

    def break_connections(self, ports: set[int]) -> int:
        """Shuts down its TCP connections to these ports of this machine, both ways; returns how many."""
        broken = 0
        for one in self._sockets():
            with contextlib.closing(one), contextlib.suppress(OSError):
                if one.getpeername()[1] in ports:
                    one.shutdown(socket.SHUT_RDWR)
                    broken += 1
        return broken

    def connections(self, ports: set[int]) -> int:
        """How many TCP connections to these ports of this machine it has."""
        found = 0
        for one in self._sockets():
            with contextlib.closing(one), contextlib.suppress(OSError):
                found += one.getpeername()[1] in ports
        return found

    def _sockets(self) -> Iterator[socket.socket]:
        """Copies of its TCP sockets, to be closed by the caller. Raises PermissionError."""
        folder = Path(f"/proc/{self.pid}/fd")
        for name in sorted(folder.iterdir()) if folder.exists() else ():
            with contextlib.suppress(FileNotFoundError):
                if str(name.readlink()).startswith("socket:") and (made := self._copy(int(name.name))):
                    yield made

    def _copy(self, number: int) -> socket.socket | None:
        libc = ctypes.CDLL(None, use_errno=True)
        copied = libc.syscall(PIDFD_GETFD, self._handle, number, 0)
        if copied < 0:
            if ctypes.get_errno() == 1:
                raise PermissionError("the system lets nobody take a copy of another process's socket")
            return None
        made = socket.socket(fileno=copied)
        if made.family in (socket.AF_INET, socket.AF_INET6):
            return made
        made.close()
        return None
