"""What a replay does when its lane may not be ours, and when nothing answers: on fakes, without a broker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson

from hub.core import redelivery
from hub.core.delivery import Delivery, to_record
from hub.core.records import Out, Record
from hub.core.redelivery import Order, Progress, Replays
from hub.core.retry import Answer, Retry, Stop
from hub.core.subscription import Subscription
from hub.core.topics import SUBSCRIPTIONS
from hub.core.withdrawal import Ahead
from hub.courier.crew import Crew
from hub.courier.ledger import UNSAVED
from hub.courier.redelivery import Redelivery
from hub.courier.rerun import WIDTH
from hub.courier.sender import Reply
from tests.integration.partners import until

MINE = Subscription(id="a", partner="p", sink="https://x", secret="whsec_AAAA")
ORDER = Order(
    id="rp-1",
    subscription="a",
    by="p",
    why="rehearsal",
    pace=6000,
    at=1,
    numbers="1-40",
    total=40,
    criteria=("first",),
    content="c",
)


class Lane:
    subscription = MINE
    idle = True
    last_success = 0.0
    rate = 0

    def __init__(self) -> None:
        self.heeded: list[Retry | Stop] = []
        self.spoken: list[int] = []
        self.open = asyncio.Event()
        self.open.set()
        self.status = 200

    async def speak(
        self,
        delivery: Delivery,
        number: int,
        extra: Mapping[str, str],
        before: Callable[[], Awaitable[None]] | None = None,
    ) -> Reply:
        await self.open.wait()
        if before is not None:
            await before()
        self.spoken.append(number)
        await asyncio.sleep(0)
        if 200 <= self.status < 300:
            self.last_success = time.monotonic()
        return Reply(Answer(self.status), {}, 0.0)

    async def heed(self, verdict: Retry | Stop) -> None:
        self.heeded.append(verdict)
        if isinstance(verdict, Stop):
            self.open.clear()


class Stage:
    """A courier with one lane, and a Kafka that is a list."""

    def __init__(self) -> None:
        self.own: Lane | None = Lane()
        self.held = True
        self.current = True
        self.written: list[Out] = []
        self.orders = Replays()
        self.orders.apply("a/replay/rp-1", redelivery.dump(ORDER))
        self.failed: list[BaseException] = []
        self.work = Redelivery(self, self.orders, self._crew(), self.fetch, self.level)  # type: ignore[arg-type]

    @property
    def subscriptions(self) -> list[str]:
        return ["a"] if self.own else []

    def lane(self, id: str) -> Lane | None:
        return self.own

    async def holds(self, id: str) -> bool:
        return self.held

    async def has_finished(self, id: str, offset: int) -> bool:
        return True

    async def level(self) -> bool:
        return self.current

    async def fetch(self, id: str, offset: int) -> list[Record]:
        return [_record(place) for place in range(offset, 40)]

    def progress(self) -> Progress:
        """As somebody else would read it from Kafka."""
        known = Replays()
        for out in self.written:
            if out.topic == SUBSCRIPTIONS and out.key:
                known.apply(out.key.decode(), out.value)
        return known.progress(ORDER)

    def _crew(self) -> Crew:
        async def write(out: Out) -> None:
            await asyncio.sleep(0)
            self.written.append(out)

        async def look(id: str, ahead: Ahead) -> None:
            return None

        async def send(*_: object) -> Reply:
            raise AssertionError("only the lane speaks")

        return Crew(
            send=send,  # type: ignore[arg-type]
            open=lambda to: to,
            write=write,
            look=look,
            origin="hub",
            consent_days=30,
            schedule=(0.0, 0.01),
            now=lambda: time.time_ns() // 1_000_000,
            steady=time.monotonic,
            draw=lambda: 0.0,
            fail=self.failed.append,
        )


def _record(place: int) -> Record:
    event = {"specversion": "1.0", "id": f"e{place}", "source": "/s", "type": "t", "data": {}}
    made = to_record("a", Delivery(f"d{place}", f"s{place}", 1, orjson.dumps(event)))
    return Record(made.topic, 0, place, 1, made.key or b"", made.value, made.headers)


async def running(stage: Stage, act: Callable[[Lane], Awaitable[None]]) -> None:
    lane = stage.own
    assert lane is not None
    task = asyncio.create_task(stage.work.run())
    try:
        await act(lane)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await stage.work.leave()
    assert stage.failed == []


async def test_it_runs_the_lanes_it_has_once_all_that_was_written_is_known() -> None:
    stage = Stage()
    stage.current = False

    async def act(lane: Lane) -> None:
        stage.work.arrive()
        await asyncio.sleep(1.2)
        assert lane.spoken == []
        stage.current = True
        await until(lambda: stage.progress().ended > 0)

    await running(stage, act)
    assert stage.own is not None and sorted(stage.own.spoken) == list(range(1, 41))
    assert stage.progress().delivered == 40


async def test_who_cannot_prove_that_the_lane_is_its_own_sends_and_writes_nothing() -> None:
    stage = Stage()

    async def act(lane: Lane) -> None:
        stage.held = False
        stage.work.arrive()
        await asyncio.sleep(1.2)
        assert lane.spoken == [] and stage.written == []
        stage.held = True
        await until(lambda: stage.progress().ended > 0)

    await running(stage, act)
    assert stage.progress().delivered == 40


async def test_who_loses_the_proof_behind_a_shut_gate_sends_nothing_when_it_opens() -> None:
    stage = Stage()

    async def act(lane: Lane) -> None:
        lane.open.clear()
        stage.work.arrive()
        await until(lambda: stage.progress().started > 0)
        stage.held = False
        lane.open.set()
        await asyncio.sleep(0.7)
        assert lane.spoken == []

    await running(stage, act)


async def test_when_the_lanes_are_shared_out_anew_what_runs_ends_first_and_its_progress_is_written() -> None:
    stage = Stage()

    async def act(lane: Lane) -> None:
        stage.work.arrive()
        await until(lambda: len(lane.spoken) > 10)
        await stage.work.leave()
        count = len(lane.spoken)
        assert stage.progress().done == count, "the next one begins behind all that was sent"
        await asyncio.sleep(0.7)
        assert len(lane.spoken) == count
        stage.work.arrive()
        await until(lambda: stage.progress().ended > 0)
        assert sorted(lane.spoken) == list(range(1, 41)), "nothing was sent twice"

    await running(stage, act)


async def test_no_more_is_sent_beyond_what_is_written_down_than_a_crash_may_repeat() -> None:
    stage = Stage()
    lane = stage.own
    assert lane is not None
    well, beyond = lane.speak, 0

    async def speak(*given: Any) -> Reply:
        nonlocal beyond
        reply = await well(*given)
        beyond = max(beyond, len(lane.spoken) - stage.progress().done)
        return reply

    lane.speak = speak  # type: ignore[method-assign]

    async def act(_: Lane) -> None:
        stage.work.arrive()
        await until(lambda: stage.progress().ended > 0)

    await running(stage, act)
    assert WIDTH < beyond <= UNSAVED + WIDTH


async def test_a_lane_that_was_made_anew_goes_on_with_the_replay() -> None:
    stage = Stage()

    async def act(lane: Lane) -> None:
        stage.work.arrive()
        await until(lambda: len(lane.spoken) > 10)
        lane.open.clear()
        stage.own = None
        await asyncio.sleep(0.7)
        stage.own = other = Lane()
        await until(lambda: stage.progress().ended > 0)
        assert sorted({*lane.spoken, *other.spoken}) == list(range(1, 41))
        assert len(lane.spoken) + len(other.spoken) == 40

    await running(stage, act)


async def test_a_receiver_that_is_down_fails_nothing() -> None:
    stage = Stage()

    async def act(lane: Lane) -> None:
        lane.status = 503
        stage.work.arrive()
        await until(lambda: len(lane.spoken) > 60)
        lane.status = 200
        await until(lambda: stage.progress().ended > 0)

    await running(stage, act)
    assert (stage.progress().delivered, stage.progress().failed) == (40, 0)


async def test_a_receiver_that_wants_no_more_stops_the_lane_and_the_replay_waits() -> None:
    stage = Stage()

    async def act(lane: Lane) -> None:
        lane.status = 410
        stage.work.arrive()
        await until(lambda: Stop("the receiver answered 410 Gone") in lane.heeded)
        await asyncio.sleep(0.7)
        assert len(lane.spoken) <= WIDTH and not stage.progress().ended
        lane.status = 200
        lane.open.set()
        await until(lambda: stage.progress().ended > 0)

    await running(stage, act)
    assert stage.progress().delivered == 40


async def test_it_leaves_half_of_what_may_be_sent_to_live_deliveries() -> None:
    stage = Stage()

    async def act(lane: Lane) -> None:
        lane.rate = 240
        stage.work.arrive()
        began = time.monotonic()
        await until(lambda: len(lane.spoken) > 5)
        assert time.monotonic() - began > 1.5, "six at two per second, of which two may come at once"

    await running(stage, act)


async def test_one_that_fails_while_others_do_not_is_given_up() -> None:
    stage = Stage()
    lane = stage.own
    assert lane is not None
    well = lane.speak

    async def speak(delivery: Delivery, number: int, *rest: Any) -> Reply:
        reply = await well(delivery, number, *rest)
        return reply if number != 3 else Reply(Answer(500), {}, 0.0)

    lane.speak = speak  # type: ignore[method-assign]

    async def act(_: Lane) -> None:
        stage.work.arrive()
        await until(lambda: stage.progress().ended > 0)

    await running(stage, act)
    assert (stage.progress().delivered, stage.progress().failed) == (39, 1)


def test_what_is_left_of_an_order_leaves_out_what_is_done() -> None:
    order = Order(
        id="r",
        subscription="a",
        by="p",
        why="w",
        pace=1,
        at=1,
        numbers="1-3,5,8-12",
        total=9,
        criteria=(),
        content="",
    )
    left = [n for span in redelivery.left(order, Progress(next=3, ahead="5,9-10")) for n in span]
    assert left == [3, 8, 11, 12]
