"""Every number of a feed is in exactly one state."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core.numbers import STATES, Marks, Run, account

KNOWN = st.lists(
    st.tuples(st.sampled_from(("delivered", "withdrawn", "dead")), st.integers(1, 60), st.integers(0, 9)),
    max_size=8,
).map(
    lambda found: sorted(
        (Run(state, first, first + more) for state, first, more in found), key=lambda r: r.first
    )
)
MARKS = st.builds(Marks, st.integers(1, 60), st.integers(0, 60), st.integers(0, 60), st.integers(0, 60))


@given(st.integers(1, 60), st.integers(0, 70), KNOWN, MARKS)
def test_a_report_covers_its_stretch_once_in_order_and_joins_what_belongs_together(
    low: int, high: int, known: list[Run], marks: Marks
) -> None:
    runs = account(low, high, known, marks)
    told = [number for run in runs for number in range(run.first, run.last + 1)]
    assert told == list(range(low, high + 1))
    assert all(run.state in STATES for run in runs)
    assert all(one.state != next.state for one, next in pairwise(runs))


@given(st.integers(1, 60), KNOWN, MARKS)
def test_a_number_has_the_same_state_alone_as_in_a_stretch(
    number: int, known: list[Run], marks: Marks
) -> None:
    (alone,) = account(number, number, known, marks)
    (among,) = [run for run in account(1, 70, known, marks) if run.first <= number <= run.last]
    assert alone.state == among.state


@pytest.mark.parametrize(
    ("known", "marks", "state"),
    [
        ("", Marks(1, 9), "waiting"),
        ("", Marks(1, 9, done=5), "handled"),
        ("", Marks(6, 9), "expired"),
        ("", Marks(6, 9, done=5), "expired"),
        ("", Marks(1, 9, acknowledged=5), "pulled"),
        ("delivered", Marks(6, 9, acknowledged=9), "delivered"),
        ("withdrawn", Marks(1, 9, acknowledged=9), "withdrawn"),
        ("dead", Marks(1, 9, done=9), "dead"),
        ("dead", Marks(1, 9, done=9, acknowledged=5), "pulled"),
        ("delivered", Marks(1, 9, done=0), "delivered"),
    ],
)
def test_what_the_books_and_kafka_say_together(known: str, marks: Marks, state: str) -> None:
    assert account(5, 5, [Run(known, 5, 5)] if known else [], marks) == [Run(state, 5, 5)]
