"""A small fictional city for tests: a partner for every role, in the shape of the directory of domain.md §4.1."""

from __future__ import annotations

from hub.core.partners import Org, Partner, Role

SCHOOL_A, SCHOOL_B = "brin:00YY01", "brin:00YY07"
VO, VO_OTHER = "brin:99XX02", "brin:99XX05"
SO, VSO, OPDC = "brin:00YY20", "brin:99XX10", "brin:99XX15"
ROC, ROC_POORT, HBO = "brin:99XX80", "brin:99XX81", "brin:99XX85"
TAAL, SWV, OPVANG, DESK = "brin:99XX90", "swv:2403", "lrk:100200300", "oin:00000099000000001000"
LPA, DSP = "oin:00000099000000002000", "oin:00000099000000003000"
NOBODY = "brin:99XX99"
"""An organisation that no partner of the hub runs."""


def _partner(
    id: str, roles: tuple[Role, ...], *orgs: str, board: str | None = None, systems: int = 1
) -> Partner:
    sources = (f"urn:nld:kvknr:00000001:systeem:{id}", f"urn:nld:kvknr:00000001:systeem:{id}-2")
    named = tuple(Org(ref, f"Organisatie {ref}") for ref in orgs)
    return Partner(id, id.title(), roles, named, board, sources[:systems])


PARTNERS = (
    _partner("gemeente", (Role.GEMEENTE,), DESK, systems=2),
    _partner("leerplicht", (Role.LEERPLICHT,), LPA),
    _partner("doorstroompunt", (Role.DOORSTROOMPUNT,), DSP),
    _partner("taalcentrum", (Role.TAALCENTRUM,), TAAL),
    _partner("swv", (Role.SWV,), SWV),
    _partner("prisma", (Role.BOARD,)),
    _partner("asg", (Role.BOARD,)),
    _partner("school-a", (Role.PO,), SCHOOL_A, board="prisma", systems=2),
    _partner("school-b", (Role.PO, Role.SO_SBO), SCHOOL_B, board="asg"),
    _partner("so", (Role.SO_SBO,), SO, board="asg"),
    _partner("vo", (Role.VO,), VO, board="asg"),
    _partner("vo-other", (Role.VO,), VO_OTHER, board="prisma"),
    _partner("vso", (Role.VSO,), VSO, board="asg"),
    _partner("opdc", (Role.OPDC,), OPDC),
    _partner("roc", (Role.MBO,), ROC),
    _partner("roc-poort", (Role.MBO,), ROC_POORT),
    _partner("hogeschool", (Role.HBO,), HBO),
    _partner("opvang", (Role.OPVANG,), OPVANG),
    _partner("jgz", (Role.JGZ,)),
    _partner("jeugdhulp", (Role.JEUGDHULP,)),
    _partner("procesregisseur", (Role.PROCESREGISSEUR,)),
)
BY_ID = {partner.id: partner for partner in PARTNERS}
OF_ORG = {org.ref: partner for partner in PARTNERS for org in partner.orgs}
OF_SOURCE = {source: partner for partner in PARTNERS for source in partner.sources}
NARROW = frozenset({"gemeente", "leerplicht", "taalcentrum"})
"""The narrow circle of an arrival group: exact cells and site label (domain.md §2.3)."""


def with_role(*roles: Role) -> set[str]:
    """Ids of the partners that have one of these roles."""
    return {partner.id for partner in PARTNERS if partner.has(*roles)}
