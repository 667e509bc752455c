"""One run: the hub under load, the faults of the plan at their moments, quiet, and the verdict."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from hub.core.records import Record
from hub.core.topics import outbox, subscription_of
from hub.core.work import DAY
from hub.demo import check as checks
from hub.demo.log import read_all
from hub.readmodel.queries import Queries
from hub.readmodel.schema import open_engine
from hub.wiring.shared import then
from tests.chaos import plan, report
from tests.chaos.checker import Evidence, Verdict, judge
from tests.chaos.faults import Done, Injector
from tests.chaos.hub import workers
from tests.chaos.plan import Cast, Fault
from tests.chaos.stage import BUSY, Options, Stage, opened

LEAD_SECONDS = 2.0
"""Of load, before the first fault."""
SETTLE_SECONDS = 150.0
LOOK_SECONDS = 0.3

Say = Callable[[str], None]


class Wish(NamedTuple):
    """`spacing` is seconds from one fault to the next, on average; `rate` events per second."""

    seed: int
    faults: int
    rate: float
    spacing: float = 4.0
    brokers: int = 1
    processors: int = 1
    couriers: int = 1

    @property
    def seconds(self) -> float:
        return self.faults * self.spacing

    def settings(self) -> dict[str, str]:
        """HUB_ variables, but for what is as it is by default."""
        asked = {
            "HUB_KAFKA_BROKERS": self.brokers,
            "HUB_PROCESSORS": self.processors,
            "HUB_COURIERS": self.couriers,
        }
        return {name: str(number) for name, number in asked.items() if number != 1}


class Outcome(NamedTuple):
    planned: Sequence[Fault]
    done: Sequence[Done]
    verdict: Verdict

    @property
    def idle(self) -> list[Done]:
        """Faults that did nothing."""
        return [done for done in self.done if not done.real]


def planned(wish: Wish) -> list[Fault]:
    cast = Cast(workers(wish.processors, wish.couriers, wish.brokers), BUSY)
    return plan.plan(wish.seed, wish.faults, wish.seconds, cast)


async def run(wish: Wish, folder: Path, say: Say, stopping: asyncio.Event | None = None) -> Outcome:
    """The whole of it, in `folder`. Once `stopping` is set no more faults are begun and no more is published; what was
    accepted until then is checked all the same. Raises HubFailed when the hub does not start."""
    stopping = stopping or asyncio.Event()
    faults = planned(wish)
    async with opened(folder, Options(folder, wish.seed, wish.settings())) as stage:
        begun = time.time()
        say(f"the hub is up; {wish.rate:g} events/s, {wish.faults} faults in {wish.seconds:.0f} s")
        done = await _hurt(stage, wish, faults, begun, say, stopping)
        say(f"{time.time() - begun:7.1f} s  no more faults and no more events; waiting until it is quiet")
        verdict, done = await _verdict(stage, done)
        for line in report.table(wish.seed, faults, done, verdict, begun):
            say(line)
        return Outcome(faults, done, verdict)


async def _hurt(
    stage: Stage, wish: Wish, faults: Sequence[Fault], begun: float, say: Say, stopping: asyncio.Event
) -> list[Done]:
    """Load and faults side by side; the load ends with the last fault."""
    enough = asyncio.Event()
    events = max(500, round(wish.rate * (wish.seconds + LEAD_SECONDS)))
    loading = asyncio.create_task(stage.load(wish.rate, enough, events))
    early = asyncio.create_task(then(stopping, enough.set))
    injector = Injector(stage)
    start = time.monotonic() + LEAD_SECONDS
    try:
        found = await asyncio.gather(*(_one(injector, f, start, begun, say, stopping) for f in faults))
    finally:
        early.cancel()
        enough.set()
        await loading
    return [done for done in found if done is not None]


async def _one(
    injector: Injector, fault: Fault, start: float, begun: float, say: Say, stopping: asyncio.Event
) -> Done | None:
    try:
        async with asyncio.timeout(max(0.0, start + fault.at - time.monotonic())):
            await stopping.wait()
        return None
    except TimeoutError:
        pass
    done = await injector.carry_out(fault)
    say(report.progress(done, begun))
    return done


async def _verdict(stage: Stage, done: list[Done]) -> tuple[Verdict, list[Done]]:
    """Waits for the last deliveries, then judges; again while what is missing may still come."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while not stage.settled() and time.monotonic() < deadline:
        await asyncio.sleep(LOOK_SECONDS)
    while True:
        evidence = await _evidence(stage, done)
        verdict = await asyncio.to_thread(judge, evidence, stage.policy)
        if not verdict.may_settle or time.monotonic() > deadline:
            return verdict, confirmed(done, evidence.kept.inputs)
        await asyncio.sleep(LOOK_SECONDS)


async def _evidence(stage: Stage, done: Sequence[Done]) -> Evidence:
    settings, links = stage.hub.settings, stage.links()
    ids = [one.id for partner in stage.directory.partners for one in stage.policy.subscriptions(partner)]
    outboxes: dict[str, list[Record]] = {id: [] for id in ids}
    for record in await read_all(settings.bootstrap, [outbox(id) for id in ids]):
        outboxes[subscription_of(record.topic)].append(record)
    kept = await checks.read(settings.bootstrap)
    engine = open_engine(settings.database_url)
    try:
        shown = await asyncio.to_thread(lambda: dict(Queries(engine).aggregates()))
    finally:
        engine.dispose()
    return Evidence(
        hits=list(stage.ledger.hits),
        accepted=set(stage.press.accepted),
        kept=kept,
        outboxes=outboxes,
        faults=done,
        links=links,
        unsigned=stage.ledger.unsigned,
        wandered=stage.systems.wandered,
        shown=shown,
    )


def confirmed(done: Sequence[Done], inputs: Sequence[Record]) -> list[Done]:
    """A step of the clock counts only when the hub has stamped something with that day, or a later one."""
    stamped = max((value.decode() for r in inputs for name, value in r.headers if name == DAY), default="")

    def seen(one: Done) -> bool:
        return one.fault.kind != plan.CLOCK or one.effect.rpartition(" ")[2] <= stamped

    return [one if seen(one) else one._replace(real=False) for one in done]
