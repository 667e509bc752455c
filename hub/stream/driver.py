"""Faust's aiokafka driver, with one message per fetch instead of one per record.

Conductor, acknowledgement and task creation cost about 300 µs per message (measurements.md §2), and an agent that
waits for Kafka after every batch of every partition spends its time waiting: here both are paid once per fetch,
however many partitions it touches. Everything overridden is private API, hence the exact versions. What stock
Faust 0.15.3 loses or leaves hanging, and this driver does not, stands in faust.md §2.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

import uvloop
from aiokafka import TopicPartition, errors
from faust.topics import Topic
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage
from faust.types.tuples import ack_lock
from mode import Service
from mode.threads import WorkerThread
from mode.utils.futures import notify

from hub.core.records import Record
from hub.errors import OperatorError
from hub.kafka import to_record
from hub.stream.flight import Flight
from hub.telemetry import log, metrics

VERSIONS = {"faust-streaming": "0.15.3", "aiokafka": "0.14.0"}

FETCHES_UNDER_WAY = 2
"""One in the agent and one waiting for it. More would cut the records into many small batches as load grows."""

FETCH_WAIT_MS = 100
"""How long the broker may hold a fetch without data. Faust has 1500: a partition whose records were still
unread when the fetch left has to wait that long for the next one."""

CHECK_SECONDS = 2.0
DEAF_SECONDS = 90.0
ANSWER_SECONDS = 15.0

TROUBLES = 3
"""Checks in a row with an error of the group after which the worker gives up. One is healed by being asked for; but
a dead heartbeat never comes back, and the worker would go on with partitions that are no longer its own."""

FATAL = (
    errors.ConsumerStoppedError,
    errors.GroupAuthorizationFailedError,
    errors.TopicAuthorizationFailedError,
    errors.InvalidGroupIdError,
    errors.InvalidSessionTimeoutError,
    errors.InconsistentGroupProtocolError,
)


class VersionMismatch(OperatorError):
    """Faust or aiokafka is not the exact version whose private API this driver overrides."""


def check_versions() -> None:
    """Raises VersionMismatch. Nothing else would notice before records are lost."""
    for package, wanted in VERSIONS.items():
        if (found := importlib.metadata.version(package)) != wanted:
            raise VersionMismatch(
                f"{package} {found} is installed where {wanted} is needed: pip install {package}=={wanted}"
            )


class RawTopic(Topic):  # type: ignore[misc]
    """A topic whose events carry the message's value as it is; nothing is deserialized."""

    def _compile_decode(self) -> None:
        async def decode(message: Any, *, propagate: bool = False) -> Any:
            return self._create_event(None, message.value, None, message=message)

        self.decode = decode


class Message(ConsumerMessage):  # type: ignore[misc]
    """A fetch: `value` is {partition: records} over all input topics, `ends` the last offset per topic and
    partition. Or, where a changelog partition was not paused in time: its records, which nobody takes.
    """

    __slots__ = ("ends",)

    def __init__(self, value: Any, last: Record, ends: dict[TP, int], generation: int) -> None:
        place = TP(last.topic, last.partition)
        super().__init__(
            last.topic, last.partition, last.offset, last.timestamp / 1000, 0, None, None, value, None, 0, 0, place,
            generation_id=generation,
        )  # fmt: skip
        self.ends = ends


class _Thread(WorkerThread):  # type: ignore[misc]
    """Dies with the process: a stuck thread must not keep a crashed worker alive and deaf."""

    def __init__(self, service: Any, **kwargs: Any) -> None:
        super().__init__(service, **kwargs)
        self.daemon = True


class ConsumerThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]
    Worker = _Thread

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS
        return consumer

    async def check(self) -> dict[TP, int]:
        """The end of every partition, where known.

        Raises what aiokafka keeps for a caller of `getmany`, which Faust never is: until somebody asks, the
        coordinator stands still and the worker is deaf.
        """
        consumer = self._ensure_consumer()
        for task in (consumer._coordinator._coordination_task, consumer._fetcher._fetch_task):
            if task.done():
                raise errors.ConsumerStoppedError("a background task of the Kafka consumer ended")
        consumer._coordinator.check_errors()
        return {
            tp: end
            for tp in self.assignment()
            if (end := consumer.highwater(TopicPartition(*tp))) is not None
        }

    async def pause(self, partitions: Iterable[TP]) -> None:
        """Stops fetching these until the next assignment."""
        consumer = self._ensure_consumer()
        wanted = {TopicPartition(*tp) for tp in partitions}
        consumer.pause(*(wanted & consumer.assignment()))


