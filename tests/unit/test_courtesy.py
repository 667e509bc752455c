"""How a courier slows a backlog down for the sake of others, played against machines of several kinds."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hub.courier.courtesy import BURST_SECONDS, FIRST, LEAST, MOST, Courtesy

Machine = Callable[[float], float]
"""How late fresh records are when a backlog goes out at so many per second."""
TICK = 0.01


def calm_before(machine: Machine, seconds: float = 60.0) -> Courtesy:
    made = Courtesy()
    for tick in range(int(seconds / TICK)):
        made.fresh(machine(0), tick * TICK)
    return made


def catch_up(made: Courtesy, machine: Machine | None, seconds: float, start: float = 100.0) -> list[int]:
    """Deliveries of a backlog in each second, as many as may go out; without a machine nothing is fresh."""
    sent, due = [0] * int(seconds), 0.0
    for tick in range(int(seconds / TICK)):
        now = start + tick * TICK
        second = int(tick * TICK)
        while due <= now:
            due = now + made.reserve(now)
            sent[second] += 1
        if machine is not None:
            made.fresh(machine(made.rate), now)
    return sent


def test_with_nobody_to_hold_up_a_backlog_goes_ever_faster() -> None:
    assert catch_up(Courtesy(), None, 60)[-1] > MOST * 0.9


def test_who_holds_others_up_all_the_same_is_slow_and_never_stops() -> None:
    sent = catch_up(calm_before(lambda rate: 0.01), lambda rate: 0.2, 60)
    assert LEAST * 0.8 < sent[-1] < LEAST * 1.2


@pytest.mark.parametrize("room", [100.0, 300.0, 1000.0])
def test_it_finds_the_rate_at_which_others_are_hardly_later(room: float) -> None:
    def machine(rate: float) -> float:
        return 0.01 + max(0.0, rate - room) / room * 0.05

    made = calm_before(machine)
    sent = catch_up(made, machine, 120)[60:]
    assert 0.5 * room < sum(sent) / len(sent) < 1.3 * room


def test_a_slow_machine_is_slow_without_a_backlog_too() -> None:
    made = calm_before(lambda rate: 0.15)
    assert min(catch_up(made, lambda rate: 0.15, 60)[1:]) > FIRST / 2
    assert made.rate > FIRST


def test_it_learns_what_is_calm_only_while_nothing_catches_up() -> None:
    made = calm_before(lambda rate: 0.01)
    catch_up(made, lambda rate: 0.2, 60)
    assert made.calm == pytest.approx(0.01, rel=0.01)


def test_no_more_go_out_than_the_rate_says_and_a_short_absence_is_made_up_for() -> None:
    made = Courtesy()
    rests = [made.reserve(50.0) for _ in range(11)]
    assert rests[: int(FIRST * BURST_SECONDS)] == [0.0] * int(FIRST * BURST_SECONDS)
    assert rests[-1] == pytest.approx(10 / FIRST - BURST_SECONDS)
