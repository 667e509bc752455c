"""Two workers that both believe a partition to be theirs: who is right, and what the other one wrote.

A worker that stands still for longer than its session (a frozen process, a cut cable) loses its partitions without
knowing, and may still append what it has in hand: states of before. Kafka refuses its commits but not its appends. So
every row of the changelog is signed, and each owner signs higher than all before it: readers leave out what comes
late, the owner writes it over (or compaction would keep it), and who comes upon a higher hand must stop.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hub.stream.stores import Store

HEADER = "owner"
_GENERATIONS = 1 << 32

Headers = list[tuple[str, bytes]]


class Superseded(Exception):
    """The group has given this worker's partition to another one. Starting again is the remedy."""


def hand(seen: int, generation: int) -> int:
    """What a new owner signs with: above all that was `seen` in the partition, and above other owners that saw the
    same by an earlier `generation` of the group. The generation alone would not do, for it starts again at 1 with a
    group that was forgotten."""
    return (max(seen, 0) // _GENERATIONS + 1) * _GENERATIONS + generation


def signed(by: int) -> Headers:
    """Headers of a row."""
    return [(HEADER, b"%d" % by)]


def signer(headers: Iterable[tuple[str, bytes]]) -> int:
    """Who wrote a row; 0 for a row that nobody signed."""
    return next((int(value) for name, value in headers if name == HEADER), 0)


class Reading:
    """Takes the rows of one partition into the store, in order, except those that came late.

    The store's position stays before the first late row until its key has been written over: who reads next must
    come upon it too.
    """

    def __init__(self, store: Store, partition: int) -> None:
        self._store = store
        self._partition = partition
        self._seen = store.seen(partition)
        self._late: dict[bytes, int] = {}

    @property
    def late(self) -> set[bytes]:
        """Keys of which the last word in the changelog is not the owner's."""
        return set(self._late)

    def take(self, records: Sequence[Any]) -> None:
        rows = [(record.key, record.value) for record in records if self._in_time(record)]
        end = records[-1].offset
        self._store.save(
            self._partition, rows, min([end, *(at - 1 for at in self._late.values())]), self._seen
        )

    def _in_time(self, record: Any) -> bool:
        by = signer(record.headers)
        if by < self._seen:
            self._late.setdefault(record.key, record.offset)
            return False
        self._seen = by
        self._late.pop(record.key, None)
        return True


def strangers(records: Mapping[bytes, int], own: int) -> set[bytes]:
    """Keys that another hand than `own` wrote last; `records` are the hands. Raises Superseded for a higher one."""
    if any(by > own for by in records.values()):
        raise Superseded("another worker has this partition now; this one stood still for too long")
    return {key for key, by in records.items() if by != own}
