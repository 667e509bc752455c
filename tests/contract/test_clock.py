"""The two clocks of the projector: what is due is woken, and aggregates are published on fixed days, once."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence

import orjson
import pytest

from hub.core.records import Out
from hub.core.topics import COMMANDS
from hub.core.views import Census, Group, Line, Published, View
from hub.readmodel.clock import Clock
from hub.readmodel.snapshots import Snapshots, newest
from tests.contract.test_counts import tally
from tests.contract.test_readmodel import Model
from tests.journals import NOW, stored

MONTHS = tuple(f"{month:02}-01" for month in range(1, 13))


@pytest.fixture
def model(database_url: str) -> Iterator[Model]:
    made = Model(database_url, count=tally)
    yield made
    made.engine.dispose()


class Ticks:
    """Publishes into a list."""

    def __init__(self) -> None:
        self.outs: list[Out] = []

    async def __call__(self, outs: Sequence[Out], /) -> None:
        self.outs += outs


class Hands:
    """Two clocks that a test turns: the hub's, and the world's."""

    def __init__(self, day: str = "2026-09-21") -> None:
        self.elapsed = 0.0
        self.set(day)

    def set(self, day: str) -> None:
        self.ms = int(datetime.datetime.fromisoformat(f"{day}T12:00:00+00:00").timestamp() * 1000)

    def now(self) -> int:
        return self.ms

    def stopwatch(self) -> float:
        return self.elapsed


async def test_the_clock_wakes_what_is_due_once_and_again_after_a_minute(model: Model) -> None:
    today = "2026-09-21"  # the date of NOW
    model.keep("learner/due", stored("learner/due", Line("due"), today))
    model.keep("learner/late", stored("learner/late", None, "2026-09-01"))
    model.keep("learner/later", stored("learner/later", Line("later"), "2026-09-22"))
    model.keep("learner/never", stored("learner/never", Line("never")))
    ticks, elapsed = Ticks(), 0.0
    clock = Clock(model.engine, ticks, lambda: NOW, lambda: elapsed)

    asked = [await clock.tick(), await clock.tick()]
    elapsed += 60
    asked.append(await clock.tick())
    model.keep("learner/due", stored("learner/due", Line("due"), "2026-10-01"))
    model.keep("learner/late", None)
    elapsed += 60
    asked.append(await clock.tick())

    assert asked == [2, 0, 2, 0]
    expected = b'{"command":"tick","at":%d}'
    assert ticks.outs[:2] == [
        Out(COMMANDS, b"learner/due", expected % NOW),
        Out(COMMANDS, b"learner/late", expected % NOW),
    ]


async def test_a_tick_that_could_not_be_published_is_asked_for_again(model: Model) -> None:
    model.keep("learner/due", stored("learner/due", Line("due"), "2026-09-01"))
    ticks = Ticks()

    async def broken(_: Sequence[Out], /) -> None:
        raise ConnectionError

    clock = Clock(model.engine, broken, lambda: NOW)
    with pytest.raises(ConnectionError):
        await clock.tick()
    clock._publish = ticks

    assert await clock.tick() == 1


async def test_an_aggregate_that_moves_on_to_a_new_date_is_woken_at_once(model: Model) -> None:
    model.keep("learner/x", stored("learner/x", Line("x"), "2026-09-01"))
    clock = Clock(model.engine, ticks := Ticks(), lambda: NOW)
    await clock.tick()
    model.keep("learner/x", stored("learner/x", Line("x"), "2026-09-02"))

    await clock.tick()

    assert len(ticks.outs) == 2


async def test_a_clock_that_leaps_wakes_at_once_and_does_not_ask_twice(model: Model) -> None:
    """A minute of the hub's clock is not a minute of waiting: a school year may pass in seconds."""
    model.keep("learner/x", stored("learner/x", Line("x"), "2027-01-01"))
    hands, ticks = Hands("2026-12-31"), Ticks()
    clock = Clock(model.engine, ticks, hands.now, hands.stopwatch)
    asked = [await clock.tick()]
    for day in ("2027-01-01", "2027-06-01"):
        hands.set(day)
        asked.append(await clock.tick())

    assert asked == [0, 1, 0]
    assert orjson.loads(ticks.outs[0].value or b"")["at"] < hands.ms


