"""Which records of one lane may be sent now, and how far the lane has got. Pure."""

from __future__ import annotations

from collections import deque

from hub.core.records import Record

SIZE = 32
AHEAD = 512


class Window:
    """Records of one partition, in the order of their offsets.

    One record per subject is under way at a time, `size` records in all. Subjects may run ahead of one
    that is stuck until about `ahead` records wait behind it; then reading stops. That much at most is
    delivered again after a crash, because Kafka remembers one number per partition.
    """

    def __init__(self, size: int = SIZE, ahead: int = AHEAD) -> None:
        self._size = size
        self._ahead = ahead
        self._subjects: dict[bytes, deque[Record]] = {}
        self._startable: deque[bytes] = deque()
        self._open: deque[Record] = deque()
        self._finished: set[int] = set()
        self._under_way = 0
        self.next: int | None = None
        """Offset of the next record to read; None before the first."""

    def add(self, record: Record) -> None:
        """Takes a record; one that was read before (Kafka hands them out again after a rebalance) is
        ignored."""
        if self.next is not None and record.offset < self.next:
            return
        self.next = record.offset + 1
        self._open.append(record)
        waiting = self._subjects.get(record.key)
        if waiting is None:
            self._subjects[record.key] = deque((record,))
            self._startable.append(record.key)
        else:
            waiting.append(record)

    def take(self) -> Record | None:
        """The next record to send; its subject is busy until `release`. None when nothing may start."""
        if self._under_way >= self._size or not self._startable:
            return None
        self._under_way += 1
        return self._subjects[self._startable.popleft()].popleft()

    def release(self, record: Record) -> None:
        """Its receiver has it: the next record of the same subject may start."""
        self._under_way -= 1
        if self._subjects[record.key]:
            self._startable.append(record.key)
        else:
            del self._subjects[record.key]

    def finish(self, record: Record) -> None:
        """All is written down: the record need never be read again."""
        self._finished.add(record.offset)
        while self._open and self._open[0].offset in self._finished:
            self._finished.remove(self._open.popleft().offset)

    @property
    def oldest(self) -> Record | None:
        """The oldest unfinished record."""
        return self._open[0] if self._open else None

    @property
    def low_water(self) -> int | None:
        """Everything below this offset is finished; None before the first record."""
        return self._open[0].offset if self._open else self.next

    @property
    def full(self) -> bool:
        return len(self._open) >= self._ahead

    @property
    def roomy(self) -> bool:
        return len(self._open) <= self._ahead // 2
