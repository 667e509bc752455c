"""Rows of the matrix for the way of a learner: placement, enrolment, participation, advice, handover (E6-E17)."""

from __future__ import annotations

from collections.abc import Callable

from hub.core.partners import Role
from tests import city
from tests.grants import ROLE, WHO, Grant, Grants
from tests.history import CARE_KINDS, QUALIFIED, SENSITIVE_KINDS, SENSITIVE_STAGES, History
from tests.sayings import Data, runs
from tests.shapes import Shape, full, only, part, without

DURATION = (*WHO, "participationId", "kind", "startOn", "plannedEnd", "hoursPerWeek", "endOn", "consent")
"""All that is told of voorschoolse educatie without consent: programme and duration (F09)."""
PLACED_FIRST = frozenset({"POVO", "WECVO"})


def _requested(data: Data, history: History) -> Grants:
    """Rank 1 only: ranks 2 and 3 are not routed until asked, which is a request without a lower rank."""
    newcomer, moved = data["reason"] == "newcomer", data["reason"] == "moved"
    if data.get("preferenceRank", 1) == 1:
        yield Grant("TO", runs([data["toOrg"]]), full)
    yield Grant("FROM", history.schools(data), full)
    if data["supportExpected"]:
        yield Grant("SWV", ROLE(Role.SWV), without("preferenceRank"))
    if newcomer or moved:
        yield Grant("LP", ROLE(Role.LEERPLICHT), part("preferenceRank"))
    if newcomer:
        yield Grant("TC", ROLE(Role.TAALCENTRUM), part("preferenceRank"))


def _decided(data: Data, history: History) -> Grants:
    asked = history.of("E6", requestId=data["requestId"])
    yield Grant("TO", runs(a["toOrg"] for a in asked), full, must=False)
    yield Grant("FROM: asked", runs(a["orgId"] for a in asked), full)
    yield Grant("FROM", history.schools(data), full, must=bool(asked))
    if data["outcome"] in ("referred", "temporary"):
        yield Grant("SWV", ROLE(Role.SWV), part())
    if data["outcome"] != "accepted" and history.aged(data, 5):
        yield Grant(
            "LP",
            ROLE(Role.LEERPLICHT),
            part(),
            must=data["outcome"] in ("declined", "waitlisted", "referred"),
        )
    newcomer = any(a["reason"] == "newcomer" for a in asked)
    yield Grant("TC", ROLE(Role.TAALCENTRUM) if newcomer else set(), part())


def _enrolled(data: Data, history: History) -> Grants:
    """The previous school gets what DUO would tell it. Leerplicht only if this ends an open signal or case."""
    kennisgeving = part(
        "level", "code", "mboLevel", "leerweg", "birthMonth", at_least=("enrolmentId", "startOn")
    )
    before = {e["orgId"] for e in history.of("E8") if e["startOn"] < data["startOn"]}
    known = runs(before) if history.sure else set(city.BY_ID)
    yield Grant("FROM", runs([data.get("from")]) & known, kennisgeving)
    yield Grant("FROM: known", runs(before), kennisgeving, must=False)
    yield Grant("TO", runs([data["orgId"]]), full)
    open_case = {d["caseId"] for d in history.of("E21")} - {d["caseId"] for d in history.of("E22")}
    if history.open_signal or open_case or not history.sure:
        clears = history.open_signal or bool(history.of("E21"))
        yield Grant(
            "LP", ROLE(Role.LEERPLICHT) if clears else set(), only(*WHO, "enrolmentId", "startOn"), must=False
        )
    newcomer = bool(history.of("E6", reason="newcomer")) or history.at_taalcentrum()
    yield Grant("TC", ROLE(Role.TAALCENTRUM) if newcomer else set(), part(), must=False)