async def test_a_day_is_settled_when_its_ticks_were_answered_or_waited_for_long_enough(model: Model) -> None:
    model.keep("learner/x", stored("learner/x", Line("x"), "2026-09-01"))
    hands = Hands()
    clock = Clock(model.engine, Ticks(), hands.now, hands.stopwatch)
    settled = [clock.settled("2026-09-21")]
    await clock.tick()
    settled.append(clock.settled("2026-09-21"))
    model.keep("learner/x", stored("learner/x", Line("x"), "2026-12-01"))
    await clock.tick()
    settled.append(clock.settled("2026-09-21"))
    model.keep("learner/poison", stored("learner/poison", Line("p"), "2026-09-01"))
    await clock.tick()
    settled.append(clock.settled("2026-09-21"))
    hands.elapsed += 61
    await clock.tick()
    settled.append(clock.settled("2026-09-21"))

    assert settled == [False, False, True, False, True]
    assert not clock.settled("2026-09-22"), "nobody looked yet at that day"


class Calendar:
    """Snapshots of a model, with everything a test may turn."""

    def __init__(self, model: Model, day: str) -> None:
        self.model = model
        self.hands = Hands(day)
        self.ticks = Ticks()
        self.level = self.settled = True

        async def level() -> bool:
            return self.level

        self.snapshots = Snapshots(
            model.queries,
            self.ticks,
            self.hands.now,
            MONTHS,
            level,
            lambda _: self.settled,
            self.hands.stopwatch,
        )

    def published(self, on: str) -> None:
        """What the processor makes of it."""
        census: View = Census([Published("M1", "2026-2027", on, 5, "pooled")])
        self.model.keep("census/almere", stored("census/almere", census))

    async def asked(self, day: str) -> str:
        self.hands.set(day)
        return await self.snapshots.look()


async def test_a_snapshot_holds_the_counts_of_the_rows_and_is_asked_for_once(model: Model) -> None:
    model.keep("group/1", stored("group/1", Group("1", area="stad", total=74)))
    one = Calendar(model, "2027-03-02")

    asked = [await one.snapshots.look(), await one.snapshots.look()]
    one.published("2027-03-01")
    one.hands.elapsed += 3600
    asked.append(await one.snapshots.look())

    assert asked == ["2027-03-01", "", ""]
    (out,) = one.ticks.outs
    assert (out.topic, out.key) == (COMMANDS, b"census/almere")
    expected = {"command": "snapshot", "on": "2027-03-01", "counts": {"minors": 74, "area/stad": 1}}
    assert orjson.loads(out.value or b"") == expected


async def test_one_that_nothing_came_of_is_asked_for_again_after_a_minute(model: Model) -> None:
    one = Calendar(model, "2027-03-02")
    asked = [await one.snapshots.look(), await one.snapshots.look()]
    one.hands.elapsed += 60
    asked.append(await one.snapshots.look())

    assert asked == ["2027-03-01", "", "2027-03-01"]


async def test_after_downtime_only_the_newest_moment_is_published(model: Model) -> None:
    one = Calendar(model, "2026-10-05")
    one.published("2026-10-01")

    assert [await one.asked("2026-10-31"), await one.asked("2027-02-14")] == ["", "2027-02-01"]


@pytest.mark.parametrize("hindrance", ["level", "settled"])
async def test_no_snapshot_is_made_of_rows_that_have_not_caught_up(model: Model, hindrance: str) -> None:
    one = Calendar(model, "2027-03-02")
    setattr(one, hindrance, False)
    behind = await one.snapshots.look()
    setattr(one, hindrance, True)

    assert (behind, await one.snapshots.look()) == ("", "2027-03-01")


async def test_a_clock_that_is_set_back_publishes_nothing_again(model: Model) -> None:
    one = Calendar(model, "2027-03-02")
    one.published("2027-03-01")

    assert await one.asked("2026-12-24") == ""


@pytest.mark.parametrize(
    ("today", "expected"),
    [("2027-03-01", "2027-03-01"), ("2027-02-28", "2027-02-01"), ("2027-01-01", "2027-01-01")],
)
def test_the_newest_moment_is_the_last_one_that_has_come(today: str, expected: str) -> None:
    assert newest(MONTHS, today) == expected


def test_a_moment_of_last_year_counts_until_this_years_comes() -> None:
    assert newest(("10-01", "06-30"), "2027-03-01") == "2026-10-01"
    assert newest((), "2027-03-01") == ""
