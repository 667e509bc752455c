"""How far each partition may be committed, while fetches are under way."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterator, Mapping
from typing import Generic, TypeVar

P = TypeVar("P", bound=Hashable)


class Flight(Generic[P]):
    """Ends of the fetches handed out, per partition and in order, each finished or not.

    Faust's own bookkeeping commits past a batch that is still in progress (upstream #606) and forgets one whose
    last reference is dropped. This one never does: `committable` is the end of the unbroken run of finished ones.
    A fetch that is never finished holds its partitions back, which costs a repeat and no record.
    """

    def __init__(self) -> None:
        self._finished: dict[P, OrderedDict[int, bool]] = {}

    def send(self, ends: Mapping[P, int]) -> None:
        """A fetch goes to the agent; `ends` has the offset of its last record per partition."""
        for partition, end in ends.items():
            self._finished.setdefault(partition, OrderedDict())[end] = False

    def finish(self, ends: Mapping[P, int]) -> None:
        """The agent is done with it; the fetch must have been sent and not forgotten."""
        for partition, end in ends.items():
            self._finished[partition][end] = True

    def committable(self, partition: P) -> int | None:
        """Offset to commit (that of the next record to read); None when nothing new is finished. Each advance
        is told once."""
        finished = self._finished.get(partition)
        offset = None
        while finished and next(iter(finished.values())):
            offset = finished.popitem(last=False)[0] + 1
        return offset

    def forget(self) -> None:
        """Everything will be read again from the last commit."""
        self._finished.clear()

    def __iter__(self) -> Iterator[P]:
        return iter(list(self._finished))