def _left(data: Data, history: History) -> Grants:
    """`death` only closes the line: nobody is told."""
    if data["reason"] == "death":
        return
    yield Grant("TO", runs([data.get("nextOrg")]), full)
    yield Grant("FROM", runs([data["orgId"]]), full)
    if data["nextOrgKnown"] or data.get("nextOrg"):
        return
    alone = all(f.data["enrolmentId"] == data["enrolmentId"] for f in history.facts if f.code == "E8")
    if history.aged(data, 0, 18):
        shape = only(*WHO, "enrolmentId", "endOn", "reason", "nextOrgKnown")
        yield Grant("LP", ROLE(Role.LEERPLICHT), shape, must=alone)
    earlier = any(f.data.get("diploma") in QUALIFIED for f in history.facts)
    if data.get("diploma") not in QUALIFIED and not (history.sure and earlier) and history.aged(data, 12, 27):
        yield Grant("DP", ROLE(Role.DOORSTROOMPUNT), part("nextOrg"), must=alone)


def _participation(data: Data, history: History) -> Grants:
    mine = {"participationId": data["participationId"]}
    starts = history.of("E10", **mine) + ([data] if "atOrg" in data else [])
    kinds = {d["kind"] for d in starts} or {data.get("kind")}
    consents = {d["consent"] for d in starts}
    whole: Shape = full
    if "ve" in kinds and "refused" in consents:
        whole = only(*DURATION) if kinds == {"ve"} and consents == {"refused"} else part()
    yield Grant("TO", runs(d["atOrg"] for d in starts), whole)
    named = [e for d in starts for e in history.of("E8", enrolmentId=d.get("enrolmentId"))]
    yield Grant("FROM: named", runs(e["orgId"] for e in named), whole, must=False)
    certain = "enrolmentId" not in data and bool(starts)
    yield Grant(
        "FROM", history.schools(data), whole, must=certain and all("enrolmentId" not in d for d in starts)
    )
    taal = ROLE(Role.TAALCENTRUM) if history.at_taalcentrum() else set()
    yield Grant("TC", taal, part(), must=False)
    if history.any(k in CARE_KINDS for k in kinds):
        yield Grant("SWV", ROLE(Role.SWV), full)
    if history.any(k == "ve" for k in kinds) and consents - {"refused"}:
        shape = only(*WHO, "participationId", "kind", "startOn", "plannedEnd", "endOn")
        yield Grant(
            "JGZ", ROLE(Role.JGZ), shape, must=consents == {"given"} and bool(history.of("E10", **mine))
        )


def _returned(data: Data, history: History) -> Grants:
    kinds = history.values("E10", "kind", participationId=data.get("participationId"))
    stages = history.values("E8", "stage", enrolmentId=data.get("enrolmentId"))
    yield Grant("FROM", runs([data["from"], data["orgId"]]), full)
    yield Grant("FROM: enrolment", history.schools(data), full, must=False)
    yield Grant("TO", runs([data["toOrg"]]), full)
    if history.any(k in SENSITIVE_KINDS for k in kinds) or history.any(s in SENSITIVE_STAGES for s in stages):
        yield Grant("SWV", ROLE(Role.SWV), part(), must=bool(kinds & CARE_KINDS))
    taal = ROLE(Role.TAALCENTRUM) if history.at_taalcentrum() else set()
    yield Grant("TC", taal, full, must=False)


# Advice and handover


def _advised(data: Data, history: History) -> Grants:
    """Never to candidates: the accepted vo school alone, and the definitive advice alone."""
    yield Grant("FROM: own", runs([data["orgId"]]), full)
    primary = ROLE(Role.PO, Role.SO_SBO)
    yield Grant("FROM", history.schools(data, stages=frozenset({"po", "sbo", "so"})) & primary, full)
    if data["moment"] == "definitive":
        vo = (p for p in city.PARTNERS if p.has(Role.VO, Role.VSO))
        placed = {p.id for p in vo if any(history.accepted(org.ref) for org in p.orgs)}
        yield Grant("TO", placed, full)


