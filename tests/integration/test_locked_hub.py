"""The whole hub on a locked Kafka: it works, also when parts are killed, and gives no secret away."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from hub.core.kafka_rights import RIGHTS
from hub.local.children import PARTS, USERS
from hub.local.folder import Folder, command_line
from tests.up import Up

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(400)]

GOOD = "check: everything is as the policy says"


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Up]:
    up = Up(tmp_path, ["hub", "demo", "--locked"])
    up.folder = Folder(up.folder.data / "demo")
    yield up
    up.clean()


def secrets(data: Path) -> dict[str, str]:
    """Every password of the hub and its Kafka, by name."""
    places = [*(data / "secrets").iterdir(), data / "kafka/tls/broker", data / "kafka/tls/password"]
    return {path.name: path.read_text() for path in places}


def test_the_demo_passes_on_a_locked_kafka_though_every_part_and_kafka_are_killed(demo: Up) -> None:
    process = demo.start("--headless", "--seconds", "30")
    demo.wait(lambda: "first delivery after" in demo.said)
    assert httpx.get(f"{demo.settings.url}/").status_code == 200
    found = secrets(demo.folder.data)
    assert found.keys() == {*RIGHTS, "broker", "password"}
    for part in PARTS:
        _knows_its_own_secret_alone(demo, part)
    pids = [demo.pid(name) for name in (*PARTS, "kafka")]
    lines = [command_line(pid) for pid in [process.pid, *pids]]
    assert all(lines) and not [name for name, told in found.items() if any(told in line for line in lines)]
    for name in ("courier", "processor", "projector", "kafka"):
        before = demo.said.count(f"{name} is ready")
        os.kill(demo.pid(name), signal.SIGKILL)
        demo.wait(lambda name=name, before=before: demo.said.count(f"{name} is ready") > before)
    assert process.wait(240) == 0, demo.said
    assert demo.said.count(GOOD) == 1
    _stand_only_where_nobody_else_looks(demo, found)


def _knows_its_own_secret_alone(up: Up, part: str) -> None:
    """The name of a file; the password itself is in nobody's environment."""
    environ = Path(f"/proc/{up.pid(part)}/environ").read_text()
    assert f"HUB_KAFKA_USER={USERS[part]}\0" in environ
    assert "HUB_KAFKA_PASSWORD" not in environ
    assert not [name for name, told in secrets(up.folder.data).items() if told in environ]


def _stand_only_where_nobody_else_looks(up: Up, found: dict[str, str]) -> None:
    held = {}
    for path in [*up.folder.data.rglob("*"), up.output]:
        if path.is_file() and (
            names := [name for name, told in found.items() if told.encode() in path.read_bytes()]
        ):
            held[path] = names
    data = up.folder.data
    allowed = {*(data / "secrets" / user for user in RIGHTS), data / "kafka/server.properties"}
    allowed |= {data / "kafka/tls/broker", data / "kafka/tls/password"}
    assert held.keys() == allowed
    for path in [*held, data / "kafka/tls/server.p12", data / "readmodel.sqlite", data / "line.key"]:
        assert path.stat().st_mode & 0o077 == 0, path
    assert data.stat().st_mode & 0o077 == 0
