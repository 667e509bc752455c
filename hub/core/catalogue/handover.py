"""Handover between schools: E13-E15, E17 (domain.md §2.5). The dossier itself never passes through the hub (D1)."""

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
    by_type,
    drop,
    fixed,
    keep,
    learner,
    org,
    role,
    types,
)
from hub.core.catalogue.model import PersonData
from hub.core.codes import Consent, Day, OrgRef, PointerRef, Ref, Transfer
from hub.core.partners import Partner, Role

RoleCode = Literal["teacher", "teacher-g8", "ib", "mentor", "support", "admin", "swv", "parents", "opvang"]


class HandoverPrepared(PersonData):
    handover_id: Ref
    transfer: Transfer
    from_org: OrgRef
    to_org: OrgRef
    system: Literal["digidoor", "oso", "other"]
    dossier_ref: PointerRef
    extra_support: bool
    warm_needed: bool
    tlv_ref: PointerRef | None = None
    consent: Consent
    planned_start: Day
    ack_by: Day

    @model_validator(mode="after")
    def _warm_with_support(self) -> HandoverPrepared:
        if self.warm_needed != self.extra_support:
            raise ValueError("warmNeeded must equal extraSupport")
        if self.org_id != self.from_org:
            raise ValueError("a handover is prepared by the sending organisation: orgId must equal fromOrg")
        return self


class HandoverAcknowledged(PersonData):
    handover_id: Ref
    result: Literal["accepted", "incomplete", "wrong-recipient", "purged"]
    by: RoleCode


class WarmContactHeld(PersonData):
    handover_id: Ref
    phase: Literal["initial", "follow-up"]
    status: Literal["planned", "held", "not-needed", "declined-by-parents"]
    on: Day
    roles_present: Annotated[list[RoleCode], Field(max_length=7)]


class HandoverWithdrawn(PersonData):
    handover_id: Ref
    reason: Literal["wrong-recipient", "placement-changed", "duplicate", "error"]
    replaced_by: Ref | None = None


def with_support(data: Data) -> str:
    return "P2" if data["extraSupport"] else "P1"


def may_receive(case: Case) -> str:
    return case.once("released", _may_receive)


def _may_receive(case: Case) -> str:
    return rel.handover_consented(case) or rel.handover_released(case)


def by_a_side(case: Case) -> str:
    """What an earlier receiver answers to a purge order concerns the sender alone."""
    handover = rel.prepared(case)
    if handover is None:
        return rel.handover_known(case)
    sides = (handover["fromOrg"], handover["toOrg"])
    concerned = any(rel.same(case, case.data["orgId"], side) for side in sides)
    return "" if concerned else "told by an earlier receiver"


def told_swv(case: Case) -> list[Partner]:
    """The swv, if it heard of the handover."""
    return [partner for partner in rel.had(case, _handover(case.data)) if partner.has(Role.SWV)]


def told_others(case: Case) -> list[Partner]:
    """Everyone who got something of the handover but its sender and the swv: they must purge it."""
    sender = {partner.id for partner in rel.handover_side("fromOrg")(case)}
    found = rel.had(case, _handover(case.data))
    return [partner for partner in found if partner.id not in sender and not partner.has(Role.SWV)]


def taken_back(case: Case) -> tuple[str, ...]:
    """All that was told of the handover, if its withdrawal counts: that of a stranger does not."""
    withdrawn = "withdrawn" in case.facts.of("handover", case.data["handoverId"])
    return (_handover(case.data),) if withdrawn else ()


def _handover(data: Data) -> str:
    return f"handover/{data['handoverId']}"


PURGE = keep("learnerId", "occurredOn", "basis", "corrects", "handoverId", "reason")
"""What a wrong receiver gets: that it must purge, and nothing of where the pupil went instead."""

_FROM = Cell("F", rel.handover_side("fromOrg"), rel.handover_known)
_TO = rel.provided(rel.handover_side("toOrg"), may_receive)
_OPV = Cell("F", nl="eigen, via FROM of TO", en="own")
_SENDING = frozenset(
    {Role.PO, Role.SO_SBO, Role.VO, Role.VSO, Role.OPDC, Role.OPVANG, Role.TAALCENTRUM, Role.MBO}
)
_RELEASES = types("placement.requested", "placement.decided", "enrolment.started")
"""What can make the receiving school one that may know (domain.md D6)."""
_MINDS = by_type(enrolment_started=rel.releases)

_RECEIVING = (_SENDING - {Role.OPVANG}) | {Role.HBO}
_WHO = {
    "learnerId": "5f3e7c1a-9d42-4b7e-8f60-0f5be4c5a008",
    "basis": "WPO-OKR",
    "handoverId": "91c2d3e4-f5a6-4b7c-8d9e-0f5be4c5a013",
}

