"""One step in the making: the state as it becomes, what must be published, and what is counted."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
import orjson

from hub.core import persons, routing
from hub.core.case import Case
from hub.core.catalogue import KINDS
from hub.core.catalogue.base import Kind
from hub.core.event import Event
from hub.core.facts import Facts
from hub.core.journal import Entry, Quarantined, Repeat, Routed, Told
from hub.core.journal import record as journalled
from hub.core.policy import Policy
from hub.core.records import Count, Out
from hub.core.state import Fact, State
from hub.core.topics import COMMANDS, QUARANTINE
from hub.core.traces import ATTRIBUTE
from hub.core.withdrawal import mark

_NOTHING = Facts(State(""))

DAY = "day"
"""Header with the day (ISO) by the hub's clock, where that clock may be set apart from Kafka's."""


class Origin(NamedTuple):
    """Where and when Kafka holds the record: `accepted` is its timestamp in milliseconds, `day` (ISO) the day it is
    by the hub's clock, which may be set apart."""

    topic: str
    partition: int
    offset: int
    accepted: int
    day: str


class Step(NamedTuple):
    """The next state, the records to publish and the things to count, in that order of use."""

    state: State
    out: tuple[Out, ...] = ()
    counts: tuple[Count, ...] = ()


class Work:
    """Owns its state: the one it was made from is never changed, so a step taken again gives the same. Of its state
    only `seen` and `facts` are its own to write in; the rest is replaced as a whole."""

    __slots__ = (
        "_facts",
        "about_learner",
        "before",
        "counts",
        "origin",
        "out",
        "person",
        "policy",
        "state",
    )

    def __init__(self, before: State, origin: Origin, policy: Policy) -> None:
        self.before, self.origin, self.policy = before, origin, policy
        self.about_learner = before.key.startswith("learner/")
        self.person = persons.of_key(before.key, policy.secret) if self.about_learner else ""
        self.out: list[Out] = []
        self.counts: list[Count] = []
        self.state = State(
            before.key,
            before.steps + 1,
            before.positions | {origin.topic: max(origin.offset, position(before, origin))},
            before.seen.copy(),
            before.facts.copy(),
            before.receivers,
            before.signals,
            before.due,
            before.looked,
            before.shared,
            before.sent,
            before.erased,
            before.kept,
        )
        self._facts: Facts | None = None

    @property
    def facts(self) -> Facts:
        """What is known now of a learner; all else is read from the state itself. Ask again after `put`, `undo` or
        `changed`."""
        if self._facts is None:
            self._facts = Facts(self.state) if self.about_learner else _NOTHING
        return self._facts

    def put(self, slot: str, fact: Fact) -> None:
        self.state.facts[slot] = fact
        self._facts = None

    def undo(self, slot: str) -> None:
        """Puts back what stood there before this step."""
        known = self.before.facts.get(slot)
        if known is None:
            self.state.facts.pop(slot, None)
        else:
            self.state.facts[slot] = known
        self._facts = None

    def changed(self) -> None:
        """What lines share was changed."""
        self._facts = None

    def case(self, fact: Fact) -> Case:
        return Case(fact, self.state, self.policy, self.before.signals, self.facts)

    def command(self, to: str, name: str, **arguments: Any) -> None:
        """Asks another aggregate for a step, on the day that it is here."""
        given = msgspec.json.encode({"command": name, **arguments})
        self.out.append(Out(COMMANDS, to.encode(), given, ((DAY, self.origin.day.encode()),)))

    def note(self, entry: Entry) -> None:
        self.out.append(journalled(entry))

    def count(self, name: str, *labels: str) -> None:
        self.counts.append(counted(name, *labels))

    def route(
        self,
        kind: Kind,
        case: Case,
        *,
        slot: str = "",
        again: bool = False,
        shut: str = "",
        replaced: Fact | None = None,
    ) -> None:
        """Tells the fact of a case to whom it may be told and was not yet. `slot` is where the state keeps it, "" for
        what is told and not kept, and `replaced` what stood there before. With `shut` nobody is told, for that reason.
        `again`: a later event woke this one."""
        decision = routing.shut(shut) if shut else routing.decide(kind, case, replaced)
        if case.facts.restricted:
            decision = routing.held(decision, kind, case)
        if again and not decision.tellings:
            return
        fact = case.fact
        told: tuple[Told, ...] = ()
        withheld = decision.withheld
        if decision.tellings:
            records, told, without = routing.deliver(kind, decision, case, self.origin.accepted)
            self.out += records
            withheld += without
            if again and not told:
                return
            if slot:
                reached = fact.told + [t.partner for t in told]
                self.state.facts[slot] = msgspec.structs.replace(fact, told=reached)
            self._remember(kind.aggregate(fact.data), told)
            for t in told:
                self.counts.append(counted("hub_routed_total", kind.code, t.partner))
        source, id = str(fact.attributes["source"]), str(fact.attributes["id"])
        self.note(
            Routed(
                at=self.origin.accepted,
                source=source,
                id=id,
                type=kind.type,
                person=self.person,
                trace=str(fact.attributes.get(ATTRIBUTE, "")),
                publisher=publisher(self.policy, source),
                order=self.state.steps,
                told=told,
                withheld=withheld,
                again=again,
                about=mark(self.state.key) if self.about_learner else "",
            )
        )
        for w in withheld:
            self.counts.append(counted("hub_withheld_total", kind.code, w.reason))

    def issue(self, event: Event, *, slot: str = "") -> None:
        """Tells an event of the hub itself, and keeps it when it has a slot."""
        fact = Fact(event.attributes, event.data, self.origin.day)
        if slot:
            self.put(slot, fact)
        self.route(KINDS[event.type], self.case(fact), slot=slot)

    def _remember(self, aggregate: str, told: tuple[Told, ...]) -> None:
        """Writes whom an event reached into the book of its aggregate, for changes and withdrawals."""
        receivers = self.state.receivers
        had = receivers.get(aggregate, ())
        new = [t.partner for t in told if t.partner not in had]
        if new:
            self.state.receivers = {**receivers, aggregate: [*had, *new]}

    def aside(self, event: Event, outcome: str) -> None:
        """Notes that an event changed nothing of what is told, and why."""
        entry = Repeat(
            at=self.origin.accepted,
            source=event.source,
            id=event.id,
            type=event.type,
            person=self.person,
            trace=trace(event),
            publisher=publisher(self.policy, event.source),
            order=self.state.steps,
            outcome=outcome,
        )
        self.note(entry)
        self.count("hub_events_total", code(event), entry.publisher, outcome)

    def set_aside(self, event: Event, reason: str) -> None:
        """Quarantine: where the record stands and why, nothing of what it says."""
        self.out += quarantined(self.origin, reason, event, self.person)

    def done(self) -> Step:
        return Step(self.state, tuple(self.out), tuple(self.counts))


