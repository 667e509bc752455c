"""A learner as a partner outside education knows it: by a reference that is of that partner alone (domain.md §2.1).

Two such partners cannot tell from their references whether they speak of the same learner, nor can a school. What they
publish or look up is read back at the door, so within the hub there are learner ids only. How a reference is made is
handed in, for it takes a cipher and the key of the installation (`hub.pairwise`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Protocol
from uuid import UUID

import orjson

from hub.core.event import Event
from hub.core.partners import Partner
from hub.core.rules import Rules

Alias = Callable[[str], str]
"""What one partner is told in the place of a learner id."""

IDS = ("learnerId", "otherLearnerId")
"""Fields of data that hold the id of a learner."""

_CARRIERS = ("subject", "partitionkey", "correlationid", "causationid")
"""Context attributes in which a publisher may name a learner. Not `id`: by that it must find its own event again."""


class References(Protocol):
    """Both are a UUID in its canonical form, and each undoes the other."""

    def outward(self, partner: str, learner: str) -> str: ...

    def inward(self, partner: str, reference: str) -> str: ...


def outside(partner: Partner, rules: Rules) -> bool:
    """Whether a partner has roles outside education, and no other."""
    return bool(partner.roles) and rules.pairwise.issuperset(partner.roles)


def alias(partner: Partner, rules: Rules, references: References | None) -> Alias | None:
    """None for a partner that is told learner ids as they are."""
    if references is None or not outside(partner, rules):
        return None
    return lambda learner: references.outward(partner.id, learner)


def masked(raw: bytes, learners: Iterable[str], alias: Alias) -> bytes:
    """What is told, with the reference wherever one of these learners is named, in whatever spelling of its UUID."""
    for learner in learners:
        named, reference = learner.encode(), alias(learner).encode()
        raw = raw.replace(named, reference)
        lower, bare = raw.lower(), named.replace(b"-", b"")
        if named in lower or bare in lower:
            raw = re.sub(named + b"|" + bare, reference, raw, flags=re.IGNORECASE)
    return raw


def inward(event: Event, publisher: Partner, rules: Rules, references: References) -> Event:
    """An event as its publisher sent it, with the learner ids that its references stand for."""
    data = event.data
    if not outside(publisher, rules) or not isinstance(data, dict):
        return event
    meant = {
        str(data[name]): references.inward(publisher.id, uuid)
        for name in IDS
        if (uuid := canonical(data.get(name)))
    }
    if not meant:
        return event
    read: dict[str, Any] = {
        **data,
        **{name: meant[str(data[name])] for name in IDS if str(data.get(name)) in meant},
    }
    attributes = dict(event.attributes)
    for name in _CARRIERS:
        given = attributes.get(name)
        if isinstance(given, str):
            for reference, learner in meant.items():
                given = re.sub(re.escape(reference), learner, given, flags=re.IGNORECASE)
            attributes[name] = given
    return Event(attributes, read)


def worded(
    event: dict[str, Any], publisher: Partner, rules: Rules, references: References | None
) -> dict[str, Any]:
    """A structured event about a learner as the system of its publisher would send it, from one with learner ids: for
    whoever plays the partners."""
    made = alias(publisher, rules, references)
    data = event.get("data")
    if made is None or not isinstance(data, dict):
        return event
    learners = [uuid for name in IDS if (uuid := canonical(data.get(name)))]
    read: dict[str, Any] = orjson.loads(masked(orjson.dumps(event), learners, made))
    return read


def canonical(given: object) -> str:
    """A UUID in its canonical form; "" for anything else."""
    try:
        return str(UUID(given)) if isinstance(given, str) else ""
    except ValueError:
        return ""
