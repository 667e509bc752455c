"""Lines of one learner made by hand: facts in their slots, as the fold leaves them. One word per kind of event."""

from __future__ import annotations

import itertools
from typing import Any

from hub.core.codes import SPECIAL_PARTICIPATIONS, SPECIAL_STAGES
from hub.core.line import view
from hub.core.state import Fact, Raised, State
from hub.core.views import Line
from tests import city

LEARNER = "00000001-aaaa-4bbb-8ccc-dddddddddddd"
OTHER = "00000002-aaaa-4bbb-8ccc-dddddddddddd"
BORN = "2018-03"
TIME = "2027-02-15T09:00:00Z"

Slot = tuple[str, Fact]
_ids = itertools.count(1)


def fact(privacy: str = "P1", *, time: str = TIME, **data: Any) -> Fact:
    """`from_` stands for `from`."""
    given = {"learnerId": LEARNER, "occurredOn": "2027-02-14", "basis": "WPO-OKR"}
    given |= {"from" if name == "from_" else name: value for name, value in data.items()}
    attributes = {"type": "hand-made", "source": "urn:test", "id": f"f{next(_ids)}", "time": time}
    return Fact({**attributes, "privacyclass": privacy}, given)


def state_of(*slots: Slot, learner: str = LEARNER, **more: Any) -> State:
    return State(f"learner/{learner}", facts=dict(slots), **more)


def line_of(*slots: Slot, **more: Any) -> Line:
    found = view(state_of(*slots, **more))
    assert found is not None
    return found


def enrolled(id: str, org: str, start: str, stage: str = "po", **more: Any) -> Slot:
    given = {"enrolmentId": id, "orgId": org, "startOn": start, "stage": stage, "primary": True}
    privacy = "P2" if stage in SPECIAL_STAGES else "P1"
    return f"enrolment/{id}/start", fact(privacy, **{**given, "birthMonth": BORN, **more})


def left(id: str, org: str, end: str, reason: str = "moved", **more: Any) -> Slot:
    given = {"enrolmentId": id, "orgId": org, "endOn": end, "reason": reason, **more}
    return f"enrolment/{id}/end", fact(**given)


def attends(id: str, org: str, kind: str, start: str = "2027-02-15", **more: Any) -> Slot:
    given = {"participationId": id, "orgId": org, "atOrg": org, "kind": kind, "startOn": start, **more}
    return f"participation/{id}/start", fact("P2" if kind in SPECIAL_PARTICIPATIONS else "P1", **given)


def stopped(id: str, org: str, end: str, result: str = "completed", **more: Any) -> Slot:
    privacy = "P2" if more.get("kind", "ve") in SPECIAL_PARTICIPATIONS else "P1"
    given = {"participationId": id, "orgId": org, "endOn": end, "result": result, **more}
    return f"participation/{id}/end", fact(privacy, **given)


def asked(id: str, to: str, *, by: str = city.SCHOOL_A, stage: str = "vo", **more: Any) -> Slot:
    given = {"requestId": id, "orgId": by, "toOrg": to, "stage": stage, "reason": "po-vo", "birthMonth": BORN}
    return f"placement/{id}/requested", fact(**{**given, "supportExpected": False, **more})


def decided(id: str, org: str, outcome: str = "accepted", on: str = "2027-05-10", **more: Any) -> Slot:
    given = {"requestId": id, "orgId": org, "outcome": outcome, "decidedOn": on, "occurredOn": on, **more}
    return f"placement/{id}/decided", fact(**given)


def sent(id: str = "h", to: str = city.VO, *, warm: bool = True, **more: Any) -> Slot:
    given = {"orgId": city.SCHOOL_A, "fromOrg": city.SCHOOL_A, "toOrg": to, "transfer": "POVO"}
    given |= {"handoverId": id, "extraSupport": warm, "warmNeeded": warm, "occurredOn": "2027-05-28"}
    given |= {"ackBy": "2027-06-11", "plannedStart": "2027-08-01"}
    return f"handover/{id}/prepared", fact("P2" if warm else "P1", **{**given, **more})


def answered(result: str = "accepted", id: str = "h", *, on: str = "2027-06-16", **more: Any) -> Slot:
    given = {"handoverId": id, "orgId": city.VO, "result": result, "occurredOn": on, **more}
    return f"handover/{id}/acknowledged", fact(**given)


def warm(phase: str, status: str = "held", *, org: str = city.VO, on: str = "2027-06-24") -> Slot:
    return f"handover/h/warm-{phase}/{org}", fact("P2", orgId=org, phase=phase, status=status, on=on)


