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
    correlation: str = ""


class Journey(msgspec.Struct, frozen=True):
    """One event's life so far: its row, its moments sorted by time, and a course per delivery."""

    event: EventRow
    moments: tuple[Moment, ...]
    deliveries: tuple[Course, ...]


class Sight(msgspec.Struct, frozen=True):
    """Which events somebody may find. `partner`: those that it published or was told; None: those of all. `types`:
    of these kinds only, and none that came in as about a person; None: of all."""

    partner: str | None = None
    types: tuple[str, ...] | None = None


class Place(msgspec.Struct, frozen=True):
    """Where a page of what was found ends: the next one goes on with what is older."""

    at: int
    event: str


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody looks for: all that is given must hold, "" and None ask for nothing. `correlation` is the attribute
    of that name or the id of a trace; `partner` published it or was told; `since` and `until` (not included) are
    milliseconds since 1970."""

    id: str = ""
    correlation: str = ""
    subscription: str = ""
    partner: str = ""
    type: str = ""
    since: int | None = None
    until: int | None = None
    before: Place | None = None
    limit: int = 50


class Found(msgspec.Struct, frozen=True):
    """`at` is when it came in or, where it was looked for as something told, when that was decided. `courses` are the
    deliveries of it that may be seen."""

    at: int
    event: EventRow
    courses: tuple[Course, ...] = ()

    @property
    def place(self) -> Place:
        return Place(self.at, self.event.event)
