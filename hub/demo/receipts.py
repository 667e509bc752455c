"""What the simulated partners received: in memory, and in a file that is only ever added to."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import orjson


class Receipt(NamedTuple):
    """One delivery as a partner took it in, by webhook or from its feed. `number` is its place in that feed, from 1."""

    subscription: str
    delivery: str
    number: int
    event: dict[str, Any]


class Receipts:
    """All receipts of this data folder, those of earlier runs too, in the order in which they came."""

    def __init__(self, path: Path) -> None:
        self.all: list[Receipt] = []
        self.unsigned: Counter[str] = Counter()
        """Deliveries per subscription whose signature did not hold; they are not receipts."""
        self.deliveries: set[str] = set()
        self._highest: dict[str, int] = {}
        for line in _lines(path):
            self._keep(Receipt(*orjson.loads(line)))
        self.earlier = len(self.all)
        self._file = path.open("ab")

    def add(self, receipt: Receipt) -> bool:
        """Kept for good when this returns; False when that delivery had come before."""
        self._file.write(orjson.dumps(tuple(receipt)) + b"\n")
        self._file.flush()
        return self._keep(receipt)

    def reject(self, subscription: str) -> None:
        self.unsigned[subscription] += 1

    def reached(self, subscription: str) -> int:
        """The highest number received of a feed; 0 when nothing was."""
        return self._highest.get(subscription, 0)

    @property
    def repeats(self) -> int:
        return len(self.all) - len(self.deliveries)

    def close(self) -> None:
        self._file.close()

    def _keep(self, receipt: Receipt) -> bool:
        new = receipt.delivery not in self.deliveries
        self.all.append(receipt)
        self.deliveries.add(receipt.delivery)
        self._highest[receipt.subscription] = max(receipt.number, self.reached(receipt.subscription))
        return new


def _lines(path: Path) -> list[bytes]:
    """Whole lines; the last one may be half, when the demo was killed while writing it."""
    content = path.read_bytes() if path.exists() else b""
    whole, _, half = content.rpartition(b"\n")
    if half:
        path.write_bytes(whole + b"\n" if whole else b"")
    return whole.splitlines()