KINDS: tuple[Kind, ...] = (
    Kind(
        code="E13",
        name="handover.prepared",
        nl="Overdracht klaargezet",
        en="Handover prepared",
        data=HandoverPrepared,
        publishers=_SENDING,
        cells={
            Column.SWV: Cell(
                "R",
                rel.provided(role(Role.SWV), rel.handover_consented),
                rel.all_of(rel.handover_consented, rel.handover_has_tlv),
                drop("dossierRef"),
                nl="met TLV",
                en="no dossierRef",
            ),
            Column.FROM: Cell("F", org("fromOrg")),
            Column.TO: Cell(
                "F", _TO, may_receive, nl="na plaatsing waar die voorgaat", en="after E7 where it comes first"
            ),
            Column.BRD: COUNTED,
            Column.OPV: _OPV,
            Column.PR: COUNTED,
        },
        key=learner,
        slot=lambda data: f"handover/{data['handoverId']}/prepared",
        aggregate=_handover,
        privacy=with_support,
        example={
            **_WHO,
            "occurredOn": "2027-05-28",
            "orgId": "brin:00YY01",
            "transfer": "POVO",
            "fromOrg": "brin:00YY01",
            "toOrg": "brin:99XX02",
            "system": "digidoor",
            "dossierRef": "dd:8842-7f",
            "extraSupport": True,
            "warmNeeded": True,
            "consent": "not-needed",
            "plannedStart": "2027-08-01",
            "ackBy": "2027-06-11",
        },
        wakes_on=_RELEASES,
        minds=_MINDS,
    ),
    Kind(
        code="E14",
        name="handover.acknowledged",
        nl="Overdracht ontvangen",
        en="Handover acknowledged",
        data=HandoverAcknowledged,
        publishers=_RECEIVING,
        cells={
            Column.FROM: _FROM,
            Column.TO: Cell("F", _TO, rel.all_of(by_a_side, may_receive)),
            Column.BRD: COUNTED,
            Column.OPV: _OPV,
            Column.PR: COUNTED,
        },
        key=learner,
        slot=lambda data: f"handover/{data['handoverId']}/acknowledged",
        by_each=True,
        answers=True,
        aggregate=_handover,
        privacy=lambda data: "P1",
        example={
            **_WHO,
            "occurredOn": "2027-06-16",
            "orgId": "brin:99XX02",
            "result": "accepted",
            "by": "admin",
        },
        wakes_on=_RELEASES | types("handover.prepared"),
        minds=_MINDS,
    ),
    Kind(
        code="E15",
        name="warm-contact.held",
        nl="Warme overdracht gevoerd",
        en="Warm contact held",
        data=WarmContactHeld,
        publishers=_SENDING | _RECEIVING,
        cells={
            Column.SWV: Cell(
                "R",
                rel.provided(role(Role.SWV), rel.handover_consented),
                rel.all_of(rel.handover_consented, rel.handover_has_tlv),
                drop("rolesPresent"),
                nl="met TLV",
                en="tlv",
            ),
            Column.FROM: _FROM,
            Column.TO: Cell("F", _TO, rel.all_of(by_a_side, may_receive)),
            Column.BRD: COUNTED,
            Column.OPV: _OPV,
            Column.PR: COUNTED,
        },
        key=learner,
        slot=lambda data: f"handover/{data['handoverId']}/warm-{data['phase']}/{data['orgId']}",
        by_each=True,
        aggregate=_handover,
        privacy=lambda data: "P2",
        example={
            **_WHO,
            "occurredOn": "2027-06-24",
            "orgId": "brin:99XX02",
            "phase": "initial",
            "status": "held",
            "on": "2027-06-24",
            "rolesPresent": ["teacher-g8", "mentor"],
        },
        wakes_on=_RELEASES | types("handover.prepared"),
        minds=_MINDS,
    ),
    Kind(
        code="E17",
        name="handover.withdrawn",
        since="0.2.0",
        nl="Overdracht ingetrokken",
        en="Handover withdrawn",
        data=HandoverWithdrawn,
        publishers=_SENDING,
        cells={
            Column.SWV: Cell("R", told_swv, reduce=PURGE),
            Column.FROM: _FROM,
            Column.TO: Cell("F", told_others, reduce=PURGE, nl="wisopdracht", en="purge order"),
            Column.BRD: COUNTED,
            Column.PR: COUNTED,
        },
        key=learner,
        slot=lambda data: f"handover/{data['handoverId']}/withdrawn",
        by_each=True,
        aggregate=_handover,
        privacy=fixed("P1"),
        example={
            **_WHO,
            "occurredOn": "2027-06-14",
            "orgId": "brin:00YY01",
            "reason": "wrong-recipient",
            "replacedBy": "a1b2c3d4-e5f6-4a7b-8c9d-0f5be4c5a017",
        },
        wakes_on=types("handover.prepared", "handover.acknowledged", "warm-contact.held"),
        follow=True,
        notice=PURGE,
        withdraws=taken_back,
    ),
)
