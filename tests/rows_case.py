"""Rows of the matrix for support, absence, certificates and the life of the line (E18-E29), and for H1-H4."""

from __future__ import annotations

from collections.abc import Callable

from hub.core.partners import Role
from tests import city
from tests.grants import ROLE, WHO, Grant, Grants
from tests.history import History
from tests.sayings import Data, runs
from tests.shapes import closing, counted, full, only, part, stub


def _tlv(data: Data, history: History) -> Grants:
    yield Grant("TO: asked", runs([data["requestedBy"]]), full)
    yield Grant("FROM", history.schools(data), full, must=False)
    on = {"from": data["from"], "to": data["to"]}
    yield Grant("TO: placed there", history.schools(on, stages=frozenset({data["kind"]})), full)
    placed = {org.ref for p in city.PARTNERS for org in p.orgs if history.accepted(org.ref)}
    yield Grant("TO: placed", runs(placed), full, must=False)
    yield Grant("SWV", ROLE(Role.SWV), full)


def _support(data: Data, history: History) -> Grants:
    yield Grant("SWV", ROLE(Role.SWV), full)
    yield Grant("FROM", history.schools(data), full)
    yield Grant("TO", runs([data.get("atOrg")]), full)
    if data["basis"] in ("CONSENT", "CONVENANT"):
        named = {"jgz": Role.JGZ} | dict.fromkeys(("jeugdhulp", "welzijn", "ggz"), Role.JEUGDHULP)
        roles = [named[p] for p in data.get("planPartners", ()) if p in named]
        yield Grant("JGZ/JH", ROLE(*roles), stub)


def _reviewed(data: Data, history: History) -> Grants:
    yield Grant("SWV", ROLE(Role.SWV), full)
    yield Grant("FROM", history.schools(data), full)
    yield Grant("FROM: own", runs([data["orgId"]]), full)


def _absent(data: Data, history: History) -> Grants:
    opened = [data, *history.of("E21", caseId=data["caseId"])]
    had = history.had.get(("caseId", data["learnerId"], data["caseId"]), set())
    yield Grant("had the case", had, closing, must=False)
    yield Grant("LP", ROLE(Role.LEERPLICHT), full)
    yield Grant("SWV", ROLE(Role.SWV), full)
    yield Grant("FROM: last", runs(d.get("lastOrg") for d in opened), full)
    yield Grant("FROM", set[str]().union(*(history.schools(d) for d in opened)), full, must=False)
    yield Grant("TO", runs([data.get("toOrg")]), full)
    yield Grant("DP", ROLE(Role.DOORSTROOMPUNT) if history.aged(data, 18, 27) else set(), part())


# Certificates, progress, life cycle


def _issued(data: Data, history: History) -> Grants:
    """The current schools; and, unless consent was refused, the mbo or hbo where the learner enrols later."""
    revoked = history.counted("E24", certificateId=data["certificateId"])
    yield Grant("FROM", history.schools(data), full, must=not revoked)
    yield Grant("FROM: attended", runs(d["atOrg"] for d in history.of("E10")), full, must=False)
    tracks = history.values("E28", "voSchool") | history.values("E28", "mboOrg")
    yield Grant("FROM: tracks", runs(tracks), full, must=False)
    if data.get("consent") != "refused":
        later = [
            e for e in history.of("E8") if e["startOn"] > data["issuedOn"] and e["stage"] in ("mbo", "hbo")
        ]
        yield Grant("TO", runs(e["orgId"] for e in later) & ROLE(Role.MBO, Role.HBO), full, not revoked)


def _revoked(data: Data, history: History) -> Grants:
    mine = {"certificateId": data["certificateId"]}
    had = history.had.get(("certificateId", data["learnerId"], data["certificateId"]), set())
    yield Grant("who had it", had, full)
    yield Grant("issuer", runs(history.values("E23", "issuer", **mine)), full)
    yield Grant("who recognised it", runs(history.values("E25", "byOrg", **mine)), full)
    if not history.sure:
        for issued in history.of("E23", **mine):
            yield from _issued(issued, history)


def _recognised(data: Data, history: History) -> Grants:
    issuers = history.values("E23", "issuer", certificateId=data["certificateId"])
    yield Grant("TO: issuer", runs(issuers), full)
    yield Grant("FROM", history.schools(data), full)


