"""`hub up` as a user meets it: a process that is started, hurt and stopped. The parts are stand-ins."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.local.children import PARTS, port_of
from hub.local.folder import command_line
from hub.settings import read
from tests.broker import ROOT, Broker
from tests.up import STAND_INS, Up

pytestmark = pytest.mark.kafka


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    hub = Up(tmp_path, STAND_INS)
    yield hub
    hub.clean()


def test_up_starts_everything_tells_where_it_is_and_stops_cleanly(up: Up) -> None:
    up.start()
    up.wait_up()
    pids = {name: up.pid(name) for name in ("kafka", *PARTS)}
    assert all(up.ready(part) for part in PARTS)
    assert "partners loaded" in up.said
    for place in (
        up.settings.url,
        up.settings.bootstrap,
        str(up.folder.data),
        str(up.folder.logs),
        "openapi.json",
    ):
        assert place in up.said
    assert up.end() == 0
    assert not [name for name, pid in pids.items() if command_line(pid)], "nothing may be left running"
    assert not list(up.folder.run.glob("*.pid"))


def test_a_part_and_kafka_come_back_when_they_are_killed(up: Up) -> None:
    up.start()
    up.wait_up()
    for name in ("courier", "kafka"):
        before = up.pid(name)
        os.kill(before, signal.SIGKILL)
        up.wait(lambda name=name, before=before: up.pid(name) != before)
        up.wait(lambda name=name: up.said.count(f"{name} is ready") == (1 if name == "kafka" else 2))
        assert f"{name} was ended by signal 9; started again at once" in up.said
    assert all(up.ready(part) for part in PARTS)
    assert up.end() == 0


def test_as_many_processors_and_couriers_run_as_are_asked_for_each_started_again_when_it_dies(up: Up) -> None:
    up.environ |= {"HUB_PROCESSORS": "2", "HUB_COURIERS": "3"}
    up.settings = read(up.environ)
    up.start()
    up.wait_up()
    further = ("processor-2", "courier-2", "courier-3")
    assert all(up.ready(name) for name in (*PARTS, *further))
    for name in further:
        assert f"{name} :{port_of(name, up.settings)}" in up.said
    before = up.pid("courier-3")
    os.kill(before, signal.SIGKILL)
    up.wait(lambda: up.said.count("courier-3 is ready") == 2)
    pids = [up.pid(name) for name in (*PARTS, *further)]
    assert len(set(pids)) == len(pids) and before not in pids
    assert up.end() == 0
    assert not [pid for pid in pids if command_line(pid)], "nothing may be left running"


def test_a_second_hub_on_the_same_folder_is_refused_and_harms_nothing(up: Up, tmp_path: Path) -> None:
    up.start()
    up.wait_up()
    second = subprocess.run(
        [sys.executable, "-m", "tests.standins"],
        cwd=ROOT,
        env={**os.environ, **up.environ},
        capture_output=True,
        text=True,
    )
    assert second.returncode == 1
    assert "a hub already runs on" in second.stderr and "HUB_DATA" in second.stderr
    assert all(up.ready(part) for part in PARTS)
    assert up.end() == 0


def test_what_a_killed_hub_left_running_is_ended_by_the_next(up: Up) -> None:
    first = up.start()
    up.wait_up()
    orphans = [up.pid(name) for name in ("kafka", *PARTS)]
    first.kill()
    first.wait()
    assert all(command_line(pid) for pid in orphans)
    up.start()
    up.wait_up(times=2)
    assert "ended kafka, left behind" in up.said
    assert not [pid for pid in orphans if command_line(pid)]
    assert up.end() == 0


def test_a_part_that_will_not_start_fails_the_whole_with_its_own_words(up: Up) -> None:
    up.environ["HUB_LOG_LEVEL"] = "error"
    process = up.start()
    assert process.wait(40) == 1
    assert "ended with exit code 1 while starting: hub: this part refuses to start" in up.said


def test_the_exit_code_is_that_of_the_work_that_was_given(up: Up) -> None:
    assert up.start("0.1").wait(40) == 7
    assert "stopped" in up.said


def test_a_signal_during_the_start_leaves_nothing_behind(up: Up) -> None:
    process = up.start()
    up.wait(lambda: up.folder.pid("gateway") is not None)
    process.send_signal(signal.SIGINT)
    assert process.wait(40) == 0
    assert not list(up.folder.run.glob("*.pid"))


def test_an_existing_cluster_is_used_and_left_alone(up: Up, kafka: Broker) -> None:
    up.environ["HUB_KAFKA"] = kafka.bootstrap
    up.start()
    up.wait_up()
    assert up.folder.pid("kafka") is None
    assert up.end() == 0
    assert kafka.local.running


def test_a_taken_port_is_named_with_its_setting_before_anything_starts(up: Up, kafka: Broker) -> None:
    up.environ["HUB_PORT"] = str(kafka.port)
    assert up.start().wait(20) == 1
    assert f"port {kafka.port} for gateway is taken" in up.said and "HUB_PORT" in up.said
    assert not list(up.folder.run.glob("*.pid"))


def test_a_second_signal_kills_what_does_not_end(up: Up) -> None:
    process = up.start()
    up.wait_up()
    pids = [up.pid(name) for name in ("kafka", *PARTS)]
    os.kill(up.pid("courier"), signal.SIGSTOP)
    process.send_signal(signal.SIGINT)
    up.wait(lambda: "stopping" in up.said)
    process.send_signal(signal.SIGINT)
    assert process.wait(5) == 1
    assert not [pid for pid in pids if command_line(pid)]
