"""Brings the store up to its changelog, in batches, before any record is processed."""

from __future__ import annotations

import time

from aiokafka.errors import IllegalStateError
from faust.tables.manager import TableManager as FaustTables
from faust.tables.recovery import RebalanceAgain, ServiceStopped
from faust.tables.recovery import Recovery as FaustRecovery
from mode import Service

from hub.stream.changelog import rebuild
from hub.telemetry import log


class Recovery(FaustRecovery):  # type: ignore[misc]
    """Faust's recovery, with the partitions of this worker read by `rebuild`, and those of others by Standby."""

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

    async def on_stop(self) -> None:
        await self.app.standby.stop()
        await super().on_stop()

    async def _recover(self, generation: int) -> None:
        started, consumer = time.monotonic(), self.app.consumer
        self._set_recovery_started()
        await self.app.standby.stop()
        await consumer._thread.call_thread(consumer._thread.pause, self.active_tps)
        count = 0
        for table, tps in list(self.actives_for_table.items()):
            late: dict[int, set[bytes]] = {}
            count += await rebuild(table.app.bootstrap, table.data, tps, late)
            await table.take_over(late, generation)
        await self.on_recovery_completed(generation)
        log.event(
            "processor.ready",
            partitions=len(self.active_tps),
            records=count,
            seconds=round(time.monotonic() - started, 3),
        )

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
        self.app.standby.start({tp.partition for tp in self.active_tps})
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
