"""Pure: what the procesregisseur may see of the flows. Behind this point nothing knows an exact number of persons,
nor of messages that may be about them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from typing import NamedTuple

from hub.core.flows import HOUR_MS, Arrivals, DeliveryFlow, EventFlow, Flows, SignalFlow, Tally
from hub.monitor.shown import ZERO, Shown, banded, exact, total

LATE_MS = 60_000
STUCK_MS = 15 * 60_000
PERSONAL = frozenset({"P1", "P2"})
"""Privacy classes of what is about one person."""

_WORST_FIRST = (
    "refused",
    "expired",
    "stopped",
    "breaker-open",
    "stuck",
    "late",
    "paused",
    "pending",
    "backing-off",
    "busy",
    "well",
)


class Kind(NamedTuple):
    """A CloudEvents type in words, and its privacy class (G0 G1 P1 P2)."""

    nl: str
    en: str
    privacy: str


class Naming(NamedTuple):
    """Names for people: of kinds by type, of partners by id, of organisations by OrgRef (which may be
    unknown)."""

    kinds: Mapping[str, Kind]
    partner: Callable[[str], str]
    org: Callable[[str], str]

    def personal(self, type: str) -> bool:
        return self.kind(type).privacy in PERSONAL

    def kind(self, type: str) -> Kind:
        # A type nobody described may be about persons: the strict side.
        return self.kinds.get(type) or Kind(type, type, "P2")


class EventRow(NamedTuple):
    kind: Kind
    publisher: str
    hours: list[Shown]
    total: Shown


class DeliveryRow(NamedTuple):
    """One partner. The first five say what went to its webhooks; `hooks` is False when it has none. `age` is
    milliseconds, `trouble` the last answer to the oldest undelivered record."""

    partner: str
    hooks: bool
    routed: Shown
    delivered: Shown
    open: Shown
    age: int | None
    state: str
    trouble: str
    feed: Shown
    pulled: Shown


class RefusalRow(NamedTuple):
    reason: str
    publisher: str
    times: Shown


class ArrivalRow(NamedTuple):
    status: str
    groups: int
    minors: Shown


class SignalRow(NamedTuple):
    org: str
    rule: str
    severity: str
    number: Shown


class Figures(NamedTuple):
    at: int
    hours: list[int]
    events: list[EventRow]
    deliveries: list[DeliveryRow]
    refused: Shown
    refusals: list[RefusalRow]
    quarantined: list[RefusalRow]
    duplicates: Shown
    conflicts: Shown
    stale: Shown
    arrivals: list[ArrivalRow]
    free_places: int
    shortfalls: int
    signals: list[SignalRow]

    @property
    def accepted(self) -> Shown:
        return total([row.total for row in self.events])

    @property
    def oldest(self) -> int | None:
        """Age of the oldest undelivered record of all partners, in milliseconds."""
        return max((row.age for row in self.deliveries if row.age is not None), default=None)

    @property
    def awaited(self) -> Shown:
        """Minors in groups that are announced and not there yet."""
        return next((row.minors for row in self.arrivals if row.status == "announced"), ZERO)

    @property
    def breaches(self) -> Shown:
        return total([row.number for row in self.signals if row.severity == "breach"])


def figures(flows: Flows, naming: Naming, now: int) -> Figures:
    """`now` is milliseconds since 1970: ages count up to it."""
    return Figures(
        at=now,
        hours=[flows.first_hour + place * HOUR_MS for place in range(_width(flows))],
        events=sorted(
            (_event(flow, naming) for flow in flows.events), key=lambda r: (r.kind.nl, r.publisher)
        ),
        deliveries=_deliveries(flows, naming, now),
        refused=banded(flows.refused),
        refusals=_tallies(flows.refusals, naming),
        quarantined=_tallies(flows.quarantined, naming),
        duplicates=banded(flows.duplicates),
        conflicts=banded(flows.conflicts),
        stale=banded(flows.stale),
        arrivals=[_arrival(one) for one in flows.arrivals],
        free_places=flows.free_places,
        shortfalls=flows.shortfalls,
        signals=standing(flows.signals, naming),
    )


def standing(signals: Iterable[SignalFlow], naming: Naming) -> list[SignalRow]:
    """Signals that stand, by organisation and rule."""
    return sorted(_signal(one, naming) for one in signals)


def _width(flows: Flows) -> int:
    return max((len(flow.counts) for flow in flows.events), default=0)


def _event(flow: EventFlow, naming: Naming) -> EventRow:
    kind = naming.kind(flow.type)
    show = banded if kind.privacy in PERSONAL else exact
    hours = [show(count) for count in flow.counts]
    return EventRow(kind, naming.partner(flow.publisher), hours, total(hours))


def _deliveries(flows: Flows, naming: Naming, now: int) -> list[DeliveryRow]:
    by_partner = sorted(flows.deliveries, key=lambda flow: flow.partner)
    grouped = groupby(by_partner, key=lambda flow: flow.partner)
    rows = [_delivery(naming.partner(partner), list(group), now) for partner, group in grouped]
    return sorted(rows, key=lambda row: row.partner)


def _delivery(partner: str, flows: list[DeliveryFlow], now: int) -> DeliveryRow:
    hooks = [flow for flow in flows if flow.push]
    feeds = [flow for flow in flows if not flow.push]
    waiting = [flow for flow in hooks if flow.oldest is not None]
    oldest = min(waiting, key=lambda flow: flow.oldest or 0, default=None)
    routed, open = _sum(flow.routed for flow in hooks), _sum(flow.open for flow in hooks)
    feed, unread = _sum(flow.routed for flow in feeds), _sum(flow.open for flow in feeds)
    return DeliveryRow(
        partner=partner,
        hooks=bool(hooks),
        routed=routed,
        delivered=routed.minus(open),
        open=open,
        age=None if oldest is None else max(0, now - (oldest.oldest or 0)),
        state=min((_state(flow, now) for flow in hooks), key=_WORST_FIRST.index, default=""),
        trouble="" if oldest is None else oldest.trouble,
        feed=feed,
        pulled=feed.minus(unread),
    )


def _sum(counts: Iterable[int]) -> Shown:
    return banded(sum(counts))


def _state(flow: DeliveryFlow, now: int) -> str:
    if flow.state in ("pending", "refused", "stopped", "expired"):
        return flow.state
    if flow.paused:
        return "paused"
    if flow.oldest is None:
        return "well"
    if flow.state == "breaker-open":
        return flow.state
    age = now - flow.oldest
    if age >= LATE_MS:
        return "late" if age < STUCK_MS else "stuck"
    return "backing-off" if flow.state == "backing-off" else "busy"


def _tallies(tallies: tuple[Tally, ...], naming: Naming) -> list[RefusalRow]:
    """In the order of what is shown, for the order of what is hidden would tell of it."""
    rows = [
        RefusalRow(t.reason, naming.partner(t.publisher) if t.publisher else "", banded(t.count))
        for t in tallies
    ]
    return sorted(rows, key=lambda row: (-row.times.low, row.reason, row.publisher))


def _arrival(one: Arrivals) -> ArrivalRow:
    return ArrivalRow(one.status, one.groups, banded(one.minors))


def _signal(one: SignalFlow, naming: Naming) -> SignalRow:
    return SignalRow(naming.org(one.responsible), one.rule, one.severity, banded(one.count))
