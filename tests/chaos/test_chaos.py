"""A short run of the chaos runner: every part and the broker killed under load, and some more; nothing comes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.plan import KILL, KILLS
from tests.chaos.run import Wish, run

WISH = Wish(seed=20261122, faults=12, rate=15.0, spacing=1.5)


@pytest.mark.kafka
@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_nothing_accepted_is_lost_or_out_of_order_whatever_is_hurt(tmp_path: Path) -> None:
    """Every accepted event reached exactly the partners that the pure fold names, in order, each repeat is explained by
    a fault, and lines, journal and read model equal the fold."""
    outcome = await run(WISH, tmp_path, print)
    assert outcome.verdict.ok
    assert outcome.verdict.accepted > WISH.rate
    assert len(outcome.done) == WISH.faults
    killed = {
        done.fault.target.partition("/")[0] for done in outcome.done if done.fault.kind == KILL and done.real
    }
    assert killed == {part for _, part in KILLS}
