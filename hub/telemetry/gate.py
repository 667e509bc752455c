"""Who may read `/metrics`: they count events by kind and publisher, exactly, so no procesregisseur (domain.md D8)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hub.core.directory import Directory
from hub.core.partners import Role

Gate = Callable[[Mapping[str, str]], int]
"""Answers a request's headers with the HTTP status that fits: 200, 401 or 403."""

_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")


def scrape(headers: Mapping[str, str], directory: Directory, loopback: bool) -> int:
    """The operator with its token may, from anywhere; without a token whoever is on this machine, when the door is on
    a `loopback` address and no proxy stands in between. `headers` are looked up in any case."""
    kind, _, token = headers.get("authorization", "").partition(" ")
    if kind:
        partner = directory.of_token(token.strip()) if kind.lower() == "bearer" else None
        return 401 if partner is None else 200 if partner.has(Role.OPERATOR) else 403
    return 200 if loopback and not any(headers.get(name) for name in _FORWARDED) else 401


def anybody(_: Mapping[str, str]) -> int:
    return 200
