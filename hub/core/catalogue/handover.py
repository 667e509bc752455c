"""Handover between schools: E13-E15 (domain.md §2.5). The dossier itself never passes through the hub (D1)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

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
    learner,
    org,
    role,
    types,
)
from hub.core.codes import Consent, Day, Opaque, OrgRef, Ref, Transfer
from hub.core.partners import Role

RoleCode = Literal["teacher", "teacher-g8", "ib", "mentor", "support", "admin", "swv", "parents", "opvang"]


class HandoverPrepared(PersonData):
    handover_id: Ref
    transfer: Transfer
    from_org: OrgRef
    to_org: OrgRef
    system: Literal["digidoor", "oso", "other"]
    dossier_ref: Opaque
    extra_support: bool
    warm_needed: bool
    tlv_ref: Opaque | None = None
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


def with_support(data: Data) -> str:
    return "P2" if data["extraSupport"] else "P1"


def lawful(case: Case) -> str:
    """opvang → po needs consent (domain.md F09); after a refusal nothing passes."""
    return "no consent" if case.data["consent"] == "refused" else ""


def has_tlv(case: Case) -> str:
    return lawful(case) or ("" if case.data.get("tlvRef") else "the handover has no TLV")


def _own(name: str) -> Cell:
    """An opvang organisation sees the handovers it is itself a side of, through FROM or TO."""
    return Cell("F", rel.handover_side(name), rel.handover_known)


_SENDING = frozenset(
    {Role.PO, Role.SO_SBO, Role.VO, Role.VSO, Role.OPDC, Role.OPVANG, Role.TAALCENTRUM, Role.MBO}
)
_RECEIVING = (_SENDING - {Role.OPVANG}) | {Role.HBO}
_WHO = {
    "learnerId": "5f3e7c1a-9d42-4b7e-8f60-0f5be4c5a008",
    "basis": "WPO-OKR",
    "handoverId": "91c2d3e4-f5a6-4b7c-8d9e-0f5be4c5a013",
}

KINDS = (
    Kind(
        code="E13",
        name="handover.prepared",
        nl="Overdracht klaargezet",
        en="Handover prepared",
        data=HandoverPrepared,
        publishers=_SENDING,
        cells={
            Column.SWV: Cell("R", role(Role.SWV), has_tlv, drop("dossierRef")),
            Column.FROM: Cell("F", org("fromOrg")),
            Column.TO: Cell("F", org("toOrg"), lawful),
            Column.BRD: COUNTED,
            Column.OPV: Cell("F"),
            Column.PR: COUNTED,
        },
        key=learner,
        slot=lambda data: f"handover/{data['handoverId']}/prepared",
        aggregate=lambda data: f"handover/{data['handoverId']}",
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
    ),
    Kind(
        code="E14",
        name="handover.acknowledged",
        nl="Overdracht ontvangen",
        en="Handover acknowledged",
        data=HandoverAcknowledged,
        publishers=_RECEIVING,
        cells={
            Column.FROM: _own("fromOrg"),
            Column.TO: _own("toOrg"),
            Column.BRD: COUNTED,
            Column.OPV: Cell("F"),
            Column.PR: COUNTED,
        },
        key=learner,
        slot=lambda data: f"handover/{data['handoverId']}/acknowledged",
        aggregate=lambda data: f"handover/{data['handoverId']}",
        privacy=lambda data: "P1",
        example={
            **_WHO,
            "occurredOn": "2027-06-16",
            "orgId": "brin:99XX02",
            "result": "accepted",
            "by": "admin",
        },
        wakes_on=types("handover.prepared"),
    ),
    Kind(
        code="E15",
        name="warm-contact.held",
        nl="Warme overdracht gevoerd",
        en="Warm contact held",
        data=WarmContactHeld,
        publishers=_SENDING | _RECEIVING,
        cells={
            Column.SWV: Cell("R", role(Role.SWV), rel.handover_has_tlv, drop("rolesPresent")),
            Column.FROM: _own("fromOrg"),
            Column.TO: _own("toOrg"),
            Column.BRD: COUNTED,
            Column.OPV: Cell("F"),
            Column.PR: COUNTED,
        },
        key=learner,
        slot=lambda data: f"handover/{data['handoverId']}/warm-{data['phase']}/{data['orgId']}",
        aggregate=lambda data: f"handover/{data['handoverId']}",
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
        wakes_on=types("handover.prepared"),
    ),
)