def _may_receive(data: Data, history: History) -> set[str]:
    """D6: the handover waits until the school accepted, or the learner is enrolled there, which says more (D3). With
    support expected the first choice may have it earlier."""
    if data["consent"] == "refused":
        return set()
    to = runs([data["toOrg"]])
    early = (
        not history.sure
        and r["supportExpected"]
        and r.get("preferenceRank", 1) == 1
        and runs([r["toOrg"]]) == to
        for r in history.of("E6")
    )
    there = not history.sure and to & runs(e["orgId"] for e in history.of("E8"))
    waits = data["transfer"] in PLACED_FIRST and not history.accepted(data["toOrg"]) and not there
    return to if not waits or any(early) else set()


def _handed(data: Data, history: History) -> Grants:
    if data["consent"] == "refused":
        return
    stands = not _is_withdrawn(data, history)
    yield Grant("TO", _may_receive(data, history), full, must=stands)
    yield Grant("FROM", runs([data["fromOrg"]]), full)
    if "tlvRef" in data:
        must = stands and bool(_may_receive(data, history))
        yield Grant("SWV", ROLE(Role.SWV), without("dossierRef"), must)


def _is_withdrawn(data: Data, history: History) -> bool:
    """What was withdrawn meanwhile need not be delivered (S16)."""
    return history.counted("E17", handoverId=data["handoverId"])


def _had_handover(data: Data, history: History) -> set[str]:
    return history.had.get(("handoverId", data["learnerId"], data["handoverId"]), set())


def _acknowledged(data: Data, history: History) -> Grants:
    mine = history.of("E13", handoverId=data["handoverId"])
    told_by = (h for h in mine if not history.sure or h["toOrg"] == data["orgId"])
    agreed = all(h["consent"] != "refused" for h in mine) and not _is_withdrawn(data, history)
    yield Grant("FROM", runs(h["fromOrg"] for h in told_by), full, must=agreed)
    yield Grant("TO", set[str]().union(*(_may_receive(h, history) for h in mine)), full, must=False)


def _met(data: Data, history: History) -> Grants:
    mine = history.of("E13", handoverId=data["handoverId"])
    sides = [h for h in mine if not history.sure or data["orgId"] in (h["fromOrg"], h["toOrg"])]
    agreed = all(h["consent"] != "refused" for h in sides) and not _is_withdrawn(data, history)
    yield Grant("FROM", runs(h["fromOrg"] for h in sides), full, must=agreed)
    to = set[str]().union(*(_may_receive(h, history) for h in sides))
    yield Grant("TO", to, full, must=not _is_withdrawn(data, history))
    tlv = any("tlvRef" in h and h["consent"] != "refused" for h in sides)
    yield Grant("SWV", ROLE(Role.SWV) if tlv else set(), part("rolesPresent"), must=False)


def _withdrawn(data: Data, history: History) -> Grants:
    """A purge order to whoever had the handover, which says nothing of where the learner went."""
    mine = history.of("E13", handoverId=data["handoverId"])
    purge = part("replacedBy", at_least=("learnerId", "handoverId"))
    sender = not mine or bool(runs([data["orgId"]]) & runs(h["fromOrg"] for h in mine))
    had = _had_handover(data, history) if sender else set()
    yield Grant("FROM", runs(h["fromOrg"] for h in mine), full, must=False)
    yield Grant("TO", had - ROLE(Role.SWV), purge)
    yield Grant("SWV", had & ROLE(Role.SWV), part(), must=False)


ROWS: dict[str, Callable[[Data, History], Grants]] = {
    "E6": _requested,
    "E7": _decided,
    "E8": _enrolled,
    "E9": _left,
    **dict.fromkeys(("E10", "E11"), _participation),
    "E12": _advised,
    "E13": _handed,
    "E14": _acknowledged,
    "E15": _met,
    "E16": _returned,
    "E17": _withdrawn,
}
