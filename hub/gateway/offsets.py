"""Positions that stand in Kafka as committed offsets: how far a courier delivered, how far a reader acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from aiokafka.client import AIOKafkaClient, CoordinationType
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.commit import OffsetCommitRequest, OffsetFetchRequest

from hub.core.topics import DAY_MS
from hub.gateway.feedlog import FeedUnavailable

RETRY_SECONDS = 0.2

KEPT_MS = 400 * DAY_MS
"""How long a position is kept after it was last written. Said with each commit, for left to itself Kafka forgets the
offsets of a group without members after a week (`offsets.retention.minutes`)."""


class Offsets(Protocol):
    """Offsets of groups on partition 0 of a topic."""

    async def committed(self, group: str, topic: str) -> int:
        """Offset of the next record; 0 when the group never committed one. Raises FeedUnavailable."""

    async def commit(self, group: str, topic: str, offset: int) -> None:
        """For a group without members. Returns when Kafka keeps it; raises FeedUnavailable when that is not certain."""


class KafkaOffsets:
    """One connection, made when it is first needed and replaced when it fails. `make` gives a client that is not
    bootstrapped."""

    def __init__(self, make: Callable[[], AIOKafkaClient], timeout: float = 5.0) -> None:
        self._make = make
        self._timeout = timeout
        self._client: AIOKafkaClient | None = None
        self._starting = asyncio.Lock()

    async def start(self) -> None:
        """Nothing to do before somebody asks."""

    async def stop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def committed(self, group: str, topic: str) -> int:
        answer = await self._ask(group, OffsetFetchRequest(group, [(topic, [0])]))
        ((_, ((_, offset, _, _),)),) = answer.topics
        return max(0, int(offset))

    async def commit(self, group: str, topic: str, offset: int) -> None:
        await self._ask(group, OffsetCommitRequest(group, -1, "", KEPT_MS, [(topic, [(0, offset, "")])]))

    async def _ask(self, group: str, request: Any) -> Any:
        """Asks again for some seconds: a coordinator may be moving, or still be reading what it holds."""
        trouble = "no answer in time"
        try:
            async with asyncio.timeout(self._timeout):
                while True:
                    try:
                        return await self._once(group, request)
                    except (KafkaError, OSError) as error:
                        trouble = type(error).__name__
                        await self.stop()
                    await asyncio.sleep(RETRY_SECONDS)
        except TimeoutError:
            await self.stop()
            raise FeedUnavailable(trouble) from None

    async def _once(self, group: str, request: Any) -> Any:
        client = await self._started()
        node = await client.coordinator_lookup(CoordinationType.GROUP, group)
        answer = await client.send(node, request)
        for code in _codes(answer):
            if code:
                raise for_code(code)()
        return answer

    async def _started(self) -> AIOKafkaClient:
        async with self._starting:
            if self._client is None:
                client = self._make()
                try:
                    await client.bootstrap()
                except BaseException:
                    await client.close()
                    raise
                self._client = client
            return self._client


def _codes(answer: Any) -> Iterator[int]:
    """Error codes of the whole answer and of each partition, which stand last in both kinds of it."""
    yield getattr(answer, "error_code", 0)
    for _, parts in answer.topics:
        yield from (part[-1] for part in parts)
