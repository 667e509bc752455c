"""The matrix of flows counts every delivery once, whatever the journal says twice or out of turn."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from hub.core.matrix import BOUNDS_MS, within
from hub.core.topics import DAY_MS
from hub.readmodel import schema
from hub.readmodel.flowing import Flowing
from tests.contract.test_readmodel import Model
from tests.journals import NOW, Event, batches, life, pulled


@pytest.fixture
def model(database_url: str) -> Iterator[Model]:
    made = Model(database_url)
    yield made
    made.engine.dispose()


def kept(model: Model) -> dict[tuple[Any, ...], dict[str, int]]:
    with model.engine.connect() as connection:
        found = [dict(row._mapping) for row in connection.execute(sa.select(schema.legs))]
    keys = ("day", "publisher", "type", "subscription", "partner")
    return {tuple(row.pop(key) for key in keys): {k: n for k, n in row.items() if n} for row in found}


def counted_anew(model: Model) -> dict[tuple[Any, ...], dict[str, int]]:
    """The same read from the deliveries as they stand now."""
    made: dict[tuple[Any, ...], Counter[str]] = {}
    with model.engine.connect() as connection:
        for row in connection.execute(sa.select(schema.deliveries)):
            if row.routed_at is None:
                continue
            day = row.routed_at // DAY_MS * DAY_MS
            counts = made.setdefault((day, row.publisher, row.type, row.subscription, row.partner), Counter())
            came = [at for at in (row.delivered_at, row.pulled_at) if at is not None]
            counts["told"] += 1
            counts["delivered"] += row.delivered_at is not None
            counts["pulled"] += row.pulled_at is not None
            counts["ended"] += not came and row.outcome in ("withdrawn", "dead")
            if came:
                slower = sum(min(came) - row.routed_at > bound for bound in BOUNDS_MS)
                counts[f"within_{slower}"] += 1
    return {key: {name: n for name, n in counts.items() if n} for key, counts in made.items()}


@pytest.mark.parametrize("seed", range(4))
def test_legs_are_what_counting_all_deliveries_anew_gives(model: Model, seed: int) -> None:
    rng = random.Random(seed)
    entries = life(seed, 120)
    moved = [entries.pop(rng.randrange(len(entries))) for _ in range(40)]
    for entry in moved:
        entries.insert(rng.randrange(len(entries)), entry)
    for batch in batches(model.log.entries(entries), 37):
        model.take(batch)

    assert kept(model) == counted_anew(model) != {}


def test_a_delivery_counts_for_the_day_it_was_routed_and_by_how_long_it_took(model: Model) -> None:
    one = Event("e1")
    model.say(one.accepted(), one.routed(("vo", "hook"), after=0))
    model.say(
        one.attempted("vo", "hook", "retry", 1, 4_000), one.attempted("vo", "hook", "delivered", 2, 61_000)
    )

    ((key, counts),) = kept(model).items()

    assert key == (NOW - NOW % DAY_MS, "po", one.named["type"], "hook", "vo")
    assert counts == {"told": 1, "delivered": 1, "within_4": 1}


def test_what_is_taken_back_is_no_longer_waited_for_and_what_comes_after_all_has_not_ended(
    model: Model,
) -> None:
    gone, back = Event("e1"), Event("e2")
    model.say(gone.routed(("vo", "hook")), gone.attempted("vo", "hook", "withdrawn", 1))
    model.say(back.routed(("vo", "hook")), back.attempted("vo", "hook", "dead", 1))
    model.say(back.attempted("vo", "hook", "delivered", 2, 30))

    (counts,) = kept(model).values()

    assert counts == {"told": 2, "delivered": 1, "ended": 1, "within_0": 1}


def test_a_pull_that_is_known_before_the_decision_counts_when_that_comes(model: Model) -> None:
    one = Event("e1")
    model.say(pulled("vo", "inbox-vo", one.delivery("inbox-vo"), at=NOW + 9_000))
    model.say(one.routed(("vo", "inbox-vo"), after=0))

    (counts,) = kept(model).values()

    assert counts == {"told": 1, "pulled": 1, "within_2": 1}


def test_the_oldest_of_a_leg_is_what_still_waits_and_a_webhook_counts_before_the_inbox(model: Model) -> None:
    model.subscribe("hook", "vo")
    old, new = Event("e1"), Event("e2", at=NOW + 5_000)
    for one in (old, new):
        model.say(one.routed(("vo", "hook"), ("vo", "inbox-vo"), ("swv", "inbox-swv"), after=0))
    model.say(old.attempted("vo", "hook", "delivered"))
    model.say(pulled("swv", "inbox-swv", old.delivery("inbox-swv"), new.delivery("inbox-swv")))

    swv, vo = Flowing(model.engine).matrix(NOW).legs

    assert (swv.partner, swv.told, swv.arrived, swv.open, swv.oldest) == ("swv", 2, 2, 0, None)
    assert (vo.partner, vo.told, vo.arrived, vo.open, vo.oldest) == ("vo", 2, 1, 1, NOW + 5_000)


def test_days_before_the_window_are_left_out(model: Model) -> None:
    old, new = Event("e1", at=NOW - 7 * DAY_MS), Event("e2")
    model.say(old.accepted(), old.routed(("vo", "inbox-vo")), new.accepted(), new.routed(("vo", "inbox-vo")))

    found = Flowing(model.engine).matrix(NOW, days=7)

    assert [leg.told for leg in found.legs] == [1]
    (rhythm,) = found.rhythms
    assert sum(rhythm.days) == 2 and (rhythm.days[-1], rhythm.days[-8]) == (1, 1)


@pytest.mark.parametrize(
    ("counts", "share", "bound"),
    [
        ((0,) * 10, 0.95, None),
        ((19, 1) + (0,) * 8, 0.95, 1_000),
        ((18, 2) + (0,) * 8, 0.95, 5_000),
        ((1,) + (0,) * 8 + (9,), 0.95, None),
    ],
)
def test_nineteen_of_twenty_came_within_the_bound_that_is_said(
    counts: tuple[int, ...], share: float, bound: int | None
) -> None:
    assert within(counts, share) == bound
