"""The processor in memory: the same agent in Faust, without sockets, files or waiting. For scenarios and tests."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import groupby
from typing import Any, TypeVar

from hub.core.records import Count, Out, Record
from hub.core.topics import LINES
from hub.stream.agents import Job, Run, processor
from hub.stream.app import App
from hub.stream.stores import Rows
from hub.stream.tables import Lines

P = TypeVar("P")


class Published:
    """Stands in for Kafka: keeps what is published, and numbers what is appended to the changelog."""

    def __init__(self) -> None:
        self.outs: list[Out] = []
        self.changelog: list[tuple[bytes, bytes | None]] = []
        self._ends: Counter[int] = Counter()

    async def publish(self, outs: Iterable[Out]) -> None:
        self.outs += outs

    async def append(self, topic: str, rows: Mapping[int, Rows], hands: object = None) -> dict[int, int]:
        for partition, of in rows.items():
            added = list(of)
            self.changelog += added
            self._ends[partition] += len(added)
        return {partition: self._ends[partition] - 1 for partition in rows}


class MemoryEngine:
    """A processor that is fed by hand."""

    def __init__(self, agent: Any, published: Published, counted: list[Count]) -> None:
        self._agent = agent
        self._published = published
        self.counted = counted
        """Everything counted so far."""

    async def feed(self, records: Sequence[Record]) -> list[Out]:
        """Runs the records in the given order, neighbours of one partition of a topic as one batch, and returns
        what was published for them. Raises what `run` raises; the engine is then as dead as a worker."""
        before = len(self._published.outs)
        for (_, partition), batch in groupby(records, key=lambda r: (r.topic, r.partition)):
            await self._agent.put(value={partition: list(batch)})
        return self._published.outs[before:]

    @property
    def states(self) -> dict[bytes, bytes]:
        """The state of every key, as the changelog has it."""
        last = dict(self._published.changelog)
        return {key: value for key, value in last.items() if value is not None}


@asynccontextmanager
async def memory_engine(run: Run[P], policy: Callable[[], P]) -> AsyncIterator[MemoryEngine]:
    """A processor with empty states, for as long as the context lasts."""
    app = App("memory", broker="kafka://nowhere.invalid", store="memory://", web_enabled=False)
    app.loop = asyncio.get_running_loop()
    app.bootstrap = ""
    app.finalize()
    counted: list[Count] = []
    published = Published()
    app.lines = Lines(app, LINES, published)
    job = Job(run, policy, counted.extend, app.lines, published)
    agent = app.agent(app.channel(), name="processor")(processor(job))
    async with agent.test_context() as fed:
        try:
            yield MemoryEngine(fed, published, counted)
        finally:
            app.consumer._thread.thread_loop.close()  # made, never run
