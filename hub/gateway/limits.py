"""How much one partner may ask of this process. Counted in its memory: with several gateways each counts for itself."""

from __future__ import annotations

import contextlib
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator

from hub.core.strict_json import MAX_INTEGER
from hub.gateway.problems import Problem

HIGHEST = MAX_INTEGER
"""Of every number in a query or body: each store keeps it, and each client reads it as it is."""

RATE = 1000.0
POLLS = 64
SUBSCRIPTIONS = 50
"""Of one partner: each is a Kafka topic."""

BURST_SECONDS = 2.0


class Limits:
    """`rate` is requests a second (0: any number), of which two seconds' worth may come at once; `polls` reads of feeds
    under way. A partner is known by its id, whichever of its tokens it shows."""

    def __init__(
        self,
        rate: float = RATE,
        polls: int = POLLS,
        subscriptions: int = SUBSCRIPTIONS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.subscriptions = subscriptions
        self._rate = rate
        self._burst = max(1.0, rate * BURST_SECONDS)
        self._polls = polls
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}
        self._polling: Counter[str] = Counter()

    def request(self, partner: str) -> None:
        """Counts one request. Raises Problem 429 when the partner sent too many."""
        if not self._rate:
            return
        now = self._clock()
        left, at = self._left.get(partner, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._rate)
        if left < 1:
            self._left[partner] = (left, now)
            raise _too_many("rate", f"at most {self._rate:g} requests a second", (1 - left) / self._rate)
        self._left[partner] = (left - 1, now)

    @contextlib.contextmanager
    def poll(self, partner: str) -> Iterator[None]:
        """One read of a feed, as long as it lasts. Raises Problem 429 when too many are under way."""
        if self._polling[partner] >= self._polls:
            raise _too_many("polls", f"at most {self._polls} reads of feeds at a time", 1)
        self._polling[partner] += 1
        try:
            yield
        finally:
            self._polling[partner] -= 1
            if not self._polling[partner]:
                del self._polling[partner]


def _too_many(code: str, limit: str, seconds: float) -> Problem:
    return Problem(
        429,
        f"too-many-{code}",
        f"{limit}; nothing was done. Send the same again after Retry-After seconds",
        headers={"Retry-After": str(math.ceil(seconds))},
    )
