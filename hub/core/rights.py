"""What a token may do: its scopes, and the sources, event types and organisations that it is bound to.

All of it narrows what the directory gives the partner; nothing adds to that. The directory is asked at every call.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple

import msgspec

from hub.core.directory import Directory
from hub.core.partners import Bound, Partner, covers


class Scope(StrEnum):
    """The closed list. `events.publish:<prefix>` publishes only types that are the prefix or stand below it."""

    PUBLISH = "events.publish"
    READ = "events.read"
    MANAGE = "subscriptions.manage"
    REPLAY = "deliveries.replay"
    LINES = "lines.read"
    JOURNEYS = "journeys.read"
    SIGNALS = "signals.read"
    CENSUS = "census.read"
    PARTNERS = "partners.read"
    LEARNERS = "learners.manage"
    OPERATIONS = "operations"


WORDS: Mapping[Scope, tuple[str, str]] = {
    Scope.PUBLISH: ("gebeurtenissen melden", "publish events"),
    Scope.READ: ("eigen gebeurtenissen ophalen", "pull one's own events"),
    Scope.MANAGE: ("eigen abonnementen beheren", "manage one's own subscriptions"),
    Scope.REPLAY: (
        "geweigerde bezorgingen zien en opnieuw laten sturen",
        "see refused deliveries, send again",
    ),
    Scope.LINES: ("leerlijnen inzien", "read learning lines"),
    Scope.JOURNEYS: ("de reis van een gebeurtenis volgen", "follow the journey of an event"),
    Scope.SIGNALS: ("eigen signalen inzien", "read one's own signals"),
    Scope.CENSUS: ("tellingen inzien", "read aggregates"),
    Scope.LEARNERS: ("rechten van leerlingen uitvoeren", "carry out the rights of learners"),
    Scope.PARTNERS: ("de lijst van partners inzien", "read the list of partners"),
    Scope.OPERATIONS: ("meters en onderdelen van de hub inzien", "read metrics and parts of the hub"),
}
"""What each scope opens: Dutch, English."""

BY_ORG = frozenset(
    {Scope.PUBLISH, Scope.LINES, Scope.SIGNALS, Scope.CENSUS, Scope.PARTNERS, Scope.OPERATIONS}
)
"""What a token that is bound to organisations can open. The rest hands out everything of the whole partner."""

_PUBLISHED = re.compile(rf"{re.escape(Scope.PUBLISH)}:([a-z0-9-]+(?:\.[a-z0-9-]+)*)")
_NO_TYPE = ("-",)
"""Stands for no type at all, for of a partner an empty list means every type that its roles may publish."""


class Rights(NamedTuple):
    """None: not bound. Types are full types, or prefixes that end in `*`; organisations are OrgRefs."""

    scopes: frozenset[Scope] = frozenset()
    sources: tuple[str, ...] | None = None
    types: tuple[str, ...] | None = None
    orgs: tuple[str, ...] | None = None

    def permits(self, scope: Scope) -> bool:
        return scope in self.scopes and (self.orgs is None or scope in BY_ORG)


class Refusal(StrEnum):
    """Why nobody is let in."""

    UNKNOWN_TOKEN = "unknown-token"
    EXPIRED_TOKEN = "expired-token"
    UNKNOWN_CLIENT = "unknown-client"


class Access(NamedTuple):
    """Who calls, as the directory has it now, and what its token leaves of that."""

    partner: Partner
    rights: Rights

    def narrowed(self) -> Partner:
        """The partner with the sources, types and organisations that remain."""
        return narrowed(self.partner, self.rights)


def by_token(directory: Directory, token: str, at: int) -> Access | Refusal:
    """Who bears a token that the hub issued; `at` is milliseconds since 1970."""
    found = directory.of_token(token)
    if found is None:
        return Refusal.UNKNOWN_TOKEN
    partner, known = found
    if known.expires and at >= known.expires:
        return Refusal.EXPIRED_TOKEN
    return Access(partner, bounds(known))


def by_client(directory: Directory, issuer: str, id: str, scopes: Iterable[str]) -> Access | Refusal:
    """Who a client of an issuer speaks for, when the issuer gave it these scopes."""
    found = directory.of_client(issuer, id)
    if found is None:
        return Refusal.UNKNOWN_CLIENT
    partner, known = found
    return Access(partner, meet(bounds(known), granted(scopes)))


def granted(scopes: Iterable[str]) -> Rights:
    """The rights that scopes give. Those that are not ours mean nothing here; no scope is no right."""
    given = frozenset(scopes)
    prefixes = [m[1] for scope in sorted(given) if (m := _PUBLISHED.fullmatch(scope))]
    known = {scope for scope in Scope if scope in given}
    if not prefixes or Scope.PUBLISH in known:
        return Rights(frozenset(known))
    types = tuple(type for prefix in prefixes for type in (prefix, f"{prefix}.*"))
    return Rights(frozenset({*known, Scope.PUBLISH}), types=types)


def unsound(given: Bound, partner: Partner) -> Iterator[str]:
    """What is wrong with the bounds of a token or client: scopes that the hub does not know, and sources and
    organisations that are not the partner's, with which it would open nothing."""
    for scope in given.scopes:
        if scope not in set(Scope) and not _PUBLISHED.fullmatch(scope):
            yield f"scope {scope} is not one of {', '.join(Scope)}, {Scope.PUBLISH}:<prefix of types>"
    yield from (f"source {one} is not its own" for one in given.sources if one not in partner.sources)
    yield from (f"organisation {one} is not its own" for one in given.orgs if not partner.owns(one))


