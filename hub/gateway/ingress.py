"""CloudEvents by Kafka: what a partner writes to its topic `ingress.<partner>` gets the checks of the HTTP door."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.errors import KafkaError

from hub.core.cloudevents import Draft, draft_kafka
from hub.core.directory import Directory
from hub.core.event import Event, Fault, Rejected
from hub.core.known import Known
from hub.core.reception import Admit, Context, Received, quarantine, receive, refuse
from hub.core.records import Count, Out
from hub.core.topics import INGRESS, INGRESSES
from hub.gateway.publisher import NotStored, Publisher, Stamp, stamped
from hub.kafka import end
from hub.telemetry import log

GROUP = INGRESSES
PATTERN = f"^{INGRESS.replace('.', '[.]')}.+"
MOST = 500
"""Records handled at once; their outcomes are published together."""

RETRY_SECONDS = 1.0


class Ingress:
    """At least once: the position moves only after everything made of the records is durable.

    `make` gives a consumer of group GROUP that is not started yet, subscribed to nothing and not committing by
    itself. It should look for new topics every few seconds (`metadata_max_age_ms`).
    """

    def __init__(
        self,
        make: Callable[[], AIOKafkaConsumer],
        known: Known,
        publisher: Publisher,
        admit: Admit,
        count: Callable[[Iterable[Count]], None],
        now: Callable[[], int],
        stamp: Stamp = tuple,
        behind: Callable[[], int] = lambda: 0,
        secret: bytes = b"",
    ) -> None:
        """While `behind()` is not 0, because too much waits for the processors, records stay where they are. `secret`
        is the key of the marks of persons in the journal."""
        self._secret = secret
        self._make = make
        self._known = known
        self._publisher = publisher
        self._admit = admit
        self._count = count
        self._now = now
        self._stamp = stamp
        self._behind = behind
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="ingress")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def check(self) -> str:
        """Why it does not run (a readiness check); empty when it does, or is on its way back to Kafka."""
        return "" if self._task is not None and not self._task.done() else "stopped; restart the gateway"

    async def _run(self) -> None:
        while True:
            try:
                await self._follow()
            except (KafkaError, NotStored, OSError) as error:
                log.event("ingress.interrupted", "warning", error=error)
            await asyncio.sleep(RETRY_SECONDS)

    async def _follow(self) -> None:
        """Starts from what was committed; a failure on the way makes the records come again."""
        consumer = self._make()
        consumer.subscribe(pattern=PATTERN)
        try:
            await consumer.start()
            while True:
                # Held back, yet asked: a member of the group that asks for nothing is put out.
                held = consumer.assignment() if self._behind() else set()
                consumer.pause(*held)
                batches = await consumer.getmany(timeout_ms=500, max_records=MOST)
                consumer.resume(*(held & consumer.assignment()))
                if records := [record for batch in batches.values() for record in batch]:
                    await self._handle(records)
                    await consumer.commit()
        finally:
            await end(consumer)

    async def _handle(self, records: Sequence[ConsumerRecord[Any, Any]]) -> None:
        received = [(self._receive(record), record) for record in records]
        await self._publisher.publish([self._outcome(one, record) for one, record in received])
        await self._publisher.publish([one.entry for one, _ in received])
        self._count(count for one, _ in received for count in one.counts)

    def _outcome(self, received: Received, record: ConsumerRecord[Any, Any]) -> Out:
        if received.event is not None:
            return stamped(received.event, self._stamp)
        return quarantine(received, f"{record.topic}/{record.partition}/{record.offset}")

    def _receive(self, record: ConsumerRecord[Any, Any]) -> Received:
        draft = draft_kafka(tuple(record.headers), record.value)
        context = Context("kafka", self._now(), self._secret)
        try:
            return _judged(record.topic, draft, self._known.directory, self._admit, context)
        except Exception as error:
            # A record on which we ourselves fail must not hold up all that come after it.
            where = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
            log.event("ingress.failed", "error", **where, error=error)
            ours = Rejected(
                (Fault("", "internal-error", "the hub failed on it; the operator must look"),), 500
            )
            return refuse(Draft(Event({})), ours, record.topic.removeprefix(INGRESS), context)


def _judged(topic: str, draft: Draft, directory: Directory, admit: Admit, context: Context) -> Received:
    name = topic.removeprefix(INGRESS)
    partner = directory.get(name)
    if partner is None:
        unknown = Fault("", "unknown-publisher", "this topic belongs to no partner in the directory")
        return refuse(draft, Rejected((unknown,), 403), name, context)
    return receive(draft, partner, context, admit)
