"""Events about one learner, said in one line each. The same words make the same event, id and all."""

from __future__ import annotations

import uuid
from typing import Any

from hub.core.admission import Admitted
from tests import city
from tests import strategies as some

LEARNER = some.LEARNERS[0]
A, B = some.TWO
WHO = {"learnerId": LEARNER, "occurredOn": "2027-02-14", "basis": "WPO-OKR"}


def said(code: str, **data: Any) -> Admitted:
    """An event about the learner, with an id of its own."""
    data = {**WHO, **data}
    id = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{code}{data}"))
    source = city.OF_ORG[data["orgId"]].sources[0]
    return some.let_in(some.event_of(code, data, source, id, time="2027-02-15T09:00:00Z"))


def started(org: str, enrolment: str, day: str, **more: Any) -> Admitted:
    given = {"stage": "po", "year": "5", "primary": True, "birthMonth": "2018-03", **more}
    return said("E8", orgId=org, enrolmentId=enrolment, startOn=day, **given)


def ended(org: str, enrolment: str, day: str, reason: str = "moved", **more: Any) -> Admitted:
    return said("E9", orgId=org, enrolmentId=enrolment, endOn=day, reason=reason, nextOrgKnown=False, **more)


def requested(to: str = city.VO, by: str = city.SCHOOL_A, id: str = A, **more: Any) -> Admitted:
    given = {"stage": "vo", "supportExpected": False, "reason": "po-vo", "birthMonth": "2014-03", **more}
    return said("E6", orgId=by, requestId=id, toOrg=to, **given)


def decided(by: str = city.VO, outcome: str = "accepted", id: str = A, **more: Any) -> Admitted:
    return said("E7", orgId=by, requestId=id, outcome=outcome, decidedOn="2027-02-14", **more)


def placed(at: str = city.VO) -> tuple[Admitted, Admitted]:
    """A request and its acceptance."""
    return requested(at), decided(at)


def advised(moment: str = "definitive", advice: str = "kb", **more: Any) -> Admitted:
    return said("E12", **{"orgId": city.SCHOOL_A, "moment": moment, "advice": advice, "lwoo": False, **more})


def prepared(to: str = city.VO, support: bool = True, transfer: str = "POVO", **more: Any) -> Admitted:
    given = {
        "transfer": transfer,
        "fromOrg": city.SCHOOL_A,
        "toOrg": to,
        "system": "digidoor",
        "dossierRef": "dd:1",
    }
    given |= {"extraSupport": support, "warmNeeded": support, "consent": "not-needed"}
    given |= {"plannedStart": "2027-08-01", "ackBy": "2027-06-11"}
    return said("E13", orgId=city.SCHOOL_A, **{"handoverId": some.TWO[0], **given, **more})


def acknowledged(result: str = "accepted", by: str = city.VO) -> Admitted:
    return said("E14", orgId=by, handoverId=some.TWO[0], result=result, by="admin")


def warm(phase: str, org: str = city.VO, status: str = "held") -> Admitted:
    given = {"phase": phase, "status": status, "on": "2027-06-24", "rolesPresent": ["mentor"]}
    return said("E15", orgId=org, handoverId=some.TWO[0], **given)


def withdrawn(reason: str = "wrong-recipient", **more: Any) -> Admitted:
    return said("E17", orgId=city.SCHOOL_A, handoverId=some.TWO[0], reason=reason, **more)


def attends(org: str, kind: str, **more: Any) -> Admitted:
    given = {
        "participationId": A,
        "kind": kind,
        "atOrg": org,
        "startOn": "2027-02-15",
        "consent": "not-needed",
        **more,
    }
    return said("E10", orgId=org, **given)


def stops(org: str, **more: Any) -> Admitted:
    given = {"participationId": A, "endOn": "2027-08-30", "result": "completed", **more}
    return said("E11", orgId=org, **given)


def certificate(issuer: str = city.ROC, day: str = "2028-01-20") -> Admitted:
    given = {"kind": "mbo-certificaat", "title": "Basis installatietechniek", "sector": "techniek"}
    return said("E23", orgId=issuer, issuer=issuer, certificateId=A, issuedOn=day, **given)


def recognised(org: str, effect: str = "partial") -> Admitted:
    return said("E25", orgId=org, byOrg=org, certificateId=A, effect=effect, decidedOn="2028-10-01")


def revoked(by: str = city.ROC) -> Admitted:
    return said("E24", orgId=by, certificateId=A, reason="exam-error", revokedOn="2028-11-01")


