"""The end of retention in rows, on every database they can live in."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from hub.core import journal
from hub.core.access import Look, Telling
from hub.core.views import Line
from hub.readmodel import schema
from hub.readmodel.audit import Audit
from hub.readmodel.purge import Purge
from tests.contract.test_readmodel import Model
from tests.journals import NOW, Event, pulled, stored

YEAR_MS = 365 * 24 * 3600 * 1000


class Watch:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = NOW
        self.seconds = 0.0


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def model(database_url: str) -> Any:
    made = Model(database_url)
    yield made
    made.engine.dispose()


def purge(model: Model, watch: Watch) -> Purge:
    return Purge(model.engine, lambda: watch.now, 60, 24, lambda: watch.seconds)


def rows(model: Model, *tables: sa.Table) -> list[int]:
    with model.engine.connect() as connection:
        return [
            connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() for table in tables
        ]


JOURNALED = (schema.entries, schema.events, schema.deliveries)


async def test_what_happened_to_an_event_is_forgotten_after_five_years_and_not_before(
    model: Model, watch: Watch
) -> None:
    old, young = Event("old"), Event("young", at=NOW + YEAR_MS)
    for one in (old, young):
        model.say(one.accepted(), one.routed(("vo", "hook")), one.attempted("vo", "hook", "delivered", 1, 20))
    purging = purge(model, watch)
    assert await purging.look() == 0
    watch.now += 5 * YEAR_MS
    assert await purging.look() == 0
    watch.now += 3 * 24 * 3600 * 1000
    assert await purging.look() == 3
    assert rows(model, *JOURNALED) == [3, 1, 1]
    assert model.queries.journey("s", "old") is None


async def test_an_event_of_which_something_was_said_lately_keeps_its_row(model: Model, watch: Watch) -> None:
    one = Event("one")
    model.say(one.accepted(), one.routed(("vo", "hook")))
    model.say(Event("one", at=NOW + 4 * YEAR_MS).attempted("vo", "hook", "delivered", 1, 20))
    watch.now += 5 * YEAR_MS + 3 * 24 * 3600 * 1000
    assert await purge(model, watch).look() == 2
    assert rows(model, *JOURNALED) == [1, 1, 1]


async def test_a_dead_letter_is_forgotten_when_the_retention_of_a_line_ends(
    model: Model, watch: Watch
) -> None:
    one = Event("one")
    model.say(one.accepted(), one.routed(("vo", "hook")), one.attempted("vo", "hook", "dead", 1, 20))
    assert rows(model, schema.dead_letters) == [1]
    watch.now += 2 * YEAR_MS + 3 * 24 * 3600 * 1000
    await purge(model, watch).look()
    assert rows(model, schema.dead_letters, schema.deliveries) == [0, 1]


async def test_it_looks_once_a_day(model: Model, watch: Watch) -> None:
    purging = purge(model, watch)
    await purging.look()
    old = Event("old", at=NOW - 6 * YEAR_MS)
    model.say(old.accepted())
    assert await purging.look() == 0
    watch.now += 24 * 3600 * 1000
    assert await purging.look() == 1


async def test_not_a_byte_of_who_was_erased_is_left_in_the_file(tmp_path: Path, watch: Watch) -> None:
    made = Model(f"sqlite:///{tmp_path / 'rows.sqlite'}")
    learners = [str(uuid.UUID(int=number * 7919 << 64, version=4)) for number in range(400)]
    for _ in range(2):
        for one in learners:
            made.keep(f"learner/{one}", stored(f"learner/{one}", Line(learner_id=one, linked=[one] * 40)))
    gone = learners[::8]
    for one in gone:
        made.keep(f"learner/{one}", None)
    assert found(tmp_path, gone) == set(gone)
    assert await purge(made, watch).look() == 0
    assert found(tmp_path, gone) == set()
    assert found(tmp_path, learners) == set(learners) - set(gone)
    made.engine.dispose()


def found(folder: Path, learners: list[str]) -> set[str]:
    raw = b"".join(path.read_bytes() for path in folder.iterdir())
    return {one for one in learners if one.encode() in raw}


def test_the_journal_tells_by_a_mark_alone_what_was_told_of_a_learner(model: Model) -> None:
    one, other = Event("e1"), Event("e2")
    routed = one.routed(("vo", "hook"))
    marked = journal.Routed(
        at=routed.at, source=routed.source, id=routed.id, type=routed.type, publisher="po", order=1,
        told=(journal.Told("vo", "TO", {"hook": one.delivery("hook")}, ("/level",)),), about="m1",
    )  # fmt: skip
    model.say(one.accepted(), marked, one.attempted("vo", "hook", "delivered", 1, 20))
    model.say(other.accepted(), other.routed(("vo", "hook")))
    (telling,) = Audit(model.engine).told(["m1", "m2"])
    assert isinstance(telling, Telling)
    assert (telling.partner, telling.column, telling.removed) == ("vo", "TO", ["/level"])
    assert (telling.outcome, telling.id) == ("delivered", routed.id)
    assert telling.delivered_at
    assert Audit(model.engine).told(["m3"]) == []


def test_the_journal_tells_who_looked_a_line_up_and_why(model: Model) -> None:
    for partner, line in (("vo", "h1"), ("po", "h2"), ("swv", "h1")):
        model.say(journal.Read(at=NOW, partner=partner, purpose="LPW", line=line))
    model.say(pulled("vo", "hook", "d"))
    assert Audit(model.engine).looks(["h1"]) == [Look(NOW, "vo", "LPW"), Look(NOW, "swv", "LPW")]
