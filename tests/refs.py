"""References of learners under a key that every engine of the tests has."""

from __future__ import annotations

import json
from typing import Any

from hub.core import pairwise
from hub.core.rules import Rules
from hub.pairwise import References
from tests import city

KEY = b"a key of tests, of 32 bytes and more"
REFERENCES = References(KEY)
OUTSIDE = frozenset(p.id for p in city.PARTNERS if pairwise.outside(p, Rules()))


def written(partner: str, event: dict[str, Any]) -> dict[str, Any]:
    """An event about a learner as the partner's own system would write it."""
    return pairwise.worded(event, city.BY_ID[partner], Rules(), REFERENCES)


def meant(partner: str, event: dict[str, Any]) -> dict[str, Any]:
    """An event as a partner got it, with the learner that it means."""
    learner = event["data"].get("learnerId")
    if partner not in OUTSIDE or learner is None:
        return event
    known = REFERENCES.inward(partner, learner)
    read: dict[str, Any] = json.loads(json.dumps(event).replace(learner, known))
    return read
