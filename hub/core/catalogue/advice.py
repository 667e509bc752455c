"""School advice and what became of it: E12, E26 (domain.md §2.5, §2.7)."""

from __future__ import annotations

from typing import Literal

from hub.core import life
from hub.core.case import Case
from hub.core.catalogue import relations as rel
from hub.core.catalogue.base import (
    COUNTED,
    Cell,
    Column,
    Data,
    Kind,
    by_type,
    fixed,
    learner,
    only,
    org,
    types,
)
from hub.core.catalogue.model import PersonData
from hub.core.codes import Advice, Erk, Level, Reference
from hub.core.partners import Partner, Role


class AdviceIssued(PersonData):
    """Never a test score: only whether the test was higher or lower than the advice."""

    moment: Literal["provisional", "definitive"]
    advice: Advice
    lwoo: bool
    test_relation: Literal["higher", "equal", "lower", "no-test", "exempt"] | None = None
    adjusted: Literal["no", "yes", "partly", "not-applicable"] | None = None
    not_adjusted_reason_code: Literal["not-in-interest", "other"] | None = None


class ProgressReported(PersonData):
    moment: Literal["vo-year3", "language-before", "language-after", "onboard-half", "exit-1y"]
    level_now: Level | None = None
    vs_advice: Literal["up", "same", "down"] | None = None
    erk_band: Erk | None = None
    ref_band: Reference | None = None


def definitive(case: Case) -> str:
    return "" if case.data["moment"] == "definitive" else "a provisional advice stays at the school"


def accepting_vo(case: Case) -> list[Partner]:
    """The vo school that accepted the pupil, after it did so (E7), as its first vo school: never a candidate, and not
    a school that the pupil changes to later on (domain.md D6)."""
    schools = [org for org, decided in rel.accepting(case) if _first_vo(case, org, decided["decidedOn"])]
    return [partner for partner in rel.partners(case, schools) if partner.has(*rel.VO)]


def _first_vo(case: Case, org: str, day: str) -> bool:
    return not any(
        start["startOn"] < day and start["stage"] in VO_STAGES and not rel.same(case, start["orgId"], org)
        for start, _ in case.facts.enrolments
    )


def po_school(case: Case) -> list[Partner]:
    """The school in po where the learner is enrolled when the advice is given."""
    orgs = (e["orgId"] for e in rel.enrolled_on(case, case.data["occurredOn"]) if e["stage"] in PO_STAGES)
    return [partner for partner in rel.partners(case, orgs) if partner.has(Role.PO, Role.SO_SBO)]


def at_po_school(earlier: Data, came: Case) -> bool:
    """Any other enrolment makes a vo school no longer the first."""
    return came.data["stage"] in PO_STAGES


def narrows(earlier: Data, came: Case) -> bool:
    """A request can only tell that who accepted was not asked."""
    return False


def advising_school(case: Case) -> list[Partner]:
    """The school that gave the advice, the definitive one if there is one; else the last po school before vo."""
    advices = [
        ("definitive" in parts, year, fact.data["orgId"])
        for year, parts in case.facts.family("advice").items()
        for fact in [parts.get("definitive") or parts.get("provisional")]
        if fact is not None
    ]
    if advices:
        return rel.partners(case, [max(advices)[2]])
    schools = [
        (start["startOn"], start["orgId"])
        for start, _ in case.facts.enrolments
        if start["stage"] in PO_STAGES and start["startOn"] <= case.data["occurredOn"]
    ]
    return rel.partners(case, [max(schools)[1]]) if schools else []


def compared(case: Case) -> str:
    """po hears how its advice turned out in the third year, and nothing else."""
    third = case.data["moment"] == "vo-year3" and "vsAdvice" in case.data
    return "" if third else "no comparison with the advice"


REPORTERS: dict[str, frozenset[Role]] = {
    "vo-year3": frozenset({Role.VO}),
    "language-before": frozenset({Role.TAALCENTRUM, Role.VO}),
    "language-after": frozenset({Role.TAALCENTRUM, Role.VO}),
    "onboard-half": frozenset({Role.VO, Role.MBO}),
    "exit-1y": frozenset({Role.VO, Role.VSO, Role.MBO, Role.DOORSTROOMPUNT}),
}
"""Who may report which moment: vo, Taalcentrum, the ONboard desk, and for the exit pro (which is vo), vso, mbo and the
Doorstroompunt (domain.md §2.9)."""


def may_report(data: Data, roles: frozenset[Role]) -> str:
    allowed = REPORTERS.get(str(data.get("moment")), frozenset())
    return "" if allowed & roles else "this moment is reported by others; see the catalogue"


VO_STAGES = frozenset({"vo", "pro", "vso"})
PO_STAGES = frozenset({"po", "sbo", "so"})
_WHO = {"learnerId": "5f3e7c1a-9d42-4b7e-8f60-0f5be4c5a008", "basis": "WPO-OKR"}

KINDS: tuple[Kind, ...] = (
    Kind(
        code="E12",
        name="school-advice.issued",
        since="0.2.0",
        nl="Schooladvies",
        en="School advice",
        data=AdviceIssued,
        publishers=frozenset({Role.PO, Role.SO_SBO}),
        cells={
            Column.FROM: Cell("F", rel.both(org("orgId"), po_school)),
            Column.TO: Cell(
                "F",
                rel.provided(accepting_vo, definitive),
                definitive,
                nl="na E7, definitief",
                en="after E7, definitive",
            ),
            Column.BRD: COUNTED,
            Column.PR: COUNTED,
        },
        key=learner,
        slot=lambda data: f"advice/{life.school_year(data['occurredOn'])}/{data['moment']}",
        aggregate=lambda data: f"advice/{life.school_year(data['occurredOn'])}",
        privacy=fixed("P1"),
        example={
            **_WHO,
            "occurredOn": "2027-03-22",
            "orgId": "brin:00YY01",
            "moment": "definitive",
            "advice": "kb",
            "lwoo": False,
            "testRelation": "higher",
            "adjusted": "yes",
        },
        wakes_on=types("placement.decided", "placement.requested", "enrolment.started"),
        minds=by_type(enrolment_started=at_po_school, placement_requested=narrows),
    ),
    Kind(
        code="E26",
        name="progress.reported",
        since="0.2.0",
        nl="Positie of voortgang",
        en="Position or progress",
        data=ProgressReported,
        publishers=frozenset[Role]().union(*REPORTERS.values()),
        rights=may_report,
        cells={
            Column.TC: COUNTED,
            Column.FROM: Cell(
                "R",
                advising_school,
                compared,
                only("moment", "vsAdvice"),
                nl="hoger, gelijk of lager",
                en="up/same/down",
            ),
            Column.BRD: COUNTED,
            Column.PR: COUNTED,
        },
        key=learner,
        slot=lambda data: f"progress/{data['moment']}.{life.school_year(data['occurredOn'])}/reported",
        aggregate=lambda data: f"progress/{data['moment']}.{life.school_year(data['occurredOn'])}",
        privacy=fixed("P1"),
        example={
            **_WHO,
            "basis": "AGREEMENT",
            "occurredOn": "2029-11-15",
            "orgId": "brin:99XX02",
            "moment": "vo-year3",
            "levelNow": "vmbo-tl",
            "vsAdvice": "up",
        },
        wakes_on=types("school-advice.issued", "enrolment.started"),
    ),
)
