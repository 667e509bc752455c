"""Taking part, and coming back: E10, E11, E16 (domain.md §2.4, §2.5). Where a learner really attends (D3)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from hub.core.case import Case
from hub.core.catalogue import relations as rel
from hub.core.catalogue.base import (
    COUNTED,
    Cell,
    Column,
    Data,
    Kind,
    fixed,
    learner,
    only,
    org,
    role,
    types,
    worded,
)
from hub.core.catalogue.careers import ENROLLING
from hub.core.catalogue.model import PersonData
from hub.core.codes import (
    NEWCOMER_PARTICIPATIONS,
    SPECIAL_PARTICIPATIONS,
    SPECIAL_STAGES,
    CodeSystem,
    Consent,
    Day,
    EducationCode,
    Erk,
    MboLevel,
    OrgRef,
    Participation,
    Ref,
    Reference,
    Sector,
)
from hub.core.partners import Partner, Role


class ParticipationStarted(PersonData):
    participation_id: Ref
    kind: Participation
    at_org: OrgRef
    enrolment_id: Ref | None = None
    start_on: Day
    planned_end: Day | None = None
    hours_per_week: Annotated[int, Field(ge=0, le=60)] | None = None
    code: EducationCode | None = None
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


class TransferReturned(PersonData):
    """Back to the own school, or on to another, from a place that was not meant to last."""

    participation_id: Ref | None = None
    enrolment_id: Ref | None = None
    direction: Literal["to-stam", "onward", "up", "down"]
    to_org: OrgRef
    from_: OrgRef = Field(alias="from")

    @model_validator(mode="after")
    def _of_one(self) -> TransferReturned:
        if (self.participation_id is None) == (self.enrolment_id is None):
            raise ValueError("exactly one of participationId and enrolmentId must be given")
        return self


def by_kind(data: Data) -> str:
    """An end that does not say what ended is taken for the strictest."""
    return "P2" if data.get("kind", "ve") in SPECIAL_PARTICIPATIONS else "P1"


def own_taalcentrum(case: Case) -> list[Partner]:
    """Taalcentra where the learner attended on that day."""
    day = rel.day_of(case.data, "startOn", "endOn")
    places = rel.partners(case, rel.attended(case, NEWCOMER_PARTICIPATIONS, day))
    return [partner for partner in places if partner.has(Role.TAALCENTRUM)]


def agreed(case: Case) -> str:
    """Consent counts as it stands at the start of the participation, also for its end."""
    return "no consent" if (rel.started(case) or {}).get("consent") == "refused" else ""


VE_DUTY = only("participationId", "kind", "startOn", "plannedEnd", "endOn", "hoursPerWeek", "consent")
STUB = only("participationId", "kind", "startOn", "plannedEnd", "endOn")


@worded("ve zonder toestemming: alleen programma en duur", "ve without consent: programme and duration only")
def ve_duty(data: Data, case: Case) -> Data:
    """With consent refused, voorschoolse educatie tells programme and duration only (statutory)."""
    refused = not rel.of_kind("ve")(case) and agreed(case)
    return VE_DUTY(data, case) if refused else data


def tells_of_support(case: Case) -> str:
    """Whether what the learner comes back from is a concern of the swv: a special place, or a special school."""
    if "participationId" in case.data:
        kind = case.known(f"participation/{case.data['participationId']}/start") or {}
        special = kind.get("kind") in ("opdc", "crisis", "arrangement")
    else:
        start = case.known(f"enrolment/{case.data['enrolmentId']}/start") or {}
        special = start.get("stage") in SPECIAL_STAGES
    return "" if special else "no place of special support is known"


_ATTENDED = ENROLLING | {Role.OPDC, Role.SWV}
_WHO = {"learnerId": "5f3e7c1a-9d42-4b7e-8f60-0f5be4c5a008", "basis": "AGREEMENT"}
_PARTICIPATION = {"participationId": "c3d5f7a9-2468-4dac-9e1f-0f5be4c5a010"}

_CELLS = {
    Column.GEM: COUNTED,
    Column.TC: Cell("R", own_taalcentrum, rel.start_known, STUB, nl="eigen leerling", en="own"),
    Column.SWV: Cell(
        "F",
        role(Role.SWV),
        rel.of_kind("opdc", "crisis", "arrangement"),
        nl="opdc, crisis of arrangement",
        en="opdc/crisis/arr.",
    ),
    Column.FROM: Cell("F", rel.enrolment_school, rel.start_known, ve_duty),
    Column.TO: Cell("F", rel.participation_place, rel.start_known, ve_duty),
    Column.BRD: COUNTED,
    Column.OPV: Cell("F", rel.participation_place, rel.of_kind("ve"), ve_duty, nl="ve", en="ve"),
    Column.JGZ: Cell(
        "R",
        rel.provided(role(Role.JGZ), agreed),
        rel.all_of(rel.of_kind("ve"), agreed),
        STUB,
        nl="ve, met toestemming",
        en="ve indication",
    ),
    Column.PR: COUNTED,
}

KINDS: tuple[Kind, ...] = (
    Kind(
        code="E10",
        name="participation.started",
        nl="Deelname gestart",
        en="Participation started",
        data=ParticipationStarted,
        publishers=_ATTENDED,
        cells=_CELLS,
        key=learner,
        slot=lambda data: f"participation/{data['participationId']}/start",
        aggregate=lambda data: f"participation/{data['participationId']}",
        privacy=by_kind,
        example={
            **_WHO,
            **_PARTICIPATION,
            "occurredOn": "2027-09-06",
            "orgId": "brin:99XX80",
            "kind": "techlab",
            "atOrg": "brin:99XX80",
            "startOn": "2027-09-06",
            "hoursPerWeek": 4,
            "sector": "techniek",
            "consent": "not-needed",
        },
        wakes_on=types("enrolment.started", "participation.started"),
    ),
    Kind(
        code="E11",
        name="participation.ended",
        nl="Deelname beëindigd",
        en="Participation ended",
        data=ParticipationEnded,
        publishers=_ATTENDED,
        cells=_CELLS,
        key=learner,
        slot=lambda data: f"participation/{data['participationId']}/end",
        by_each=True,
        aggregate=lambda data: f"participation/{data['participationId']}",
        privacy=by_kind,
        example={
            **_WHO,
            **_PARTICIPATION,
            "occurredOn": "2028-02-01",
            "orgId": "brin:99XX80",
            "kind": "techlab",
            "endOn": "2028-02-01",
            "result": "completed",
        },
        wakes_on=types("enrolment.started", "participation.started"),
    ),
    Kind(
        code="E16",
        name="transfer.returned",
        since="0.2.0",
        nl="Terugplaatsing of doorplaatsing",
        en="Returned or moved on",
        data=TransferReturned,
        publishers=_ATTENDED,
        cells={
            Column.TC: Cell("F", own_taalcentrum, nl="eigen leerling", en="own"),
            Column.SWV: Cell(
                "R",
                role(Role.SWV),
                tells_of_support,
                only("participationId", "enrolmentId", "direction", "from"),
                nl="bijzondere plek",
                en="special place",
            ),
            Column.FROM: Cell("F", org("from")),
            Column.TO: Cell("F", org("toOrg")),
            Column.BRD: COUNTED,
            Column.PR: COUNTED,
        },
        key=learner,
        slot=lambda data: f"return/{data.get('participationId') or data['enrolmentId']}/moved",
        aggregate=lambda data: f"return/{data.get('participationId') or data['enrolmentId']}",
        privacy=fixed("P2"),
        example={
            **_WHO,
            **_PARTICIPATION,
            "occurredOn": "2028-02-01",
            "orgId": "brin:99XX91",
            "direction": "to-stam",
            "from": "brin:99XX91",
            "toOrg": "brin:99XX02",
        },
        wakes_on=types("participation.started", "enrolment.started"),
    ),
)
