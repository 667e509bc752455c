"""Reads the changelog: what a store lacks, or a stretch of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from aiokafka import TopicPartition
from faust.types import TP

from hub import kafka
from hub.stream.fence import Reading
from hub.stream.stores import Store
from hub.telemetry import log

CHUNK = 2000
"""Records written to the store at a time: about 10 ms, so that health checks are answered in between."""

QUIET_MS = 100

Take = Callable[[int, Sequence[Any]], None]
"""Is given a partition and records of it, in order."""


async def rebuild(
    bootstrap: str, store: Store, partitions: Iterable[TP], late: dict[int, set[bytes]] | None = None
) -> int:
    """Reads what the changelog holds beyond the store's position, up to its present end, into the store.

    A store that does not fit its changelog (the topic was made anew, or records it still needs are gone) is wiped
    and read from the start. Returns the number of records read; `late` is given, per partition, the keys that must
    be written over (`fence.Reading`). Cancelling is safe: position and rows are written together, so the next call
    goes on where this one stopped.
    """
    wanted = [TopicPartition(*tp) for tp in partitions]
    if not wanted:
        return 0
    reader = _reader(bootstrap)
    await reader.start()
    try:
        reader.assign(wanted)
        starts, ends = await reader.beginning_offsets(wanted), await reader.end_offsets(wanted)
        todo = {tp: ends[tp] for tp in wanted if seek(reader, store, tp, starts[tp], ends[tp])}
        reader.pause(*(tp for tp in wanted if tp not in todo))
        readings = {tp.partition: Reading(store, tp.partition) for tp in wanted}
        count = await _read(reader, todo, lambda partition, records: readings[partition].take(records))
    finally:
        await reader.stop()
    if late is not None:
        late.update({partition: reading.late for partition, reading in readings.items()})
    return count


async def read(bootstrap: str, stretches: Mapping[TP, tuple[int, int]], take: Take) -> int:
    """Reads from the first offset of each stretch up to, and without, the second. Returns the number of records."""
    reader = _reader(bootstrap)
    await reader.start()
    try:
        todo = {TopicPartition(*tp): end for tp, (_, end) in stretches.items()}
        reader.assign(list(todo))
        for tp, (start, _) in stretches.items():
            reader.seek(TopicPartition(*tp), start)
        return await _read(reader, todo, take)
    finally:
        await reader.stop()


def _reader(bootstrap: str) -> Any:
    return kafka.consumer(bootstrap, fetch_max_wait_ms=QUIET_MS, max_partition_fetch_bytes=4 << 20)


def seek(reader: Any, store: Store, tp: TopicPartition, start: int, end: int) -> bool:
    """Sets the reader to the first record the store lacks; False when it lacks none."""
    position = store.position(tp.partition)
    following = start if position is None else position + 1
    if not start <= following <= end:
        log.event(
            "processor.store_wiped", "warning", topic=tp.topic, partition=tp.partition, position=position,
            changelog_start=start, changelog_end=end, reason="the store does not fit the changelog; rebuilding",
        )  # fmt: skip
        store.wipe(tp.partition)
        following = start
    reader.seek(tp, following)
    return following < end


async def _read(reader: Any, todo: dict[TopicPartition, int], take: Take) -> int:
    """Reads until every partition in `todo` is at its end; what lies beyond it is not taken."""
    count = 0
    quiet: dict[TopicPartition, int] = {}
    while todo:
        batches = await reader.getmany(*todo, timeout_ms=QUIET_MS, max_records=CHUNK)
        for tp, records in batches.items():
            if within := [record for record in records if record.offset < todo[tp]]:
                take(tp.partition, within)
                count += len(within)
        await asyncio.sleep(0)
        for tp, end in list(todo.items()):
            if await reader.position(tp) >= end or (not batches and _answered_empty(reader, tp, quiet)):
                del todo[tp]
                reader.pause(tp)
        if batches:
            quiet.clear()
    return count


def _answered_empty(reader: Any, tp: TopicPartition, quiet: dict[TopicPartition, int]) -> bool:
    """Whether the broker answered two fetches at this position with nothing.

    The cleaner may have removed the last records of a compacted topic: then no fetch ever brings the position to
    the end (upstream #176, #597).
    """
    answered = reader.last_poll_timestamp(tp)
    if answered == -1 or answered is None:
        return False
    return bool(quiet.setdefault(tp, answered) < answered)
