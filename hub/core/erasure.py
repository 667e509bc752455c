"""Erasure of a learner: what the hub knew is gone, who ever got something is told (H4), and a tombstone stays so that
nothing that comes late brings it back (domain.md §5.10, scenario S12). The tombstone stands under a hash, for the id of
the learner is erased too."""

from __future__ import annotations

import uuid

from hub.core import census, line, linked
from hub.core.policy import Policy
from hub.core.state import State
from hub.core.withdrawal import mark
from hub.core.work import Origin, Step, Work, own_event

_SPACE = uuid.UUID("b1f7a7c5-4f43-5d3a-8e0a-9c3f5b0c2e11")
KEPT = "census/erased"
_GONE = b"gone/"


def tombstone(key: bytes) -> bytes:
    """Where the tombstone of the aggregate `key` stands: who has the key finds it, and nobody reads the key from it."""
    return _GONE + mark(key.decode()).encode()


def erase(work: Work, requested_by: str) -> None:
    """Leaves a tombstone. Counts stay as they were, without who; linked lines are the same learner and go too."""
    _keep_counts(work)
    for key in linked.linked(work.state):
        work.command(key, "erase", by=requested_by)
    for key in linked.once(work.state):
        work.command(key, "forget", key=work.state.key)
    learner = work.state.key.removeprefix("learner/")
    data = {
        "learnerId": learner,
        "scope": "all",
        "requestedBy": requested_by,
        "keyDestroyedOn": work.origin.day,
    }
    id = str(uuid.uuid5(_SPACE, work.state.key))
    work.issue(own_event(work.policy, "erasure.executed", id, f"erasure/{id}", work.origin.day, data))
    state = work.state
    work.state = State(state.key, state.steps, state.positions, erased=work.origin.day)
    work.changed()


def _keep_counts(work: Work) -> None:
    """What this learner did in a school year goes on being counted: aggregates tell of the past of the city. What only
    stands now, such as an open case, does not: nobody could close it any more."""
    view = line.view(work.state, work.policy.rules)
    counted = census.counts(view) if view else {}
    counts = {cell: n for cell, n in counted.items() if cell.split("|")[1] != census.STANDING}
    if counts:
        work.command(KEPT, "keep", slot=mark(work.state.key), counts=counts)


def command(state: State, origin: Origin, policy: Policy, requested_by: str) -> Step:
    """Erases when a linked line was erased."""
    work = Work(state, origin, policy)
    if not state.erased:
        erase(work, requested_by)
    return work.done()


def forget(state: State, origin: Origin, policy: Policy, key: str) -> Step:
    """Takes the name of an erased line out of one that it was linked with once."""
    work = Work(state, origin, policy)
    if not state.erased:
        linked.forget(work, key)
    return work.done()


def keep(state: State, origin: Origin, policy: Policy, slot: str, counts: dict[str, int]) -> Step:
    """Adds the counts of an erased learner to those kept, once: `slot` stands for who it was."""
    work = Work(state, origin, policy)
    if slot not in state.seen:
        work.state.seen[slot] = ""
        kept = dict(work.state.kept)
        for cell, count in counts.items():
            kept[cell] = kept.get(cell, 0) + count
        work.state.kept = kept
    return work.done()
