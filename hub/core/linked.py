"""Lines that are one learner's (E27): each shares all it knows with the other, so that both see the whole.

A line shares its own facts and those of other lines linked to it, never back to where they came from. The newest
sharing replaces the one before, so repeats, crashes and any order end the same. A split takes everything back: nothing
was ever mixed in (domain.md E27, D2: no matching, no merging by itself).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from hub.core.state import Bundle, Fact, State
from hub.core.work import Work

CLOSED = "closed"


class Share(NamedTuple):
    """What `key` shares; `open` is false when it takes everything back."""

    key: str
    bundle: Bundle


def read(command: dict[str, Any]) -> Share:
    """The command as it came over Kafka; raises msgspec.ValidationError on anything else."""
    return Share(command["key"], msgspec.convert(command["bundle"], Bundle))


def linked(state: State) -> dict[str, bool]:
    """Keys of the lines that are linked, and whether this one is the one that stays."""
    found = {key: False for key, bundle in state.shared.items() if bundle.open and bundle.survivor}
    found |= {other: True for other, merged in _own(state) if merged}
    return found


def merged_away(state: State) -> bool:
    """Whether another line stands for this learner now. Of two that both say they stay, the lower key does."""
    if not state.shared:
        return False
    own = {other for other, merged in _own(state) if merged}
    return any(
        bundle.open and bundle.survivor and (key not in own or key < state.key)
        for key, bundle in state.shared.items()
    )


def _own(state: State) -> Iterator[tuple[str, bool]]:
    for slot, fact in state.facts.items():
        if slot.startswith("link/") and slot.endswith("/merge"):
            yield f"learner/{fact.data['otherLearnerId']}", fact.data["action"] == "merged"


def once(state: State) -> list[str]:
    """Keys of the lines that were linked and were split off, which still name this one."""
    known = {key for key, _ in _own(state)} | state.shared.keys()
    return sorted(known - linked(state).keys())


def forget(work: Work, key: str) -> None:
    """Drops what names the line `key`, which was split off and is erased."""
    state, link = work.state, f"link/{key.removeprefix('learner/')}"
    state.facts = {slot: fact for slot, fact in state.facts.items() if not slot.startswith(f"{link}/")}
    state.receivers = {aggregate: ids for aggregate, ids in state.receivers.items() if aggregate != link}
    state.shared = {other: bundle for other, bundle in state.shared.items() if other != key}
    state.sent = {other: digest for other, digest in state.sent.items() if other != key}
    work.changed()


def share(work: Work) -> None:
    """Tells linked lines what is new here, and takes back what was shared with those that were split off."""
    state = work.state
    if not state.shared and not work.facts.has("link"):
        return
    with_whom = linked(state)
    for key, survivor in with_whom.items():
        bundle = Bundle(state.steps, survivor, True, _facts(state, key))
        digest = _digest(bundle)
        if state.sent.get(key) != digest:
            state.sent = {**state.sent, key: digest}
            work.command(key, "share", key=state.key, bundle=bundle)
    for key, merged in _own(state):
        if not merged and key not in with_whom and state.sent.get(key, CLOSED) != CLOSED:
            state.sent = {**state.sent, key: CLOSED}
            _forget(work, key)
            work.command(key, "share", key=state.key, bundle=Bundle(state.steps, True, False))


def take(work: Work, given: Share) -> set[str]:
    """Takes in what another line shares. Gives the types of the facts that are new here."""
    key, bundle = given
    known = work.state.shared.get(key)
    if known is not None and known.revision > bundle.revision:
        return set()
    if not bundle.open:
        work.state.sent = {other: digest for other, digest in work.state.sent.items() if other != key}
        _forget(work, key, bundle.revision)
        return set()
    if not bundle.survivor and not dict(_own(work.state)).get(key):
        return set()
    before = known.facts if known else {}
    work.state.shared = {**work.state.shared, key: bundle}
    work.changed()
    return {fact.type for slot, fact in bundle.facts.items() if slot not in before}


def _forget(work: Work, key: str, revision: int = 0) -> None:
    known = work.state.shared.get(key)
    at = max(revision, known.revision if known else 0)
    work.state.shared = {**work.state.shared, key: Bundle(at, open=False)}
    work.changed()


def _facts(state: State, key: str) -> dict[str, Fact]:
    """All that is known here from elsewhere than `key`. Whom a fact was told to stays where the fact is kept."""
    found: dict[str, Fact] = {}
    others = [b.facts for other, b in state.shared.items() if b.open and other != key]
    for slots in (*others, state.facts):
        for slot, fact in slots.items():
            known = found.get(slot)
            if known is None or known.rank() < fact.rank():
                found[slot] = msgspec.structs.replace(fact, told=[])
    return found


def _digest(bundle: Bundle) -> str:
    """Over what is shared, not over when."""
    raw = msgspec.json.encode((bundle.survivor, sorted(bundle.facts.items())))
    return hashlib.blake2b(raw, digest_size=8).hexdigest()
