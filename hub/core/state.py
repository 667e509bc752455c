"""What the hub remembers of one aggregate: for every slot the newest fact, and the book of what was done with it.

A *slot* is one thing that can be known once at a time, such as "the start of enrolment X" or "cancellation of group
Y". Of several facts for one slot the one with the highest rank stays, whatever came in first; so the facts, and with
them every view, are the same for any order of arrival (domain.md D4). The book (`seen`, `told`, `receivers`,
`signals`) does depend on the order: it says what was done, not what is true.
"""

from __future__ import annotations

from typing import Any

import msgspec

from hub.core.event import Attribute, Event
from hub.core.identity import identity, instant, sequence

Rank = tuple[int, str, str, str]


class Fact(msgspec.Struct, omit_defaults=True):
    """An accepted event, as far as it must be kept to show it and to route it later.

    `known` is the day (ISO) on which the hub came to know it. `told` lists the partners that got exactly this event.
    """

    attributes: dict[str, Attribute]
    data: dict[str, Any]
    known: str = ""
    told: list[str] = []

    @property
    def type(self) -> str:
        return str(self.attributes["type"])

    @property
    def privacy(self) -> str:
        return str(self.attributes.get("privacyclass", "P2"))

    @property
    def identity(self) -> str:
        return identity(str(self.attributes["source"]), str(self.attributes["id"]))

    def event(self) -> Event:
        return Event(self.attributes, self.data)

    def rank(self) -> Rank:
        """Decides between two facts for one slot: sequence, then time of logging, then identity."""
        given = self.attributes
        return (sequence(given), instant(str(given.get("time", ""))), str(given["source"]), str(given["id"]))


class Raised(msgspec.Struct, omit_defaults=True):
    """A signal that stands: `due` is the date its threshold passed, `subject` what it is about."""

    rule: str
    severity: str
    due: str
    responsible: str
    subject: str


class Bundle(msgspec.Struct, omit_defaults=True):
    """What a linked line shares (E27 merged): all its facts as of its step `revision`. `survivor` when the line that
    shares is the one that stays; `open` is false once the link was split, and then there are no facts."""

    revision: int
    survivor: bool = False
    open: bool = True
    facts: dict[str, Fact] = {}


class State(msgspec.Struct, omit_defaults=True):
    """Everything stored under one key of the table and of `hub.lines`.

    `steps` counts what was folded; `positions` holds the highest offset handled per input topic, so that a record
    that Kafka hands out again after a crash is known as such; `seen` maps event identity to content hash; `receivers`
    lists, per aggregate, the partners that ever got something of it; `due` is the next date on which a clock changes
    something (ISO, empty = none), `looked` the last one on which its clocks were read. `shared` holds what linked
    lines share, by their key, and `sent` a hash of what was last shared with each. `erased` is the day of erasure:
    from then on the state is a tombstone, and all the rest but `positions` is empty. `kept` are counts of erased
    learners (key `census/erased` only).
    """

    key: str
    steps: int = 0
    positions: dict[str, int] = {}
    seen: dict[str, str] = {}
    facts: dict[str, Fact] = {}
    receivers: dict[str, list[str]] = {}
    signals: dict[str, Raised] = {}
    due: str = ""
    looked: str = ""
    shared: dict[str, Bundle] = {}
    sent: dict[str, str] = {}
    erased: str = ""
    kept: dict[str, int] = {}

    def of(self, prefix: str) -> dict[str, Fact]:
        """Facts in slots that begin with `prefix`, which is cut off."""
        return {slot[len(prefix) :]: fact for slot, fact in self.facts.items() if slot.startswith(prefix)}


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(State)


def dump(state: State) -> bytes:
    return _encoder.encode(state)


def load(raw: bytes) -> State:
    """Raises msgspec.ValidationError on anything that `dump` did not write."""
    return _decoder.decode(raw)
