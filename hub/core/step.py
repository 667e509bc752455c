"""The product: one event against one state gives the next state, and everything that must be told."""

from __future__ import annotations

from hub.core import clocks, contributions, life, linked
from hub.core.case import Case
from hub.core.catalogue import KINDS
from hub.core.catalogue.base import Kind
from hub.core.event import Event
from hub.core.journal import identity
from hub.core.policy import Policy
from hub.core.records import Count
from hub.core.state import Fact, State, content_hash
from hub.core.work import Origin, Step, Work, code, position, publisher

WOKEN = {
    waker: frozenset(kind.type for kind in KINDS.values() if waker in kind.wakes_on)
    for waker in frozenset[str]().union(*(kind.wakes_on for kind in KINDS.values()))
}
"""Types of earlier events that an event can let reach more partners, by its type."""

NONE = frozenset[str]()

BEYOND = "out-of-scope-age"

FINAL = frozenset({"age-27", "deceased"})
"""Closed for one of these, a line tells nobody anything more, not even what lies before."""


def step(state: State, event: Event, origin: Origin, policy: Policy) -> Step:
    """Folds one admitted event. The same step taken again gives the same, so a crash repeats and never adds."""
    kind = KINDS.get(event.type)
    if kind is None or not isinstance(event.data, dict):
        return _unknown(state, event, origin, policy)
    named = identity(event.source, event.id)
    known = state.seen.get(named)
    if known is not None:
        return _repeat(state, event, origin, policy, known == content_hash(event))
    if state.erased:
        return _dropped(state, event, origin, policy)
    return _Fold(state, event, kind, origin, policy).run(named)


def _unknown(state: State, event: Event, origin: Origin, policy: Policy) -> Step:
    work = Work(state, origin, policy)
    work.set_aside(event, "unknown-type")
    work.count("hub_events_total", code(event), "", "quarantined")
    return work.done()


def _repeat(state: State, event: Event, origin: Origin, policy: Policy, same: bool) -> Step:
    """Known already. Handed out again by Kafka after a crash: nothing to say. Sent again: a duplicate; with other
    content: a conflict, which goes to quarantine (scenario S2)."""
    if origin.offset <= position(state, origin):
        return _again(state, event, policy)
    work = Work(state, origin, policy)
    work.aside(event, "duplicate" if same else "conflict")
    if not same:
        work.set_aside(event, "id-conflict")
    return work.done()


def _again(state: State, event: Event, policy: Policy) -> Step:
    labels = (code(event), publisher(policy, event.source), "redelivered")
    return Step(state, (), (Count("hub_events_total", labels),))


def _dropped(state: State, event: Event, origin: Origin, policy: Policy) -> Step:
    """Too late: the learner was erased. Counted, and nothing of it is kept (scenario S12)."""
    if origin.offset <= position(state, origin):
        return _again(state, event, policy)
    work = Work(state, origin, policy)
    work.aside(event, "erased")
    return work.done()


class _Fold:
    """One new event on its way through: keep it, route it, wake what waited for it, look at the clocks."""

    def __init__(self, state: State, event: Event, kind: Kind, origin: Origin, policy: Policy) -> None:
        self.work = Work(state, origin, policy)
        self.event, self.kind = event, kind
        self.fact = Fact(event.attributes, event.data, origin.day)
        self.slot = kind.place(event)
        self.replaced = state.facts.get(self.slot)

    def run(self, named: str) -> Step:
        """`named` is the identity of the event."""
        work, event = self.work, self.event
        work.count("hub_folds_total", self.kind.code)
        self._put()
        if work.about_learner and self._beyond():
            work.undo(self.slot)
            work.aside(event, BEYOND)
            return work.done()
        case = work.case(self.fact)
        outcome, why = self._judge(case)
        work.state.seen[named] = content_hash(event)
        if why:
            work.set_aside(event, why)
        if outcome:
            work.aside(event, outcome)
        else:
            work.route(self.kind, case, slot=self.slot, shut=self._shut(), replaced=self.replaced)
            self._wake()
        self._after()
        return work.done()

    def _put(self) -> None:
        """Puts the fact in its place unless a newer one stands there."""
        known = self.replaced
        self.beaten = known is not None and known.rank() > self.fact.rank()
        if not self.beaten:
            self.work.put(self.slot, self.fact)

    def _judge(self, case: Case) -> tuple[str, str]:
        """The outcome if the event shall not be told, and why if it is quarantined."""
        kind = self.kind
        if why := kind.barred(case):
            return "quarantined", why
        if kind.by_each and self.slot in case.facts.strangers:
            return ("", "") if self._was_told() else ("quarantined", "not-a-party")
        if self.beaten or kind.older(case) or (self.work.about_learner and self._voided()):
            return "stale", ""
        return "", ""

    def _was_told(self) -> bool:
        """Whether the publisher is a stranger only since the matter went elsewhere: it may answer what it got."""
        if not self.kind.answers:
            return False
        by = publisher(self.work.policy, self.event.source)
        return by in self.work.state.receivers.get(self.kind.aggregate(self.event.data), ())

    def _beyond(self) -> bool:
        """Dated after the 27th birthday: answered, and not stored (scenario S13)."""
        return self.kind.code != "E29" and life.out_of_scope(self.event.data, self.work.facts.birth_month)

    def _voided(self) -> bool:
        """Corrected before it came, or beaten by what a linked line knows."""
        return self.work.facts.at(self.slot) is not self.fact

    def _shut(self) -> str:
        """Why nobody may be told: the line was closed before the day of this event, or for good."""
        if not self.work.about_learner or self.kind.code == "E29" or self.event.data.get("reason") == "death":
            return ""
        closed = self.work.facts.closing
        if closed is None:
            return ""
        shut = closed["reason"] in FINAL or self.event.data["occurredOn"] > closed["closedOn"]
        return "the line is closed" if shut else ""

    def _wake(self) -> None:
        """Earlier facts that this event lets reach more partners: a certificate that follows the learner to its next
        school, an acknowledgement that came before its handover."""
        woken = WOKEN.get(self.kind.type)
        if woken is not None:
            wake(self.work, woken, self.slot)

    def _after(self) -> None:
        work = self.work
        if work.about_learner:
            linked.share(work)
            clocks.run(work)
        contributions.tell(work)


def wake(work: Work, woken: frozenset[str], own: str = "") -> None:
    """Routes again what is kept here of the types that waited for something."""
    facts = work.state.facts.items()
    found = [(slot, fact) for slot, fact in facts if fact.attributes["type"] in woken and slot != own]
    if not found or (work.about_learner and work.facts.closing is not None):
        return
    strangers = work.facts.strangers if work.about_learner else ()
    for slot, fact in found:
        if slot not in strangers:
            work.route(KINDS[fact.type], work.case(fact), slot=slot, again=True)


def tick(state: State, origin: Origin, policy: Policy) -> Step:
    """Lets the clocks of one aggregate run up to the day of `origin`. Ticking twice does nothing the second time."""
    work = Work(state, origin, policy)
    if not state.erased:
        clocks.run(work)
    return work.done()


def share(state: State, origin: Origin, policy: Policy, given: linked.Share) -> Step:
    """Takes in what a linked line shares (E27), and tells what it lets be told."""
    work = Work(state, origin, policy)
    if not state.erased:
        types = linked.take(work, given)
        wake(work, NONE.union(*(WOKEN.get(type, NONE) for type in types)))
        linked.share(work)
        clocks.run(work)
        contributions.tell(work)
    return work.done()
