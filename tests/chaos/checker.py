"""The verdict: what was accepted against what arrived, lines, journal and read model, and every repeat explained. Pure.

Stands on the demo's check (`hub.demo.check`), which folds everything again with the pure core.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import orjson

from hub.core import delivery, journal
from hub.core.catalogue.base import PREFIX
from hub.core.event import Event
from hub.core.identity import identity
from hub.core.journal import Accepted, Attempted, Entry, Pulled, Routed
from hub.core.policy import Policy
from hub.core.records import Record
from hub.core.views import View
from hub.demo import check as checks
from hub.demo.check import Difference, Kept, Named, Told
from hub.demo.replay import Expected, replay, steps_of
from tests.chaos import repeats, stalls
from tests.chaos.faults import Done
from tests.chaos.ledger import FEED, Hit
from tests.chaos.repeats import Known, Repeat
from tests.chaos.stalls import Stall

DEAD = "given up as a dead letter"
UNSAID = "accepted, but the journal does not say so"
UNTOLD = "routed by the fold, but not in the journal"
OVERTOLD = "routed in the journal, but not by the fold"
UNNOTED = "received, but the journal does not say so"
UNTRUE = "delivered says the journal, but nobody got it"
MISNUMBERED = "number of another delivery"
ALTERED = "repeat with another body"
WANDERED = "request that followed a redirect"

LOST = frozenset({checks.UNHANDLED, checks.MISSING, checks.VANISHED, checks.LOST, checks.GAP, DEAD})
MAY_SETTLE = checks.WAITING | {UNSAID, UNTOLD, UNNOTED}
"""Differences that may be gone a moment later, while the hub is still busy."""


class Evidence(NamedTuple):
    """All that is known when it is quiet. `hits` are in the order in which they came; `outboxes` hold the log of each
    subscription; `links` maps targets of partners' faults to subscriptions; `wandered` counts requests that followed a
    redirect; `shown` is the read model."""

    hits: Sequence[Hit]
    accepted: Collection[Named]
    kept: Kept
    outboxes: Mapping[str, Sequence[Record]]
    faults: Sequence[Done] = ()
    links: Mapping[str, str] = {}
    unsigned: Mapping[str, int] = {}
    wandered: int = 0
    shown: Mapping[str, View] | None = None


class Verdict(NamedTuple):
    """`promised` deliveries are those that the pure fold names, `delivered` those that were taken in, `withdrawn` those
    that were taken back before. `resaid` counts signals that were told again under another id, which only a processor
    that was killed may do."""

    accepted: int
    promised: int
    delivered: int
    withdrawn: int
    differences: Mapping[Difference, int]
    repeats: Sequence[Repeat]
    resaid: int
    stall: Stall | None

    @property
    def lost(self) -> int:
        return sum(times for found, times in self.differences.items() if found.what in LOST)

    @property
    def disordered(self) -> int:
        return sum(t for found, t in self.differences.items() if found.what == checks.DISORDERED)

    @property
    def unexplained(self) -> Sequence[Repeat]:
        return [one for one in self.repeats if not one.why]

    @property
    def explained(self) -> Counter[str]:
        return Counter(one.why for one in self.repeats if one.why)

    @property
    def ok(self) -> bool:
        return not self.differences and not self.unexplained

    @property
    def may_settle(self) -> bool:
        """Whether all that is wrong could be a matter of waiting."""
        return bool(self.differences) and all(d.what in MAY_SETTLE for d in self.differences)


def judge(given: Evidence, policy: Policy) -> Verdict:
    taken = [hit for hit in given.hits if hit.taken]
    told = Told([hit.receipt for hit in taken], given.accepted, (), given.unsigned)
    report = checks.compare(given.kept, told, policy, given.shown)
    expected = replay(given.kept.inputs, steps_of(given.kept.journal), policy)
    found = Counter(report.differences)
    found.update(_journal(given, taken, expected))
    found.update(_numbers(given.outboxes, taken))
    found.update(Difference(ALTERED, str(hit.event["type"])) for hit in repeats.altered(taken))
    found[Difference(WANDERED)] += given.wandered
    got = {(hit.subscription, hit.delivery) for hit in taken}
    return Verdict(
        accepted=len(given.accepted),
        promised=report.deliveries,
        delivered=len(got),
        withdrawn=len(_withdrawn(given.kept.journal) - got),
        differences=+found,
        repeats=list(repeats.repeats(taken, _known(given))),
        resaid=_resaid(taken, expected),
        stall=stalls.longest(_accepted_at(given.outboxes), taken, given.faults, given.links),
    )


def _known(given: Evidence) -> Known:
    written = {
        (subscription, record.offset + 1): record.timestamp / 1000
        for subscription, records in given.outboxes.items()
        for record in records
    }
    return Known(given.faults, given.links, repeats.retries(given.kept.journal), written)


def _read(record: Record) -> delivery.Delivery:
    return delivery.from_record(record.key, record.value or b"", record.headers)


def _accepted_at(outboxes: Mapping[str, Sequence[Record]]) -> dict[tuple[str, str], float]:
    found: dict[tuple[str, str], float] = {}
    for subscription, records in outboxes.items():
        for one in map(_read, records):
            found.setdefault((subscription, one.id), one.accepted / 1000)
    return found


def _withdrawn(entries: Iterable[Entry]) -> set[tuple[str, str]]:
    ended = (e for e in entries if isinstance(e, Attempted) and e.outcome == journal.WITHDRAWN)
    return {(one.subscription, one.delivery) for one in ended}


def _journal(given: Evidence, taken: Sequence[Hit], expected: Expected) -> Iterator[Difference]:
    entries = given.kept.journal
    said = {identity(e.source, e.id) for e in entries if isinstance(e, Accepted)}
    yield from (Difference(UNSAID) for source, id in given.accepted if identity(source, id) not in said)
    yield from _routes(entries, expected)
    yield from _deliveries(entries, taken)


def _routes(entries: Iterable[Entry], expected: Expected) -> Iterator[Difference]:
    """Signals apart: their ids count steps of the processor, which differ when it did one twice in a crash."""
    named = {
        id: e.type
        for e in entries
        if isinstance(e, Routed)
        for told in e.told
        for id in told.deliveries.values()
    }
    promised = {one.id: str(one.event().type) for _, one in expected.promised}
    allowed = {one.id for _, one in expected.allowed}
    for id in promised.keys() - named.keys():
        if not _signal(promised[id]):
            yield Difference(UNTOLD, promised[id])
    for id in named.keys() - promised.keys() - allowed:
        if not _signal(named[id]):
            yield Difference(OVERTOLD, named[id])


def _signal(type: str) -> bool:
    return type.startswith(f"{PREFIX}signal.")


def _resaid(taken: Iterable[Hit], expected: Expected) -> int:
    """Signals that say the same under more ids than the fold has for it."""
    wanted = Counter(_says(s, e) for s, d in expected.promised if _signal((e := d.event()).type))
    got = {
        (hit.subscription, hit.delivery): _says(hit.subscription, from_wire(hit))
        for hit in taken
        if _signal(str(hit.event["type"]))
    }
    return sum((Counter(got.values()) - wanted).values())


def _says(subscription: str, event: Event) -> tuple[str, str, bytes]:
    return subscription, event.type, orjson.dumps(event.data, option=orjson.OPT_SORT_KEYS)


def from_wire(hit: Hit) -> Event:
    return Event({name: value for name, value in hit.event.items() if name != "data"}, hit.event["data"])


def _deliveries(entries: Iterable[Entry], taken: Sequence[Hit]) -> Iterator[Difference]:
    ended: set[tuple[str, int, str]] = set()
    pulled: set[tuple[str, str]] = set()
    for one in entries:
        if isinstance(one, Attempted) and one.outcome in ("delivered", journal.WITHDRAWN):
            ended.add((one.subscription, one.number, one.outcome))
        elif isinstance(one, Attempted) and one.outcome == journal.DEAD:
            yield Difference(DEAD, one.type, one.partner)
        elif isinstance(one, Pulled):
            pulled.update((one.subscription, id) for id in one.deliveries)
    hooks = {(hit.subscription, hit.number) for hit in taken if hit.answer != FEED}
    noted = {(subscription, number) for subscription, number, _ in ended}
    yield from (Difference(UNNOTED, partner=subscription) for subscription, _ in sorted(hooks - noted))
    claimed = {(subscription, number) for subscription, number, outcome in ended if outcome == "delivered"}
    yield from (Difference(UNTRUE, partner=subscription) for subscription, _ in sorted(claimed - hooks))
    read = {(hit.subscription, hit.delivery) for hit in taken if hit.answer == FEED}
    yield from (Difference(UNNOTED, partner=subscription) for subscription, _ in sorted(read - pulled))


def _numbers(outboxes: Mapping[str, Sequence[Record]], taken: Iterable[Hit]) -> Iterator[Difference]:
    """A number stands for one place in the log, for ever."""
    logged = {(s, r.offset + 1): _read(r).id for s, records in outboxes.items() for r in records}
    for hit in taken:
        if logged.get((hit.subscription, hit.number)) != hit.delivery:
            yield Difference(MISNUMBERED, str(hit.event["type"]), hit.subscription)
