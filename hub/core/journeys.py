"""What happened to one event, in order of time: the answer to "who was told, and when". Never a payload."""

from __future__ import annotations

from typing import Any

import msgspec


class Moment(msgspec.Struct, frozen=True):
    """One thing that happened at `at` (milliseconds since 1970).

    `kind` is that of a journal entry (accepted refused routed repeat quarantined attempted), or `pulled`;
    `detail` holds the fields of that entry (`hub.core.journal`).
    """

    at: int
    kind: str
    detail: dict[str, Any]


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """How one delivery stands. `outcome` and `status` are those of the last attempt, empty when there was
    none; `number` is its place in the partner's feed."""

    delivery: str
    partner: str
    subscription: str
    column: str = ""
    removed: tuple[str, ...] = ()
    number: int | None = None
    routed_at: int | None = None
    attempts: int = 0
    last_at: int | None = None
    outcome: str = ""
    status: str = ""
    delivered_at: int | None = None
    pulled_at: int | None = None


class EventRow(msgspec.Struct, frozen=True, kw_only=True):
    """One event as the journal knows it. `outcome` is accepted, refused, issued (by the hub itself), or
    unknown when the journal of its admission has not been read (yet)."""

    event: str
    source: str
    id: str
    type: str
    publisher: str
    topic: str
    outcome: str
    accepted_at: int | None
    duplicates: int
    conflicts: int
    stale: int


class Journey(msgspec.Struct, frozen=True):
    """One event's life so far: its row, its moments sorted by time, and a course per delivery."""

    event: EventRow
    moments: tuple[Moment, ...]
    deliveries: tuple[Course, ...]
