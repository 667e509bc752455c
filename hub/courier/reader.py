"""Reads the outboxes of Kafka into lanes, and writes back how far each lane has got."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from typing import Any

from aiokafka import ConsumerRebalanceListener, OffsetAndMetadata, TopicPartition
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import KafkaError

from hub import kafka
from hub.core.records import Record
from hub.core.topics import outbox, subscription_of
from hub.courier import done, report
from hub.courier.crew import Crew
from hub.courier.done import NOTHING, Done
from hub.courier.lane import Lane
from hub.courier.membership import Guest, Membership
from hub.courier.register import Register
from hub.settings import Settings
from hub.telemetry import log

POLL_MS = 500
COMMIT_SECONDS = 1.0
REPORT_SECONDS = 2.0
SEARCH_SECONDS = 0.25
DRAIN_SECONDS = 2.0
STALE_SECONDS = 15.0
RECALL_SECONDS = 3.0

OPTIONS: dict[str, Any] = {
    "fetch_max_wait_ms": 50,
    "consumer_timeout_ms": 50,
    "max_partition_fetch_bytes": 128 * 1024,
    "heartbeat_interval_ms": 500,
    "session_timeout_ms": 6_000,
    "rebalance_timeout_ms": 10_000,
    "metadata_max_age_ms": 5_000,
}
"""Short waits, because a lane that was held back is only fetched again when the running fetch returns;
small fetches, because a lane holds its records in memory; a quick heart, because it is how others hear
that a rebalance is on. The session is the shortest that brokers allow: so long the lanes of a courier that died
wait until another has them.
"""


class Reader(ConsumerRebalanceListener):  # type: ignore[misc]
    """Member of the consumer group. Lanes live through a rebalance: only those that moved elsewhere are
    closed.

    A subscription that gets a sink for the first time is delivered from its oldest retained record on
    (nothing that came in before its webhook existed is lost); one that had a sink before, from where it
    had got.
    """

    def __init__(
        self,
        settings: Settings,
        register: Register,
        crew: Crew,
        group: str,
        prefix: str,
        instance: str | None,
    ) -> None:
        self._register = register
        self._crew = crew
        self._prefix = prefix
        self._lanes: dict[TopicPartition, Lane] = {}
        self._held: set[TopicPartition] = set()
        self._committed: dict[TopicPartition, tuple[int, str]] = {}
        self._done: dict[TopicPartition, Done] = {}
        self._guests: list[Guest] = []
        self._membership = Membership(crew.steady)
        self._seen = 0.0
        self._joined = instance is None
        self._consumer = kafka.consumer(
            settings.bootstrap,
            group,
            group_instance_id=instance,
            partition_assignment_strategy=(_assignor(),),
            **OPTIONS,
        )

    @property
    def subscriptions(self) -> list[str]:
        """Those this courier delivers for."""
        return [lane.subscription.id for lane in self._lanes.values()]

    @property
    def lanes(self) -> list[Lane]:
        """Those this courier has."""
        return list(self._lanes.values())

    async def last_numbers(self, subscriptions: Iterable[str]) -> dict[str, int]:
        """The number of the newest record in each outbox; raises KafkaError or TimeoutError."""
        parts = {TopicPartition(outbox(id), 0): id for id in subscriptions}
        async with asyncio.timeout(REPORT_SECONDS):
            ends = await self._consumer.end_offsets(list(parts))
        return {parts[part]: end for part, end in ends.items()}

    def lane(self, id: str) -> Lane | None:
        """The lane of a subscription, if this courier has it."""
        return self._lanes.get(TopicPartition(outbox(id), 0))

    def invite(self, guest: Guest) -> None:
        self._guests.append(guest)

    async def holds(self, id: str) -> bool:
        """Whether the lane is ours by the group's own word of just now."""
        part = TopicPartition(outbox(id), 0)

        async def commit() -> None:
            await self._commit_offsets({part: await self._reached(part)})

        return await self._membership.holds(commit) and part in self._lanes

    async def has_finished(self, id: str, offset: int) -> bool:
        """Whether the lane is done with a record of its outbox. Raises KafkaError without such a lane."""
        part = TopicPartition(outbox(id), 0)
        lane = self._lanes.get(part)
        if lane is not None and lane.done.has(offset):
            return True
        read = None if lane is None else lane.window.next
        return read is None and offset < int(await self._consumer.position(part))

    def state(self) -> tuple[bool, str]:
        """Whether outboxes are being read, and why not."""
        if not self._seen:
            return False, "waiting for a share of the outboxes"
        silent = self._crew.steady() - self._seen
        return silent < STALE_SECONDS, f"Kafka last answered {silent:.0f} s ago"

    async def start(self) -> None:
        """Raises KafkaError when no broker answers."""
        self._consumer.subscribe(pattern=f"^{re.escape(self._prefix)}", listener=self)
        await self._consumer.start()

    async def stop(self) -> None:
        """Lets what is on the wire arrive (2 s at most), writes down how far all got, and leaves."""
        await asyncio.gather(*(lane.drain(DRAIN_SECONDS) for lane in self._lanes.values()))
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                await self._commit()
        except (KafkaError, TimeoutError) as error:
            log.event("courier.commit_failed", "warning", error=error)
        self._close(list(self._lanes))
        await kafka.end(self._consumer)

    async def read(self) -> None:
        while True:
            batches = await self._consumer.getmany(timeout_ms=POLL_MS)
            for part, records in batches.items():
                self._feed(part, records)

    async def commit(self) -> None:
        while True:
            await asyncio.sleep(COMMIT_SECONDS)
            try:
                await self._commit()
            except KafkaError as error:
                # A rebalance is on; the next round commits what is still ours.
                log.event("courier.commit_failed", "debug", error=error)

    async def search(self) -> None:
        """Asks Kafka for its topics while a subscription has no outbox known to us: new ones start within
        a second."""
        while True:
            await asyncio.sleep(SEARCH_SECONDS)
            if self._missing():
                await self._consumer._client.force_metadata_update()

    async def report(self) -> None:
        while True:
            await asyncio.sleep(REPORT_SECONDS)
            try:
                async with asyncio.timeout(REPORT_SECONDS):
                    ends = await self._consumer.end_offsets(list(self._lanes))
                self._seen = self._crew.steady()
            except (KafkaError, TimeoutError):
                ends = {}
            self._report(ends)

    def follow(self, id: str) -> None:
        """A subscription was written or deleted."""
        part = TopicPartition(outbox(id), 0)
        if part in self._consumer.assignment():
            self._settle(part)

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        await asyncio.gather(*(guest.leave() for guest in self._guests))
        try:
            await self._commit()
        except KafkaError as error:
            log.event("courier.commit_failed", "warning", error=error)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        assigned = set(assigned)
        self._close([part for part in self._lanes if part not in assigned])
        self._committed = {part: offset for part, offset in self._committed.items() if part in assigned}
        self._held.clear()
        for part in assigned:
            # A new assignment starts at the committed offsets; a lane that stayed ours is further.
            lane = self._lanes.get(part)
            if lane is not None and lane.window.next is not None:
                self._consumer.seek(part, lane.window.next)
        if new := assigned - self._lanes.keys():
            await self._recall(new)
        for part in assigned:
            self._settle(part)
        self._seen = self._crew.steady()
        for guest in self._guests:
            guest.arrive()
        log.event("courier.assigned", outboxes=len(assigned), lanes=len(self._lanes))
        if not self._joined:
            # A member that comes back under its own name is handed its old share as it was, without the outboxes
            # that were made meanwhile; joining once more has everything divided anew (KAFKA-13435).
            self._joined = True
            self._consumer._coordinator.request_rejoin()

    def _settle(self, part: TopicPartition) -> None:
        """Makes the lane what the subscription says: delivering, or not there."""
        id = subscription_of(part.topic)
        subscription = self._register.get(id)
        lane = self._lanes.get(part)
        if subscription is None or not subscription.sink:
            self._end(part)
        elif lane is None:
            status = self._register.status(id)
            before = self._done.get(part, NOTHING)
            self._lanes[part] = Lane(subscription, status, self._crew, lambda: self._progress(part), before)
            self._consumer.resume(part)
        elif subscription is not lane.subscription:
            lane.follow(subscription)
        self._throttle(part)

    def _end(self, part: TopicPartition) -> None:
        """The subscription has no sink (any more). Its records stay in the log, unread from where it had
        got."""
        lane = self._lanes.get(part)
        self._consumer.pause(part)
        if lane is None:
            return
        position, self._done[part] = lane.low_water, lane.done
        self._close([part])
        if position is not None:
            self._consumer.seek(part, position)

    def _close(self, parts: Iterable[TopicPartition]) -> None:
        for part in parts:
            lane = self._lanes.pop(part)
            lane.close()
            self._held.discard(part)
            report.forget(lane.subscription.id)

    def _feed(self, part: TopicPartition, records: list[Any]) -> None:
        lane = self._lanes.get(part)
        if lane is None:
            # Fetched before it was known that nobody wants these now: back to where we were.
            self._consumer.seek(part, records[0].offset)
            self._consumer.pause(part)
            return
        lane.feed(_record(one) for one in records)
        self._throttle(part)

    def _progress(self, part: TopicPartition) -> None:
        if part in self._held:
            self._throttle(part)

    def _throttle(self, part: TopicPartition) -> None:
        """Reads no further for a lane that has enough in hand, so that memory stays bounded."""
        lane = self._lanes.get(part)
        if lane is None or part not in self._consumer.assignment():
            return
        if lane.window.full:
            self._held.add(part)
            self._consumer.pause(part)
        elif part in self._held and lane.window.roomy:
            self._held.discard(part)
            self._consumer.resume(part)

    async def _commit(self) -> None:
        low = {part: lane.low_water for part, lane in self._lanes.items()}
        far = {part: (at, self._beside(part, at)) for part, at in low.items() if at is not None}
        new = {part: how_far for part, how_far in far.items() if self._committed.get(part) != how_far}
        if not new:
            return
        await self._commit_offsets({part: at for part, (at, _) in new.items()})
        self._committed.update(new)
        for part, lane in self._lanes.items():
            if part in new:
                lane.passed(new[part][0])

    async def _commit_offsets(self, offsets: dict[TopicPartition, int]) -> None:
        began = self._crew.steady()
        given = {part: OffsetAndMetadata(at, self._beside(part, at)) for part, at in offsets.items()}
        # Not `consumer.commit`: that refuses while a rebalance is on, which is when it matters most.
        await self._consumer._coordinator.commit_offsets(None, given)
        self._membership.proved(began)

    def _beside(self, part: TopicPartition, at: int) -> str:
        """What is committed beside the offset."""
        lane = self._lanes.get(part)
        return done.write(at, *(lane.done if lane else self._done.get(part, NOTHING)))

    async def _recall(self, parts: set[TopicPartition]) -> None:
        """Learns what was finished beyond the offsets; not to know it costs repeats."""
        try:
            async with asyncio.timeout(RECALL_SECONDS):
                found = await self._consumer._coordinator.fetch_committed_offsets(list(parts))
            self._done.update({part: done.read(one.offset, one.metadata) for part, one in found.items()})
        except (KafkaError, TimeoutError) as error:
            log.event("courier.recall_failed", "warning", error=error)

    async def _reached(self, part: TopicPartition) -> int:
        """Raises KafkaError when the partition is not ours."""
        lane = self._lanes.get(part)
        low = lane.low_water if lane else None
        return int(await self._consumer.position(part)) if low is None else low

    def _missing(self) -> bool:
        known = self._consumer.subscription()
        topics = (outbox(id) for id in self._register.with_sink())
        return any(topic.startswith(self._prefix) and topic not in known for topic in topics)

    def _report(self, ends: dict[TopicPartition, int]) -> None:
        now = self._crew.now()
        for part, lane in self._lanes.items():
            oldest, read = lane.window.oldest, lane.window.next or 0
            records = lane.window.unfinished + (max(0, ends.get(part, 0) - read) if read else 0)
            age = 0.0 if oldest is None else max(0, now - oldest.timestamp) / 1000
            report.backlog(lane.subscription.id, records, age)


def _record(read: Any) -> Record:
    headers = tuple(read.headers)
    return Record(
        read.topic, read.partition, read.offset, read.timestamp, read.key or b"", read.value, headers
    )


def _assignor() -> type:
    """aiokafka keeps the state of this assignor on its class, so each consumer needs a class of its own."""
    return type("StickyAssignor", (StickyPartitionAssignor,), {})
