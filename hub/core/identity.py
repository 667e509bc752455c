"""Which event is the same as another, and which of two is the newer (domain.md D4)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache

import orjson

from hub.core.event import Attribute, Event

_SECONDS = len("2026-11-21T09:12:44Z")
_LONGEST = 18
"""Digits of a sequence that still fit in 64 bits, as JSON and the read model need."""


@lru_cache(maxsize=4096)
def identity(source: str, id: str) -> str:
    """32 hex characters that stand for the event (`source`, `id`) in keys and rows."""
    return hashlib.blake2b(f"{source}\x1f{id}".encode(), digest_size=16).hexdigest()


def content_hash(event: Event) -> str:
    """16 hex characters over what an event says. Not over `time` and tracing, which a retry may set anew, and blind
    to the order of JSON keys (scenario S2)."""
    given = event.attributes
    told = [given["type"], given.get("subject", ""), sequence(given), event.data]
    raw = orjson.dumps(told, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(raw, digest_size=8).hexdigest()


def sequence(attributes: Mapping[str, Attribute]) -> int:
    """Order within one aggregate of one source (domain.md D4); 0 when the publisher gives none, or
    one that cannot be stored."""
    if "sequence" not in attributes:
        return 0
    given = str(attributes["sequence"])
    return int(given) if given.isdecimal() and len(given) <= _LONGEST else 0


def instant(time: str) -> str:
    """A moment of RFC 3339 (or a date) in UTC and microseconds, so that texts compare as moments do: publishers write
    +01:00, +02:00 and Z, with and without fractions. What is no moment stays as it is."""
    if len(time) == _SECONDS and time[-1] == "Z":
        return f"{time[:-1]}.000000+00:00"
    try:
        found = datetime.fromisoformat(time.upper().replace(":60", ":59"))
        zoned = found if found.tzinfo else found.replace(tzinfo=UTC)
        return zoned.astimezone(UTC).isoformat(timespec="microseconds")
    except (ValueError, OverflowError):
        return time
