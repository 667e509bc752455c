"""Dead letters as the read model keeps them. Moments are milliseconds since 1970."""

from __future__ import annotations

import msgspec

STATES = ("open", "replayed", "withdrawn")
"""Nothing was done yet; a replay delivered it after all; a later event took it back."""


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery that was refused for good at `at`, after so many attempts. `said` is the receiver's own words,
    cleaned; never for the procesregisseur. `replay` is the replay it ended with, if any. `source` and `id` name the
    event, "" when the journal does not know it any more."""

    number: int
    delivery: str
    type: str
    status: str
    said: str
    attempts: int
    at: int
    state: str
    replay: str
    ended_at: int | None
    source: str = ""
    id: str = ""


class Group(msgspec.Struct, frozen=True):
    """How many letters one subscription has of one cause (`hub.core.dead_letters.CAUSES`), and from when to when."""

    partner: str
    subscription: str
    cause: str
    count: int
    first_at: int
    last_at: int
