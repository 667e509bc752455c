"""Enrolment: E8, E9 (domain.md §2.4). Enrolment is legal, participation is where one attends (D3)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from hub.core import life
from hub.core.case import Case
from hub.core.catalogue import relations as rel
from hub.core.catalogue.base import (
    COUNTED,
    Cell,
    Column,
    Data,
    Kind,
    by_type,
    drop,
    learner,
    only,
    org,
    role,
    types,
)
from hub.core.catalogue.model import PersonData
from hub.core.codes import (
    NEWCOMER_PARTICIPATIONS,
    SPECIAL_STAGES,
    START_QUALIFICATION,
    Day,
    Diploma,
    EducationCode,
    Leerweg,
    MboLevel,
    Month,
    OrgRef,
    Ref,
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
    code: EducationCode | None = None


class EnrolmentEnded(PersonData):
    enrolment_id: Ref
    end_on: Day
    reason: Literal["transfer", "moved-out", "moved", "graduated", "dropout", "death", "error"]
    next_org_known: bool
    next_org: OrgRef | None = None
    diploma: Diploma | None = None


def by_stage(data: Data) -> str:
    return "P2" if data["stage"] in SPECIAL_STAGES else "P1"


def clears_case(case: Case) -> str:
    """Leerplicht hears of an enrolment only when it ends a case or a signal that leerplicht knows of: DUO tells the
    rest (domain.md E8)."""
    return "" if _ends_absence(case) or _ends_signal(case) else "clears no open case"


def _ends_absence(case: Case) -> bool:
    day = case.data["startOn"]
    for opened, closed in case.facts.pairs("absence"):
        if opened["since"] <= day and (closed is None or closed["closedOn"] >= day):
            return True
    return False


def _ends_signal(case: Case) -> bool:
    """Only an enrolment that runs does: earlier ones, which it wakes, are no news."""
    if not case.standing:
        return False
    supervised = case.policy.rules.supervisors
    breaches = [signal.rule for signal in case.standing.values() if signal.severity == "breach"]
    if not any(supervised.get(rule) == Role.LEERPLICHT for rule in breaches):
        return False
    return "end" not in case.facts.of("enrolment", case.data["enrolmentId"])


def waiting_taalcentrum(case: Case) -> list[Partner]:
    """Taalcentra that wait for this newcomer: a request was open on the day, or the learner attended there."""
    day = case.data["startOn"]
    for asked, decided in case.facts.placements:
        if asked["reason"] == "newcomer" and asked["occurredOn"] <= day and _open(decided, day):
            return list(case.policy.directory.with_role(Role.TAALCENTRUM))
    if not case.facts.participations:
        return []
    places = rel.partners(case, rel.attended(case, NEWCOMER_PARTICIPATIONS, day))
    return [partner for partner in places if partner.has(Role.TAALCENTRUM)]


def _open(decided: Data | None, day: str) -> bool:
    return decided is None or decided["decidedOn"] >= day or decided["outcome"] in ("waitlisted", "temporary")


def signalled(earlier: Data, came: Case) -> bool:
    """An enrolment means nothing for another, unless there is a signal that this one may clear."""
    return bool(came.standing)


def waits_or_signalled(earlier: Data, came: Case) -> bool:
    return came.data["reason"] == "newcomer" or bool(came.standing)


def begins_or_ages(earlier: Data, came: Case) -> bool:
    """What ends hears of its own start, and of an age."""
    return came.data["enrolmentId"] == earlier["enrolmentId"] or rel.new_age(earlier, came)


def no_next(case: Case) -> str:
    """The learner went on nowhere: no next school was named, and no later enrolment is known."""
    if case.data["nextOrgKnown"] or case.data.get("nextOrg"):
        return "the next school is known"
    ended, day = case.data["enrolmentId"], case.data["endOn"]
    later = any(
        start["enrolmentId"] != ended and end is None and start["startOn"] >= day
        for start, end in case.facts.enrolments
    )
    return "the next school is known" if later else ""


def unqualified(case: Case) -> str:
    """No startkwalificatie, by this diploma or an earlier one."""
    earned = case.data.get("diploma") in START_QUALIFICATION or life.qualified(case.facts)
    return "has a startkwalificatie" if earned else ""


def alive(case: Case) -> str:
    """After a death nobody is told (domain.md E9)."""
    return "nobody is told after a death" if case.data["reason"] == "death" else ""


ENROLLING = frozenset(
    {Role.PO, Role.SO_SBO, Role.VO, Role.VSO, Role.MBO, Role.HBO, Role.OPVANG, Role.TAALCENTRUM}
)
_WHO = {"learnerId": "5f3e7c1a-9d42-4b7e-8f60-0f5be4c5a008", "basis": "WPO-OKR"}

KINDS: tuple[Kind, ...] = (
    Kind(
        code="E8",
        name="enrolment.started",
        nl="Inschrijving gestart",
        en="Enrolment started",
        data=EnrolmentStarted,
        publishers=ENROLLING,
        cells={
            Column.GEM: COUNTED,
            Column.LP: Cell(
                "R",
                role(Role.LEERPLICHT),
                clears_case,
                only("enrolmentId", "startOn"),
                nl="beëindigt een zaak of signaal",
                en="clears case",
            ),
            Column.TC: Cell(
                "R",
                waiting_taalcentrum,
                reduce=drop("level", "code", "mboLevel", "leerweg"),
                nl="wachtende of eigen nieuwkomer",
                en="newcomer who waits or attends",
            ),
            Column.FROM: Cell(
                "R",
                org("from"),
                reduce=drop("level", "code", "mboLevel", "leerweg", "birthMonth"),
                nl="vorige school",
                en="previous",
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
        wakes_on=types("enrolment.started", "participation.started", "placement.requested", "absence.opened"),
        minds=by_type(enrolment_started=signalled, placement_requested=waits_or_signalled),
    ),
    Kind(
        code="E9",
        name="enrolment.ended",
        nl="Inschrijving beëindigd",
        en="Enrolment ended",
        data=EnrolmentEnded,
        publishers=ENROLLING,
        cells={
            Column.GEM: COUNTED,
            Column.LP: Cell(
                "R",
                role(Role.LEERPLICHT),
                rel.all_of(alive, no_next, rel.younger_than(18, "endOn")),
                only("enrolmentId", "endOn", "reason", "nextOrgKnown"),
                nl="jonger dan 18, geen vervolg",
                en="<18, no next",
            ),
            Column.DP: Cell(
                "R",
                role(Role.DOORSTROOMPUNT),
                rel.all_of(alive, no_next, rel.between(12, 27, "endOn"), unqualified),
                drop("nextOrg"),
                nl="12 tot 27, geen startkwalificatie, geen vervolg",
                en="no startkwal.",
            ),
            Column.FROM: Cell("F", org("orgId"), alive),
            Column.TO: Cell("F", org("nextOrg"), alive, nl="volgende school", en="next"),
            Column.BRD: COUNTED,
            Column.PR: COUNTED,
        },
        key=learner,
        slot=lambda data: f"enrolment/{data['enrolmentId']}/end",
        by_each=True,
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
        wakes_on=types("enrolment.started", "placement.requested"),
        minds=by_type(enrolment_started=begins_or_ages),
    ),
)
