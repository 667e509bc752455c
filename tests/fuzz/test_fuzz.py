"""A short fuzz run; the long one is `make fuzz`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.broker import Broker
from tests.fuzz.judge import Judge
from tests.fuzz.run import run


@pytest.mark.kafka
@pytest.mark.slow
async def test_no_hostile_request_breaks_the_door_or_leaves_anything_behind(
    kafka: Broker, tmp_path: Path
) -> None:
    assert await run(kafka, tmp_path, seed=1, requests=1500) == []


def test_memory_that_grows_is_seen() -> None:
    flat, growing = Judge(), Judge()
    flat.memory([100, 140, 141, 139, 142, 150, 141], 15)
    growing.memory([100, 140, 150, 160, 180, 200, 220], 15)
    assert not flat.faults and growing.faults
