"""Certificates and ONboard: E23, E25, E28 (domain.md §2.7), and TLV decisions E18 (§2.6)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from hub.core.catalogue import relations as rel
from hub.core.catalogue.base import (
    COUNTED,
    Case,
    Cell,
    Column,
    Data,
    Kind,
    PersonData,
    fixed,
    keep,
    learner,
    org,
    role,
    types,
)
from hub.core.codes import (
    CertificateKind,
    CertificateLevel,
    Code,
    CodeSystem,
    Day,
    MboLevel,
    Month,
    Opaque,
    OrgRef,
    Ref,
    Sector,
    Title,
    TlvCategory,
    TlvKind,
    VoLevel,
)
from hub.core.partners import Partner, Role


class CertificateIssued(PersonData):
    certificate_id: Ref
    kind: CertificateKind
    code: Code | None = None
    code_system: CodeSystem | None = None
    title: Title
    level: CertificateLevel | None = None
    sector: Sector
    issued_on: Day
    issuer: OrgRef
    hours: Annotated[int, Field(ge=0, le=5000)] | None = None
    verify_url: Annotated[str, Field(pattern=r"^https://[a-z0-9.-]+/[A-Za-z0-9/_-]{0,100}$")] | None = None


class CertificateRecognised(PersonData):
    certificate_id: Ref
    by_org: OrgRef
    effect: Literal["full-exemption", "partial", "none"]
    decided_on: Day


class OnboardEnrolled(PersonData):
    onboard_id: Ref
    base_enrolment: Literal["vo", "vavo", "mbo"]
    vo_school: OrgRef
    missing_subjects: Annotated[
        list[Annotated[str, Field(pattern="^[0-9]{4}$")]], Field(min_length=1, max_length=12)
    ]
    vo_level: VoLevel
    mbo_org: OrgRef
    mbo_code: Annotated[str, Field(pattern="^[0-9]{5}$")]
    mbo_level: MboLevel
    start_on: Day
    planned_exam: Month


class TlvDecided(PersonData):
    tlv_ref: Opaque
    kind: TlvKind
    category: TlvCategory
    from_: Day = Field(alias="from")
    to: Day
    action: Literal["granted", "renewed", "refused", "revoked", "expired"]
    requested_by: OrgRef


def subjects_counted(data: Data, case: Case) -> Data:
    """The mbo side learns how many vo subjects are missing, not which."""
    shown = {name: value for name, value in data.items() if name != "missingSubjects"}
    return {**shown, "missingSubjectCount": len(data["missingSubjects"])}


def certificate_parties(case: Case) -> list[Partner]:
    """The issuer of a certificate, found through the certificate itself."""
    issued = case.known(f"certificate/{case.data['certificateId']}/issued") or {}
    return list(case.partner(issued.get("issuer")))


def certificate_known(case: Case) -> str:
    known = case.known(f"certificate/{case.data['certificateId']}/issued")
    return "" if known else "the certificate itself is not known yet"


def primary_school(case: Case) -> list[Partner]:
    """Schools of the running primary enrolment."""
    running = [start["orgId"] for start, end in rel.enrolments(case) if start["primary"] and end is None]
    return [p for ref in running for p in case.partner(ref)]


_ONBOARD_STUB = keep(
    "learnerId", "occurredOn", "orgId", "basis", "onboardId", "baseEnrolment", "voSchool", "mboOrg", "startOn"
)
_MBO_HBO = frozenset({Role.MBO, Role.HBO})
_WHO = {"learnerId": "5f3e7c1a-9d42-4b7e-8f60-0f5be4c5a008", "basis": "AGREEMENT"}
_CERTIFICATE = {"certificateId": "d4e6f8a0-3579-4ebd-8f2a-0f5be4c5a023"}

KINDS = (
    Kind(
        code="E18",
        name="tlv.decided",
        nl="TLV-besluit",
        en="TLV decided",
        data=TlvDecided,
        publishers=frozenset({Role.SWV}),
        cells={
            Column.SWV: Cell("F", org("orgId")),
            Column.FROM: Cell("F", org("requestedBy")),
            Column.TO: Cell("F", primary_school),
            Column.BRD: COUNTED,
            Column.PR: COUNTED,
        },
        key=learner,
        slot=lambda data: f"tlv/{data['tlvRef']}",
        aggregate=lambda data: f"tlv/{data['tlvRef']}",
        privacy=fixed("P2"),
        example={
            **_WHO,
            "basis": "SWV-TAAK",
            "occurredOn": "2027-04-01",
            "orgId": "swv:2403",
            "tlvRef": "tlv-7f31",
            "kind": "so",
            "category": "L",
            "from": "2027-08-01",
            "to": "2029-07-31",
            "action": "granted",
            "requestedBy": "brin:00YY01",
        },
    ),
    Kind(
        code="E23",
        name="certificate.issued",
        nl="Modulecertificaat uitgereikt",
        en="Module certificate issued",
        data=CertificateIssued,
        publishers=_MBO_HBO | {Role.VO, Role.VSO},
        cells={
            Column.FROM: Cell("F", org("issuer")),
            Column.TO: Cell("F", rel.current_schools),
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
            **_CERTIFICATE,
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
        },
        wakes_on=types("enrolment.started", "participation.started", "onboard.enrolled"),
    ),
    Kind(
        code="E25",
        name="certificate.recognised",
        nl="Modulecertificaat erkend",
        en="Module certificate recognised",
        data=CertificateRecognised,
        publishers=_MBO_HBO | {Role.VO},
        cells={
            Column.FROM: Cell("F", certificate_parties, certificate_known),
            Column.TO: Cell("F", primary_school),
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
            **_CERTIFICATE,
            "occurredOn": "2028-10-01",
            "orgId": "brin:99XX80",
            "byOrg": "brin:99XX80",
            "effect": "partial",
            "decidedOn": "2028-10-01",
        },
        wakes_on=types("certificate.issued"),
    ),
    Kind(
        code="E28",
        name="onboard.enrolled",
        nl="ONboard-inschrijving",
        en="ONboard enrolment",
        data=OnboardEnrolled,
        publishers=frozenset({Role.VO, Role.MBO}),
        cells={
            Column.GEM: COUNTED,
            Column.LP: Cell("R", role(Role.LEERPLICHT), rel.younger_than(18, "startOn"), _ONBOARD_STUB),
            Column.DP: Cell("R", role(Role.DOORSTROOMPUNT), rel.between(18, 27, "startOn"), _ONBOARD_STUB),
            Column.FROM: Cell("F", org("voSchool")),
            Column.TO: Cell("R", org("mboOrg"), reduce=subjects_counted),
            Column.BRD: COUNTED,
            Column.PR: COUNTED,
        },
        key=learner,
        slot=lambda data: f"onboard/{data['onboardId']}",
        aggregate=lambda data: f"onboard/{data['onboardId']}",
        privacy=fixed("P1"),
        example={
            **_WHO,
            "occurredOn": "2027-08-30",
            "orgId": "brin:99XX02",
            "onboardId": "e5f7a9b1-4680-4fce-9a3b-0f5be4c5a028",
            "baseEnrolment": "vo",
            "voSchool": "brin:99XX02",
            "missingSubjects": ["0011", "0021"],
            "voLevel": "vmbo-tl",
            "mboOrg": "brin:99XX80",
            "mboCode": "25297",
            "mboLevel": 4,
            "startOn": "2027-08-30",
            "plannedExam": "2028-05",
        },
        wakes_on=types("enrolment.started"),
    ),
)
