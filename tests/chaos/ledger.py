"""What the simulated partners took in, by webhook and from feeds: every time, with the circumstances."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from typing import Any

from hub.demo.receipts import Receipt

FEED = "feed"


@dataclass(slots=True)
class Hit:
    """One delivery that reached a partner, at `at` (seconds since 1970). `taken`: the partner took it in, whatever it
    answered. `mood` is what its system was like then, "" when it was well; `answer` what it said, "" when nothing.
    `body` stands for the bytes that came."""

    at: float
    subscription: str
    delivery: str
    number: int
    event: dict[str, Any]
    body: str
    mood: str = ""
    answer: str = ""
    taken: bool = True

    @property
    def well(self) -> bool:
        """Taken in and said so."""
        return self.taken and not self.mood

    @property
    def receipt(self) -> Receipt:
        return Receipt(self.subscription, self.delivery, self.number, self.event)


class Ledger:
    """All hits, in the order in which they came. Takes what `hub.demo.partners.Feed` reads, too."""

    def __init__(self) -> None:
        self.hits: list[Hit] = []
        self.deliveries: set[str] = set()
        """Ids of those that were taken in."""
        self.unsigned: dict[str, int] = {}
        self.last = time.time()
        self._highest: dict[str, int] = {}

    def add(self, receipt: Receipt) -> bool:
        """From a feed. False when that delivery had come before."""
        new = receipt.delivery not in self.deliveries
        self.note(Hit(time.time(), *receipt, body="", answer=FEED))
        return new

    def note(self, hit: Hit) -> Hit:
        self.hits.append(hit)
        self.last = hit.at
        if hit.taken:
            self.deliveries.add(hit.delivery)
            self._highest[hit.subscription] = max(hit.number, self.reached(hit.subscription))
        return hit

    def reject(self, subscription: str) -> None:
        """Its signature does not hold."""
        self.unsigned[subscription] = self.unsigned.get(subscription, 0) + 1

    def reached(self, subscription: str) -> int:
        return self._highest.get(subscription, 0)


def digest(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=12).hexdigest()
