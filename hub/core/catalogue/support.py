"""Support: E18 TLV, E19 support or OPP, E20 ijkpunt (domain.md §2.6). All of it P2; never what is the matter."""

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
    fixed,
    keep,
    learner,
    org,
    role,
    types,
    worded,
)
from hub.core.catalogue.model import PersonData
from hub.core.codes import (
    Day,
    Desk,
    OrgRef,
    PointerRef,
    Ref,
    Review,
    SupportCode,
    SupportLevel,
    TlvCategory,
    TlvKind,
)
from hub.core.partners import Partner, Role


class TlvDecided(PersonData):
    tlv_ref: PointerRef
    kind: TlvKind
    category: TlvCategory
    from_: Day = Field(alias="from")
    to: Day
    action: Literal["granted", "renewed", "refused", "revoked", "expired"]
    requested_by: OrgRef


class SupportChanged(PersonData):
    """That support changed, at which level and until when; the plan itself (OPP) stays where it is."""

    support_id: Ref
    at_org: OrgRef | None = None
    level: SupportLevel
    direction: Literal["up", "down", "new", "end"]
    from_: Day = Field(alias="from")
    until: Day | None = None
    opp_ref: PointerRef | None = None
    opp_evaluated_on: Day | None = None
    support_code: SupportCode | None = None
    plan_partners: (
        Annotated[list[Literal["jgz", "jeugdhulp", "welzijn", "ggz"]], Field(min_length=1, max_length=4)]
        | None
    ) = None
    review_on: Day | None = None
    contact_desk: Desk | None = None


class ReviewHeld(PersonData):
    moment: Review
    held_on: Day
    outcome: Literal["stay", "scale-down", "scale-up", "other-school", "permanent"]


STAGE_OF_TLV = {"sbo": "sbo", "so": "so", "vso": "vso", "pro": "pro", "lwoo": "vo"}


def accepted_with_it(case: Case) -> list[Partner]:
    """Schools of the kind that the TLV is for, that accepted the learner while it is valid."""
    data = case.data
    stage = STAGE_OF_TLV[data["kind"]]
    return rel.partners(
        case,
        (
            org
            for org, decided in rel.accepting(case)
            if decided["decidedOn"] <= data["to"] and _asked_stage(case, decided) == stage
        ),
    )


def _asked_stage(case: Case, decided: Data) -> str:
    asked = case.known(f"placement/{decided['requestId']}/requested") or {}
    return str(asked.get("stage", ""))


_CARE = {
    "jgz": Role.JGZ,
    "jeugdhulp": Role.JEUGDHULP,
    "welzijn": Role.JEUGDHULP,
    "ggz": Role.JEUGDHULP,
}


def plan_partners(case: Case) -> list[Partner]:
    """Parties of the joint plan (1 Kind 1 Plan), by the kind that was named."""
    roles = {_CARE[name]: None for name in case.data.get("planPartners", ())}
    return [partner for r in roles for partner in case.policy.directory.with_role(r)]


def agreed(case: Case) -> str:
    basis = case.data["basis"] in ("CONSENT", "CONVENANT")
    return "" if basis else "no consent and no convenant"


_SEEN = keep("learnerId", "occurredOn", "basis", "supportId", "reviewOn", "contactDesk")


@worded(
    "alleen dat er een plan is, supportId, reviewOn, contactDesk",
    "only that a plan exists, supportId, reviewOn, contactDesk",
)
def stub(data: Data, case: Case) -> Data:
    """That a joint plan exists, when it is looked at again and where to ask: no content."""
    return {**_SEEN(data, case), "exists": True}


_WHO = {"learnerId": "5f3e7c1a-9d42-4b7e-8f60-0f5be4c5a008", "basis": "SWV-TAAK"}
_SCHOOLS = frozenset({Role.PO, Role.SO_SBO, Role.VO, Role.VSO, Role.OPDC})

KINDS: tuple[Kind, ...] = (
    Kind(
        code="E18",
        name="tlv.decided",
        nl="TLV-besluit",
        en="TLV decided",
        data=TlvDecided,
        publishers=frozenset({Role.SWV}),
        cells={
            Column.SWV: Cell("F", org("orgId")),
            Column.FROM: Cell(
                "F",
                rel.both(org("requestedBy"), rel.school_on()),
                nl="aanvragende school",
                en="requesting school",
            ),
            Column.TO: Cell(
                "F",
                rel.both(rel.school_on("from"), accepted_with_it),
                nl="plaatsende school",
                en="placed school",
            ),
            Column.BRD: COUNTED,
            Column.PR: COUNTED,
        },
        key=learner,
        slot=lambda data: f"tlv/{data['tlvRef']}/decided",
        aggregate=lambda data: f"tlv/{data['tlvRef']}",
        privacy=fixed("P2"),
        example={
            **_WHO,
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
        wakes_on=types("enrolment.started", "placement.decided", "placement.requested"),
        follow=True,
        notice=keep("learnerId", "occurredOn", "basis", "corrects", "tlvRef", "action"),
    ),
    Kind(
        code="E19",
        name="support.changed",
        since="0.2.0",
        nl="Ondersteuning gewijzigd",
        en="Support changed",
        data=SupportChanged,
        publishers=_SCHOOLS,
        cells={
            Column.SWV: Cell("F", role(Role.SWV)),
            Column.FROM: Cell("F", rel.school_on("from")),
            Column.TO: Cell("F", org("atOrg")),
            Column.BRD: COUNTED,
            Column.JGZ: Cell(
                "R",
                rel.provided(plan_partners, agreed),
                agreed,
                stub,
                nl="planpartner, met toestemming of convenant",
                en="stub, consent",
            ),
            Column.PR: COUNTED,
        },
        key=learner,
        slot=lambda data: f"support/{data['supportId']}/changed",
        aggregate=lambda data: f"support/{data['supportId']}",
        privacy=fixed("P2"),
        mailboxes=frozenset({"/data/contactDesk"}),
        example={
            **_WHO,
            "basis": "CONVENANT",
            "occurredOn": "2027-01-11",
            "orgId": "brin:00YY01",
            "supportId": "f1e2d3c4-b5a6-4978-8a6b-0f5be4c5a019",
            "level": 2,
            "direction": "up",
            "from": "2027-01-11",
            "until": "2027-07-09",
            "oppRef": "opp-5520",
            "supportCode": "group-arrangement",
            "planPartners": ["jgz"],
            "reviewOn": "2027-06-01",
            "contactDesk": "zorgteam",
        },
        wakes_on=types("enrolment.started"),
    ),
    Kind(
        code="E20",
        name="review.held",
        since="0.2.0",
        nl="Ijkpunt gehouden",
        en="Review held",
        data=ReviewHeld,
        publishers=_SCHOOLS,
        cells={
            Column.SWV: Cell("F", role(Role.SWV)),
            Column.FROM: Cell("F", rel.school_on("heldOn")),
            Column.BRD: COUNTED,
            Column.PR: COUNTED,
        },
        key=learner,
        slot=lambda data: f"review/{data['moment']}.{life.school_year(data['heldOn'])}/held",
        aggregate=lambda data: f"review/{data['moment']}.{life.school_year(data['heldOn'])}",
        privacy=fixed("P2"),
        example={
            **_WHO,
            "occurredOn": "2027-06-21",
            "orgId": "brin:00YY01",
            "moment": "end-groep5",
            "heldOn": "2027-06-18",
            "outcome": "stay",
        },
        wakes_on=types("enrolment.started"),
    ),
)
