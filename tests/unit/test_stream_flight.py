"""A commit never goes past a fetch that is still under way."""

from __future__ import annotations

from hub.stream.flight import Flight


def test_nothing_is_committable_before_anything_is_finished() -> None:
    flight: Flight[str] = Flight()
    flight.send({"a": 9})
    assert flight.committable("a") is None
    assert flight.committable("b") is None


def test_the_offset_after_the_last_finished_record_is_told_once() -> None:
    flight: Flight[str] = Flight()
    flight.send({"a": 9, "b": 3})
    flight.finish({"a": 9, "b": 3})
    assert [flight.committable("a"), flight.committable("a")] == [10, None]
    assert flight.committable("b") == 4


def test_a_finished_fetch_behind_one_that_is_not_stays_uncommitted() -> None:
    flight: Flight[str] = Flight()
    for end in (9, 19, 29):
        flight.send({"a": end})
    flight.finish({"a": 19})
    assert flight.committable("a") is None
    flight.finish({"a": 9})
    assert flight.committable("a") == 20
    flight.finish({"a": 29})
    assert flight.committable("a") == 30


def test_one_partition_does_not_hold_back_another() -> None:
    flight: Flight[str] = Flight()
    flight.send({"a": 9})
    flight.send({"b": 5})
    flight.finish({"b": 5})
    assert (flight.committable("a"), flight.committable("b")) == (None, 6)


def test_what_was_forgotten_is_never_committed() -> None:
    flight: Flight[str] = Flight()
    flight.send({"a": 9})
    flight.finish({"a": 9})
    flight.forget()
    assert flight.committable("a") is None
    assert list(flight) == []
