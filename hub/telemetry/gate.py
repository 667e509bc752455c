"""Who may read `/metrics`: they count events by kind and publisher, exactly, so no procesregisseur (domain.md D8)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hub.core import rights
from hub.core.directory import Directory
from hub.core.partners import Role
from hub.core.rights import Scope

Gate = Callable[[Mapping[str, str]], int]
"""Answers a request's headers with the HTTP status that fits: 200, 401 or 403."""

_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")


def scrape(headers: Mapping[str, str], directory: Directory, loopback: bool, at: int) -> int:
    """The operator with a token for operations may, from anywhere; without a token whoever is on this machine, when
    the door is on a `loopback` address and no proxy stands in between. `headers` are looked up in any case; `at` is
    milliseconds since 1970."""
    kind, _, token = headers.get("authorization", "").partition(" ")
    if kind:
        found = rights.by_token(directory, token.strip(), at) if kind.lower() == "bearer" else None
        if not isinstance(found, rights.Access):
            return 401
        may = found.rights.permits(Scope.OPERATIONS) and found.partner.has(Role.OPERATOR)
        return 200 if may else 403
    return 200 if loopback and not any(headers.get(name) for name in _FORWARDED) else 401


def anybody(_: Mapping[str, str]) -> int:
    return 200