class Consumer(driver.Consumer):  # type: ignore[misc]
    """Yields batches, commits only what is finished, and notices when the group has lost it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._unacked_messages: set[Any] = set()  # Faust's is weak: a dropped message would count as finished
        self._open: set[Message] = set()
        self._flight: Flight[TP] = Flight()
        self._answered = self.loop.time()
        self._settled = self.loop.time()
        self._finished = self.loop.time()
        self._troubles = 0
        self._told: set[TP] = set()

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon, thread_loop=uvloop.new_event_loop())

    # -- fetching

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> dict[TP, list[Any]]:
        if len(self._open) >= FETCHES_UNDER_WAY:
            await self._wait_for_ack(timeout)
            return {}
        fetched = await super()._getmany(active_partitions, timeout)
        return self._together({tp: [to_record(r) for r in records] for tp, records in fetched.items()})

    def _together(self, fetched: dict[TP, list[Record]]) -> dict[TP, list[Any]]:
        """What goes to the agent becomes one message, under the name of its first partition."""
        inputs = {
            tp: records for tp, records in fetched.items() if self.app.topics.acks_enabled_for(tp.topic)
        }
        messages: dict[TP, list[Any]] = {tp: [fetched[tp]] for tp in fetched.keys() - inputs.keys()}
        if inputs:
            messages[next(iter(inputs))] = [inputs]
        return messages

    def _to_message(self, tp: TP, record: Any) -> Message:
        generation = self.app.consumer_generation_id
        if not isinstance(record, dict):
            return Message(record, record[-1], {}, generation)
        by_partition: defaultdict[int, list[Record]] = defaultdict(list)
        for place, records in record.items():
            by_partition[place.partition] += records
        ends = {place: records[-1].offset for place, records in record.items()}
        self._flight.send(ends)
        message = Message(dict(by_partition), record[tp][-1], ends, generation)
        self._open.add(message)
        return message

    async def _drain_messages(self, fetcher: Any) -> None:
        # Faust's also drops what it thinks it has read, and records gaps: both are wrong for batches, which a
        # second fetch may cut elsewhere.
        while not (self.should_stop or fetcher.should_stop):
            async for _, message in self._batches():
                await self.wait_first(self.callback(message), self.suspend_flow.wait())
            await asyncio.sleep(0)

    def _batches(self) -> AsyncIterator[tuple[TP, Message]]:
        batches: AsyncIterator[tuple[TP, Message]] = self.getmany(timeout=1.0)
        return batches

    async def perform_seek(self) -> None:
        self._forget()
        await super().perform_seek()

    # -- committing

    def ack(self, message: Any) -> bool:
        """A message that no stream started is not finished, whoever says so: a stream acknowledges what it
        skips during a rebalance."""
        with ack_lock:
            if message.acked or not message.tracked:
                return False
            message.acked = True
            self._unacked_messages.discard(message)
            if known := message in self._open:
                self._open.remove(message)
                self._flight.finish(message.ends)
                self._finished = self.loop.time()
            notify(self._waiting_for_ack)
            return known

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterable[TP]:
        return [tp for tp in self._flight if topics is None or tp in topics or tp.topic in topics]

    def _new_offset(self, tp: TP) -> int | None:
        return self._flight.committable(tp)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """All of them: this group protocol takes every partition back before it deals them out anew."""
        await super().on_partitions_revoked(revoked)  # waits for the fetch in the agent, and commits it
        self._forget()

    def _forget(self) -> None:
        """What is under way will be read again from the last commit; finishing it now means nothing."""
        self._open.clear()
        self._flight.forget()

    # -- watching

    async def verify_all_partitions_active(self) -> None:
        """Faust's check calls every paused changelog partition an error; `_watch` takes its place."""

    @Service.task  # type: ignore[untyped-decorator]
    async def _watch(self) -> None:
        while not self.should_stop:
            await self.sleep(CHECK_SECONDS)
            await self._check()

    async def _check(self) -> None:
        try:
            ends = await asyncio.wait_for(self._thread.call_thread(self._thread.check), ANSWER_SECONDS)
        except errors.KafkaError as error:
            self._troubles += 1
            log.event("processor.group_trouble", "warning", error=error)
            if isinstance(error, FATAL) or self._troubles == TROUBLES:
                await self.crash(error)
        except TimeoutError as error:
            await self.crash(error)
        else:
            self._troubles, self._answered = 0, self.loop.time()
            self._tell_lag(ends)
        await self._check_moving()

    def _tell_lag(self, ends: Mapping[TP, int]) -> None:
        lags = {
            tp: max(0, end - (self._committed_offset[tp] or 0))
            for tp, end in ends.items()
            if self.app.topics.acks_enabled_for(tp.topic)
        }
        for tp, lag in lags.items():
            metrics.LAG.labels("processor", tp.topic, str(tp.partition)).set(lag)
        for tp in self._told - lags.keys():
            metrics.LAG.remove("processor", tp.topic, str(tp.partition))
        self._told = set(lags)

    async def _check_moving(self) -> None:
        """Gives up when a rebalance, or one fetch in the agent, takes longer than any ever should."""
        now = self.loop.time()
        if not self.app.rebalancing or self.app.in_recovery:
            self._settled = now
        if not self._open:
            self._finished = now
        if now - self._settled > DEAF_SECONDS:
            await self.crash(errors.KafkaError(f"no partitions after {DEAF_SECONDS:g} s of rebalancing"))
        if now - self._finished > DEAF_SECONDS:
            await self.crash(errors.KafkaError(f"nothing finished for {DEAF_SECONDS:g} s"))

    @property
    def healthy(self) -> bool:
        """Whether the consumer's thread answered lately and no rebalance has been going on for too long."""
        now = self.loop.time()
        answered: bool = now - self._answered < ANSWER_SECONDS + CHECK_SECONDS
        settled: bool = now - self._settled < DEAF_SECONDS
        return answered and settled


class Producer(driver.Producer):  # type: ignore[misc]
    """Idempotent; Faust's is so only with exactly_once."""

    def _settings_extra(self) -> Mapping[str, Any]:
        return {"acks": "all", "enable_idempotence": True}


class Transport(driver.Transport):  # type: ignore[misc]
    Consumer = Consumer
    Producer = Producer
