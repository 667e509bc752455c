"""Brings the store up to its changelog, in batches, before any record is processed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError
from faust.tables.manager import TableManager as FaustTables
from faust.tables.recovery import RebalanceAgain, ServiceStopped
from faust.tables.recovery import Recovery as FaustRecovery
from faust.types import TP
from mode import Service

from hub import kafka
from hub.stream.stores import Store
from hub.telemetry import log

CHUNK = 2000
"""Records written to the store at a time: about 10 ms, so that health checks are answered in between."""

QUIET_MS = 100


async def rebuild(bootstrap: str, store: Store, partitions: Iterable[TP]) -> int:
    """Reads what the changelog holds beyond the store's position, up to its present end, into the store.

    A store that does not fit its changelog (the topic was made anew, or records it still needs are gone) is wiped
    and read from the start. Returns the number of records read. Cancelling is safe: position and rows are written
    together, so the next call goes on where this one stopped.
    """
    wanted = [TopicPartition(*tp) for tp in partitions]
    if not wanted:
        return 0
    reader = kafka.consumer(bootstrap, fetch_max_wait_ms=QUIET_MS, max_partition_fetch_bytes=4 << 20)
    await reader.start()
    try:
        reader.assign(wanted)
        starts, ends = await reader.beginning_offsets(wanted), await reader.end_offsets(wanted)
        todo = {tp: ends[tp] for tp in wanted if _seek(reader, store, tp, starts[tp], ends[tp])}
        reader.pause(*(tp for tp in wanted if tp not in todo))
        return await _read(reader, store, todo)
    finally:
        await reader.stop()


def _seek(reader: Any, store: Store, tp: TopicPartition, start: int, end: int) -> bool:
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


async def _read(reader: Any, store: Store, todo: dict[TopicPartition, int]) -> int:
    """Reads until every partition in `todo` is at its end."""
    count = 0
    quiet: dict[TopicPartition, int] = {}
    while todo:
        batches = await reader.getmany(*todo, timeout_ms=QUIET_MS, max_records=CHUNK)
        for tp, records in batches.items():
            store.save(tp.partition, ((r.key, r.value) for r in records), records[-1].offset)
            count += len(records)
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


class Recovery(FaustRecovery):  # type: ignore[misc]
    """Faust's recovery, with active partitions read by `rebuild`; standby partitions remain Faust's."""

    @Service.task  # type: ignore[untyped-decorator]
    async def _restart_recovery(self) -> None:
        while not await self.wait_for_stopped(self.signal_recovery_start):
            self.signal_recovery_start.clear()
            try:
                await self._wait(self._recover(self._generation_id))
            except (RebalanceAgain, IllegalStateError):
                continue  # the next rebalance has set the signal again
            except ServiceStopped:
                break

    async def _recover(self, generation: int) -> None:
        started, consumer = time.monotonic(), self.app.consumer
        self._set_recovery_started()
        self.flush_buffers()
        await consumer._thread.call_thread(consumer._thread.pause, self.active_tps)
        count = 0
        for table, tps in list(self.actives_for_table.items()):
            count += await rebuild(table.app.bootstrap, table.data, tps)
        await self._seek_standbys(consumer)
        await self.on_recovery_completed(generation)
        log.event(
            "processor.ready",
            partitions=len(self.active_tps),
            records=count,
            seconds=round(time.monotonic() - started, 3),
        )

    async def _seek_standbys(self, consumer: Any) -> None:
        if self.standby_tps:
            await self._build_offsets(consumer, self.standby_tps, self.standby_offsets, "standby")
            await self._seek_offsets(consumer, self.standby_tps, self.standby_offsets, "standby")
            await self._build_highwaters(consumer, self.standby_tps, self.standby_highwaters, "standby")

    async def on_recovery_completed(self, generation_id: int = 0) -> None:
        """Starts the streams at their last commit.

        Everything stands still until the seek is done. Faust resumes fetching before it, and then clears the
        queues: a batch fetched in between is gone, and later commits go past it.
        """
        app, consumer = self.app, self.app.consumer
        await app.on_rebalance_complete.send()
        self._set_recovery_ended()
        for table in self.tables.values():
            await table.on_recovery_completed(self.actives_for_table[table], self.standbys_for_table[table])
        if assignment := consumer.assignment():
            await consumer.perform_seek()
        if app.consumer_generation_id != generation_id:
            return
        app.flow_control.resume()
        consumer.resume_partitions({tp for tp in assignment if tp not in self.active_tps})
        consumer.resume_flow()
        await app._fetcher.maybe_start()
        self._announce()

    def _announce(self) -> None:
        self.completed.set()
        self.tables.on_actives_ready()
        self.tables.on_standbys_ready()
        self.app.on_rebalance_end()


class Tables(FaustTables):  # type: ignore[misc]
    """Faust's table manager without its second of waiting at the start, and with our recovery."""

    async def on_start(self) -> None:
        await self._update_channels()
        await self.recovery.start()

    _recovery: Recovery | None

    @property
    def recovery(self) -> Recovery:
        if self._recovery is None:
            self._recovery = Recovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery
