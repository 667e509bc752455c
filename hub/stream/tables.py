"""The one table: states of learners, groups, offers and areas, with `hub.lines` as its changelog."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Protocol

import faust

from hub.core.records import Load
from hub.stream.driver import RawTopic
from hub.stream.stores import OPTIONS, MemoryStore, RocksStore, Rows, Store

NAME = "lines"
States = dict[bytes, bytes | None]


class Changelog(Protocol):
    """Appends rows per partition and returns the offset of the last of each, once the broker has them all."""

    async def append(self, topic: str, rows: Mapping[int, Rows], /) -> dict[int, int]: ...


class Lines(faust.Table):  # type: ignore[misc]
    """A Faust table in name, assignment and recovery; read with `load`, written with `save`, keys and values raw.

    A key belongs to the partition of the record that touched it, which is the same for every input topic.
    """

    def __init__(self, app: Any, changelog: str, **options: Any) -> None:
        topic = RawTopic(
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

    async def save(self, changelog: Changelog, states: Mapping[int, States]) -> None:
        """Writes the changelog, waits, and only then the store: the store never holds what the changelog lacks."""
        rows = {partition: of.items() for partition, of in states.items() if of}
        offsets = await changelog.append(self.changelog_topic_name, rows) if rows else {}
        for partition, offset in offsets.items():
            self.data.save(partition, rows[partition], offset)
