"""Follows the journal while the demo runs: what was decided, and what of it is still to come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Set
from typing import NamedTuple

from hub.core import journal
from hub.core.identity import identity
from hub.core.journal import WITHDRAWN, Attempted, Quarantined, Repeat, Routed


class Waiting(NamedTuple):
    """Deliveries of one partner that it has not got: how many, and since when the oldest waits (ms since 1970)."""

    partner: str
    deliveries: int
    oldest: int


class Watch:
    """Fed with the records of `hub.journal`; taking a record twice changes nothing but the counts."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        """How often an event turned out duplicate, conflict, stale or quarantined."""
        self._handled: set[str] = set()
        self._open: dict[str, tuple[str, int]] = {}
        self._withdrawn: set[str] = set()

    def apply(self, key: bytes, value: bytes | None) -> None:
        entry = journal.load(value) if value else None
        if isinstance(entry, Routed):
            self._handled.add(identity(entry.source, entry.id))
            for told in entry.told:
                self._open |= dict.fromkeys(told.deliveries.values(), (told.partner, entry.at))
        elif isinstance(entry, Repeat):
            self._handled.add(identity(entry.source, entry.id))
            self.outcomes[entry.outcome] += 1
        elif isinstance(entry, Attempted) and entry.outcome == WITHDRAWN:
            self._withdrawn.add(entry.delivery)
        elif isinstance(entry, Quarantined):
            self._handled.add(identity(entry.source, entry.id))

    def waiting(self, delivered: Set[str]) -> list[Waiting]:
        """Per partner what is open, longest wait first. `delivered` are the delivery ids that came in."""
        for id in self._open.keys() & (delivered | self._withdrawn):
            del self._open[id]
        found: dict[str, list[int]] = {}
        for partner, at in self._open.values():
            found.setdefault(partner, []).append(at)
        return sorted((Waiting(p, len(at), min(at)) for p, at in found.items()), key=lambda w: w.oldest)

    def handled(self, accepted: Set[tuple[str, str]]) -> bool:
        """Whether the hub has decided on all of these events."""
        return all(identity(source, id) in self._handled for source, id in accepted)
