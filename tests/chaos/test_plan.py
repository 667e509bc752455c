"""The plan of faults follows from its seed, and gives each kind of fault its turn."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.chaos import plan
from tests.chaos.plan import DECK, KILLS, Cast
from tests.chaos.run import Wish, planned

CAST = Cast({"gateway": 1, "processor": 2, "courier": 3, "projector": 1, "kafka": 3}, ["a", "b", "c"])


def test_the_same_seed_gives_the_same_plan_and_another_seed_another() -> None:
    assert plan.plan(7, 50, 200.0, CAST) == plan.plan(7, 50, 200.0, CAST)
    assert plan.plan(7, 50, 200.0, CAST) != plan.plan(8, 50, 200.0, CAST)


def test_a_long_plan_has_every_kind_of_fault_in_its_share() -> None:
    made = plan.plan(1, 10 * len(DECK), 1000.0, CAST)
    partner = {*plan.MOODS, plan.CUT, plan.DELAY}
    shares = Counter(
        (kind, "*" if kind in partner and target == plan.PARTNER else target) for kind, target in DECK
    )
    dealt = Counter((f.kind, "*" if f.target in CAST.partners else f.target.partition("/")[0]) for f in made)
    assert dealt == {card: 10 * times for card, times in shares.items()}


@pytest.mark.parametrize("seed", range(20))
def test_even_a_short_plan_kills_everything_once(seed: int) -> None:
    made = plan.plan(seed, 8, 30.0, CAST)
    killed = [fault.target.partition("/")[0] for fault in made if fault.kind == plan.KILL]
    assert sorted(killed) == sorted(part for _, part in KILLS)


def test_every_worker_and_every_partner_may_be_hit() -> None:
    made = plan.plan(1, 20 * len(DECK), 1000.0, CAST)
    targets = {fault.target for fault in made}
    workers = {f"{part}/{n}" for part, times in CAST.workers.items() for n in range(times)}
    assert targets == workers | {"a", "b", "c", plan.DOOR, "hub"}


def test_moments_lie_within_the_time_there_is_and_in_order() -> None:
    moments = [fault.at for fault in plan.plan(3, 100, 60.0, CAST)]
    assert moments == sorted(moments)
    assert moments[0] >= 0
    assert moments[-1] <= 60


def test_a_run_of_one_worker_each_sets_nothing_that_a_hub_might_not_know() -> None:
    assert Wish(1, 10, 15.0).settings() == {}
    assert Wish(1, 10, 15.0, brokers=3, couriers=2).settings() == {
        "HUB_KAFKA_BROKERS": "3",
        "HUB_COURIERS": "2",
    }
    assert {f.target for f in planned(Wish(1, 99, 15.0)) if f.target.startswith("kafka")} == {"kafka/0"}
