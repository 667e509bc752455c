"""Which records of one lane may be sent now, and how far the lane has got. Pure."""

from __future__ import annotations

from collections import OrderedDict, deque

from hub.core.records import Record
from hub.courier.done import NOTHING, Done

SIZE = 32
AHEAD = 512


class Window:
    """Records of one partition, in the order of their offsets.

    What is under way of one subject was taken at once; `size` records are in all, those that are parked not counted.
    Subjects may run ahead of one that is stuck until about `ahead` records wait behind it, finished or not; then
    reading stops, and that much at most is done again after a crash. With `done`, which says what was finished before,
    what is finished is remembered apart: then only `ahead` unfinished ones stop the reading.
    """

    def __init__(self, size: int = SIZE, ahead: int = AHEAD, done: Done | None = None) -> None:
        self.size = size
        self._ahead = ahead
        self._done = done
        self._subjects: dict[bytes, deque[Record]] = {}
        self._busy: dict[bytes, int] = {}
        self._startable: deque[bytes] = deque()
        self._open: OrderedDict[int, Record] = OrderedDict()
        self._behind: deque[int] = deque()
        self._under_way = 0
        self._steps: dict[int, int] = {}
        self.next: int | None = None
        """Offset of the next record to read; None before the first."""

    def add(self, record: Record) -> None:
        """Takes a record; one that was read before (Kafka hands them out again after a rebalance) or that was done
        before is ignored."""
        if self.next is not None and record.offset < self.next:
            return
        self.next = record.offset + 1
        if self._done is None:
            self._behind.append(record.offset)
        elif self._done.has(record.offset):
            return
        self._open[record.offset] = record
        if self._done is not None and record.offset in self._done.steps:
            self._steps[record.offset] = self._done.steps[record.offset]
        waiting = self._subjects.get(record.key)
        if waiting is None:
            self._subjects[record.key] = deque((record,))
            self._startable.append(record.key)
        else:
            waiting.append(record)

    @property
    def ready(self) -> int:
        """How many records could be taken now."""
        waiting = sum(len(self._subjects[key]) for key in self._startable)
        return max(0, min(waiting, self.size - self._under_way))

    def take(self, most: int = 1, most_bytes: int = 0) -> list[Record]:
        """The next records to send, in the order of their offsets, of one subject or more; each subject is busy until
        all of its records are released. Together `most_bytes` at most, unless it is one record."""
        room = min(most, self.size - self._under_way)
        taken: list[Record] = []
        size = 0
        while len(taken) < room and self._startable:
            key = self._startable.popleft()
            waiting, before = self._subjects[key], len(taken)
            while waiting and len(taken) < room and (not taken or size + _size(waiting[0]) <= most_bytes):
                size += _size(waiting[0])
                taken.append(waiting.popleft())
            if len(taken) == before:
                self._startable.appendleft(key)
                break
            self._busy[key] = len(taken) - before
        self._under_way += len(taken)
        return sorted(taken, key=lambda record: record.offset)

    def park(self, count: int) -> None:
        """So many of those under way wait for long; others may be under way meanwhile."""
        self._under_way -= count

    def unpark(self, count: int) -> None:
        self._under_way += count

    def step(self, record: Record) -> int:
        """The place of an unfinished record in the schedule of retries, from 1, also over restarts: a wait that was cut
        short, or that the receiver asked for, is no step."""
        return self._steps.get(record.offset, 1)

    def advance(self, record: Record) -> None:
        """To the next step: its wait was served."""
        self._steps[record.offset] = self.step(record) + 1

    def release(self, record: Record) -> None:
        """Its receiver has it: the next record of the same subject may start."""
        self._under_way -= 1
        self._leave(record.key)

    def put_back(self, records: list[Record]) -> None:
        """They were taken, and not delivered: they are taken again, before others of their subjects."""
        for record in sorted(records, key=lambda record: record.offset, reverse=True):
            self._subjects[record.key].appendleft(record)
        for record in records:
            self.release(record)

    def finish(self, record: Record) -> None:
        """All is written down: the record need never be read again."""
        del self._open[record.offset]
        self._steps.pop(record.offset, None)
        while self._behind and self._behind[0] not in self._open:
            self._behind.popleft()

    def has_finished(self, offset: int) -> bool:
        """Whether the record at `offset` was read and finished, or lies below all that was read."""
        return self.next is not None and offset < self.next and offset not in self._open

    @property
    def oldest(self) -> Record | None:
        """The oldest unfinished record."""
        return next(iter(self._open.values()), None)

    @property
    def unfinished(self) -> int:
        """How many records were read and are not finished."""
        return len(self._open)

    @property
    def crowded(self) -> bool:
        """Whether more wait than may be under way."""
        return len(self._open) > self.size

    @property
    def done(self) -> Done:
        """What need not be read again, beyond `low_water` too."""
        before, read = self._done or NOTHING, self.next or 0
        unread = [offset for offset in before.left if offset >= read]
        steps = {offset: before.steps[offset] for offset in unread if offset in before.steps}
        return Done(max(read, before.upto), frozenset((*self._open, *unread)), steps | self._steps)

    @property
    def low_water(self) -> int | None:
        """Everything below this offset is finished; None before the first record."""
        return next(iter(self._open), self.next)

    @property
    def full(self) -> bool:
        return self._waiting >= self._ahead

    @property
    def roomy(self) -> bool:
        return self._waiting <= self._ahead // 2

    @property
    def _waiting(self) -> int:
        return len(self._open) if self._done is not None else len(self._behind)

    def _leave(self, key: bytes) -> None:
        self._busy[key] -= 1
        if self._busy[key]:
            return
        del self._busy[key]
        if self._subjects[key]:
            self._startable.append(key)
        else:
            del self._subjects[key]


def _size(record: Record) -> int:
    return len(record.value or b"")
