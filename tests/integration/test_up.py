"""`hub up` with all its real parts."""

from __future__ import annotations

import os
import signal
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.local.children import PARTS, port_of
from hub.local.folder import command_line
from tests.broker import ROOT
from tests.up import HUB, Up

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    hub = Up(tmp_path, HUB, HUB_PARTNERS=str(ROOT / "hub" / "demo" / "directory.yaml"))
    yield hub
    hub.clean()


def fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as answer:
        body: bytes = answer.read()
    return body.decode()


def test_every_part_serves_its_metrics_and_starts_again_on_what_it_has(up: Up) -> None:
    up.start()
    up.wait_up()
    for part in PARTS:
        assert "hub_" in fetch(f"http://127.0.0.1:{port_of(part, up.settings)}/metrics"), part
    assert fetch(f"{up.settings.url}/v1/openapi.json")
    pids = [up.pid(name) for name in ("kafka", *PARTS)]
    assert up.end() == 0
    assert not [pid for pid in pids if command_line(pid)]

    up.start()
    up.wait_up(times=2)
    assert up.end() == 0


def test_every_part_that_is_killed_comes_back_ready(up: Up) -> None:
    up.start()
    up.wait_up()
    for name in PARTS:
        before = up.pid(name)
        os.kill(before, signal.SIGKILL)
        up.wait(lambda name=name, before=before: up.pid(name) != before)
        up.wait(lambda name=name: up.said.count(f"{name} is ready") == 2)
    before = up.pid("kafka")
    os.kill(before, signal.SIGKILL)
    up.wait(lambda: "kafka is ready" in up.said)
    up.wait(lambda: all(up.ready(part) for part in PARTS))
    assert up.end() == 0


def test_a_part_that_is_told_to_stop_ends_with_exit_code_0(up: Up) -> None:
    up.start()
    up.wait_up()
    for name in PARTS:
        os.kill(up.pid(name), signal.SIGTERM)
        up.wait(lambda name=name: f"{name} ended with" in up.said)
        assert f"{name} ended with exit code 0" in up.said
    assert up.end() == 0
