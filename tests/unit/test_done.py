"""How far a lane has got, beyond the one number that Kafka remembers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core.records import Record
from hub.courier.done import MOST_CHARACTERS, Done, read, write
from hub.courier.window import Window

AT = 1_000
offsets = st.sets(st.integers(AT, AT + 5_000), max_size=60)


@given(offsets, st.integers(0, 6_000))
def test_what_was_written_is_read_again(left: set[int], more: int) -> None:
    upto = max(left, default=AT) + 1 + more
    steps = {offset: 2 + offset % 9 for offset in left if offset % 3}
    assert read(AT, write(AT, upto, left, steps)) == Done(upto, frozenset(left), steps)


@given(st.integers(1, 1200), st.integers(1, 10**7))
def test_too_many_to_name_claim_less_and_never_more(count: int, apart: int) -> None:
    left = {AT + place * apart for place in range(count)}
    upto = max(left) + 1
    text = write(AT, upto, left)
    found = read(AT, text)
    assert len(text) <= MOST_CHARACTERS + 20
    assert found.upto <= upto
    assert not any(found.has(offset) for offset in left)


@pytest.mark.parametrize("text", ["", ":", "x", "5", "g:1", "5:z", "5:1.z", "5:.2", ":::", "é"])
def test_what_cannot_be_read_claims_nothing_that_is_not_so(text: str) -> None:
    found = read(AT, text)
    assert found.left == frozenset() and found.upto <= AT + 5


def test_nothing_beyond_the_offset_is_nothing_written() -> None:
    assert write(AT, AT, []) == ""
    assert read(AT, "") == Done(AT)
    assert not read(AT, "").has(AT)


def record(offset: int) -> Record:
    return Record("outbox.x", 0, offset, 0, str(offset).encode(), b"")


@given(st.sets(st.integers(0, 40)), st.sets(st.integers(0, 40)), st.integers(0, 41))
def test_over_two_crashes_each_record_is_handed_out_until_it_is_finished_and_no_more(
    first: set[int], second: set[int], reached: int
) -> None:
    """The second courier gets only so far in reading again what the first had read."""
    made = Window(100, 100, done=Done())
    for offset in range(41):
        made.add(record(offset))
    while one := made.take():
        if one[0].offset in first:
            made.release(one[0])
            made.finish(one[0])
    done = made.done
    for finished, until in ((second, reached), (set(), 41)):
        at = made.low_water or 0
        made = Window(100, 100, done=read(at, write(at, *done)))
        handed = []
        for offset in range(at, until):
            made.add(record(offset))
        while one := made.take():
            handed.append(one[0].offset)
            if one[0].offset in finished:
                made.release(one[0])
                made.finish(one[0])
        assert handed == [offset for offset in range(at, until) if not done.has(offset)]
        if made.next is not None:
            done = made.done


def test_one_that_is_stuck_does_not_stop_the_reading_when_the_rest_is_remembered() -> None:
    plain, remembering = Window(ahead=8), Window(ahead=8, done=Done())
    for made in (plain, remembering):
        for offset in range(20):
            made.add(record(offset))
            (one,) = made.take()
            if offset:
                made.release(one)
                made.finish(one)
    assert plain.full and not remembering.full
    assert plain.low_water == remembering.low_water == 0
    assert remembering.done == Done(20, frozenset({0}))


def test_a_schedule_goes_on_where_it_was_over_two_restarts_until_the_record_is_finished() -> None:
    made = Window(100, 100, done=Done())
    for offset in range(4):
        made.add(record(offset))
    for offset in (1, 1, 3):
        made.advance(record(offset))
    for _ in range(2):
        at = made.low_water or 0
        found = read(at, write(at, *made.done))
        made = Window(100, 100, done=found)
        assert made.done == found
        for offset in range(at, 4):
            made.add(record(offset))
        assert [made.step(record(offset)) for offset in range(4)] == [1, 3, 1, 2]
    for one in made.take(4):
        made.release(one)
        made.finish(one)
    assert made.done == Done(4)
