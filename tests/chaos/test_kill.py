"""Every part and the broker killed with -9 under load, one after the other; then the demo's own check is the judge."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.local.folder import Folder
from tests.up import Up

VICTIMS = ("processor", "courier", "projector", "gateway", "kafka")
SECONDS = 60


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Up]:
    up = Up(tmp_path, ["hub", "demo"])
    try:
        yield up
    finally:
        up.clean()


@pytest.mark.kafka
@pytest.mark.slow
@pytest.mark.timeout(400)
def test_nothing_accepted_is_lost_when_everything_is_killed(demo: Up) -> None:
    """Exit code 0 says: every accepted event reached exactly the partners the policy names, in order, with the
    right content and signature; lines and read model equal the pure fold key by key."""
    chance = random.Random(20261121)
    process = demo.start("--headless", "--seconds", str(SECONDS), "--rate", "15")
    demo.wait(lambda: "first delivery after" in demo.said, 90)
    folder = Folder(demo.folder.data / "demo")
    for name in VICTIMS:
        _kill(folder, name, chance)
    assert process.wait(300) == 0, demo.said
    assert "check: everything is as the policy says" in demo.said
    for name in VICTIMS:
        assert f"[hub] {name} was ended by signal 9; started again at once" in demo.said


def _kill(folder: Folder, name: str, chance: random.Random) -> None:
    time.sleep(chance.uniform(2, 6))
    pid = folder.pid(name)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