def returned(org: str, to: str, **more: Any) -> Admitted:
    thing = more or {"participationId": A}
    return said("E16", orgId=org, toOrg=to, direction="to-stam", **thing, **{"from": org})


def tlv(action: str = "granted", **more: Any) -> Admitted:
    given = {"tlvRef": "tlv-7f31", "kind": "so", "category": "L", "from": "2027-08-01", "to": "2029-07-31"}
    return said("E18", orgId=city.SWV, action=action, **{"requestedBy": city.SCHOOL_A, **given, **more})


def supported(org: str = city.SCHOOL_A, level: int = 2, **more: Any) -> Admitted:
    given = {"supportId": A, "level": level, "direction": "up", "from": "2027-02-14", **more}
    return said("E19", orgId=org, **given)


def reviewed(moment: str = "end-groep5", org: str = city.SCHOOL_A, day: str = "2027-06-01") -> Admitted:
    return said("E20", orgId=org, moment=moment, heldOn=day, outcome="stay")


def absent(org: str = city.SCHOOL_A, kind: str = "lrv", **more: Any) -> Admitted:
    given = {
        "caseId": A,
        "kind": kind,
        "since": "2027-02-14",
        "causeCode": "no-place",
        "outsideAlmere": False,
    }
    return said("E21", orgId=org, **given, **more)


def back(org: str = city.SCHOOL_A, how: str = "placed", **more: Any) -> Admitted:
    return said("E22", orgId=org, **{"caseId": A, "closedOn": "2027-05-01", "how": how, **more})


def progressed(org: str = city.VO, moment: str = "vo-year3", **more: Any) -> Admitted:
    return said("E26", orgId=org, moment=moment, **more)


def linked(action: str, by: str = city.VO, **more: Any) -> Admitted:
    return said("E27", orgId=by, action=action, boundBy=by, evidence="digidoor-transfer", **more)


def closed(reason: str, org: str = city.SCHOOL_A, day: str = "2027-03-01", **more: Any) -> Admitted:
    given = {"reason": reason, "closedOn": day, "reopenable": False, **more}
    return said("E29", orgId=org, **given)


def onboard(org: str = city.VO, day: str = "2027-08-30") -> Admitted:
    given = {
        "baseEnrolment": "vo",
        "voSchool": city.VO,
        "missingSubjects": ["0011", "0021"],
        "voLevel": "vmbo-tl",
    }
    given |= {"mboOrg": city.ROC, "mboCode": "25297", "mboLevel": 4, "startOn": day, "plannedExam": "2028-05"}
    return said("E28", orgId=org, onboardId=A, **given)


def group(code: str = "E1", sequence: str = "1", source: int = 0, **data: Any) -> Admitted:
    """A statement about one arrival group of 74 minors in Stad; E3 and E4 say only what they must."""
    given = {"groupId": A, **(_GROUP[code]), **data}
    if "bands" in data and code in ("E1", "E2"):
        given["totalMinors"] = sum(b["count"] for b in data["bands"] if b["ageBand"] != "18-26")
    id = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{code}{sequence}{given}"))
    return some.let_in(some.event_of(code, given, city.BY_ID["gemeente"].sources[source], id, sequence))


_BANDS = [
    {"ageBand": "4-5", "count": 14},
    {"ageBand": "6-11", "count": 38},
    {"ageBand": "12-15", "count": 22},
]
_STATE = {
    "siteKind": "ukraine",
    "siteLabel": "GOO Stad 3",
    "area": "stad",
    "expectedFrom": "2026-12-01",
    "certainty": "decided",
    "bands": _BANDS,
    "totalMinors": 74,
    "contactDesk": "opvang-onderwijs",
}
_GROUP: dict[str, dict[str, Any]] = {
    "E1": _STATE,
    "E2": {**_STATE, "changed": ["bands"], "reason": "size"},
    "E3": {"reason": "relocated"},
    "E4": {"arrivedOn": "2026-12-03", "bands": _BANDS, "schoolClockStart": "2026-12-03"},
}


def offer(org: str = city.TAAL, id: str = A, **data: Any) -> Admitted:
    given = {"offerId": id, "kind": "places", "orgId": org, "validFrom": "2026-11-01", **data}
    key = str(uuid.uuid5(uuid.NAMESPACE_OID, str(given)))
    return some.let_in(some.event_of("E5", given, city.OF_ORG[org].sources[0], key))
