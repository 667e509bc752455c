"""The line itself: E27 linked, E29 closed, and H4 erased (domain.md §2.7, §2.8)."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from hub.core.case import Case
from hub.core.catalogue import relations as rel
from hub.core.catalogue.base import COUNTED, Cell, Column, Data, Kind, Who, fixed, learner, only, org, types
from hub.core.catalogue.careers import ENROLLING
from hub.core.catalogue.model import Model, PersonData
from hub.core.codes import Day, OrgRef, Ref
from hub.core.partners import Partner, Role


class LearnerLinked(PersonData):
    """`learnerId` is the line that stays."""

    action: Literal["bound", "merged", "split", "unbound"]
    other_learner_id: Ref | None = None
    bound_by: OrgRef
    evidence: Literal["oso-transfer", "digidoor-transfer", "parent-confirmed", "correction"]

    @model_validator(mode="after")
    def _two_lines(self) -> LearnerLinked:
        if (self.action in ("merged", "split")) != (self.other_learner_id is not None):
            raise ValueError("otherLearnerId belongs to merged and split, and to those only")
        if self.other_learner_id == self.learner_id:
            raise ValueError("otherLearnerId must be another line than learnerId")
        return self


RequestedBy = Literal["parent", "learner-16+", "controller", "retention"]


class LineClosed(PersonData):
    reason: Literal["age-27", "left-region", "deceased", "completed-work", "erased", "error"]
    closed_on: Day
    reopenable: bool
    requested_by: RequestedBy | None = None

    @model_validator(mode="after")
    def _asked(self) -> LineClosed:
        if self.requested_by is not None and self.reason != "erased":
            raise ValueError("requestedBy belongs to reason erased only")
        return self


class ErasureExecuted(Model):
    learner_id: Ref
    scope: Literal["all"]
    requested_by: RequestedBy
    key_destroyed_on: Day


def may_link(data: Data, roles: frozenset[Role]) -> str:
    own = Role.HUB in roles or data.get("boundBy") == data.get("orgId")
    return "" if own else "boundBy must be the organisation that tells this"


def may_close(data: Data, roles: frozenset[Role]) -> str:
    age = data.get("reason") == "age-27" and Role.HUB not in roles
    return "the hub itself closes a line at 27" if age else ""


def other_side(case: Case) -> list[Partner]:
    """The organisation that the learner came from: that handed over to the one that linked, else the last school
    before it."""
    by, day = case.data["boundBy"], case.data["occurredOn"]
    handed = [
        h["fromOrg"] for _, h in case.facts.each("handover", "prepared") if rel.same(case, h["toOrg"], by)
    ]
    if handed:
        return rel.partners(case, handed)
    schools = [
        (start["startOn"], start["orgId"])
        for start, _ in case.facts.enrolments
        if start["primary"] and start["startOn"] <= day and not rel.same(case, start["orgId"], by)
    ]
    return rel.partners(case, [max(schools)[1]]) if schools else []


def told_already(*roles: Role) -> Who:
    """Authorities that know of the learner: they were told something before."""
    return lambda case: [p for p in rel.had_anything(case) if p.has(*roles)]


def leerplicht(case: Case) -> list[Partner]:
    """Hears of everyone who leaves the region; of other closings only if it knows of the learner."""
    if case.data["reason"] == "left-region":
        return list(case.policy.directory.with_role(Role.LEERPLICHT))
    return list(told_already(Role.LEERPLICHT)(case))


def for_the_living(case: Case) -> str:
    return {"deceased": "nobody is told after a death", "erased": "told by the erasure itself (H4)"}.get(
        case.data["reason"], ""
    )


def not_left(case: Case) -> str:
    left = case.data["reason"] == "left-region"
    return for_the_living(case) or ("left the region: school and leerplicht only" if left else "")


_STUB = only("reason", "closedOn", "reopenable")
_WHO = {"learnerId": "5f3e7c1a-9d42-4b7e-8f60-0f5be4c5a008", "basis": "WPO-OKR"}
_ERASED = Cell("F", rel.had_anything, nl="wie ooit iets kreeg", en="ever received something")

KINDS: tuple[Kind, ...] = (
    Kind(
        code="E27",
        name="learner.linked",
        since="0.2.0",
        nl="Identiteit gekoppeld",
        en="Identity linked",
        data=LearnerLinked,
        publishers=ENROLLING | {Role.OPDC, Role.HUB},
        rights=may_link,
        cells={Column.FROM: Cell("F", other_side), Column.TO: Cell("F", org("boundBy"))},
        key=learner,
        slot=lambda data: (
            f"link/{data['otherLearnerId']}/merge"
            if "otherLearnerId" in data
            else f"link/{data['boundBy']}/binding"
        ),
        aggregate=lambda data: f"link/{data.get('otherLearnerId') or data['boundBy']}",
        privacy=fixed("P1"),
        example={
            **_WHO,
            "occurredOn": "2027-08-24",
            "orgId": "brin:99XX02",
            "action": "merged",
            "otherLearnerId": "9e8d7c6b-5a4f-4e3d-8c2b-0f5be4c5a027",
            "boundBy": "brin:99XX02",
            "evidence": "digidoor-transfer",
        },
        wakes_on=types("handover.prepared", "enrolment.started"),
    ),
    Kind(
        code="E29",
        name="line.closed",
        since="0.2.0",
        nl="Leerlijn gesloten",
        en="Line closed",
        data=LineClosed,
        publishers=ENROLLING | {Role.HUB},
        rights=may_close,
        cells={
            Column.GEM: COUNTED,
            Column.LP: Cell(
                "R",
                leerplicht,
                for_the_living,
                _STUB,
                nl="uit de regio, of al bekend",
                en="left region, or known",
            ),
            Column.DP: Cell(
                "R", told_already(Role.DOORSTROOMPUNT), not_left, _STUB, nl="al bekend", en="known already"
            ),
            Column.FROM: Cell("F", rel.school_on("closedOn"), for_the_living),
            Column.BRD: COUNTED,
            Column.PR: COUNTED,
        },
        key=learner,
        slot=lambda data: f"closing/{'erased' if data['reason'] == 'erased' else 'line'}/closed",
        by_each=True,
        aggregate=lambda data: "closing/line",
        privacy=fixed("P1"),
        example={
            **_WHO,
            "occurredOn": "2027-05-03",
            "orgId": "brin:00YY01",
            "reason": "left-region",
            "closedOn": "2027-05-03",
            "reopenable": True,
        },
    ),
    Kind(
        code="H4",
        name="erasure.executed",
        since="0.2.0",
        nl="Gegevens van een leerling gewist",
        en="Erasure executed",
        data=ErasureExecuted,
        publishers=frozenset({Role.HUB}),
        cells={column: _ERASED for column in Column if column is not Column.PR},
        key=learner,
        slot=lambda data: "erasure/line/executed",
        aggregate=lambda data: "erasure/line",
        privacy=fixed("P1"),
        example={
            "learnerId": _WHO["learnerId"],
            "scope": "all",
            "requestedBy": "parent",
            "keyDestroyedOn": "2029-09-01",
        },
        orgs=(),
        withdraws=lambda case: ("",),
    ),
)
