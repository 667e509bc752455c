"""What a fault does to a process really happens to it, and shows."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.chaos.processes import Gone, Process

SLEEP = "import time; print('up', flush=True); time.sleep(60)"
WRITE = """
import sys
print("up", flush=True)
for line in sys.stdin:
    try:
        with open(sys.argv[1], "ab") as file:
            file.write(b"x" * 8192)
        print("written", flush=True)
    except OSError as error:
        print(type(error).__name__, error.errno, flush=True)
"""
TALK = """
import socket, sys
made = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
print("up", flush=True)
print("end", made.recv(1), flush=True)
"""


Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Runs a program that says `up` when it is."""
    started = []

    def run(program: str, *arguments: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", program, *map(str, arguments)]
        one = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        started.append(one)
        assert one.stdout is not None
        assert one.stdout.readline() == "up\n"
        return one

    yield run
    for one in started:
        one.kill()
        one.communicate()


async def test_a_process_that_stands_still_shows_it_and_goes_on(start: Start) -> None:
    process = Process(start(SLEEP).pid)
    assert not process.stopped
    process.send(signal.SIGSTOP)
    while not process.stopped:
        pass
    process.send(signal.SIGCONT)
    while process.stopped:
        pass
    assert not process.ended
    assert await process.end_within(0.05) is None


async def test_a_killed_process_is_known_to_be_gone_and_its_number_hurts_nobody_else(start: Start) -> None:
    child = start(SLEEP)
    process = Process(child.pid)
    process.send(signal.SIGKILL)
    assert await process.end_within(10) is not None
    child.wait()
    with pytest.raises(Gone):
        process.send(signal.SIGKILL)
    with pytest.raises(Gone):
        Process(child.pid)


def test_a_full_disk_fails_every_write_and_can_be_emptied_again(start: Start, tmp_path: Path) -> None:
    child = start(WRITE, tmp_path / "file")
    process = Process(child.pid)

    def write() -> str:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write("\n")
        child.stdin.flush()
        return child.stdout.readline()

    assert write() == "written\n"
    process.limit_files(4096)
    assert write().startswith("OSError")
    process.limit_files(None)
    assert write() == "written\n"


def test_connections_to_one_port_are_broken_and_others_stay(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        cut, kept = (start(TALK, server.getsockname()[1]) for server in (one, other))
        ends = [server.accept()[0] for server in (one, other)]
        ports = {one.getsockname()[1]}
        try:
            broken = [Process(child.pid).break_connections(ports) for child in (cut, kept)]
        except PermissionError:
            pytest.skip("this system lets nobody take a copy of another process's socket")
        assert broken == [1, 0]
        assert cut.stdout is not None
        assert cut.stdout.readline() == "end b''\n"
        assert kept.poll() is None
        for end in ends:
            end.close()