def _progress(data: Data, history: History) -> Grants:
    """The po school that advised, in year 3 of vo, and only up, same or down."""
    if data["moment"] == "vo-year3" and "vsAdvice" in data:
        advised = {f.data["orgId"] for f in history.facts if f.code == "E12"}
        shape = only(*WHO, "moment", "vsAdvice")
        yield Grant("FROM", runs(advised), shape, must=len(advised) == 1)
        before = (e["orgId"] for e in history.of("E8") if e["stage"] in ("po", "sbo", "so"))
        yield Grant("FROM: last", runs(before), shape, must=False)


def _linked(data: Data, history: History) -> Grants:
    """The two organisations: the one that binds, and the one that had the learner."""
    yield Grant("TO", runs([data["boundBy"]]), full)
    yield Grant("FROM", runs([data["orgId"]]) | runs(e["orgId"] for e in history.of("E8")), full, must=False)
    sender = {h["fromOrg"] for h in history.of("E13") if runs([h["toOrg"]]) == runs([data["boundBy"]])}
    yield Grant("FROM: sender", runs(sender), full, must=len(sender) == 1)


def _onboard(data: Data, history: History) -> Grants:
    short = only(*WHO, "onboardId", "baseEnrolment", "voSchool", "mboOrg", "startOn")
    yield Grant("FROM", runs([data["voSchool"]]), full)
    yield Grant("TO", runs([data["mboOrg"]]), counted("missingSubjects", "missingSubjectCount"))
    if history.aged({"startOn": data["startOn"]}, 0, 18):
        yield Grant("LP", ROLE(Role.LEERPLICHT), short)
    if history.aged({"startOn": data["startOn"]}, 18, 27):
        yield Grant("DP", ROLE(Role.DOORSTROOMPUNT), short)


def _closed(data: Data, history: History) -> Grants:
    """`left-region`: only the current school and leerplicht."""
    yield Grant("FROM", history.schools(data), full, must=data["reason"] != "erased")
    yield Grant(
        "LP",
        ROLE(Role.LEERPLICHT),
        part(),
        must=data["reason"] == "left-region" and history.aged(data, 5, 18),
    )
    if data["reason"] != "left-region":
        yield Grant("DP", ROLE(Role.DOORSTROOMPUNT), part(), must=False)


# What the hub says itself

SUPERVISOR = {
    "T01": Role.LEERPLICHT,
    "T03": Role.SWV,
    "T04": Role.LEERPLICHT,
    "T09": Role.SWV,
    "T10": Role.SWV,
    "T11": Role.LEERPLICHT,
    "T14": Role.DOORSTROOMPUNT,
}
RESPONSIBLE = {
    "T01": (Role.GEMEENTE,),
    "T02": (Role.GEMEENTE, Role.TAALCENTRUM),
    "T11": (Role.LEERPLICHT, Role.SWV),
    "T14": (Role.DOORSTROOMPUNT,),
    "T15": (Role.GEMEENTE,),
}
"""Roles that domain.md §3.5 names as responsible, or as one of two that are."""


def _signal(data: Data, history: History) -> Grants:
    yield Grant("own", runs([data["responsible"]]), full)
    yield Grant("own: role", ROLE(*RESPONSIBLE.get(data["rule"], ())), full, must=False)
    supervisor = SUPERVISOR.get(data["rule"])
    if supervisor and data["severity"] == "breach":
        yield Grant("breach", ROLE(supervisor), full, must=False)


def _cleared(data: Data, history: History) -> Grants:
    yield from _signal(data, history)
    yield Grant("who had it", history.had.get(("signal", data["signalId"]), set()), full)


def _aggregate(_: Data, __: History) -> Grants:
    named = (Role.GEMEENTE, Role.LEERPLICHT, Role.DOORSTROOMPUNT, Role.TAALCENTRUM, Role.SWV)
    yield Grant("named", ROLE(*named, Role.BOARD, Role.PROCESREGISSEUR), full)


def _erased(data: Data, history: History) -> Grants:
    had = history.had.get(("learner", data["learnerId"]), set())
    yield Grant("who ever had anything", had - ROLE(Role.PROCESREGISSEUR), full)


ROWS: dict[str, Callable[[Data, History], Grants]] = {
    "E18": _tlv,
    "E19": _support,
    "E20": _reviewed,
    **dict.fromkeys(("E21", "E22"), _absent),
    "E23": _issued,
    "E24": _revoked,
    "E25": _recognised,
    "E26": _progress,
    "E27": _linked,
    "E28": _onboard,
    "E29": _closed,
    "H1": _signal,
    "H2": _cleared,
    "H3": _aggregate,
    "H4": _erased,
}
