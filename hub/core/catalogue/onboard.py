"""ONboard: E28 (domain.md §2.7). A vo diploma and mbo modules at the same time."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

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
from hub.core.catalogue.model import PersonData
from hub.core.codes import Day, MboLevel, Month, OrgRef, Ref, VoLevel
from hub.core.partners import Role


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


@worded("hoeveel vakken ontbreken, niet welke", "how many subjects are missing, not which")
def subjects_counted(data: Data, case: Case) -> Data:
    shown = {name: value for name, value in data.items() if name != "missingSubjects"}
    return {**shown, "missingSubjectCount": len(data["missingSubjects"])}


STUB = only("onboardId", "baseEnrolment", "voSchool", "mboOrg", "startOn")

KINDS: tuple[Kind, ...] = (
    Kind(
        code="E28",
        name="onboard.enrolled",
        nl="ONboard-inschrijving",
        en="ONboard enrolment",
        data=OnboardEnrolled,
        publishers=frozenset({Role.VO, Role.MBO}),
        cells={
            Column.GEM: COUNTED,
            Column.LP: Cell(
                "R",
                role(Role.LEERPLICHT),
                rel.younger_than(18, "startOn"),
                STUB,
                nl="jonger dan 18",
                en="<18",
            ),
            Column.DP: Cell(
                "R",
                role(Role.DOORSTROOMPUNT),
                rel.between(18, 27, "startOn"),
                STUB,
                nl="18 tot 27",
                en="18+",
            ),
            Column.FROM: Cell("F", org("voSchool"), nl="vo-school", en="vo"),
            Column.TO: Cell("R", org("mboOrg"), reduce=subjects_counted, nl="mbo", en="mbo"),
            Column.BRD: COUNTED,
            Column.PR: COUNTED,
        },
        key=learner,
        slot=lambda data: f"onboard/{data['onboardId']}/enrolled",
        aggregate=lambda data: f"onboard/{data['onboardId']}",
        privacy=fixed("P1"),
        example={
            "learnerId": "5f3e7c1a-9d42-4b7e-8f60-0f5be4c5a008",
            "basis": "AGREEMENT",
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
        wakes_on=types("enrolment.started", "placement.requested"),
    ),
)
