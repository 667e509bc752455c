"""The journal: what happened to each event, one entry at a time. Never a payload, never an identifier of a person.

Entries of one event share a key, so that they keep their order in `hub.journal`.
"""

from __future__ import annotations

import msgspec

from hub.core.identity import identity
from hub.core.records import Out
from hub.core.topics import JOURNAL

WITHDRAWN = "withdrawn"
"""How a delivery ends that was taken back before it was delivered."""

WITHHELD = "withheld"
"""How a delivery ends whose receiver lost the right to it before it was delivered; its `status` says which."""

DEAD = "dead"
"""How a delivery ends that was refused for good: it stands in the dead letters of its subscription."""

UNSENT = (WITHDRAWN, WITHHELD)
"""How a delivery ends that is not even tried (any more)."""

ENDS = (*UNSENT, DEAD)
"""How a delivery ends that nothing is to come of."""


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """A partner that gets the event: `deliveries` maps subscription id to delivery id; `removed` names the fields
    (JSON pointers into data) that the policy took away or changed; `withheld` maps subscriptions that get nothing of
    it, though they ask for it, to why."""

    partner: str
    column: str
    deliveries: dict[str, str] = {}
    removed: tuple[str, ...] = ()
    withheld: dict[str, str] = {}


class Withheld(msgspec.Struct, frozen=True):
    """A column of the routing matrix (domain.md §2.9) that gets nothing now, and why."""

    column: str
    reason: str


class Base(msgspec.Struct, frozen=True, tag_field="kind", omit_defaults=True, kw_only=True):
    """`at` is milliseconds since 1970. `source` and `id` name the event; `type` its CloudEvents type. `person` is the
    keyed mark of whom it is about (`hub.core.persons`), "" when about nobody; `trace` the traceparent that the event or
    request came with (`hub.core.traces`), "" when it came with none."""

    at: int
    source: str = ""
    id: str = ""
    type: str = ""
    person: str = ""
    trace: str = ""


class Accepted(Base, frozen=True, tag="accepted"):
    """The event is durable in Kafka. `warnings` are codes of profile faults that were let through; `correlation` the
    attribute `correlationid`, in which the door lets nobody name a learner."""

    publisher: str
    topic: str
    via: str
    warnings: tuple[str, ...] = ()
    correlation: str = ""


class Refused(Base, frozen=True, tag="refused"):
    """The event was refused at the door. `reasons` are fault codes only; nothing of the event is kept, its id and
    source only when they passed their own checks."""

    publisher: str
    reasons: tuple[str, ...]
    via: str


class Routed(Base, frozen=True, tag="routed"):
    """Decided. `order` counts the steps of the aggregate, so that a replay can follow the same order. `again` is true
    when a later event made this earlier one go to more partners. `about` is the mark (`hub.core.withdrawal`) of the
    learner, "" for what is about none."""

    publisher: str
    order: int
    told: tuple[Told, ...] = ()
    withheld: tuple[Withheld, ...] = ()
    again: bool = False
    about: str = ""


class Repeat(Base, frozen=True, tag="repeat"):
    """Changed nothing that is told: `outcome` is `duplicate` (same source and id), `conflict` (same source and id,
    other content), `stale` (an older state than the one known), `quarantined` (an entry of that kind says why),
    `erased` (the learner was, so it was dropped), `flow-off` (that flow is switched off, so it was dropped) or
    `out-of-scope-age` (after the 27th birthday, and not stored)."""

    publisher: str
    order: int
    outcome: str


class Quarantined(Base, frozen=True, tag="quarantined"):
    """Could not be handled. `reason` is a code; `where` is topic/partition/offset of the record."""

    reason: str
    where: str


class Attempted(Base, frozen=True, tag="attempted"):
    """One delivery attempt, or the end of a delivery without one. `outcome`: delivered, retry, stopped, withdrawn (a
    later event took it back before it was delivered; `attempt` is then how often it had been tried), withheld (the
    right to it ended meanwhile: `hub.core.recheck`), dead (refused for good). `status` is the HTTP status, the
    failure's name, or which right ended; `took` is milliseconds; `attempt` counts from 1; `waited` is milliseconds
    since the event was accepted. `said` is what the receiver gave as its reason, cleaned of all that may name a person;
    `replay` the id of the replay that this attempt belongs to."""

    partner: str
    subscription: str
    delivery: str
    number: int
    attempt: int
    outcome: str
    status: str
    took: int
    waited: int
    said: str = ""
    replay: str = ""


class Shown(Base, frozen=True, tag="shown"):
    """A partner was given these deliveries from its feed, on its request. Whether it has them, only `Pulled` tells.
    `persons` are the marks of whom each is about and `kinds` the codes of what it is, in the same order; neither when
    none is about a person."""

    partner: str
    subscription: str
    deliveries: tuple[str, ...]
    persons: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()


class Pulled(Base, frozen=True, tag="pulled"):
    """A partner acknowledged these deliveries of its feed: it says that it is done with them. `persons` and
    `kinds` as of `Shown`."""

    partner: str
    subscription: str
    deliveries: tuple[str, ...]
    persons: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()


class Replayed(Base, frozen=True, tag="replayed"):
    """A replay of `subscription` changed: `change` is ordered, finished or stopped. `id` is the replay, `by` who asked
    for it (partner id), `why` a code (`hub.core.redelivery`), `count` how many deliveries it is, or was, about."""

    subscription: str
    by: str
    change: str
    why: str
    count: int


class Rekeyed(Base, frozen=True, tag="rekeyed"):
    """A subscription signs with a new key, of kind `signature`. `by` is who asked for it (partner id); those before it
    sign too until `until` (milliseconds since 1970)."""

    subscription: str
    by: str
    signature: str
    until: int


class Arranged(Base, frozen=True, tag="arranged"):
    """A subscription was changed by `by` (partner id): `change` is created, replaced, deleted, paused, resumed or
    tested (a test event was sent)."""

    subscription: str
    by: str
    change: str


class Read(Base, frozen=True, tag="read"):
    """A partner looked up a learning line. `purpose` is the code the reader gave; `line` a keyed hash, not the id.
    `persons` are the marks of all whom a list showed that is of no single line."""

    partner: str
    purpose: str
    line: str
    persons: tuple[str, ...] = ()


class Handled(Base, frozen=True, tag="handled"):
    """The privacy officer `partner` used a right of a learner: `act` is access, erasure, restricted or lifted; `line`
    as in Read."""

    partner: str
    act: str
    line: str


class Signal(Base, frozen=True, tag="signal"):
    """A gap rule was raised or cleared (`change`), `rule` as in domain.md §3.5."""

    rule: str
    change: str
    severity: str
    responsible: str
    due: str


Entry = (
    Accepted
    | Refused
    | Routed
    | Repeat
    | Quarantined
    | Attempted
    | Replayed
    | Shown
    | Pulled
    | Rekeyed
    | Arranged
    | Read
    | Handled
    | Signal
)

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Entry] = msgspec.json.Decoder(Entry)


def record(entry: Entry) -> Out:
    """The entry as a record of `hub.journal`, keyed by its event."""
    return Out(JOURNAL, identity(entry.source, entry.id).encode(), _encoder.encode(entry))


def load(raw: bytes) -> Entry:
    """Raises msgspec.ValidationError on anything that is not an entry."""
    return _decoder.decode(raw)
