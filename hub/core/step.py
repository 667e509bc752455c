"""The product: one event against one state gives the next state, and everything that must be told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec
import orjson

from hub.core import group, routing, signals
from hub.core.catalogue import KINDS
from hub.core.catalogue.base import Case, Data, Kind
from hub.core.event import Event
from hub.core.journal import Entry, Quarantined, Repeat, Routed, Signal, Told, identity
from hub.core.journal import record as journalled
from hub.core.policy import Policy
from hub.core.records import Count, Out
from hub.core.state import Fact, Raised, State, content_hash
from hub.core.topics import COMMANDS, QUARANTINE

WAKERS = frozenset[str]().union(*(kind.wakes_on for kind in KINDS.values()))
"""Types of events that can let an earlier event reach more partners."""


class Origin(NamedTuple):
    """Where and when Kafka holds the record: `accepted` is its timestamp in milliseconds."""

    topic: str
    partition: int
    offset: int
    accepted: int


class Step(NamedTuple):
    """The next state, the records to publish and the things to count, in that order of use."""

    state: State
    out: tuple[Out, ...] = ()
    counts: tuple[Count, ...] = ()


def step(state: State, event: Event, origin: Origin, policy: Policy) -> Step:
    """Folds one admitted event. The same step taken again gives the same, so a crash repeats and never adds."""
    kind = KINDS.get(event.type)
    if kind is None or not isinstance(event.data, dict):
        return _quarantine(state, event, origin, "unknown-type")
    known = state.seen.get(identity(event.source, event.id))
    if known is not None:
        return _repeat(state, event, origin, policy, known == content_hash(event))
    return _Fold(state, event, kind, origin, policy).run()


def tick(state: State, origin: Origin, policy: Policy, at: int) -> Step:
    """Lets the clocks of one aggregate run up to `at` (milliseconds). Ticking twice does nothing the second time."""
    moved = _moved(state, origin)
    after, out, counts = _signalled(moved, policy, max(at, origin.accepted))
    return Step(after, tuple(out), tuple(counts))


def contribute(state: State, origin: Origin, policy: Policy, slot: str, revision: int, data: Data) -> Step:
    """Folds what a group asks or an offer gives into the places of the city; the highest revision counts."""
    attributes = {"type": "contribution", "source": slot, "id": str(revision), "sequence": str(revision)}
    fact = Fact(dict(attributes), data, origin.accepted)
    known = state.facts.get(slot)
    if known is not None and known.rank() >= fact.rank():
        return Step(_moved(state, origin))
    return tick(_replace(state, facts={**state.facts, slot: fact}), origin, policy, origin.accepted)


def _replace(state: State, **changes: object) -> State:
    return msgspec.structs.replace(state, **changes)


def _moved(state: State, origin: Origin) -> State:
    highest = max(origin.offset, state.positions.get(origin.topic, -1))
    return _replace(state, steps=state.steps + 1, positions={**state.positions, origin.topic: highest})


def _publisher(policy: Policy, source: str) -> str:
    found = policy.directory.of_source(source)
    return found.id if found else ""


def _quarantine(state: State, event: Event, origin: Origin, reason: str) -> Step:
    entry = quarantined(origin, reason, event)
    return Step(_moved(state, origin), entry, (Count("hub_events_total", (_code(event), "", "quarantined")),))


def quarantined(origin: Origin, reason: str, event: Event | None = None) -> tuple[Out, ...]:
    """What is published of a record that could not be handled: where it stands and why, nothing of what it says."""
    entry = Quarantined(
        at=origin.accepted,
        source=event.source if event else "",
        id=event.id if event else "",
        type=event.type if event else "",
        reason=reason,
        where=f"{origin.topic}/{origin.partition}/{origin.offset}",
    )
    note = orjson.dumps({"reason": reason, "where": entry.where, "at": entry.at})
    return (Out(QUARANTINE, None, note), journalled(entry))


def _code(event: Event) -> str:
    kind = KINDS.get(event.type)
    return kind.code if kind else "?"


def _repeat(state: State, event: Event, origin: Origin, policy: Policy, same: bool) -> Step:
    """Known already. Handed out again by Kafka after a crash: nothing to say. Sent again: a duplicate; with other
    content: a conflict, which goes to quarantine (scenario S2)."""
    publisher = _publisher(policy, event.source)
    if origin.offset <= state.positions.get(origin.topic, -1):
        return Step(state, (), (Count("hub_events_total", (_code(event), publisher, "redelivered")),))
    moved = _moved(state, origin)
    outcome = "duplicate" if same else "conflict"
    entry = _repeat_entry(event, origin, publisher, moved.steps, outcome)
    out = (journalled(entry),) if same else (journalled(entry), *quarantined(origin, "id-conflict", event))
    return Step(moved, out, (Count("hub_events_total", (_code(event), publisher, outcome)),))


def _repeat_entry(event: Event, origin: Origin, publisher: str, order: int, outcome: str) -> Entry:
    return Repeat(
        at=origin.accepted,
        source=event.source,
        id=event.id,
        type=event.type,
        publisher=publisher,
        order=order,
        outcome=outcome,
    )


class _Fold:
    """One new event on its way through: keep it, route it, wake what waited for it, look at the clocks."""

    def __init__(self, state: State, event: Event, kind: Kind, origin: Origin, policy: Policy) -> None:
        self.before, self.event, self.kind, self.origin, self.policy = state, event, kind, origin, policy
        self.publisher = _publisher(policy, event.source)
        self.out: list[Out] = []
        self.counts: list[Count] = [Count("hub_folds_total", (kind.code,))]
        # A state of our own from here on: nobody else holds it until the step is done.
        self.state = _replace(
            _moved(state, origin),
            seen={**state.seen, identity(event.source, event.id): content_hash(event)},
            facts=dict(state.facts),
            receivers=dict(state.receivers),
        )

    def run(self) -> Step:
        fact = Fact(self.event.attributes, self.event.data, self.origin.accepted)
        slot = self.kind.place(self.event)
        known = self.before.facts.get(slot)
        beaten = known is not None and known.rank() > fact.rank()
        if not beaten:
            self.state.facts[slot] = fact
        case = Case(fact, self.state, self.policy, self.before.signals)
        if why := self.kind.barred(case):
            return self._aside("quarantined", why)
        if beaten or self.kind.older(case):
            return self._aside("stale", "")
        self._route(slot, case, self.kind, again=False)
        self._wake(slot)
        self._clocks()
        return Step(self.state, tuple(self.out), tuple(self.counts))

    def _aside(self, outcome: str, why: str) -> Step:
        """Kept for the record, told to nobody."""
        entry = _repeat_entry(self.event, self.origin, self.publisher, self.state.steps, outcome)
        self.out.append(journalled(entry))
        if why:
            self.out += quarantined(self.origin, why, self.event)
        self.counts.append(Count("hub_events_total", (self.kind.code, self.publisher, outcome)))
        self._clocks()
        return Step(self.state, tuple(self.out), tuple(self.counts))

    def _route(self, slot: str, case: Case, kind: Kind, again: bool) -> None:
        decision = routing.decide(kind, case)
        if again and not decision.tellings:
            return
        records, told = routing.deliver(decision, case, self.origin.accepted)
        self.out += records
        fact = msgspec.structs.replace(case.fact, told=[*case.fact.told, *(t.partner for t in told)])
        self.state.facts[slot] = fact
        _remember(self.state, kind.aggregate(fact.data), told)
        event = case.fact.event()
        publisher = _publisher(self.policy, event.source)
        entry = _routed(event, self.origin.accepted, publisher, self.state.steps, told, decision, again)
        self.out.append(journalled(entry))
        self.counts += [Count("hub_routed_total", (kind.code, t.partner)) for t in told]
        self.counts += [Count("hub_withheld_total", (kind.code, w.reason)) for w in decision.withheld]

    def _wake(self, own: str) -> None:
        """Earlier facts that this event lets reach more partners: a certificate that follows the learner to its next
        school, an acknowledgement that came before its handover."""
        if self.event.type not in WAKERS:
            return
        for slot, fact in list(self.state.facts.items()):
            kind = KINDS.get(fact.type)
            if slot != own and kind is not None and self.event.type in kind.wakes_on:
                self._route(slot, Case(fact, self.state, self.policy, self.before.signals), kind, again=True)

    def _clocks(self) -> None:
        if self.event.type in signals.CONCERNS or self.state.due:
            self.state, out, counts = _signalled(self.state, self.policy, self.origin.accepted)
            self.out += out
            self.counts += counts
        self.out += _contribution(self.state, self.policy)


def _remember(state: State, aggregate: str, told: tuple[Told, ...]) -> None:
    """Writes whom an event reached into the book of its aggregate (for changes and withdrawals)."""
    had = state.receivers.get(aggregate, [])
    state.receivers[aggregate] = [*had, *(t.partner for t in told if t.partner not in had)]


def _signalled(state: State, policy: Policy, at: int) -> tuple[State, list[Out], list[Count]]:
    """Compares the signals that stand with those that should, and tells the difference to whom it concerns.

    Time never goes back: an event that was held up may come after a tick of a later day.
    """
    today = max(signals.day_of(at), state.looked)
    found = signals.gaps(state, policy)
    if not found and not state.signals and not state.due:
        return state, [], []
    wanted = signals.standing(found, today)
    out: list[Out] = []
    counts: list[Count] = []
    for change in signals.changes(state.signals, wanted):
        event = signals.event(change, state, policy, at)
        state = _tell_signal(state, event, policy, at, out)
        counts.append(_signal_count(change))
    graver = {key: _gravest(state.signals.get(key), raised) for key, raised in wanted.items()}
    return _replace(state, signals=graver, looked=today, due=signals.next_due(found, today)), out, counts


def _gravest(known: Raised | None, wanted: Raised) -> Raised:
    """A clock that is set back does not undo a breach."""
    if known and signals.SEVERITY[known.severity] > signals.SEVERITY[wanted.severity]:
        return known
    return wanted


def _signal_count(change: signals.Change) -> Count:
    return Count(
        "hub_signals_total", (change.signal.rule, change.signal.severity if change.raised else "cleared")
    )


def _tell_signal(state: State, event: Event, policy: Policy, at: int, out: list[Out]) -> State:
    kind = KINDS[event.type]
    case = Case(Fact(event.attributes, event.data, at), state, policy)
    decision = routing.decide(kind, case)
    records, told = routing.deliver(decision, case, at)
    out += records
    out.append(journalled(_signal_entry(event, at)))
    out.append(journalled(_routed(event, at, "hub", state.steps, told, decision, again=False)))
    after = _replace(state, receivers=dict(state.receivers))
    _remember(after, kind.aggregate(event.data), told)
    return after


def _contribution(state: State, policy: Policy) -> Iterator[Out]:
    """What a group or an offer means for the places of the city, as a command to that aggregate."""
    if state.key.startswith("group/"):
        data = group.demand(group.group_view(state, policy.rules))
    elif state.key.startswith("offer/"):
        data = group.supply(group.offer_view(state))
    else:
        return
    command = {"command": "contribute", "slot": state.key, "revision": state.steps, "data": data}
    yield Out(COMMANDS, group.CITY.encode(), orjson.dumps(command))


def _signal_entry(event: Event, at: int) -> Signal:
    data = event.data
    return Signal(
        at=at,
        source=event.source,
        id=event.id,
        type=event.type,
        rule=data["rule"],
        change="raised" if KINDS[event.type].code == "H1" else "cleared",
        severity=data["severity"],
        responsible=data["responsible"],
        due=data["dueOn"],
    )


def _routed(
    event: Event,
    at: int,
    publisher: str,
    order: int,
    told: tuple[Told, ...],
    decision: routing.Decision,
    again: bool,
) -> Routed:
    return Routed(
        at=at,
        source=event.source,
        id=event.id,
        type=event.type,
        publisher=publisher,
        order=order,
        told=told,
        withheld=decision.withheld,
        again=again,
    )
