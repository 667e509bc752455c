"""Publishing the aggregates at a fixed moment, as H3 events (domain.md §2.8, §3.6, §3.7)."""

from __future__ import annotations

import uuid

import msgspec

from hub.core import census
from hub.core.policy import Policy
from hub.core.state import Fact, State
from hub.core.views import Census, Published
from hub.core.work import Origin, Step, Work, own_event

KEY = "census/almere"
_SPACE = uuid.UUID("3d2a6f4e-8f5b-5d0f-a1c4-7b6e5d4c3b2a")


def publish(state: State, origin: Origin, policy: Policy, on: str, counts: dict[str, int]) -> Step:
    """Publishes every metric as of day `on`. A moment that was published already, or one before it, changes nothing:
    numbers once published are not published again in another way."""
    work = Work(state, origin, policy)
    if on > state.looked:
        for raw in census.tables(counts, on, policy.directory, policy.rules):
            slot = f"published/{raw.metric}/{raw.period}"
            _tell(work, slot, census.publish(raw, _published(state.facts.get(slot)), policy.rules))
        work.state.looked = on
    return work.done()


def _tell(work: Work, slot: str, made: Published) -> None:
    id = str(uuid.uuid5(_SPACE, f"{slot}/{made.on}"))
    data = {"cells": [], **msgspec.to_builtins(made)}  # which leaves out what is empty
    work.issue(own_event(work.policy, "aggregate.published", id, slot, made.on, data), slot=slot)


def _published(fact: Fact | None) -> Published | None:
    return msgspec.convert(fact.data, Published) if fact else None


def view(state: State) -> Census:
    """What was published last, per metric and period, and what is counted of learners who were erased."""
    found = [_published(fact) for slot, fact in sorted(state.facts.items()) if slot.startswith("published/")]
    return Census([one for one in found if one is not None], dict(state.kept))
