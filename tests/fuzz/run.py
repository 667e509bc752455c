"""One run: attacks side by side, then a look at all that is stored."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from math import ceil
from pathlib import Path
from urllib.request import urlopen

from aiokafka import TopicPartition

from hub import kafka
from hub.core.records import Record
from hub.core.topics import SUBSCRIPTIONS
from tests.broker import Broker
from tests.fuzz import schema, stage
from tests.fuzz.attacks import Plan
from tests.fuzz.client import send
from tests.fuzz.judge import Judge
from tests.fuzz.stage import Stage

TOGETHER = 8
LOOKS = 20
SETTLE_SECONDS = 8.0
"""In which a request whose sender hung up is stored, or never."""

ALLOWANCE = 15.0
"""Megabytes by which memory may wander."""

SHARE = 0.2
"""Of the requests, about, that Schemathesis sends in a long run."""

ROUNDS = 3
"""It comes so often as each caller."""

LONG = 5000


async def run(
    broker: Broker, folder: Path, seed: int, requests: int, say: Callable[[str], None] = print
) -> list[str]:
    """The faults found. `say` is told how it goes."""
    judge = Judge()
    async with stage.opened(broker, folder) as place:
        before = await _ends(broker)
        with await asyncio.to_thread(urlopen, f"{place.url}/v1/openapi.json") as answer:
            document = json.load(answer)
        own = requests if requests < LONG else int(requests * (1 - SHARE))
        curve = await _attacks(place, judge, Plan(seed, document), own, say)
        # What its requests ask for is of another size: memory is flat within each kind of attack.
        other: list[float] = []
        operations = sum(len(path) for path in document["paths"].values())
        if own < requests:
            say(f"schemathesis: {operations} operations, {len(schema.CALLERS)} callers")
            asked = ROUNDS * operations * len(schema.CALLERS) * schema.REQUESTS_PER_EXAMPLE
            examples = max(1, ceil((requests - own) / asked))
            for turn in range(ROUNDS):
                for token in schema.CALLERS:
                    judge.faults += await schema.attack(place.url, folder, seed + turn, examples, token)
                    other.append(place.rss)
                    told = f"{len(judge.faults)} faults, {other[-1]:.0f} MB"
                    say(f"schemathesis {turn + 1} of {ROUNDS} as {token or 'nobody'}: {told}")
        await _settled(broker)
        if place.process.poll() is not None:
            judge.fault("the gateway is dead")
        judge.stored(await _since(broker, before), {SUBSCRIPTIONS})
        judge.log(place.log.read_bytes())
        judge.memory(curve, ALLOWANCE)
        judge.memory(other, ALLOWANCE)
    _report(judge, [*curve, *other], folder, say)
    return judge.faults


async def _attacks(
    place: Stage, judge: Judge, plan: Plan, requests: int, say: Callable[[str], None]
) -> list[float]:
    numbers, begun, curve = iter(range(requests)), time.monotonic(), [place.rss]
    every = max(1, requests // LOOKS)

    async def sender() -> None:
        for number in numbers:
            attack = plan.attack(number)
            try:
                judge.answer(attack, await send(place.port, attack))
            except TimeoutError:
                judge.fault("neither an answer nor an end", attack)
            if number % every == every - 1:
                curve.append(place.rss)
                seconds = time.monotonic() - begun
                told = f"{len(judge.faults)} faults, {curve[-1]:.0f} MB"
                say(f"{number + 1:,} of {requests:,} requests, {(number + 1) / seconds:.0f}/s, {told}")

    async with asyncio.TaskGroup() as group:
        for _ in range(TOGETHER):
            group.create_task(sender())
    return curve


async def _settled(broker: Broker) -> None:
    """Until nothing was written for a second, at most SETTLE_SECONDS."""
    until, last = time.monotonic() + SETTLE_SECONDS, await _ends(broker)
    while time.monotonic() < until:
        await asyncio.sleep(1)
        now = await _ends(broker)
        if now == last:
            return
        last = now


async def _ends(broker: Broker) -> dict[TopicPartition, int]:
    reader = kafka.consumer(broker.bootstrap)
    await reader.start()
    try:
        cluster = await reader._client.fetch_all_metadata()
        parts = [
            TopicPartition(topic, number)
            for topic in cluster.topics()
            for number in cluster.partitions_for_topic(topic) or ()
            if not topic.startswith("__")
        ]
        # The offsets of topics that it was not told of it would look up one topic at a time.
        reader.assign(parts)
        return dict(await reader.end_offsets(parts))
    finally:
        await reader.stop()


async def _since(broker: Broker, before: dict[TopicPartition, int]) -> list[Record]:
    """Every record that came after `before`, of every topic of the cluster."""
    after = await _ends(broker)
    grown = {part: end for part, end in after.items() if end > before.get(part, 0)}
    reader = kafka.consumer(broker.bootstrap)
    await reader.start()
    try:
        reader.assign(list(grown))
        for part in grown:
            reader.seek(part, before.get(part, 0))
        found: list[Record] = []
        while grown and any([await reader.position(part) < end for part, end in grown.items()]):
            for records in (await reader.getmany(timeout_ms=500)).values():
                found += [kafka.to_record(record) for record in records]
        return found
    finally:
        await reader.stop()


def _report(judge: Judge, curve: list[float], folder: Path, say: Callable[[str], None]) -> None:
    taken = sorted(judge.seconds)
    shares = ", ".join(f"{status or 'none'}: {count:,}" for status, count in sorted(judge.statuses.items()))
    say(f"answers: {shares}")
    say(f"events accepted: {len(judge.accepted):,}; of {len(judge.uncertain):,} more nobody was told")
    p50, p99 = (taken[int(len(taken) * share)] * 1000 for share in (0.5, 0.99))
    say(f"time of an answer: median {p50:.1f} ms, 99% {p99:.0f} ms, longest {taken[-1] * 1000:.0f} ms")
    say(f"memory of the gateway: {' '.join(f'{one:.0f}' for one in curve)} MB")
    said = (folder / "gateway.log").read_bytes()
    logged, wire = said.count(b"http.request"), said.count(b"http.refused")
    say(f"requests the gateway logged: {logged:,}; refused before they were one: {wire:,}")