@lru_cache(maxsize=4096)
def counted(name: str, *labels: str) -> Count:
    """Remembered, as the same few things are counted over and over."""
    return Count(name, labels)


def position(state: State, origin: Origin) -> int:
    """The highest offset handled of the topic that a record is from; -1 when none was."""
    return state.positions.get(origin.topic, -1)


def publisher(policy: Policy, source: str) -> str:
    """Id of the partner that owns a source; `hub` for the hub itself, "" for a stranger."""
    if source == policy.rules.hub_source:
        return "hub"
    found = policy.directory.of_source(source)
    return found.id if found else ""


def code(event: Event) -> str:
    kind = KINDS.get(event.type)
    return kind.code if kind else "?"


def trace(event: Event) -> str:
    """The traceparent that an event came with; "" when it came with none."""
    return str(event.attributes.get(ATTRIBUTE, ""))


def own_event(policy: Policy, name: str, id: str, subject: str, day: str, data: dict[str, Any]) -> Event:
    """An event of the hub itself, of the start of `day`. `id` must follow from what it says, so that a step taken again
    gives the same; and so must the time, for it is part of what is shown."""
    kind = KINDS[f"nl.onderwijsloopbanen.{name}.v1"]
    return Event(
        {
            "specversion": "1.0",
            "type": kind.type,
            "source": policy.rules.hub_source,
            "id": id,
            "subject": subject,
            "time": f"{day}T00:00:00Z",
            "datacontenttype": "application/json",
            "privacyclass": kind.privacy(data),
        },
        data,
    )


def quarantined(origin: Origin, reason: str, event: Event | None = None, person: str = "") -> Iterator[Out]:
    """What is published of a record that could not be handled."""
    entry = Quarantined(
        at=origin.accepted,
        source=event.source if event else "",
        id=event.id if event else "",
        type=event.type if event else "",
        person=person,
        trace=trace(event) if event else "",
        reason=reason,
        where=f"{origin.topic}/{origin.partition}/{origin.offset}",
    )
    yield Out(QUARANTINE, None, orjson.dumps({"reason": reason, "where": entry.where, "at": entry.at}))
    yield journalled(entry)
