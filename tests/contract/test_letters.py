"""Dead letters as the read model keeps them, on every database it can live in."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hub.core import redelivery
from hub.core.journal import DEAD, WITHDRAWN, Attempted, Entry, Replayed
from hub.core.records import Record
from hub.core.redelivery import Progress
from hub.core.topics import SUBSCRIPTIONS
from hub.readmodel.letters import Letters
from tests.contract.test_readmodel import Model
from tests.journals import NOW, Event, batches


@pytest.fixture
def model(database_url: str) -> Iterator[Model]:
    made = Model(database_url)
    yield made
    made.engine.dispose()


def tried(
    event: Event, outcome: str = DEAD, after: int = 20, status: str = "500", number: int = 7, **more: Any
) -> Attempted:
    made = event.attempted("vo", "hook", outcome, 4, after)
    return msgspec.structs.replace(made, status=status, number=number, **more)


def states(model: Model, cause: str = "server") -> dict[str, list[int]]:
    letters = Letters(model.engine)
    return {
        state: found
        for state in ("open", "replayed", "withdrawn")
        if (found := [one.number for one in letters.page("hook", cause, state, 0, 100)])
    }


def dead(count: int, **more: Any) -> list[Entry]:
    return [tried(Event(f"e{n}"), number=n, **more) for n in range(1, count + 1)]


def test_what_was_refused_for_good_is_a_letter_with_its_cause_and_the_receivers_words(model: Model) -> None:
    one = Event("e1")
    model.say(one.routed(("vo", "hook")), tried(one, "retry", 15), tried(one, said="unknown class"))

    (found,) = Letters(model.engine).page("hook", "server", "open", 0, 100)

    assert (found.number, found.type, found.status, found.said) == (
        7,
        one.named["type"],
        "500",
        "unknown class",
    )
    assert (found.attempts, found.at, found.delivery) == (4, NOW + 20, one.delivery("hook"))


def test_a_dead_delivery_is_neither_open_nor_delivered_until_a_replay_delivers_it(model: Model) -> None:
    model.subscribe("hook", "vo")
    one, other = Event("e1"), Event("e2")
    model.say(one.routed(("vo", "hook")), tried(one), other.routed(("vo", "hook"), after=99))
    (before,) = model.queries.flows(NOW).deliveries
    model.say(tried(one, "delivered", 500, "200", replay="rp-1"))
    (after,) = model.queries.flows(NOW).deliveries

    assert (before.routed, before.delivered, before.open, before.oldest) == (1, 0, 1, NOW + 99)
    assert (after.routed, after.delivered, after.open) == (2, 1, 1)


@pytest.mark.parametrize("together", (True, False))
def test_its_state_moves_when_a_replay_delivered_it_or_it_was_taken_back(
    model: Model, together: bool
) -> None:
    told: list[Entry] = dead(4)
    told += [tried(Event("e1"), "retry", 30, number=1, replay="rp-1")]
    told += [tried(Event("e2"), "delivered", 30, "200", number=2, replay="rp-1")]
    told += [tried(Event("e3"), WITHDRAWN, 30, "", number=3)]
    if together:
        model.say(*told)
    else:
        for entry in told:
            model.say(entry)

    assert states(model) == {"open": [1, 4], "replayed": [2], "withdrawn": [3]}
    (ended,) = Letters(model.engine).page("hook", "server", "replayed", 0, 100)
    assert (ended.replay, ended.ended_at) == ("rp-1", NOW + 30)


def test_one_that_dies_again_is_open_again_and_one_that_was_taken_back_never_is(model: Model) -> None:
    model.say(*dead(2))
    model.say(tried(Event("e1"), "delivered", 30, "200", number=1, replay="rp-1"))
    model.say(tried(Event("e2"), WITHDRAWN, 30, "", number=2))
    model.say(tried(Event("e1"), DEAD, 40, "422", number=1, replay="rp-2"))
    model.say(tried(Event("e2"), DEAD, 40, "422", number=2, replay="rp-2"))

    assert states(model) == {"withdrawn": [2]}
    assert states(model, "schema") == {"open": [1]}


def test_what_was_delivered_and_cannot_be_repeated_is_a_letter_and_stays_delivered(model: Model) -> None:
    model.subscribe("hook", "vo")
    one = Event("e1")
    model.say(one.routed(("vo", "hook")), one.attempted("vo", "hook"))
    model.say(tried(one, "retry", 30, replay="rp-1"), tried(one, DEAD, 40, replay="rp-1"))

    (flow,) = model.queries.flows(NOW).deliveries
    ((_, course),) = model.queries.delivery_rows()

    assert states(model) == {"open": [7]}
    assert (flow.routed, flow.delivered, course.outcome) == (1, 1, "delivered")


def test_what_a_crash_makes_be_said_twice_changes_nothing(model: Model) -> None:
    one = Event("e1")
    told = [one.routed(("vo", "hook")), tried(one), tried(one, "delivered", 30, "200", replay="rp-1")]
    told += [_replayed("finished")]
    model.say(*told)
    once = model.rows()
    model.say(*told)
    model.say(msgspec.structs.replace(_replayed("finished"), at=NOW + 999))

    again = model.rows()
    for table in ("deliveries", "dead_letters", "tallies", "entries"):
        assert again[table] == once[table], table


def test_groups_count_per_partner_subscription_and_cause_the_largest_first(model: Model) -> None:
    model.say(*dead(3), tried(Event("x"), status="dns", number=9, after=50))
    model.say(msgspec.structs.replace(Event("y").attempted("mbo", "in", DEAD), status="422"))
    letters = Letters(model.engine)

    found = [(one.partner, one.subscription, one.cause, one.count) for one in letters.groups(None, "open")]

    own = letters.groups("vo", "open")
    assert found[0] == ("vo", "hook", "server", 3)
    assert set(found[1:]) == {("vo", "hook", "dns", 1), ("mbo", "in", "schema", 1)}
    assert [(one.cause, one.first_at, one.last_at) for one in own] == [
        ("server", NOW + 20, NOW + 20),
        ("dns", NOW + 50, NOW + 50),
    ]
    assert letters.groups("vo", "replayed") == []


def test_pages_and_numbers_of_a_group_go_by_number(model: Model) -> None:
    model.say(*reversed(dead(5)), tried(Event("x"), status="dns", number=9))
    letters = Letters(model.engine)

    assert [one.number for one in letters.page("hook", "server", "open", 2, 2)] == [3, 4]
    assert letters.open_numbers("hook", "server") == [1, 2, 3, 4, 5]
    assert letters.open_numbers("hook", "") == [1, 2, 3, 4, 5, 9]
    assert letters.open_numbers("other", "") == []


def test_replays_are_no_subscriptions_and_do_not_change_the_state_of_one(model: Model) -> None:
    model.subscribe("hook", "vo")
    before = model.rows()["subscriptions"]
    for key in (redelivery.order_key("hook", "rp-1"), redelivery.progress_key("hook", "rp-1")):
        for value in (redelivery.dump(Progress(delivered=1)), None):
            model.take([model.log.record(SUBSCRIPTIONS, key, value, 1)])
            assert model.rows()["subscriptions"] == before


@pytest.mark.parametrize("seed", range(2))
def test_a_rebuild_gives_the_same_letters_whatever_the_batches(
    database_url: str, tmp_path: Path, seed: int
) -> None:
    reference, model = Model(f"sqlite:///{tmp_path / 'reference.sqlite'}"), Model(database_url)
    rng = random.Random(seed)
    records = reference.log.entries(_lives(rng))
    reference.take(records)
    for part in range(4):
        own: list[Record] = [one for one in records if one.partition == part]
        for batch in batches(own, rng.randint(1, 9)):
            model.take(batch)

    assert model.rows() == reference.rows()
    assert len(reference.rows()["dead_letters"]) > 20
    for made in (reference, model):
        made.engine.dispose()


def _lives(rng: random.Random) -> list[Entry]:
    found: list[Entry] = []
    for number in range(1, 80):
        one = Event(f"e{number}")
        life: list[Entry] = [one.routed(("vo", "hook"))]
        outcomes = rng.choices(("retry", "delivered", DEAD, WITHDRAWN), k=rng.randint(1, 5))
        life += [
            tried(one, outcome, 20 + step, number=number, replay="rp-1" if step > 2 else "")
            for step, outcome in enumerate(outcomes)
        ]
        found += [twice for entry in life for twice in [entry] * rng.choice((1, 1, 2))]
    return found


def _replayed(change: str) -> Replayed:
    return Replayed(at=NOW, id="rp-1", subscription="hook", by="vo", change=change, why="rehearsal", count=1)
