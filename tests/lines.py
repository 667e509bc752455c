"""Facts of a learner made by hand, one line each, and the signals that should then stand: no engine in between."""

from __future__ import annotations

from typing import Any

from hub.core import signals
from hub.core.case import Case
from hub.core.directory import Directory
from hub.core.policy import Policy
from hub.core.state import Fact, State
from tests import city
from tests.city import ROC, SCHOOL_A, SWV, VO

Slot = tuple[str, dict[str, Any]]
Stands = dict[str, tuple[str, str, str]]
POLICY = Policy(Directory(city.PARTNERS))
KEY = "learner/5f3e7c1a-9d42-4b7e-8f60-0f5be4c5a008"


def line(*told: Slot, known: str = "") -> State:
    """A learner of whom this is known, all of it on the day `known`, else each on its own business date."""
    return State(KEY, facts={slot: fact(slot, data, known) for slot, data in told})


def fact(slot: str, data: dict[str, Any], known: str) -> Fact:
    return Fact({"type": "x", "source": "y", "id": slot}, data, known or data["occurredOn"])


def case(state: State) -> Case:
    return Case(Fact({}, {}), state, POLICY)


def on(day: str, *told: Slot, known: str = "") -> Stands:
    """What stands on a day: severity, due date and who must act, by key."""
    found = signals.standing(signals.gaps(case(line(*told, known=known))), day)
    return {key: (one.severity, one.due, one.responsible) for key, one in found.items()}


def enrolled(
    org: str = SCHOOL_A,
    start: str = "2023-08-01",
    stage: str = "po",
    year: str = "5",
    id: str = "e1",
    **more: Any,
) -> Slot:
    data = {
        "enrolmentId": id,
        "orgId": org,
        "startOn": start,
        "occurredOn": start,
        "stage": stage,
        "year": year,
    }
    return f"enrolment/{id}/start", {**data, "primary": True, "birthMonth": "2015-03", **more}


def left(
    org: str = SCHOOL_A, day: str = "2027-02-14", reason: str = "moved", id: str = "e1", **more: Any
) -> Slot:
    data = {"enrolmentId": id, "orgId": org, "endOn": day, "occurredOn": day, "reason": reason, **more}
    return f"enrolment/{id}/end", data


def asked(
    to: str = VO,
    day: str = "2027-03-29",
    reason: str = "po-vo",
    stage: str = "vo",
    id: str = "r1",
    **more: Any,
) -> Slot:
    data = {
        "requestId": id,
        "orgId": SCHOOL_A,
        "toOrg": to,
        "occurredOn": day,
        "reason": reason,
        "stage": stage,
    }
    return f"placement/{id}/requested", {**data, "supportExpected": False, "birthMonth": "2015-03", **more}


def decided(
    outcome: str = "accepted", day: str = "2027-05-10", org: str = VO, id: str = "r1", **more: Any
) -> Slot:
    data = {"requestId": id, "orgId": org, "occurredOn": day, "decidedOn": day, "outcome": outcome, **more}
    return f"placement/{id}/decided", data


def handed(
    to: str = VO, day: str = "2027-05-28", transfer: str = "POVO", id: str = "h1", **more: Any
) -> Slot:
    data = {"handoverId": id, "orgId": SCHOOL_A, "fromOrg": SCHOOL_A, "toOrg": to, "occurredOn": day}
    data |= {"transfer": transfer, "warmNeeded": False, "consent": "not-needed", "plannedStart": "2027-08-01"}
    return f"handover/{id}/prepared", {**data, **more}


def answered(result: str = "accepted", day: str = "2027-06-16", id: str = "h1") -> Slot:
    return f"handover/{id}/acknowledged", {"handoverId": id, "occurredOn": day, "result": result}


def taken_back(day: str = "2027-06-14", id: str = "h1") -> Slot:
    return f"handover/{id}/withdrawn", {"handoverId": id, "occurredOn": day, "reason": "wrong-recipient"}


def warm(phase: str = "initial", status: str = "held", day: str = "2027-06-24", org: str = VO) -> Slot:
    data = {"handoverId": "h1", "orgId": org, "occurredOn": day, "on": day, "phase": phase, "status": status}
    return f"handover/h1/warm-{phase}/{org}", data


def tlv(
    to: str = "2027-07-31", action: str = "granted", day: str = "2025-06-01", ref: str = "t1", **more: Any
) -> Slot:
    data = {"tlvRef": ref, "orgId": SWV, "occurredOn": day, "from": "2025-08-01", "to": to, "action": action}
    return f"tlv/{ref}/decided", {**data, "kind": "so", "requestedBy": SCHOOL_A, **more}


def supported(level: int = 2, since: str = "2026-09-01", direction: str = "new", **more: Any) -> Slot:
    data = {"supportId": "s1", "orgId": SCHOOL_A, "occurredOn": since, "from": since, "level": level}
    return "support/s1/changed", {**data, "direction": direction, **more}


def reviewed(moment: str = "end-groep5", day: str = "2027-06-01") -> Slot:
    return f"review/{moment}.x/held", {"moment": moment, "heldOn": day, "occurredOn": day}


def absent(since: str = "2027-01-11", kind: str = "lrv") -> Slot:
    return "absence/c1/opened", {"caseId": "c1", "since": since, "occurredOn": since, "kind": kind}


def back(how: str = "placed", day: str = "2027-03-01") -> Slot:
    return "absence/c1/closed", {"caseId": "c1", "closedOn": day, "occurredOn": day, "how": how}


def certified(day: str = "2028-01-20", issuer: str = ROC, **more: Any) -> Slot:
    data = {
        "certificateId": "k1",
        "orgId": issuer,
        "issuer": issuer,
        "issuedOn": day,
        "occurredOn": day,
        **more,
    }
    return "certificate/k1/issued", data


def onboard(start: str = "2027-08-30") -> Slot:
    data = {
        "onboardId": "o1",
        "orgId": VO,
        "voSchool": VO,
        "mboOrg": ROC,
        "startOn": start,
        "plannedExam": "2028-05",
    }
    return "onboard/o1/enrolled", {**data, "occurredOn": start}


def attends(kind: str, org: str, start: str = "2026-01-12", **more: Any) -> Slot:
    data = {
        "participationId": "p1",
        "kind": kind,
        "atOrg": org,
        "orgId": org,
        "startOn": start,
        "occurredOn": start,
    }
    return "participation/p1/start", {**data, **more}


def stops(day: str, result: str = "completed") -> Slot:
    data = {"participationId": "p1", "endOn": day, "occurredOn": day, "result": result}
    return "participation/p1/end", data


def closed(day: str = "2027-01-01", reopenable: bool = True) -> Slot:
    data = {"closedOn": day, "occurredOn": day, "reason": "left-region", "reopenable": reopenable}
    return "closing/line/closed", data
