"""What the books say of the numbers of a feed, on every database they can live in."""

from __future__ import annotations

import random
from collections.abc import Iterator

import msgspec
import pytest

from hub.core.journal import Attempted
from hub.core.numbers import Run
from hub.core.topics import JOURNAL
from hub.readmodel.numbers import Numbers
from tests.contract.test_readmodel import Model
from tests.journals import Event

ENDS = ("delivered", "withdrawn", "dead")


@pytest.fixture
def model(database_url: str) -> Iterator[Model]:
    made = Model(database_url)
    yield made
    made.engine.dispose()


def ended(number: int, outcome: str, subscription: str = "hook", after: int = 20) -> Attempted:
    entry = Event(f"e{number}").attempted("vo", subscription, outcome, after=after)
    return msgspec.structs.replace(entry, number=number)


def runs_of(outcomes: dict[int, str]) -> list[Run]:
    found: list[Run] = []
    for number, outcome in sorted(outcomes.items()):
        if found and found[-1] == (outcome, found[-1].first, number - 1):
            found[-1] = found[-1]._replace(last=number)
        elif outcome in ENDS:
            found.append(Run(outcome, number, number))
    return found


def test_it_gives_runs_of_what_ended_and_nothing_of_what_is_still_tried(model: Model) -> None:
    chance = random.Random(7)
    outcomes = {
        number: chance.choices((*ENDS, "retry", "stopped"), (9, 1, 1, 1, 1))[0] for number in range(1, 200)
    }
    entries = [ended(number, outcome) for number, outcome in outcomes.items()]
    chance.shuffle(entries)
    model.say(*entries, ended(7, "delivered", "another"))
    books = Numbers(model.engine)
    _, whole = books.numbers("hook", 1, 1000)
    assert whole == runs_of(outcomes) and len(whole) > 20
    within = {number: outcome for number, outcome in outcomes.items() if 50 <= number <= 60}
    assert books.numbers("hook", 50, 60)[1] == runs_of(within)
    assert books.numbers("nobody", 1, 1000)[1] == []


def test_a_dead_letter_that_was_delivered_after_all_is_delivered(model: Model) -> None:
    model.say(ended(1, "dead"), ended(2, "dead"))
    model.say(msgspec.structs.replace(ended(1, "delivered", after=60), replay="r1", attempt=2))
    assert Numbers(model.engine).numbers("hook", 1, 2)[1] == [Run("delivered", 1, 1), Run("dead", 2, 2)]


def test_it_tells_how_far_the_journal_was_read(model: Model) -> None:
    books = Numbers(model.engine)
    assert books.numbers("hook", 1, 9)[0] == {}
    model.say(*(ended(number, "delivered") for number in range(1, 20)))
    for number in range(40):
        model.keep(f"learner/{number}", None)  # of another topic, and further
    read, _ = books.numbers("hook", 1, 9)
    assert sum(read.values()) == 19
    assert read == {part: next for (topic, part), next in model.log.next.items() if topic == JOURNAL}
