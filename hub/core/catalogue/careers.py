"""Enrolment and participation: E8-E11 (domain.md §2.4). Enrolment is legal, participation is where one attends (D3)."""

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
    drop,
    keep,
    learner,
    org,
    role,
    types,
)
from hub.core.codes import (
    NEWCOMER_PARTICIPATIONS,
    SPECIAL_PARTICIPATIONS,
    SPECIAL_STAGES,
    Code,
    CodeSystem,
    Consent,
    Day,
    Diploma,
    Erk,
    Leerweg,
    MboLevel,
    Month,
    OrgRef,
    Participation,
    Ref,
    Reference,
    Sector,
    Stage,
    VoLevel,
    Year,
)
from hub.core.partners import Partner, Role


class EnrolmentStarted(PersonData):
    enrolment_id: Ref
    stage: Stage
    year: Year
    level: Annotated[list[VoLevel], Field(min_length=1, max_length=4)] | VoLevel | None = None
    start_on: Day
    primary: bool
    from_: OrgRef | None = Field(None, alias="from")
    birth_month: Month
    mbo_level: MboLevel | None = None
    leerweg: Leerweg | None = None
    code: Code | None = None


class EnrolmentEnded(PersonData):
    enrolment_id: Ref
    end_on: Day
    reason: Literal["transfer", "moved-out", "moved", "graduated", "dropout", "death", "error"]
    next_org_known: bool
    next_org: OrgRef | None = None
    diploma: Diploma | None = None


class ParticipationStarted(PersonData):
    participation_id: Ref
    kind: Participation
    at_org: OrgRef
    enrolment_id: Ref | None = None
    start_on: Day
    planned_end: Day | None = None
    hours_per_week: Annotated[int, Field(ge=0, le=60)] | None = None
    code: Code | None = None
    code_system: CodeSystem | None = None
    mbo_level: MboLevel | None = None
    sector: Sector | None = None
    consent: Consent


class ParticipationEnded(PersonData):
    participation_id: Ref
    kind: Participation | None = None
    end_on: Day
    result: Literal["completed", "partial", "stopped", "transferred"]
    erk_band: Erk | None = None
    ref_band: Reference | None = None
    next: OrgRef | None = None


def by_stage(data: Data) -> str:
    return "P2" if data["stage"] in SPECIAL_STAGES else "P1"


def by_kind(data: Data) -> str:
    """An end that does not say what ended is taken for the strictest."""
    return "P2" if data.get("kind", "ve") in SPECIAL_PARTICIPATIONS else "P1"


def clears_case(case: Case) -> str:
    """Leerplicht hears of an enrolment only when it ends a signal that leerplicht knows of."""
    known = any(s.rule == "T04" and s.severity == "breach" for s in case.standing.values())
    return "" if known else "clears no open case"


def newcomer_place(case: Case) -> list[Partner]:
    """Taalcentra where the learner attends now."""
    attended = [
        start["atOrg"]
        for start, end in rel.participations(case)
        if start["kind"] in NEWCOMER_PARTICIPATIONS and end is None
    ]
    return [p for ref in attended for p in case.partner(ref) if p.has(Role.TAALCENTRUM)]


def consented(case: Case) -> str:
    return "no consent" if _consent(case) == "refused" else ""


def _consent(case: Case) -> str:
    start = case.known(f"participation/{case.data['participationId']}/start") or {}
    return str(case.data.get("consent") or start.get("consent") or "")


VE_DUTY = (
    "learnerId", "occurredOn", "orgId", "basis", "participationId", "kind", "startOn", "plannedEnd", "endOn",
    "hoursPerWeek", "consent",
)  # fmt: skip


def ve_duty(data: Data, case: Case) -> Data:
    """With consent refused, voorschoolse educatie tells programme and duration only (statutory)."""
    refused = rel.participation_kind(case) == "ve" and _consent(case) == "refused"
    return keep(*VE_DUTY)(data, case) if refused else data


STUB = keep(
    "learnerId", "occurredOn", "orgId", "basis", "participationId", "kind", "startOn", "plannedEnd", "endOn"
)

_ENROLLING = frozenset(
    {Role.PO, Role.SO_SBO, Role.VO, Role.VSO, Role.MBO, Role.HBO, Role.OPVANG, Role.TAALCENTRUM}
)
_ATTENDED = _ENROLLING | {Role.OPDC, Role.SWV}
_WHO = {"learnerId": "5f3e7c1a-9d42-4b7e-8f60-0f5be4c5a008", "basis": "WPO-OKR"}

_PARTICIPATION_CELLS = {
    Column.GEM: COUNTED,
    Column.TC: Cell("R", newcomer_place, reduce=STUB),
    Column.SWV: Cell("F", role(Role.SWV), rel.of_kind("opdc", "crisis", "arrangement")),
    Column.FROM: Cell("F", rel.enrolment_school, reduce=ve_duty),
    Column.TO: Cell("F", rel.participation_place, reduce=ve_duty),
    Column.BRD: COUNTED,
    Column.OPV: Cell("F", rel.participation_place, rel.of_kind("ve"), ve_duty),
    Column.JGZ: Cell("R", role(Role.JGZ), rel.all_of(rel.of_kind("ve"), consented), STUB),
    Column.PR: COUNTED,
}

