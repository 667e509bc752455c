"""The one table: states of learners, groups, offers and areas, with `hub.lines` as its changelog."""

from __future__ import annotations

from functools import partial
from typing import Any, Protocol

import faust

from hub.core.records import Load
from hub.stream.driver import BatchTopic
from hub.stream.stores import OPTIONS, MemoryStore, RocksStore, Rows, Store

NAME = "lines"


class Changelog(Protocol):
    """Appends rows to a partition and returns the offset of the last, once the broker has all."""

    async def append(self, topic: str, partition: int, rows: Rows) -> int: ...


class Lines(faust.Table):  # type: ignore[misc]
    """A Faust table in name, assignment and recovery; read with `load`, written with `save`, keys and values raw.

    A key belongs to the partition of the record that touched it, which is the same for every input topic.
    """

    def __init__(self, app: Any, changelog: str, **options: Any) -> None:
        topic = BatchTopic(
            app, topics=[changelog], key_type=bytes, value_type=bytes, acks=False, allow_empty=True
        )
        super().__init__(
            app, name=NAME, changelog_topic=topic, options=dict(OPTIONS), recovery_buffer_size=1, **options
        )

    def _new_store_by_url(self, url: Any) -> Store:
        kind = MemoryStore if str(url).startswith("memory") else RocksStore
        store: Store = kind(url, self.app, self, table_name=self.name, loop=self.loop, options=self.options)
        return store

    def load(self, partition: int) -> Load:
        return partial(self.data.load, partition)

    async def save(self, changelog: Changelog, partition: int, states: dict[bytes, bytes | None]) -> None:
        """Writes the changelog, waits, and only then the store: the store never holds what the changelog lacks."""
        if states:
            offset = await changelog.append(self.changelog_topic_name, partition, states.items())
            self.data.save(partition, states.items(), offset)
