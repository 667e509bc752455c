"""A processor with a tiny pure `run`, as a process of its own: counts per key, one output per record."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from aiokafka import errors
from aiokafka.consumer.group_coordinator import GroupCoordinator

from hub.core.records import Batch, Load, Out, Record
from hub.settings import Settings
from hub.stream.app import App, Names, build, worker
from hub.stream.stores import Rows
from hub.stream.tables import Changelog
from hub.telemetry import log

ERASE = b"erase"
BUG = b"bug"
Policy = dict[str, str]


def run(records: Sequence[Record], load: Load, policy: Policy) -> Batch:
    """Counts the records of a key once each, whatever is repeated; `erase` erases the key."""
    states: dict[bytes, bytes | None] = {}
    out = []
    for record in records:
        if record.value == policy.get("bug", "").encode() != b"":
            raise RuntimeError("a bug")
        old = states[record.key] if record.key in states else load(record.key)
        states[record.key] = fold(old, record)
        padding = " " * int(policy.get("pad", 0))
        out.append(Out(policy["out"], record.key, (place(record) + padding).encode()))
    return Batch(states, out, [])


def fold(old: bytes | None, record: Record) -> bytes | None:
    if record.value == ERASE:
        return None
    state = json.loads(old) if old else {"n": 0, "at": {}}
    if record.offset > state["at"].get(record.topic, -1):
        state["n"] += 1
        state["at"][record.topic] = record.offset
    return json.dumps(state, sort_keys=True).encode()


def place(record: Record) -> str:
    return f"{record.topic}/{record.partition}/{record.offset}"


def expected(records: Iterable[Record]) -> dict[bytes, bytes]:
    """The states that must be there in the end, key by key."""
    states: dict[bytes, bytes] = {}
    for record in sorted(records, key=lambda r: (r.topic, r.partition, r.offset)):
        new = fold(states.pop(record.key, None), record)
        if new is not None:
            states[record.key] = new
    return states


def main(config: dict[str, str]) -> int:
    log.configure("processor", "info")
    settings = Settings(data=Path(config["data"]), kafka=config["kafka"])
    names = Names(config["group"], tuple(config["inputs"].split(",")), config["changelog"])
    policy = {k: config[k] for k in ("out", "bug", "pad") if k in config}
    app = build(settings, run, lambda: policy, lambda counts: None, config.get("store"), names)
    if delay := float(config.get("slow", 0)):
        slow(app, delay)
    if limit := config.get("max_records"):
        app.conf.broker_max_poll_records = int(limit)
        app.conf.broker_commit_interval = 0.1
    if broken := config.get("broken"):
        break_once(*broken.split(":"))
    app.on_start_hooks.append(lambda: watch(app))
    return worker(app)


async def watch(app: App) -> None:
    """Logs what the health checks would say, whenever it changes."""
    app.add_future(_watch(app))


async def _watch(app: App) -> None:
    told = None
    while True:
        if (now := (app.ready(), app.healthy())) != told:
            log.event("processor.told", ready=now[0], healthy=now[1])
            told = now
        await asyncio.sleep(0.02)


def break_once(step: str, error: str) -> None:
    """Makes one call of aiokafka's group protocol fail."""
    works = getattr(GroupCoordinator, step)

    async def fails(self: Any, *arguments: Any) -> None:
        setattr(GroupCoordinator, step, works)
        raise getattr(errors, error)()

    setattr(GroupCoordinator, step, fails)


def slow(app: App, seconds: float) -> None:
    """Makes publishing, changelog and store lag behind one another, so that a kill often falls in between."""
    app.lines.changelog = SlowChangelog(app.lines.changelog, seconds)


class SlowChangelog:
    def __init__(self, changelog: Changelog, seconds: float) -> None:
        self.changelog = changelog
        self.seconds = seconds

    async def append(self, topic: str, rows: Mapping[int, Rows], hands: Mapping[int, int]) -> dict[int, int]:
        await asyncio.sleep(self.seconds)
        offsets = await self.changelog.append(topic, rows, hands)
        await asyncio.sleep(self.seconds)
        return offsets


if __name__ == "__main__":
    sys.exit(main(json.loads(os.environ["STREAM_TEST"])))
