"""Asking for a place and deciding on it: E6, E7 (domain.md §2.4). A decision is not yet an enrolment (D3)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from hub.core import life
from hub.core.case import Case
from hub.core.catalogue import relations as rel
from hub.core.catalogue.base import COUNTED, Cell, Column, Data, Kind, drop, learner, only, org, role, types
from hub.core.catalogue.model import PersonData
from hub.core.codes import SPECIAL_STAGES, Day, Month, OrgRef, Ref, Stage
from hub.core.partners import Role


class PlacementRequested(PersonData):
    request_id: Ref
    to_org: OrgRef
    stage: Stage
    requested_start: Day | None = None
    preference_rank: Annotated[int, Field(ge=1, le=3)] | None = None
    support_expected: bool
    reason: Literal["regular", "po-vo", "moved", "newcomer", "support", "crisis", "vo-mbo"]
    birth_month: Month


class PlacementDecided(PersonData):
    request_id: Ref
    outcome: Literal["accepted", "waitlisted", "referred", "declined", "withdrawn", "temporary"]
    decided_on: Day
    start_on: Day | None = None
    referred_to: OrgRef | None = None
    extended: bool | None = None


def asked_class(data: Data) -> str:
    special = data["stage"] in SPECIAL_STAGES or data["reason"] in ("newcomer", "support", "crisis")
    return "P2" if special or data["supportExpected"] else "P1"


def decided_class(data: Data) -> str:
    """A referral or a temporary place tells of support; other decisions do not say what was asked."""
    return "P2" if data["outcome"] in ("referred", "temporary") else "P1"


def supported(case: Case) -> str:
    return "" if case.data["supportExpected"] else "no support expected"


def first_choice(case: Case) -> str:
    """Second and third choices hear of it when they are asked: by a request that puts them first."""
    return "" if case.data.get("preferenceRank", 1) == 1 else "not the first choice"


def for_newcomer(case: Case) -> str:
    asked = rel.request(case)
    if not asked:
        return "the request itself is not known yet"
    return "" if asked["reason"] == "newcomer" else "not a newcomer"


def not_accepted(case: Case) -> str:
    return "accepted" if case.data["outcome"] == "accepted" else ""


_ASKED = frozenset(
    {Role.PO, Role.SO_SBO, Role.VO, Role.VSO, Role.OPDC, Role.MBO, Role.HBO, Role.TAALCENTRUM, Role.SWV}
)
_WHO = {
    "learnerId": "5f3e7c1a-9d42-4b7e-8f60-0f5be4c5a008",
    "basis": "VO-OVERSTAP",
    "requestId": "6d0e2f4a-8b1c-4d3e-9f5a-0f5be4c5a006",
}

KINDS: tuple[Kind, ...] = (
    Kind(
        code="E6",
        name="placement.requested",
        since="0.2.0",
        nl="Plaatsing aangevraagd",
        en="Placement requested",
        data=PlacementRequested,
        publishers=_ASKED - {Role.SWV},
        cells={
            Column.GEM: COUNTED,
            Column.LP: Cell(
                "R",
                role(Role.LEERPLICHT),
                rel.among("reason", "newcomer", "moved"),
                only("requestId", "toOrg", "stage", "requestedStart", "reason"),
                nl="nieuwkomer of verhuisd",
                en="newcomer/moved",
            ),
            Column.TC: Cell(
                "R",
                role(Role.TAALCENTRUM),
                for_newcomer,
                only("requestId", "toOrg", "stage", "requestedStart", "reason", "birthMonth"),
                nl="nieuwkomer",
                en="newcomer",
            ),
            Column.SWV: Cell(
                "R",
                role(Role.SWV),
                supported,
                drop("preferenceRank"),
                nl="ondersteuning verwacht",
                en="support",
            ),
            Column.FROM: Cell("F", rel.asking),
            Column.TO: Cell("F", org("toOrg"), first_choice, nl="eerste keuze", en="rank 1"),
            Column.BRD: COUNTED,
            Column.PR: COUNTED,
        },
        key=learner,
        slot=lambda data: f"placement/{data['requestId']}/requested",
        aggregate=lambda data: f"placement/{data['requestId']}",
        privacy=asked_class,
        example={
            **_WHO,
            "occurredOn": "2027-03-27",
            "orgId": "brin:00YY01",
            "toOrg": "brin:99XX02",
            "stage": "vo",
            "requestedStart": "2027-08-01",
            "preferenceRank": 1,
            "supportExpected": False,
            "reason": "po-vo",
            "birthMonth": "2015-03",
        },
    ),
    Kind(
        code="E7",
        name="placement.decided",
        since="0.2.0",
        nl="Plaatsingsbesluit",
        en="Placement decided",
        data=PlacementDecided,
        publishers=_ASKED,
        cells={
            Column.GEM: COUNTED,
            Column.LP: Cell(
                "R",
                role(Role.LEERPLICHT),
                rel.all_of(not_accepted, rel.between(5, life.LAST_AGE, "decidedOn")),
                only("requestId", "outcome", "decidedOn"),
                nl="5 jaar of ouder en niet aangenomen",
                en="age≥5, not accepted",
            ),
            Column.TC: Cell(
                "R",
                role(Role.TAALCENTRUM),
                for_newcomer,
                only("requestId", "outcome", "decidedOn", "startOn"),
                nl="nieuwkomer",
                en="newcomer",
            ),
            Column.SWV: Cell(
                "R",
                role(Role.SWV),
                rel.among("outcome", "referred", "temporary"),
                only("requestId", "outcome", "decidedOn", "startOn", "referredTo", "extended"),
                nl="doorverwezen of tijdelijk",
                en="referred",
            ),
            Column.FROM: Cell("F", rel.asking),
            Column.TO: Cell("F", lambda case: case.partner(rel.request(case).get("toOrg"))),
            Column.BRD: COUNTED,
            Column.PR: COUNTED,
        },
        key=learner,
        slot=lambda data: f"placement/{data['requestId']}/decided",
        by_each=True,
        aggregate=lambda data: f"placement/{data['requestId']}",
        privacy=decided_class,
        example={
            **_WHO,
            "occurredOn": "2027-05-10",
            "orgId": "brin:99XX02",
            "outcome": "accepted",
            "decidedOn": "2027-05-10",
            "startOn": "2027-08-01",
        },
        wakes_on=types("placement.requested"),
    ),
)