def taken_back(id: str = "h", reason: str = "wrong-recipient", **more: Any) -> Slot:
    given = {"orgId": city.SCHOOL_A, "occurredOn": "2027-06-20", **more}
    return f"handover/{id}/withdrawn", fact(handoverId=id, reason=reason, **given)


def returned(id: str, source: str, to: str, direction: str = "to-stam", **more: Any) -> Slot:
    given = {"orgId": source, "from": source, "toOrg": to, "direction": direction, **more}
    return f"return/{id}/moved", fact("P2", **given)


def advised(moment: str, advice: str, on: str = "2027-03-20", org: str = city.SCHOOL_A) -> Slot:
    given = {"moment": moment, "advice": advice, "lwoo": False, "occurredOn": on}
    return f"advice/2026-2027/{moment}", fact(orgId=org, **given)


def tlv(action: str = "granted", *, ref: str = "tlv-1", kind: str = "so", **more: Any) -> Slot:
    given = {"tlvRef": ref, "orgId": city.SWV, "kind": kind, "category": "L", "from": "2026-08-01"}
    given |= {"to": "2029-07-31", "requestedBy": city.SCHOOL_A, "action": action, **more}
    return f"tlv/{ref}/decided", fact("P2", **given)


def support(id: str, org: str, level: int, direction: str = "new", **more: Any) -> Slot:
    given = {"supportId": id, "orgId": org, "level": level, "direction": direction, "from": "2027-01-10"}
    return f"support/{id}/changed", fact("P2", **given, **more)


def reviewed(moment: str = "end-groep5", outcome: str = "stay", org: str = city.SCHOOL_A) -> Slot:
    given = {"moment": moment, "heldOn": "2027-05-03", "outcome": outcome}
    return f"review/{moment}.2026-2027/held", fact("P2", orgId=org, **given)


def absent(id: str, kind: str = "lrv", *, org: str = city.SCHOOL_A, **more: Any) -> Slot:
    given = {"caseId": id, "kind": kind, "since": "2027-01-18", "causeCode": "no-place", **more}
    return f"absence/{id}/opened", fact("P2", orgId=org, outsideAlmere=False, **given)


def back(id: str, how: str = "placed", *, org: str = city.SCHOOL_A) -> Slot:
    return f"absence/{id}/closed", fact("P2", caseId=id, orgId=org, closedOn="2027-03-01", how=how)


def certified(id: str, issuer: str = city.ROC, on: str = "2027-01-20") -> Slot:
    given = {"kind": "mbo-certificaat", "title": "Basis installatietechniek", "sector": "techniek"}
    given |= {"orgId": issuer, "issuer": issuer, "certificateId": id, "issuedOn": on}
    return f"certificate/{id}/issued", fact(**given)


def recognised(id: str, org: str, effect: str = "partial") -> Slot:
    given = {"byOrg": org, "effect": effect, "decidedOn": "2027-10-01"}
    return f"certificate/{id}/recognised/{org}", fact(orgId=org, certificateId=id, **given)


def revoked(id: str, org: str = city.ROC) -> Slot:
    given = {"certificateId": id, "reason": "fraud", "revokedOn": "2027-11-02"}
    return f"certificate/{id}/revoked", fact(orgId=org, **given)


def reported(moment: str, org: str, **more: Any) -> Slot:
    return f"progress/{moment}.2026-2027/reported", fact(orgId=org, moment=moment, **more)


def onboard(id: str = "o", start: str = "2027-08-30", base: str = "vo") -> Slot:
    given = {
        "onboardId": id,
        "baseEnrolment": base,
        "voSchool": city.VO,
        "mboOrg": city.ROC,
        "startOn": start,
    }
    return f"onboard/{id}/enrolled", fact(orgId=city.VO, plannedExam="2028-05", **given)


def closed(reason: str, on: str, *, reopenable: bool = False) -> Slot:
    given = {"reason": reason, "closedOn": on, "occurredOn": on, "reopenable": reopenable}
    return "closing/line/closed", fact(orgId=city.SCHOOL_A, **given)


def link(other: str, action: str = "merged") -> Slot:
    given = {"otherLearnerId": other, "boundBy": city.SCHOOL_B, "evidence": "oso-transfer", "action": action}
    return f"link/{other}/merge", fact(orgId=city.SCHOOL_B, **given)


def breach(rule: str, responsible: str) -> dict[str, Raised]:
    """For `state_of(signals=...)`."""
    return {f"{rule}/x": Raised(rule, "breach", "2027-02-01", responsible, "x")}
