"""How much one partner may ask of a process of the door."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.gateway.limits import Limits
from hub.gateway.problems import Problem


class Watch:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def refused(limits: Limits, who: str = "a") -> Problem | None:
    try:
        limits.request(who)
    except Problem as problem:
        return problem
    return None


def test_two_seconds_worth_may_come_at_once_and_then_as_fast_as_allowed() -> None:
    watch = Watch()
    limits = Limits(rate=5, clock=watch)
    assert [refused(limits) for _ in range(10)] == [None] * 10
    problem = refused(limits)
    assert problem is not None and (problem.status, problem.code) == (429, "too-many-rate")
    assert problem.headers == {"Retry-After": "1"}
    watch.now = 1.0
    assert [refused(limits) is None for _ in range(6)] == [True] * 5 + [False]


def test_another_partner_is_not_held_up_and_zero_is_no_limit() -> None:
    limits = Limits(rate=1, clock=Watch())
    assert refused(limits) is None and refused(limits) is None and refused(limits) is not None
    assert refused(limits, "b") is None
    assert not any(refused(Limits(rate=0)) for _ in range(5000))


@given(st.floats(0.1, 50), st.lists(st.floats(0, 2), max_size=200))
def test_never_more_than_the_rate_and_one_burst(rate: float, waits: list[float]) -> None:
    watch, let = Watch(), 0
    limits = Limits(rate=rate, clock=watch)
    for wait in waits:
        watch.now += wait
        let += refused(limits) is None
    assert let <= watch.now * rate + max(1.0, rate * 2) + 1e-6


def test_reads_of_feeds_are_counted_until_they_end() -> None:
    limits = Limits(polls=2)
    with limits.poll("a"), limits.poll("a"):
        with pytest.raises(Problem) as told, limits.poll("a"):
            pass
        assert (told.value.status, told.value.code) == (429, "too-many-polls")
        with limits.poll("b"):
            pass
    with limits.poll("a"):
        pass