def bounds(given: Bound) -> Rights:
    """What the directory says of a token or client. What it does not bind is what the partner has."""
    scopes = granted(given.scopes) if given.scopes else Rights(frozenset(Scope))
    return meet(scopes, Rights(scopes.scopes, given.sources or None, given.types or None, given.orgs or None))


def meet(one: Rights, other: Rights) -> Rights:
    """What both allow."""
    return Rights(
        one.scopes & other.scopes,
        _shared(one.sources, other.sources),
        _overlap(one.types, other.types),
        _shared(one.orgs, other.orgs),
    )


def narrowed(partner: Partner, rights: Rights) -> Partner:
    """The partner as it may act with these rights; never more than it is."""
    if rights.sources is None and rights.types is None and rights.orgs is None:
        return partner
    orgs = rights.orgs
    return msgspec.structs.replace(
        partner,
        sources=_shared(partner.sources, rights.sources),
        types=partner.types if rights.types is None else _narrow(partner.types, rights.types),
        orgs=partner.orgs if orgs is None else tuple(org for org in partner.orgs if org.ref in orgs),
    )


def certified(partner: Partner, oin: str) -> bool:
    """Whether the partner may come with the certificate of this OIN (empty: with none).

    With a certificate, it must be one of its own. A partner of which the directory names `oins` comes with one always.
    """
    if not oin:
        return not partner.oins
    return oin in partner.oins or partner.owns(f"oin:{oin}")


def _shared(one: tuple[str, ...] | None, other: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if one is None or other is None:
        return other if one is None else one
    return tuple(value for value in one if value in other)


def _overlap(one: tuple[str, ...] | None, other: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if one is None or other is None:
        return other if one is None else one
    return _both(one, other)


def _narrow(own: tuple[str, ...], types: tuple[str, ...]) -> tuple[str, ...]:
    return _both(own or ("*",), types) or _NO_TYPE


def _both(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    """Patterns of what a pattern of each covers: of two that overlap one covers the other."""
    pairs = ((a, b) for a in one for b in other)
    return tuple(dict.fromkeys(b if _within(b, a) else a for a, b in pairs if _within(b, a) or _within(a, b)))


def _within(inner: str, outer: str) -> bool:
    """Whether everything that `inner` covers is covered by `outer`."""
    if inner.endswith("*"):
        return outer.endswith("*") and inner.startswith(outer[:-1])
    return covers(outer, inner)
