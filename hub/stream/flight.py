"""Which batches are under way, and how far a partition may be committed because of it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Iterator
from typing import Generic, TypeVar

P = TypeVar("P", bound=Hashable)
_DONE = 0


class Flight(Generic[P]):
    """Batches handed out per partition, in order, each under way or done.

    Faust's own bookkeeping commits past a batch that is still in progress (upstream #606) and forgets one whose
    last reference is dropped. This one never does: `committable` is the end of the unbroken run of finished
    batches. A batch that is never finished holds its partition back, which costs a repeat and no record.
    """

    def __init__(self) -> None:
        self._sent: dict[P, OrderedDict[int, int]] = {}

    def send(self, partition: P, last: int, records: int) -> None:
        """A batch of `records` records, the last at offset `last`, goes to the agent."""
        self._sent.setdefault(partition, OrderedDict())[last] = records

    def finish(self, partition: P, last: int) -> bool:
        """The batch is done. False when it is unknown: handed out before a rebalance or a seek."""
        sent = self._sent.get(partition)
        if sent is None or sent.get(last, _DONE) == _DONE:
            return False
        sent[last] = _DONE
        return True

    def committable(self, partition: P) -> int | None:
        """Offset to commit (that of the next record to read); None when nothing new is finished. Each advance
        is told once."""
        sent = self._sent.get(partition)
        offset = None
        while sent and next(iter(sent.values())) == _DONE:
            offset = sent.popitem(last=False)[0] + 1
        return offset

    def forget(self, partitions: Iterable[P] | None = None) -> None:
        """Revoked, or about to be read again from the last commit; None means all."""
        for partition in list(self._sent) if partitions is None else partitions:
            self._sent.pop(partition, None)

    @property
    def records(self) -> int:
        """Records handed out and not finished."""
        return sum(sum(sent.values()) for sent in self._sent.values())

    def __iter__(self) -> Iterator[P]:
        return iter(list(self._sent))
