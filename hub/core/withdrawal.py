"""What is taken back before its receiver took it: a withdrawal (E17) takes back its handover, an erasure (H4) all that
was ever told of its learner. Who was away meanwhile gets only the order to purge (domain.md scenario S16).

Every delivery about a learner carries marks of what it is about, and one that takes back those of what that is; so
courier, feed and check know it from the outbox alone.
"""

from __future__ import annotations

from collections.abc import Iterable

from hub.core.delivery import WITHDRAWS, Delivery, marks
from hub.core.identity import identity
from hub.core.records import Headers


def mark(key: str, matter: str = "") -> str:
    """Stands for the aggregate `key`, or for one `matter` of it (`Kind.aggregate`), where its id must not be."""
    return identity(key, matter)[:24]


def about(key: str, matter: str, withdraws: tuple[str, ...]) -> tuple[str, ...]:
    """Marks of a delivery. What takes back is not taken back by its own repeats. None but a learner's can be."""
    if not key.startswith("learner/"):
        return ()
    given = (mark(key), mark(key, matter)) if matter else (mark(key),)
    return tuple(one for one in given if one not in withdraws) if withdraws else given


class Ahead:
    """What the records of one outbox take back, as far as it was read: from offset `start` up to `next`. Holds marks
    only, and of those only what may still take something back."""

    __slots__ = ("_last", "next", "start")

    def __init__(self, start: int) -> None:
        self.start = self.next = start
        self._last: dict[str, int] = {}

    def read(self, offset: int, headers: Headers) -> None:
        """Takes in the record at `offset`; one that was read before changes nothing."""
        if offset < self.next:
            return
        self.next = offset + 1
        for name, value in headers:
            if name == WITHDRAWS:
                self._last.update(dict.fromkeys(marks(value), offset))

    def skip(self, offset: int) -> None:
        """Kafka keeps nothing below `offset` any more."""
        self.next = max(self.next, offset)

    def takes_back(self, offset: int, delivery: Delivery) -> bool:
        """Whether a record after `offset`, where `delivery` stands, takes it back; one before it does not."""
        return any(self._last.get(one, -1) > offset for one in delivery.about)

    def forget(self, below: int) -> None:
        """Nothing below offset `below` will be asked about any more."""
        for one in [one for one, offset in self._last.items() if offset <= below]:
            del self._last[one]

    def __len__(self) -> int:
        return len(self._last)


def taken_back(outbox: Iterable[Delivery]) -> set[int]:
    """Places, from 0, of those in one outbox that a later one takes back."""
    deliveries = list(outbox)
    ahead = Ahead(0)
    for place, one in enumerate(deliveries):
        ahead.read(place, one.headers())
    return {place for place, one in enumerate(deliveries) if ahead.takes_back(place, one)}


def ranges(numbers: Iterable[int], most: int) -> tuple[str, set[int]]:
    """Numbers as text, `5,7-9`, from the lowest on and in so many ranges at most; and those that it names."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        elif len(runs) == most:
            break
        else:
            runs.append([number])
    said = (str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
    return ",".join(said), {number for run in runs for number in run}
