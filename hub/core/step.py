"""The product: one event against one state gives the next state, and everything that must be told."""

from __future__ import annotations

from hub.core import clocks, contributions, life, linked, restriction
from hub.core.case import Case
from hub.core.catalogue import KINDS
from hub.core.catalogue.base import Kind, Minds
from hub.core.event import Event
from hub.core.identity import content_hash, identity
from hub.core.policy import Policy
from hub.core.records import Count
from hub.core.state import Fact, State
from hub.core.work import Origin, Step, Work, code, position, publisher

Woken = dict[str, Minds | None]

WOKEN: dict[str, Woken] = {
    waker: {kind.type: kind.minds.get(waker) for kind in KINDS.values() if waker in kind.wakes_on}
    for waker in frozenset[str]().union(*(kind.wakes_on for kind in KINDS.values()))
}
"""Types of earlier events that an event can let reach more partners, by its type, and when (`Kind.minds`)."""

BEYOND = "out-of-scope-age"
FLOW_OFF = "flow-off"


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
        return _dropped(state, event, origin, policy, "erased")
    if policy.off(event.type):
        return _dropped(state, event, origin, policy, FLOW_OFF)
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


def _dropped(state: State, event: Event, origin: Origin, policy: Policy, why: str) -> Step:
    """The learner was erased, or the flow is switched off: counted, and nothing of it is kept (scenario S12)."""
    if origin.offset <= position(state, origin):
        return _again(state, event, policy)
    work = Work(state, origin, policy)
    work.aside(event, why)
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
        case = work.case(self.fact)
        if work.about_learner and self._beyond(case):
            work.undo(self.slot)
            work.aside(event, BEYOND)
            return work.done()
        outcome, why = self._judge(case)
        work.state.seen[named] = content_hash(event)
        if why:
            work.set_aside(event, why)
        if outcome:
            work.aside(event, outcome)
        else:
            work.route(
                self.kind,
                case,
                slot=self.slot,
                shut=restriction.shut(self.kind, case),
                replaced=self.replaced,
            )
            self._wake(case)
        after(work)
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
        if self.beaten or kind.older(case) or (self.work.about_learner and self._voided(case)):
            return "stale", ""
        return "", ""

    def _was_told(self) -> bool:
        """Whether the publisher is a stranger only since the matter went elsewhere: it may answer what it got."""
        if not self.kind.answers:
            return False
        by = publisher(self.work.policy, self.event.source)
        return by in self.work.state.receivers.get(self.kind.aggregate(self.event.data), ())

    def _beyond(self, case: Case) -> bool:
        """Dated after the 27th birthday: answered, and not stored (scenario S13)."""
        return self.kind.code != "E29" and life.out_of_scope(case.data, case.facts.birth_month)

    def _voided(self, case: Case) -> bool:
        """Corrected before it came, or beaten by what a linked line or another organisation knows."""
        alone = case.facts.plain and not self.kind.by_each
        return not alone and case.facts.at(self.slot) is not self.fact

    def _wake(self, case: Case) -> None:
        """Earlier facts that this event lets reach more partners: a certificate that follows the learner to its next
        school, an acknowledgement that came before its handover."""
        woken = WOKEN.get(self.kind.type)
        if woken is not None:
            wake(self.work, woken, case)


def after(work: Work) -> None:
    """What follows from any change: linked lines share it, the clocks look at it, the city hears of it."""
    if work.about_learner:
        linked.share(work)
        clocks.run(work)
    contributions.tell(work)


def wake(work: Work, woken: Woken, came: Case | None = None) -> None:
    """Routes again what is kept here of the types that waited for something: for the event that `came`, if it was one
    and they mind it. Where something was replaced, put right or closed, what was kept from anybody then may have any
    reason, so all is looked at."""
    found = [item for item in work.state.facts.items() if item[1].attributes["type"] in woken]
    facts = work.facts
    if not found or facts.closing is not None:
        return
    plain = came is not None and facts.plain and len(work.state.facts) == len(work.state.seen)
    for slot, fact in found:
        if slot in facts.strangers or (came is not None and fact.data is came.data):
            continue
        if work.policy.off(fact.type):
            continue
        minds = woken[fact.type] if plain else None
        if came is None or minds is None or minds(fact.data, came):
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
        held = work.facts.restricted
        types = linked.take(work, given)
        wake(work, {woken: None for type in types for woken in WOKEN.get(type, {})})
        if held and not work.facts.restricted:
            restriction.release(work)
        after(work)
    return work.done()


def restrict(state: State, origin: Origin, policy: Policy, on: bool, at: int, by: str) -> Step:
    """Freezes a line, or lifts that. Of several such words the one with the highest `at` (milliseconds) counts."""
    work = Work(state, origin, policy)
    if not state.erased:
        held = work.facts.restricted
        restriction.put(work, on, at, by)
        if held and not work.facts.restricted:
            restriction.release(work)
        after(work)
    return work.done()