KINDS = (
    Kind(
        code="E8",
        name="enrolment.started",
        nl="Inschrijving gestart",
        en="Enrolment started",
        data=EnrolmentStarted,
        publishers=_ENROLLING,
        cells={
            Column.GEM: COUNTED,
            Column.LP: Cell(
                "R",
                role(Role.LEERPLICHT),
                clears_case,
                keep("learnerId", "occurredOn", "orgId", "basis", "enrolmentId", "startOn"),
            ),
            Column.TC: Cell("R", newcomer_place, reduce=drop("level", "code", "mboLevel", "leerweg")),
            Column.FROM: Cell(
                "R", org("from"), reduce=drop("level", "code", "mboLevel", "leerweg", "birthMonth")
            ),
            Column.TO: Cell("F", org("orgId")),
            Column.BRD: COUNTED,
            Column.PR: COUNTED,
        },
        key=learner,
        slot=lambda data: f"enrolment/{data['enrolmentId']}/start",
        aggregate=lambda data: f"enrolment/{data['enrolmentId']}",
        privacy=by_stage,
        example={
            **_WHO,
            "occurredOn": "2027-02-15",
            "orgId": "brin:00YY07",
            "enrolmentId": "b2c4e6a8-1357-4c9b-8d0f-0f5be4c5a088",
            "stage": "po",
            "year": "5",
            "startOn": "2027-02-15",
            "primary": True,
            "from": "brin:00YY01",
            "birthMonth": "2018-03",
        },
    ),
    Kind(
        code="E9",
        name="enrolment.ended",
        nl="Inschrijving beëindigd",
        en="Enrolment ended",
        data=EnrolmentEnded,
        publishers=_ENROLLING,
        cells={
            Column.GEM: COUNTED,
            Column.LP: Cell(
                "R",
                role(Role.LEERPLICHT),
                rel.all_of(rel.alive, rel.no_next, rel.younger_than(18, "endOn")),
                keep(
                    "learnerId",
                    "occurredOn",
                    "orgId",
                    "basis",
                    "enrolmentId",
                    "endOn",
                    "reason",
                    "nextOrgKnown",
                ),
            ),
            Column.DP: Cell(
                "R",
                role(Role.DOORSTROOMPUNT),
                rel.all_of(rel.alive, rel.no_next, rel.between(12, 27, "endOn"), rel.unqualified),
                drop("nextOrg", "corrects"),
            ),
            Column.FROM: Cell("F", org("orgId"), rel.alive),
            Column.TO: Cell("F", org("nextOrg"), rel.alive),
            Column.BRD: COUNTED,
            Column.PR: COUNTED,
        },
        key=learner,
        slot=lambda data: f"enrolment/{data['enrolmentId']}/end",
        aggregate=lambda data: f"enrolment/{data['enrolmentId']}",
        privacy=lambda data: "P1",
        example={
            **_WHO,
            "occurredOn": "2027-02-14",
            "orgId": "brin:00YY01",
            "enrolmentId": "b2c4e6a8-1357-4c9b-8d0f-0f5be4c5a081",
            "endOn": "2027-02-14",
            "reason": "moved",
            "nextOrgKnown": True,
            "nextOrg": "brin:00YY07",
        },
        wakes_on=types("enrolment.started"),
    ),
    Kind(
        code="E10",
        name="participation.started",
        nl="Deelname gestart",
        en="Participation started",
        data=ParticipationStarted,
        publishers=_ATTENDED,
        cells=_PARTICIPATION_CELLS,
        key=learner,
        slot=lambda data: f"participation/{data['participationId']}/start",
        aggregate=lambda data: f"participation/{data['participationId']}",
        privacy=by_kind,
        example={
            **_WHO,
            "basis": "AGREEMENT",
            "occurredOn": "2027-09-06",
            "orgId": "brin:99XX80",
            "participationId": "c3d5f7a9-2468-4dac-9e1f-0f5be4c5a010",
            "kind": "techlab",
            "atOrg": "brin:99XX80",
            "startOn": "2027-09-06",
            "hoursPerWeek": 4,
            "sector": "techniek",
            "consent": "not-needed",
        },
        wakes_on=types("enrolment.started"),
    ),
    Kind(
        code="E11",
        name="participation.ended",
        nl="Deelname beëindigd",
        en="Participation ended",
        data=ParticipationEnded,
        publishers=_ATTENDED,
        cells=_PARTICIPATION_CELLS,
        key=learner,
        slot=lambda data: f"participation/{data['participationId']}/end",
        aggregate=lambda data: f"participation/{data['participationId']}",
        privacy=by_kind,
        example={
            **_WHO,
            "basis": "AGREEMENT",
            "occurredOn": "2028-02-01",
            "orgId": "brin:99XX80",
            "participationId": "c3d5f7a9-2468-4dac-9e1f-0f5be4c5a010",
            "kind": "techlab",
            "endOn": "2028-02-01",
            "result": "completed",
        },
        wakes_on=types("enrolment.started", "participation.started"),
    ),
)
