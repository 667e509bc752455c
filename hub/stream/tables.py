"""The one table: states of learners, groups, offers and areas, with `hub.lines` as its changelog."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Protocol

import faust
from faust.types import TP

from hub.core.records import Load
from hub.stream.changelog import read
from hub.stream.driver import RawTopic
from hub.stream.fence import Superseded, hand, signer, strangers
from hub.stream.stores import OPTIONS, MemoryStore, RocksStore, Rows, Store
from hub.telemetry import log

NAME = "lines"
States = dict[bytes, bytes | None]


class Changelog(Protocol):
    """Appends rows per partition, each signed with its hand (`fence`), and returns the offset of the last of each,
    once the broker has them all."""

    async def append(
        self, topic: str, rows: Mapping[int, Rows], hands: Mapping[int, int], /
    ) -> dict[int, int]: ...


class Lines(faust.Table):  # type: ignore[misc]
    """A Faust table in name, assignment and recovery; read with `load`, written with `save`, keys and values raw.

    A key belongs to the partition of the record that touched it, which is the same for every input topic.
    """

    def __init__(self, app: Any, name: str, changelog: Changelog, **options: Any) -> None:
        """`name` is the topic of the changelog."""
        topic = RawTopic(app, topics=[name], key_type=bytes, value_type=bytes, acks=False, allow_empty=True)
        super().__init__(
            app, name=NAME, changelog_topic=topic, options=dict(OPTIONS), recovery_buffer_size=1, **options
        )
        self.changelog = changelog
        self._hands: defaultdict[int, int] = defaultdict(int)
        self._writing = asyncio.Lock()

    def _new_store_by_url(self, url: Any) -> Store:
        kind = MemoryStore if str(url).startswith("memory") else RocksStore
        store: Store = kind(url, self.app, self, table_name=self.name, loop=self.loop, options=self.options)
        return store

    def load(self, partition: int) -> Load:
        return partial(self.data.load, partition)

    async def take_over(self, late: Mapping[int, set[bytes]], generation: int) -> None:
        """Makes this worker the owner of the partitions in `late`, whose rows have all been read. What a former owner
        wrote late, under the keys given, is written over."""
        async with self._writing:
            for partition, keys in late.items():
                self._hands[partition] = hand(self.data.seen(partition), generation)
                if keys:
                    end = await self._write_over(
                        partition, {key: self.data.load(partition, key) for key in keys}
                    )
                    self.data.save(partition, (), end, self._hands[partition])

    async def save(self, states: Mapping[int, States]) -> None:
        """Writes the changelog, waits, and only then the store: the store never holds what the changelog lacks.

        Raises Superseded, with the store as it was, when a later owner has written.
        """
        rows = {partition: of for partition, of in states.items() if of}
        if not rows:
            return
        async with self._writing:
            given = {partition: of.items() for partition, of in rows.items()}
            ends = await self.changelog.append(self.changelog_topic_name, given, self._hands)
            for partition, end in ends.items():
                settled = await self._settle(partition, rows[partition], end)
                self.data.save(partition, rows[partition].items(), settled, self._hands[partition])

    async def look(self, ends: Mapping[int, int]) -> None:
        """Does for partitions that are not being written what `save` does in passing: writes over what a former owner
        wrote late. `ends` are those of the changelog."""
        async with self._writing:
            for partition, end in ends.items():
                if end > self._following(partition):
                    with contextlib.suppress(Superseded):  # the group will tell us in a moment
                        settled = await self._settle(partition, {}, end - 1)
                        self.data.save(partition, (), settled, self._hands[partition])

    async def _settle(self, partition: int, rows: States, end: int) -> int:
        """Makes sure that of what was appended up to `end`, `rows` among it, ours is the last word on every key.

        Returns the offset of the last record.
        """
        start, own = self._following(partition), len(rows)
        while end - start + 1 > own:
            wrong = strangers(await self._writers(partition, start, end), self._hands[partition])
            if not wrong:
                break
            right = {key: rows.get(key, self.data.load(partition, key)) for key in wrong}
            start, own, end = end + 1, len(right), await self._write_over(partition, right)
        return end

    async def _writers(self, partition: int, start: int, end: int) -> dict[bytes, int]:
        """Who wrote each key last, between two offsets."""
        found: dict[bytes, int] = {}

        def take(_: int, records: Sequence[Any]) -> None:
            found.update((record.key, signer(record.headers)) for record in records)

        await read(self.app.bootstrap, {TP(self.changelog_topic_name, partition): (start, end + 1)}, take)
        return found

    async def _write_over(self, partition: int, right: States) -> int:
        log.event("processor.overwritten", "warning", partition=partition, rows=len(right))
        ends = await self.changelog.append(self.changelog_topic_name, {partition: right.items()}, self._hands)
        return ends[partition]

    def _following(self, partition: int) -> int:
        position = self.data.position(partition)
        return 0 if position is None else position + 1
