"""Keeps copies of what other workers keep, so that taking a partition over is a matter of moments.

Faust's own standbys come through the consumer that must not be held up, and cost an even share of the partitions
(`CopartitionedAssignor`, `replicas > 0`). Here every worker follows all changelog partitions that are not its own,
with a consumer outside the group.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Sequence
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from hub import kafka
from hub.stream.changelog import CHUNK, seek
from hub.stream.fence import Reading
from hub.stream.tables import Lines
from hub.telemetry import log, metrics

LOOK_SECONDS = 2.0
RETRY_SECONDS = 1.0


class Standby:
    """Works between two deals of the group: `start` when this worker has its partitions, `stop` before it gets others.

    Without `copies` it only looks after the worker's own partitions.
    """

    def __init__(self, lines: Lines, copies: bool = True) -> None:
        self._lines = lines
        self._copies = copies
        self._task: asyncio.Task[None] | None = None

    def start(self, own: Iterable[int]) -> None:
        """`own` are the partitions that this worker works on."""
        self._task = asyncio.create_task(self._run(frozenset(own)), name="standby")
        self._task.add_done_callback(self._ended)

    async def stop(self) -> None:
        """Returns when nothing is written any more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()):
            self._lines.app.add_future(self._lines.app.crash(error))

    async def _run(self, own: frozenset[int]) -> None:
        while True:
            try:
                await self._follow(own)
            except (KafkaError, OSError) as error:
                log.event("processor.standby_interrupted", "warning", error=error)
            await asyncio.sleep(RETRY_SECONDS)

    async def _follow(self, own: frozenset[int]) -> None:
        bootstrap, topic = self._lines.app.bootstrap, self._lines.changelog_topic_name
        numbers = await kafka.partitions(bootstrap, topic) if self._copies else []
        others = [TopicPartition(topic, number) for number in numbers if number not in own]
        ours = [TopicPartition(topic, number) for number in own]
        reader = kafka.consumer(bootstrap, max_partition_fetch_bytes=4 << 20)
        await reader.start()
        try:
            await asyncio.gather(self._copy(reader, others), self._look(reader, ours))
        finally:
            await kafka.end(reader)
            _forget(others)

    async def _look(self, reader: Any, parts: Sequence[TopicPartition]) -> None:
        """Now and then, for `save` does the same while there is something to save."""
        while parts:
            await asyncio.sleep(LOOK_SECONDS)
            ends = await reader.end_offsets(parts)
            await self._lines.look({part.partition: ends[part] for part in parts})

    async def _copy(self, reader: Any, parts: Sequence[TopicPartition]) -> None:
        reader.assign(parts)
        starts, ends = await reader.beginning_offsets(parts), await reader.end_offsets(parts)
        for part in parts:
            seek(reader, self._lines.data, part, starts[part], ends[part])
        readings = {part: Reading(self._lines.data, part.partition) for part in parts}
        while parts:
            batches = await reader.getmany(timeout_ms=1000, max_records=CHUNK)
            for part, records in batches.items():
                readings[part].take(records)
                behind = max(0, (reader.highwater(part) or 0) - records[-1].offset - 1)
                metrics.LAG.labels("standby", part.topic, str(part.partition)).set(behind)
            await asyncio.sleep(0)


def _forget(parts: Iterable[TopicPartition]) -> None:
    for part in parts:
        with contextlib.suppress(KeyError):
            metrics.LAG.remove("standby", part.topic, str(part.partition))
