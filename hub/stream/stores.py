"""Where the states of this worker's partitions lie: RocksDB on disk, or dictionaries for tests."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from typing import Any, Protocol

import rocksdict
from faust.stores import memory, rocksdb
from faust.types import TP

Rows = Iterable[tuple[bytes, bytes | None]]
"""Keys with their new values; None erases."""

OPTIONS = {
    "block_cache_size": 8 << 20,
    "write_buffer_size": 4 << 20,
    "max_write_buffer_number": 2,
    "max_open_files": 256,
    "bloom_filter_size": 10,
}
"""Per partition, and small: a worker may hold dozens, its memory should be at its height within minutes, and what is
not here the system has in its page cache. Faust's own defaults are 2 GiB of cache and 3 x 64 MiB of buffers for each
(faust.md §3)."""


_ANEW = rocksdict.CompactOptions()
_ANEW.set_bottommost_level_compaction(rocksdict.BottommostLevelCompaction.force())


class Store(Protocol):
    """What the table, its recovery and its agent ask of a store, beyond what Faust asks."""

    def load(self, partition: int, key: bytes) -> bytes | None: ...

    def save(self, partition: int, rows: Rows, offset: int, by: int = 0) -> None:
        """Writes the rows together with the offset of their last changelog record and who wrote it: all or nothing."""

    def position(self, partition: int) -> int | None:
        """Offset of the last changelog record in the store; None for an empty store."""

    def seen(self, partition: int) -> int:
        """The highest hand (`fence`) that was given with `save`."""

    def wipe(self, partition: int) -> None:
        """Forgets everything of a partition, on disk too."""

    def scrub(self) -> None:
        """Takes what was erased since the last time off the disk too."""

    def rows(self, partition: int) -> Iterable[tuple[bytes, bytes]]:
        """Everything of one partition. Do not hold it over an await: it locks the partition's files."""


class _NotByFaust:
    """The changelog is read by `changelog.rebuild` and Standby; what Faust's consumer brings of it is not taken."""

    def apply_changelog_batch(self: Any, batch: Iterable[Any], to_key: Any, to_value: Any) -> None:
        return


class _Options(rocksdb.RocksDBOptions):  # type: ignore[misc]
    def as_options(self) -> Any:
        made = super().as_options()
        # The manifest names the first and last key of every file there ever was; a new one only those there are.
        made.set_max_manifest_file_size(1)
        return made


class RocksStore(_NotByFaust, rocksdb.Store):  # type: ignore[misc]
    """One RocksDB per partition. Survives `kill -9` without a sync: the log of writes is in the page cache."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.rocksdb_options = _Options(**self.options, use_rocksdict=True)
        self._unclean: set[int] = set()

    def load(self, partition: int, key: bytes) -> bytes | None:
        value: bytes | None = self._db_for_partition(partition).get(key)
        return value

    def save(self, partition: int, rows: Rows, offset: int, by: int = 0) -> None:
        batch = rocksdict.WriteBatch(raw_mode=True)
        for key, value in rows:
            if value is None:
                batch.delete(key)
                self._unclean.add(partition)
            else:
                batch.put(key, value)
        batch.put(self.offset_key, b"%d %d" % (offset, max(by, self.seen(partition))))
        self._db_for_partition(partition).write(batch)

    def position(self, partition: int) -> int | None:
        return next(iter(self._mark(partition)), None)

    def seen(self, partition: int) -> int:
        return (*self._mark(partition), 0, 0)[1]

    def persisted_offset(self, tp: TP) -> int | None:
        return self.position(tp.partition)

    def _mark(self, partition: int) -> list[int]:
        """Offset and hand; nothing for an empty store, only the offset for one of an earlier version."""
        return [int(part) for part in (self._db_for_partition(partition).get(self.offset_key) or b"").split()]

    def rows(self, partition: int) -> Iterable[tuple[bytes, bytes]]:
        return ((k, v) for k, v in self._db_for_partition(partition).items() if k != self.offset_key)

    def wipe(self, partition: int) -> None:
        self._close(partition)
        shutil.rmtree(self.partition_path(partition), ignore_errors=True)

    def scrub(self) -> None:
        # Files are never changed: what was erased stands in the old ones until they are written anew.
        for partition in [self._unclean.pop() for _ in list(self._unclean)]:
            if (db := self._dbs.get(partition)) is not None:
                db.flush(True)
                db.compact_range(None, None, _ANEW)
                # A new manifest begins with how things were before the change that it was begun for.
                if (mark := db.get(self.offset_key)) is not None:
                    db.put(self.offset_key, mark)
                    db.flush(True)

    def revoke_partitions(self, table: Any, tps: set[TP]) -> None:
        # Faust leaves closing to the garbage collector, and another worker on this machine waits for the lock.
        for tp in tps:
            if tp.topic in table.changelog_topic.topics:
                self._close(tp.partition)

    async def stop(self) -> None:
        for partition in list(self._dbs):
            self._close(partition)

    def _close(self, partition: int) -> None:
        if (db := self._dbs.pop(partition, None)) is not None:
            db.close()


class MemoryStore(_NotByFaust, memory.Store):  # type: ignore[misc]
    """Forgets everything when the process ends; rebuilt from the changelog each time."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._parts: dict[int, dict[bytes, bytes]] = {}
        self._positions: dict[int, int] = {}
        self._seen: dict[int, int] = {}

    def load(self, partition: int, key: bytes) -> bytes | None:
        return self._parts.get(partition, {}).get(key)

    def save(self, partition: int, rows: Rows, offset: int, by: int = 0) -> None:
        part = self._parts.setdefault(partition, {})
        for key, value in rows:
            if value is None:
                part.pop(key, None)
            else:
                part[key] = value
        self._positions[partition] = offset
        self._seen[partition] = max(by, self.seen(partition))

    def seen(self, partition: int) -> int:
        return self._seen.get(partition, 0)

    def position(self, partition: int) -> int | None:
        return self._positions.get(partition)

    def persisted_offset(self, tp: TP) -> int | None:
        return self.position(tp.partition)

    def rows(self, partition: int) -> Iterable[tuple[bytes, bytes]]:
        return self._parts.get(partition, {}).items()

    def wipe(self, partition: int) -> None:
        self._parts.pop(partition, None)
        self._positions.pop(partition, None)
        self._seen.pop(partition, None)

    def scrub(self) -> None:
        """Nothing is on disk."""

    async def on_rebalance(self, assigned: set[TP], revoked: set[TP], *rest: Any, **named: Any) -> None:
        for tp in revoked:
            if tp.topic in self.table.changelog_topic.topics:
                self.wipe(tp.partition)
