"""The learning line 0-27 as people see it: a pure function of the facts, so the same for any order of arrival."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import structs

from hub.core import life, linked, restriction
from hub.core.facts import Facts
from hub.core.line import care, regions, results, timeline, transfers
from hub.core.line.rows import newest
from hub.core.line.stays import running
from hub.core.line.unusual import unusual
from hub.core.rules import Rules
from hub.core.state import Fact, State
from hub.core.views import Line, SignalView


def view(state: State, rules: Rules | None = None) -> Line | None:
    """The line of one learner; None once it was erased. A line that was merged shows what both know (E27)."""
    if state.erased:
        return None
    facts, state = _in_scope(state)
    enrolled, onboarded = timeline.enrolments(facts), timeline.onboards(facts)
    line = Line(
        learner_id=state.key.removeprefix("learner/"),
        birth_month=facts.birth_month,
        enrolments=enrolled,
        participations=timeline.participations(facts, enrolled, onboarded),
        placements=timeline.placements(facts),
        transfers=transfers.transfers(facts),
        returns=timeline.returns(facts),
        advice=results.advice(facts),
        tlvs=care.tlvs(facts),
        supports=care.supports(facts),
        reviews=care.reviews(facts),
        absences=care.absences(facts),
        progress=results.progress(facts),
        certificates=results.certificates(facts),
        onboards=onboarded,
        signals=signals(state),
        as_of=newest(fact for _, fact in _slots(state)),
        events=len({slot for slot, _ in _slots(state)}),
        restricted=facts.restricted,
    )
    _derive(line, facts)
    if state.shared or facts.has("link"):
        _link(line, state)
    return line


def _derive(line: Line, facts: Facts) -> None:
    """What follows from the rows; the rest rests on whether the line is closed."""
    regions.close(line, facts)
    if not line.closed_on:
        line.primary = next((e.org for e in running(line) if e.primary), "")
    line.regions = regions.regions(line)
    line.status = regions.status(line)
    line.unusual = unusual(line)


def _link(line: Line, state: State) -> None:
    line.linked = sorted(key.removeprefix("learner/") for key in linked.linked(state))
    if linked.merged_away(state):
        stays = min(key for key, bundle in state.shared.items() if bundle.open and bundle.survivor)
        line.merged_into = stays.removeprefix("learner/")


def _in_scope(state: State) -> tuple[Facts, State]:
    """Without what is dated after the 27th birthday, the closing itself apart: that is no part of the line, however
    early it came in (scenario S13)."""
    facts = Facts(state)
    month = facts.birth_month
    if not any(_late(slot, fact, month) for slot, fact in _slots(state)):
        return facts, state
    shared = {key: structs.replace(b, facts=_timely(b.facts, month)) for key, b in state.shared.items()}
    state = structs.replace(state, facts=_timely(state.facts, month), shared=shared)
    return Facts(state), state


def _slots(state: State) -> Iterator[tuple[str, Fact]]:
    """What partners told."""
    for slots in (state.facts, *(bundle.facts for bundle in state.shared.values())):
        yield from (item for item in slots.items() if item[0] != restriction.SLOT)


def _timely(slots: Mapping[str, Fact], month: str) -> dict[str, Fact]:
    return {slot: fact for slot, fact in slots.items() if not _late(slot, fact, month)}


def _late(slot: str, fact: Fact, month: str) -> bool:
    return life.out_of_scope(fact.data, month) and not slot.startswith(("closing/", "restriction/"))


def signals(state: State) -> list[SignalView]:
    found = (SignalView(s.rule, s.severity, s.due, s.responsible, s.subject) for s in state.signals.values())
    return sorted(found, key=lambda s: (s.rule, s.subject))


def as_of(state: State) -> str:
    """Time of logging of the newest fact; "" when there is none."""
    return newest(state.facts.values())
