from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hub.core.records import Record
from hub.courier.pace import Pace
from hub.courier.window import Window


def record(offset: int, subject: str = "a") -> Record:
    return Record("outbox.x", 0, offset, 0, subject.encode(), b"")


def window(*subjects: str, size: int = 32, ahead: int = 512) -> Window:
    made = Window(size, ahead)
    for offset, subject in enumerate(subjects):
        made.add(record(offset, subject))
    return made


def taken(made: Window) -> list[int]:
    found = []
    while one := made.take():
        found += [record.offset for record in one]
    return found


def test_one_record_per_subject_is_under_way() -> None:
    made = window("a", "b", "a", "c", "b")
    assert taken(made) == [0, 1, 3]
    made.release(record(0, "a"))
    assert taken(made) == [2]


def test_no_more_than_size_are_under_way() -> None:
    made = window(*"abcdef", size=2)
    assert taken(made) == [0, 1]
    made.finish(record(0, "a"))
    assert taken(made) == []
    made.release(record(0, "a"))
    assert taken(made) == [2]


def test_the_low_water_mark_waits_for_the_oldest() -> None:
    made = window("a", "b", "c")
    assert taken(made) == [0, 1, 2]
    made.finish(record(1, "b"))
    made.finish(record(2, "c"))
    assert made.low_water == 0
    made.finish(record(0, "a"))
    assert made.low_water == 3
    assert made.oldest is None


def test_it_is_full_while_finished_records_wait_for_the_oldest() -> None:
    made = window("a", *"bcdefgh", ahead=8)
    assert made.full
    for one in taken(made)[1:]:
        made.finish(record(one))
    assert made.full
    made.finish(record(0))
    assert made.roomy


def test_records_that_come_again_are_ignored() -> None:
    made = window("a", "b")
    made.add(record(0, "a"))
    made.add(record(1, "b"))
    assert taken(made) == [0, 1]
    assert made.next == 2


def test_holes_in_the_offsets_are_no_obstacle() -> None:
    made = Window()
    for offset in (5, 9, 20):
        made.add(record(offset, str(offset)))
    for one in taken(made):
        made.release(record(one, str(one)))
        made.finish(record(one, str(one)))
    assert made.low_water == 21


subjects = st.lists(st.sampled_from("abc"), max_size=30)
sizes = st.integers(1, 5)


@given(subjects, sizes, st.integers(1, 4), st.randoms())
def test_in_any_order_of_answers_each_subject_stays_in_order_and_nothing_is_committed_too_early(
    given_subjects: list[str], size: int, most: int, random: object
) -> None:
    """Some of what is taken is put back, or parked, as batches are that were refused in part."""
    made = window(*given_subjects, size=size)
    under_way: list[list[Record]] = []
    parked = beyond = 0
    order: list[int] = []
    finished: set[int] = set()
    while True:
        while one := made.take(most):
            assert len(one) <= most
            assert not {record.key for record in one} & {other.key for batch in under_way for other in batch}
            under_way.append(one)
        # What comes back from its wait is beyond the size until as much has ended.
        busy = sum(map(len, under_way))
        beyond = max(parked, min(beyond, busy - size), 0)
        assert busy <= size + beyond
        if not under_way:
            break
        if not parked and random.random() < 0.3:  # type: ignore[attr-defined]
            parked = len(under_way[0])
            made.park(parked)
            continue
        if parked:
            made.unpark(parked)
            parked = 0
        done = under_way.pop(random.randrange(len(under_way)))  # type: ignore[attr-defined]
        first = {record.key: record for record in reversed(done)}
        back = [one for one in done if first[one.key] is not one and random.random() < 0.5]  # type: ignore[attr-defined]
        back += [
            one
            for one in done
            if one not in back and any(b.key == one.key and b.offset < one.offset for b in back)
        ]
        made.put_back(back)
        for one in done:
            if one not in back:
                made.release(one)
                made.finish(one)
                order.append(one.offset)
                finished.add(one.offset)
        assert set(range(made.low_water or 0)) <= finished
        assert all(made.has_finished(offset) == (offset in finished) for offset in range(len(given_subjects)))
    assert finished == set(range(len(given_subjects)))
    for subject in "abc":
        own = [offset for offset in order if given_subjects[offset] == subject]
        assert own == sorted(own)


def test_a_batch_takes_a_subject_as_far_as_there_is_room_and_keeps_it_busy() -> None:
    made = window("a", "b", "a", "a", "c")
    (one,) = [made.take(3)]
    assert [record.offset for record in one] == [0, 2, 3]
    assert taken(made) == [1, 4]
    made.put_back(one[1:])
    assert taken(made) == []
    made.release(one[0])
    assert taken(made) == [2]


def test_a_batch_keeps_within_bytes_but_a_single_large_record_goes() -> None:
    made = Window()
    for offset, size in enumerate((10, 90, 5, 500)):
        made.add(Record("outbox.x", 0, offset, 0, str(offset).encode(), b"x" * size))
    sizes = [[len(record.value or b"") for record in made.take(10, 100)] for _ in range(4)]
    assert sizes == [[10, 90], [5], [500], []]


def test_what_is_parked_leaves_room_for_others() -> None:
    made = window(*"abc", size=1)
    assert taken(made) == [0]
    made.park(1)
    assert taken(made) == [1]
    made.unpark(1)
    made.release(record(1, "b"))
    assert taken(made) == []
    made.release(record(0, "a"))
    assert taken(made) == [2]


def test_a_pace_without_a_rate_never_waits() -> None:
    pace = Pace(0)
    assert [pace.reserve(0.0) for _ in range(1000)] == [0.0] * 1000


def test_a_pace_allows_a_second_at_once_and_then_the_rate() -> None:
    pace = Pace(600)
    waits = [pace.reserve(100.0) for _ in range(12)]
    assert waits[:10] == [0.0] * 10
    assert [round(wait, 3) for wait in waits[10:]] == [0.1, 0.2]


def test_a_slow_pace_lets_one_through_at_a_time() -> None:
    pace = Pace(6)
    assert [pace.reserve(0.0) for _ in range(3)] == [0.0, 10.0, 20.0]
    assert pace.reserve(60.0) == 0.0


@given(st.integers(1, 600), st.lists(st.floats(0, 5), min_size=1, max_size=200))
def test_no_minute_ever_holds_more_than_was_allowed_and_one_burst(rate: int, gaps: list[float]) -> None:
    pace = Pace(rate)
    now, sent = 0.0, []
    for gap in gaps:
        now += gap
        sent.append(now + pace.reserve(now))
    for start in sent:
        in_minute = [at for at in sent if start <= at < start + 60 - 1e-6]
        assert len(in_minute) <= rate + max(1, rate / 60)
