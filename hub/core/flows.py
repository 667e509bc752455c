"""What the procesregisseur's page is made of: exact counts, before the small-cell rule of domain.md §3.7.

Never show these as they are: `hub.monitor` masks them first. Moments are milliseconds since 1970.
"""

from __future__ import annotations

import msgspec

HOUR_MS = 3_600_000
HOURS = 24


class EventFlow(msgspec.Struct, frozen=True):
    """Accepted events of one kind from one publisher, each counted once; `counts` per hour, oldest first."""

    type: str
    publisher: str
    counts: tuple[int, ...]


class DeliveryFlow(msgspec.Struct, frozen=True, kw_only=True):
    """What one subscription was given. A push subscription has a webhook: `delivered` counts its 2xx answers,
    `oldest` is when its oldest undelivered record was routed (None when there is none), `trouble` its last
    failure. For a pull subscription `pulled` counts what the partner acknowledged. `state` is that of
    `hub.core.subscription.Status`."""

    partner: str
    subscription: str
    push: bool
    routed: int
    delivered: int = 0
    pulled: int = 0
    oldest: int | None = None
    trouble: str = ""
    paused: bool = False
    state: str = ""

    @property
    def open(self) -> int:
        return max(0, self.routed - (self.delivered if self.push else self.pulled))


class Tally(msgspec.Struct, frozen=True):
    """How often something happened: `reason` is a fault code, `publisher` who sent it (empty when
    unknown)."""

    reason: str
    publisher: str
    count: int


class Arrivals(msgspec.Struct, frozen=True):
    """Newcomer groups of one `status` (announced, arrived, cancelled) and the minors in them."""

    status: str
    groups: int
    minors: int


class SignalFlow(msgspec.Struct, frozen=True):
    """Signals that stand against one organisation; `oldest` is the earliest date a threshold passed."""

    responsible: str
    rule: str
    severity: str
    count: int
    oldest: str


class Flows(msgspec.Struct, frozen=True, kw_only=True):
    """Everything at `at`. Events, refusals and repeats are those of the last 24 hours, from `first_hour` on;
    the hour that runs is the last. Deliveries are all there ever were; arrivals, places and signals are what
    stands now."""

    at: int
    first_hour: int
    events: tuple[EventFlow, ...] = ()
    deliveries: tuple[DeliveryFlow, ...] = ()
    refused: int = 0
    refusals: tuple[Tally, ...] = ()
    quarantined: tuple[Tally, ...] = ()
    duplicates: int = 0
    conflicts: int = 0
    stale: int = 0
    arrivals: tuple[Arrivals, ...] = ()
    free_places: int = 0
    shortfalls: int = 0
    signals: tuple[SignalFlow, ...] = ()


class StandingSignal(msgspec.Struct, frozen=True):
    """One signal that stands: `key` is the aggregate it is about (`learner/...`), `subject` what of it, `due` the date
    its threshold passed. Of a person: only for those whom `hub.core.catalogue.signals` tells of it."""

    key: str
    rule: str
    severity: str
    responsible: str
    due: str
    subject: str
