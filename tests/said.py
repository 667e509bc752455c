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


def prepared(to: str = city.VO, support: bool = True) -> Admitted:
    given = {
        "transfer": "POVO",
        "fromOrg": city.SCHOOL_A,
        "toOrg": to,
        "system": "digidoor",
        "dossierRef": "dd:1",
    }
    given |= {"extraSupport": support, "warmNeeded": support, "consent": "not-needed"}
    given |= {"plannedStart": "2027-08-01", "ackBy": "2027-06-11"}
    return said("E13", orgId=city.SCHOOL_A, handoverId=some.TWO[0], **given)


def acknowledged(result: str = "accepted") -> Admitted:
    return said("E14", orgId=city.VO, handoverId=some.TWO[0], result=result, by="admin")


def warm(phase: str, org: str = city.VO, status: str = "held") -> Admitted:
    given = {"phase": phase, "status": status, "on": "2027-06-24", "rolesPresent": ["mentor"]}
    return said("E15", orgId=org, handoverId=some.TWO[0], **given)


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
