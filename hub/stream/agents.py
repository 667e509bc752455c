"""The one agent: a fetch of records in, outputs and states out, and only then the acknowledgement."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from hub.core.records import Batch, Count, Load, Out, Record
from hub.stream.tables import Lines
from hub.telemetry import metrics

P = TypeVar("P")
P_in = TypeVar("P_in", contravariant=True)


class Run(Protocol[P_in]):
    """Decides everything for a batch; pure. It puts a record it cannot use in quarantine itself: an exception is
    a bug, and stops the worker."""

    def __call__(self, records: Sequence[Record], load: Load, policy: P_in, /) -> Batch: ...


class Publish(Protocol):
    async def publish(self, outs: Iterable[Out]) -> None: ...


@dataclass(frozen=True)
class Job(Generic[P]):
    """What the agent is made of."""

    run: Run[P]
    policy: Callable[[], P]
    count: Callable[[Iterable[Count]], None]
    lines: Lines
    publisher: Publish

    async def step(self, fetch: Mapping[int, Sequence[Record]]) -> list[Batch]:
        """Does the records of each partition, all of it or with an exception. The order is the promise: nothing is
        in the store that the changelog lacks, and nothing is acknowledged whose outputs are not in Kafka."""
        policy = self.policy()
        batches: dict[int, Batch] = {}
        for number, records in fetch.items():
            batches[number] = self.run(records, self.lines.load(number), policy)
            await asyncio.sleep(0)  # what else waits for the loop gets its turn between two partitions
        await self.publisher.publish(out for batch in batches.values() for out in batch.out)
        await self.lines.save({number: batch.states for number, batch in batches.items()})
        self.count(count for batch in batches.values() for count in batch.counts)
        return list(batches.values())


def processor(job: Job[Any]) -> Callable[[Any], AsyncIterator[list[Batch]]]:
    """The agent's function. Acknowledges explicitly: Faust would do so after an exception too."""

    async def process(stream: Any) -> AsyncIterator[list[Batch]]:
        unacknowledged = stream.noack()
        async for event in unacknowledged.events():
            started = time.perf_counter()
            batches = await job.step(event.value)
            await unacknowledged.ack(event)
            metrics.BATCH_SECONDS.observe(time.perf_counter() - started)
            metrics.BATCH_RECORDS.observe(sum(map(len, event.value.values())))
            yield batches

    return process
