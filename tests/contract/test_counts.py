"""The census as the read model keeps it: at any moment the sum over the rows that are there."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterator, Mapping

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.core.views import Group, Line, View
from hub.readmodel import schema
from hub.readmodel.store import Batch, Fenced, Move
from tests.contract.test_readmodel import Model
from tests.journals import batches, stored


def tally(view: View) -> Mapping[str, int]:
    """Stands for `hub.core.census.counts`: something of every view, and nothing of a line that was merged away."""
    if isinstance(view, Group):
        return {"minors": view.total, f"area/{view.area}": 1}
    if isinstance(view, Line) and not view.merged_into:
        return {"lines": 1, **Counter(f"close/{view.close_reason}" for _ in range(view.events % 3))}
    return {}


def recount(model: Model) -> dict[str, int]:
    """The same from nothing but the rows."""
    found: Counter[str] = Counter()
    for _, view in model.queries.aggregates():
        found.update(tally(view))
    return {cell: n for cell, n in found.items() if n}


@pytest.fixture
def model(database_url: str) -> Iterator[Model]:
    made = Model(database_url, count=tally)
    yield made
    made.engine.dispose()


def line(number: int, **given: str | int) -> bytes:
    return stored(f"learner/{number}", Line(str(number), **given))  # type: ignore[arg-type]


def test_what_a_row_counts_for_is_taken_off_when_it_changes_or_goes(model: Model) -> None:
    model.keep("group/1", stored("group/1", Group("1", area="stad", total=74)))
    model.keep("learner/1", line(1))
    first = model.queries.counts()
    model.keep("group/1", stored("group/1", Group("1", area="haven", total=70)))
    model.keep("learner/1", line(1, merged_into="2"))
    second = model.queries.counts()
    model.keep("group/1", None)

    assert first == {"minors": 74, "area/stad": 1, "lines": 1}
    assert second == {"minors": 70, "area/haven": 1}
    assert model.queries.counts() == {}
    assert model.rows()["counts"] == [], "a cell at zero is no cell"


def test_a_record_that_comes_again_counts_once(model: Model) -> None:
    record = model.log.state("learner/1", line(1))
    model.take([record])
    again = model.log.state("learner/1", record.value)
    model.take([again, model.log.state("learner/1", record.value)])

    assert model.queries.counts() == {"lines": 1}


changes = st.lists(
    st.tuples(
        st.integers(0, 6),
        st.one_of(st.none(), st.tuples(st.sampled_from(("stad", "haven", "")), st.integers(0, 9))),
    ),
    max_size=40,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=changes, size=st.integers(1, 9), seed=st.integers(0, 9))
def test_after_any_changes_the_counts_are_the_sum_over_the_rows(
    model: Model, changes: list[tuple[int, tuple[str, int] | None]], size: int, seed: int
) -> None:
    rng = random.Random(seed)
    records = []
    for number, made in changes:
        key = f"{rng.choice(('group', 'learner'))}/{number}"
        value = None
        if made is not None:
            area, n = made
            view = Group(key, area=area, total=n) if key[0] == "g" else Line(key, close_reason=area, events=n)
            value = stored(key, view)
        records.append(model.log.state(key, value))
    for batch in batches(records, size):
        model.take(batch)

    assert model.queries.counts() == recount(model)
    assert all(n > 0 for n in model.queries.counts().values())


def test_a_batch_that_fails_on_the_way_counts_for_nothing(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    model.keep("learner/1", line(1))
    batch = [model.log.state("learner/2", line(2))]
    with monkeypatch.context() as broken:
        broken.setattr("hub.readmodel.store._apply_journal", _fail)
        with pytest.raises(ZeroDivisionError):
            model.take(batch)
    before = model.queries.counts()
    model.take(batch)

    assert (before, model.queries.counts()) == ({"lines": 1}, {"lines": 2})


def _fail(*_: object) -> None:
    raise ZeroDivisionError


def test_projectors_that_write_at_once_lose_and_double_nothing(database_url: str) -> None:
    """Each with its own partition, all with the same cells; and each tried by two, of whom one is fenced."""
    models = [Model(database_url, count=tally) for _ in range(6)]
    failures: list[BaseException] = []
    fenced: list[int] = []

    def write(number: int) -> None:
        model, partition = models[number], number % 3
        model.store.positions([("lines", partition)])
        for step in range(25):
            key = f"learner/{partition}-{step % 7}"
            value = stored(key, Line(key, close_reason=f"r{step % 4}", events=step))
            record = model.log.state(key, value)._replace(topic="lines", partition=partition, offset=step)
            try:
                model.store.apply(Batch([Move("lines", partition, step, step + 1)], [record]))
            except Fenced:
                fenced.append(number)
            except BaseException as error:
                failures.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    counts, expected = models[0].queries.counts(), recount(models[0])
    for model in models:
        model.engine.dispose()
    assert failures == []
    assert counts == expected and counts["lines"] == 3 * 7
    assert fenced, "they never met"


def test_a_view_that_cannot_be_counted_stops_nothing_and_is_not_taken_off(database_url: str) -> None:
    def picky(view: View) -> Mapping[str, int]:
        if isinstance(view, Group):
            raise ValueError("a bug")
        return tally(view)

    model = Model(database_url, count=picky)
    model.keep("group/1", stored("group/1", Group("1", total=5)))
    model.keep("learner/1", line(1))
    model.keep("group/1", None)
    counts = model.queries.counts()
    model.engine.dispose()

    assert counts == {"lines": 1}


def test_a_read_model_without_counts_is_of_another_release(model: Model) -> None:
    with schema.writing(model.engine).begin() as connection:
        connection.execute(sa.update(schema.schema_version).values(version=1))

    with pytest.raises(schema.OutdatedReadModel):
        model.store.prepare()
