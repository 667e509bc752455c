"""What one aggregate means for the places of the city: groups ask, offers give, placed newcomers no longer ask.

Told as a command to `places/almere` when it changed. The slot of a learner is a hash: the city need not know who.
"""

from __future__ import annotations

from typing import Any

import orjson

from hub.core import clocks, group, linked, newcomers
from hub.core.facts import Data
from hub.core.identity import identity
from hub.core.policy import Policy
from hub.core.state import Fact, State
from hub.core.withdrawal import mark
from hub.core.work import Origin, Step, Work

CITY = "places/almere"


def tell(work: Work) -> None:
    """Publishes what changed for the city, if anything did."""
    data, sent = _given(work), work.state.sent
    if not data and CITY not in sent:
        return
    digest = identity("", orjson.dumps(data, option=orjson.OPT_SORT_KEYS).decode())[:16]
    if sent.get(CITY, "") != digest:
        work.state.sent = {**sent, CITY: digest}
        work.command(CITY, "contribute", slot=_slot(work), revision=work.state.steps, data=data)


def _slot(work: Work) -> str:
    return f"placed/{mark(work.state.key)}" if work.about_learner else work.state.key


def _given(work: Work) -> Data:
    """Empty for what means nothing to the city, and to take back what was told before a merge or a split."""
    state = work.state
    if work.about_learner:
        facts = work.facts
        if not facts.placements and not facts.participations:
            return {}
        return {} if linked.merged_away(state) else newcomers.placed(facts) or {}
    if state.key.startswith("group/"):
        return newcomers.demand(group.group_view(state, work.policy.rules))
    return newcomers.supply(group.offer_view(state)) if state.key.startswith("offer/") else {}


def contribute(
    state: State, origin: Origin, policy: Policy, slot: str, revision: int, data: dict[str, Any]
) -> Step:
    """Folds one contribution into the places of the city; of each slot the highest revision counts, and of two of the
    same the one that came last: after a crash the same step may have been taken with another event."""
    work = Work(state, origin, policy)
    attributes = {"type": "contribution", "source": slot, "id": str(revision), "sequence": str(revision)}
    fact = Fact(dict(attributes), data, origin.day)
    known = state.facts.get(slot)
    if known is None or known.rank() <= fact.rank():
        work.put(slot, fact)
        clocks.run(work)
    return work.done()
