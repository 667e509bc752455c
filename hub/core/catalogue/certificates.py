"""Certificates that a learner takes along: E23, E24, E25 (domain.md §2.7)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from hub.core import life
from hub.core.case import Case
from hub.core.catalogue import relations as rel
from hub.core.catalogue.base import COUNTED, Cell, Column, Data, Kind, fixed, learner, org, types, whole
from hub.core.catalogue.model import PersonData
from hub.core.codes import (
    CertificateKind,
    CertificateLevel,
    CodeSystem,
    Consent,
    Day,
    EducationCode,
    OrgRef,
    Ref,
    Sector,
    Title,
)
from hub.core.partners import Partner, Role


class CertificateIssued(PersonData):
    certificate_id: Ref
    kind: CertificateKind
    code: EducationCode | None = None
    code_system: CodeSystem | None = None
    title: Title
    level: CertificateLevel | None = None
    sector: Sector
    issued_on: Day
    issuer: OrgRef
    hours: Annotated[int, Field(ge=0, le=5000)] | None = None
    verify_url: Annotated[str, Field(pattern=r"^https://[a-z0-9.-]{1,100}/[A-Za-z0-9/_-]{0,100}$")] | None = (
        None
    )
    consent: Consent | None = None


class CertificateRevoked(PersonData):
    certificate_id: Ref
    reason: Literal["exam-error", "fraud", "duplicate", "admin"]
    revoked_on: Day


class CertificateRecognised(PersonData):
    certificate_id: Ref
    by_org: OrgRef
    effect: Literal["full-exemption", "partial", "none"]
    decided_on: Day


LEARNING = frozenset({"techlab", "mbo-module", "hbo-module", "vavo", "onboard-vo", "onboard-mbo"})
"""Participations whose place may learn of a certificate: what is learnt there is what certificates are about."""

MBO_HBO = frozenset({"mbo", "hbo"})


def holders_schools(case: Case) -> list[Partner]:
    """Where the learner was on the day of issue and, unless consent was refused, every later mbo or hbo."""
    day = case.data["issuedOn"]
    orgs = [e["orgId"] for e in _enrolments(case, day)]
    orgs += rel.attended(case, LEARNING, day)
    orgs += [side for side in _onboard_sides(case, day) if side != case.data["issuer"]]
    return rel.partners(case, orgs)


def _enrolments(case: Case, day: str) -> list[Data]:
    carried = case.data.get("consent") != "refused"
    return [
        start
        for start, end in case.facts.enrolments
        if life.in_force(start, end, day)
        or (carried and start["stage"] in MBO_HBO and start["startOn"] > day)
    ]


def _onboard_sides(case: Case, day: str) -> list[str]:
    """Both sides of ONboard, for a certificate that is earned in it."""
    running = [o for _, o in case.facts.each("onboard", "enrolled") if o["startOn"] <= day]
    return [onboard[side] for onboard in running for side in ("voSchool", "mboOrg")]


def not_revoked(case: Case) -> str:
    revoked = "revoked" in case.facts.of("certificate", case.data["certificateId"])
    return "the certificate was revoked" if revoked else ""


def issuer(case: Case) -> tuple[Partner, ...]:
    """The issuer of a certificate, found through the certificate itself."""
    issued = case.known(f"certificate/{case.data['certificateId']}/issued") or {}
    return case.partner(issued.get("issuer"))


def certificate_known(case: Case) -> str:
    known = case.known(f"certificate/{case.data['certificateId']}/issued")
    return "" if known else "the certificate itself is not known yet"


def informed(case: Case) -> list[Partner]:
    """Everyone who was told of the certificate, and everyone who decided on it."""
    id = case.data["certificateId"]
    parts = case.facts.of("certificate", id)
    deciders = [fact.data["byOrg"] for part, fact in parts.items() if part.startswith("recognised/")]
    return [*rel.had(case, f"certificate/{id}"), *rel.partners(case, deciders)]


_MBO_HBO = frozenset({Role.MBO, Role.HBO})
_ISSUERS = _MBO_HBO | {Role.VO, Role.VSO}
_WHO = {
    "learnerId": "5f3e7c1a-9d42-4b7e-8f60-0f5be4c5a008",
    "basis": "AGREEMENT",
    "certificateId": "d4e6f8a0-3579-4ebd-8f2a-0f5be4c5a023",
}

KINDS: tuple[Kind, ...] = (
    Kind(
        code="E23",
        name="certificate.issued",
        nl="Modulecertificaat uitgereikt",
        en="Module certificate issued",
        data=CertificateIssued,
        publishers=_ISSUERS,
        cells={
            Column.FROM: Cell("F", org("issuer"), nl="uitreiker", en="issuer"),
            Column.TO: Cell("F", holders_schools, not_revoked, nl="gaat mee", en="portable"),
            Column.BRD: COUNTED,
            Column.PR: COUNTED,
        },
        key=learner,
        slot=lambda data: f"certificate/{data['certificateId']}/issued",
        aggregate=lambda data: f"certificate/{data['certificateId']}",
        privacy=fixed("P1"),
        orgs=("orgId", "issuer"),
        example={
            **_WHO,
            "occurredOn": "2028-01-20",
            "orgId": "brin:99XX80",
            "kind": "mbo-certificaat",
            "code": "25297",
            "codeSystem": "crebo",
            "title": "Basis installatietechniek",
            "level": "mbo3",
            "sector": "techniek",
            "issuedOn": "2028-01-20",
            "issuer": "brin:99XX80",
            "consent": "given",
        },
        wakes_on=types("enrolment.started", "participation.started", "onboard.enrolled"),
    ),
    Kind(
        code="E24",
        name="certificate.revoked",
        since="0.2.0",
        nl="Modulecertificaat ingetrokken",
        en="Module certificate revoked",
        data=CertificateRevoked,
        publishers=_ISSUERS,
        cells={
            Column.FROM: Cell("F", issuer, nl="uitreiker", en="issuer"),
            Column.TO: Cell("F", informed, nl="wie het kreeg of erkende", en="portable"),
            Column.BRD: COUNTED,
            Column.PR: COUNTED,
        },
        key=learner,
        slot=lambda data: f"certificate/{data['certificateId']}/revoked",
        by_each=True,
        aggregate=lambda data: f"certificate/{data['certificateId']}",
        privacy=fixed("P1"),
        example={
            **_WHO,
            "occurredOn": "2028-03-01",
            "orgId": "brin:99XX80",
            "reason": "exam-error",
            "revokedOn": "2028-03-01",
        },
        wakes_on=types("certificate.issued", "certificate.recognised"),
        follow=True,
        notice=whole,
    ),
    Kind(
        code="E25",
        name="certificate.recognised",
        nl="Modulecertificaat erkend",
        en="Module certificate recognised",
        data=CertificateRecognised,
        publishers=_MBO_HBO | {Role.VO},
        cells={
            Column.FROM: Cell("F", issuer, certificate_known, nl="uitreiker", en="issuer"),
            Column.TO: Cell(
                "F", rel.school_on("decidedOn"), nl="school van de leerling", en="learner's school"
            ),
            Column.BRD: COUNTED,
            Column.PR: COUNTED,
        },
        key=learner,
        slot=lambda data: f"certificate/{data['certificateId']}/recognised/{data['byOrg']}",
        aggregate=lambda data: f"certificate/{data['certificateId']}",
        privacy=fixed("P1"),
        orgs=("orgId", "byOrg"),
        example={
            **_WHO,
            "occurredOn": "2028-10-01",
            "orgId": "brin:99XX80",
            "byOrg": "brin:99XX80",
            "effect": "partial",
            "decidedOn": "2028-10-01",
        },
        wakes_on=types("certificate.issued"),
    ),
)
