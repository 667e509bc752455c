"""`hub demo` as somebody runs it: real Kafka, real processes, real HTTP; its own check is the judge."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.demo.mess import CANARIES
from hub.local.folder import Folder
from tests.up import Up

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

GOOD = "check: everything is as the policy says"


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Up]:
    up = Up(tmp_path, ["hub", "demo"])
    up.folder = Folder(up.folder.data / "demo")
    yield up
    up.clean()


def first_delivery(said: str) -> float:
    return float(re.findall(r"first delivery after ([0-9.]+) s", said)[-1])


def test_everybody_gets_exactly_what_the_policy_names_in_a_first_and_a_second_run(demo: Up) -> None:
    assert demo.start("--headless", "--seconds", "12").wait(150) == 0, demo.said
    assert demo.said.count(GOOD) == 1
    _holds_nothing_that_was_refused(demo.folder.data)

    again = demo.start("--headless", "--seconds", "8", "--seed", "2")
    demo.wait(lambda: demo.said.count("first delivery after") == 2)
    assert again.wait(150) == 0, demo.said
    assert demo.said.count(GOOD) == 2


def _holds_nothing_that_was_refused(folder: Path) -> None:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert any(path.suffix == ".log" and path.parent.name.startswith("hub.events") for path in files)
    contents = [(path, path.read_bytes()) for path in files]
    assert [path for path, held in contents if any(canary.encode() in held for canary in CANARIES)] == []


def test_it_shows_what_happens_and_ctrl_c_ends_it_well(demo: Up) -> None:
    process = demo.start()
    demo.wait(lambda: demo.said.count("events/s") >= 3, 90)
    process.send_signal(signal.SIGINT)
    assert process.wait(40) == 0, demo.said
    assert "oostvaarders-college" in demo.said
    assert "Traceback" not in demo.said
