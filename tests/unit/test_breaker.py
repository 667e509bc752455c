"""When a lane stops trying every delivery, and when it begins again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hub.courier.breaker import FRESH_SECONDS, THRESHOLD, Breaker


def breaker(since: float | None = None) -> Breaker:
    """Waits 10 s after the first try that failed, 20 s after the second, and so on."""
    return Breaker(lambda tried: 10.0 * tried, since)


def opened(at: float = 0.0) -> Breaker:
    made = breaker()
    for number in range(THRESHOLD):
        made.failed(number, at)
    return made


def test_one_delivery_that_fails_over_and_over_holds_nobody_up() -> None:
    made = breaker()
    for _ in range(100):
        made.failed(7, 0.0)
    assert not made.is_open
    assert made.shut_for(0.0, fresh=False) == 0


def test_it_opens_when_that_many_different_ones_failed_in_a_row_and_not_before() -> None:
    made = breaker()
    for number in range(THRESHOLD - 1):
        made.failed(number, 0.0)
    assert not made.is_open
    made.succeeded()
    for number in range(THRESHOLD - 1):
        made.failed(number, 0.0)
    assert not made.is_open, "a success begins the count anew"
    made.failed(99, 0.0)
    assert made.is_open


def test_open_it_lets_one_at_a_time_try_on_the_schedule() -> None:
    made = opened()
    assert made.shut_for(4.0, fresh=False) == 6.0
    assert made.shut_for(10.0, fresh=False) == 0.0
    assert made.begin()
    assert made.shut_for(10.0, fresh=False) is None
    assert made.shut_for(1e9, fresh=True) is None
    made.end(sent=True, now=11.0)
    assert made.shut_for(11.0, fresh=False) == 20.0


def test_what_was_never_tried_may_try_a_minute_after_the_last() -> None:
    made = Breaker(lambda tried: 10_000.0)
    for number in range(THRESHOLD):
        made.failed(number, 0.0)
    assert made.shut_for(0.0, fresh=True) == 0.0
    assert made.begin()
    made.end(sent=True, now=5.0)
    assert made.shut_for(5.0, fresh=True) == FRESH_SECONDS
    assert made.shut_for(5.0, fresh=False) == 10_000.0


def test_a_try_that_sent_nothing_does_not_count() -> None:
    made = opened()
    made.begin()
    made.end(sent=False, now=10.0)
    assert made.shut_for(10.0, fresh=False) == 0.0


def test_a_success_closes_it_and_everything_flows() -> None:
    made = opened()
    made.begin()
    assert made.succeeded()
    assert not made.is_open
    assert made.shut_for(0.0, fresh=False) == 0.0
    assert not made.begin()
    assert not made.succeeded()


def test_one_that_was_open_when_the_courier_ended_tries_one_at_once() -> None:
    made = breaker(since=100.0)
    assert made.is_open
    assert made.shut_for(100.0, fresh=False) == 0.0
    made.begin()
    assert made.shut_for(100.0, fresh=False) is None


steps = st.lists(st.sampled_from(("failed", "succeeded", "try", "wait")), max_size=60)


@given(steps, st.randoms())
def test_open_means_at_most_one_on_the_wire_and_never_shut_for_good(steps: list[str], random: object) -> None:
    made, now, trying = breaker(), 0.0, False
    for step in steps:
        now += 1.0
        if step == "failed":
            made.failed(int(now), now)
        elif step == "succeeded":
            made.succeeded()
            trying = False
        elif step == "wait":
            now += 50.0
        elif made.shut_for(now, fresh=True) == 0 and made.begin():
            assert not trying
            trying = True
        if trying and step == "wait":
            made.end(sent=True, now=now)
            trying = False
    if not trying:
        assert made.shut_for(now + 1e6, fresh=False) == 0.0
