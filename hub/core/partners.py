"""Partners: who they are and what they may publish (domain.md §4.1)."""

from __future__ import annotations

import hashlib
from enum import StrEnum

import msgspec


class Role(StrEnum):
    """CL-ROLE of domain.md §2.2, `operator` for those who run the hub, and `fg` for the privacy officer
    (functionaris gegevensbescherming)."""

    GEMEENTE = "gemeente"
    LEERPLICHT = "leerplicht"
    DOORSTROOMPUNT = "doorstroompunt"
    TAALCENTRUM = "taalcentrum"
    SWV = "swv"
    PO = "po"
    SO_SBO = "so-sbo"
    VO = "vo"
    VSO = "vso"
    OPDC = "opdc"
    MBO = "mbo"
    HBO = "hbo"
    OPVANG = "opvang"
    JGZ = "jgz"
    JEUGDHULP = "jeugdhulp"
    BOARD = "board"
    PROCESREGISSEUR = "procesregisseur"
    HUB = "hub"
    OPERATOR = "operator"
    FG = "fg"


PARTIES = frozenset(
    {
        Role.LEERPLICHT,
        Role.DOORSTROOMPUNT,
        Role.TAALCENTRUM,
        Role.SWV,
        Role.PO,
        Role.SO_SBO,
        Role.VO,
        Role.VSO,
        Role.OPDC,
        Role.MBO,
        Role.HBO,
        Role.OPVANG,
    }
)
"""Roles whose organisations can be a side of a matter of one learner (columns FROM and TO of the routing matrix). An
event that names another organisation there tells that one nothing: a board is no school (domain.md D5, D8)."""


class Org(msgspec.Struct, frozen=True):
    """An organisation by its OrgRef (`brin:00YY01`, `swv:..`, `lrk:..`, `oin:..`, `kvk:..`); `area` is the stadsdeel it
    is in (CL-AREA), "" when it is in none or in several."""

    ref: str
    name: str
    area: str = ""


class Bound(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a token or client is bound to, within what its partner may do; empty: not bound. `scopes` are those of
    `hub.core.rights`, `orgs` OrgRefs, `types` as of a partner."""

    scopes: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    orgs: tuple[str, ...] = ()


class Token(Bound, frozen=True, omit_defaults=True):
    """A bearer token, known only by its SHA-256 (hex). Tokens are long and random, so no slow hash is needed.

    `expires` is the moment from which it opens nothing (milliseconds since 1970, 0 = never).
    """

    label: str
    sha256: str
    expires: int = 0


class Client(Bound, frozen=True, omit_defaults=True):
    """A system that gets its access tokens from an issuer: the id it has there. Another issuer's tokens for the same
    id are not its own."""

    issuer: str
    id: str


class Partner(msgspec.Struct, frozen=True):
    """One party with a system of its own.

    `sources` are the CloudEvents sources it may use, exactly. `types` narrows what its roles may publish: full types
    or prefixes ending in `*`; empty means all that the catalogue gives its roles. `board` is the partner id of the
    school board it belongs to. `profile` says what happens to events that break the NL GOV profile (`warn`, `refuse`).
    `oins` are the OINs of its client certificates; when there are any it comes with one of them always.
    """

    id: str
    name: str
    roles: tuple[Role, ...]
    orgs: tuple[Org, ...] = ()
    board: str | None = None
    sources: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    profile: str = "warn"
    tokens: tuple[Token, ...] = ()
    clients: tuple[Client, ...] = ()
    oins: tuple[str, ...] = ()

    def has(self, *roles: Role) -> bool:
        return any(role in self.roles for role in roles)

    def owns(self, ref: str) -> bool:
        return any(org.ref == ref for org in self.orgs)


def covers(allowed: str, type: str) -> bool:
    """Whether an entry of `types`, a full type or a prefix that ends in `*`, covers this type."""
    return type.startswith(allowed[:-1]) if allowed.endswith("*") else type == allowed


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Partner)


def dump(partner: Partner) -> bytes:
    return _encoder.encode(partner)


def load(raw: bytes) -> Partner:
    """Raises msgspec.ValidationError on anything that is not a partner."""
    return _decoder.decode(raw)
