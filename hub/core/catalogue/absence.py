"""Thuiszitters: E21, E22 (domain.md §2.6). No replacement of the statutory report to DUO, and never to boards."""

from __future__ import annotations

from typing import Literal

from hub.core.case import Case
from hub.core.catalogue import relations as rel
from hub.core.catalogue.base import COUNTED, Cell, Column, Data, Kind, fixed, learner, only, org, role, types
from hub.core.catalogue.model import PersonData
from hub.core.codes import AbsenceCause, AbsenceKind, Day, OrgRef, Ref
from hub.core.partners import Partner, Role


class AbsenceOpened(PersonData):
    case_id: Ref
    kind: AbsenceKind
    since: Day
    last_org: OrgRef | None = None
    cause_code: AbsenceCause
    outside_almere: bool


class AbsenceClosed(PersonData):
    case_id: Ref
    closed_on: Day
    how: Literal["placed", "exempt", "moved", "reached-18", "error"]
    to_org: OrgRef | None = None


def last_school(case: Case) -> list[Partner]:
    """The school that the case names, else where the learner was enrolled when it began."""
    opened = case.data if "since" in case.data else case.known(f"absence/{case.data['caseId']}/opened")
    if opened is None:
        return []
    if "lastOrg" in opened:
        return rel.partners(case, [opened["lastOrg"]])
    return rel.partners(case, (start["orgId"] for start in rel.enrolled_on(case, opened["since"])))


_SCHOOLS = frozenset({Role.PO, Role.SO_SBO, Role.VO, Role.VSO, Role.OPDC, Role.MBO, Role.TAALCENTRUM})


def may_open(data: Data, roles: frozenset[Role]) -> str:
    """Schools tell of who is enrolled and stays away (lrv), leerplicht of who is not enrolled (absolute); the
    Doorstroompunt of either, from 18 on."""
    if Role.DOORSTROOMPUNT in roles:
        return ""
    if data.get("kind") == "absolute" and Role.LEERPLICHT not in roles:
        return "absolute absence is opened by leerplicht or the doorstroompunt"
    if data.get("kind") == "lrv" and not roles & _SCHOOLS:
        return "lrv is opened by the school or the doorstroompunt"
    return ""


_EIGHTEEN = rel.between(18, 27, "since", "closedOn")
_PUBLISHERS = _SCHOOLS | {Role.LEERPLICHT, Role.DOORSTROOMPUNT}
_WHO = {
    "learnerId": "5f3e7c1a-9d42-4b7e-8f60-0f5be4c5a008",
    "basis": "LPW",
    "caseId": "0a9b8c7d-6e5f-4a3b-9c1d-0f5be4c5a021",
}

KINDS: tuple[Kind, ...] = (
    Kind(
        code="E21",
        name="absence.opened",
        since="0.2.0",
        nl="Thuiszitter gemeld",
        en="Absence case opened",
        data=AbsenceOpened,
        publishers=_PUBLISHERS,
        rights=may_open,
        cells={
            Column.GEM: COUNTED,
            Column.LP: Cell("F", role(Role.LEERPLICHT)),
            Column.DP: Cell(
                "R",
                role(Role.DOORSTROOMPUNT),
                _EIGHTEEN,
                only("caseId", "kind", "since", "outsideAlmere"),
                nl="18 jaar en ouder",
                en="18+",
            ),
            Column.SWV: Cell("F", role(Role.SWV)),
            Column.FROM: Cell("F", last_school),
            Column.TO: Cell("F", nl="plaatsende school, E22", en="placing org, E22"),
            Column.BRD: COUNTED,
            Column.PR: COUNTED,
        },
        key=learner,
        slot=lambda data: f"absence/{data['caseId']}/opened",
        aggregate=lambda data: f"absence/{data['caseId']}",
        privacy=fixed("P2"),
        example={
            **_WHO,
            "occurredOn": "2027-01-18",
            "orgId": "brin:99XX02",
            "kind": "lrv",
            "since": "2026-12-14",
            "lastOrg": "brin:99XX02",
            "causeCode": "waiting-list",
            "outsideAlmere": False,
        },
        wakes_on=types("enrolment.started", "placement.requested"),
    ),
    Kind(
        code="E22",
        name="absence.closed",
        since="0.2.0",
        nl="Thuiszitter afgesloten",
        en="Absence case closed",
        data=AbsenceClosed,
        publishers=_PUBLISHERS,
        cells={
            Column.GEM: COUNTED,
            Column.LP: Cell("F", role(Role.LEERPLICHT)),
            Column.DP: Cell(
                "R",
                role(Role.DOORSTROOMPUNT),
                _EIGHTEEN,
                only("caseId", "closedOn", "how"),
                nl="18 jaar en ouder",
                en="18+",
            ),
            Column.SWV: Cell("F", role(Role.SWV)),
            Column.FROM: Cell("F", last_school),
            Column.TO: Cell("F", org("toOrg"), nl="plaatsende school, E22", en="placing org, E22"),
            Column.BRD: COUNTED,
            Column.PR: COUNTED,
        },
        key=learner,
        slot=lambda data: f"absence/{data['caseId']}/closed",
        by_each=True,
        aggregate=lambda data: f"absence/{data['caseId']}",
        privacy=fixed("P2"),
        example={
            **_WHO,
            "occurredOn": "2027-03-01",
            "orgId": "oin:00000099000000002000",
            "closedOn": "2027-03-01",
            "how": "placed",
            "toOrg": "brin:99XX05",
        },
        wakes_on=types("absence.opened", "enrolment.started", "placement.requested"),
        follow=True,
    ),
)
