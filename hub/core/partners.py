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


class Org(msgspec.Struct, frozen=True):
    """An organisation by its OrgRef (`brin:00YY01`, `swv:..`, `lrk:..`, `oin:..`, `kvk:..`); `area` is the stadsdeel it
    is in (CL-AREA), "" when it is in none or in several."""

    ref: str
    name: str
    area: str = ""


class Token(msgspec.Struct, frozen=True):
    """A bearer token, known only by its SHA-256 (hex). Tokens are long and random, so no slow hash is needed."""

    label: str
    sha256: str


class Partner(msgspec.Struct, frozen=True):
    """One party with a system of its own.

    `sources` are the CloudEvents sources it may use, exactly. `types` narrows what its roles may publish: full types
    or prefixes ending in `*`; empty means all that the catalogue gives its roles. `board` is the partner id of the
    school board it belongs to. `profile` says what happens to events that break the NL GOV profile (`warn`, `refuse`).
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

    def has(self, *roles: Role) -> bool:
        return any(role in self.roles for role in roles)

    def owns(self, ref: str) -> bool:
        return any(org.ref == ref for org in self.orgs)


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Partner)


def dump(partner: Partner) -> bytes:
    return _encoder.encode(partner)


def load(raw: bytes) -> Partner:
    """Raises msgspec.ValidationError on anything that is not a partner."""
    return _decoder.decode(raw)
