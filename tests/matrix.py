"""The routing matrix of domain.md §2.9 read anew, from the page and not from the code: who may ever get what.

An upper bound: it knows the whole history of the learner or group, and allows everyone whom any moment of it allows.
Nobody else may receive anything. Columns marked C (only inside aggregates) allow nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from tests import city

Data = dict[str, Any]


class History(NamedTuple):
    """Everything said about one learner: (code, data) in any order."""

    facts: list[tuple[str, Data]]

    def values(self, code: str, name: str, **where: Any) -> set[str]:
        found = (d for c, d in self.facts if c == code and all(d.get(k) == v for k, v in where.items()))
        return {d[name] for d in found if d.get(name) is not None}

    def ages(self, day: str) -> set[int]:
        return {age(month, day) for month in self.values("E8", "birthMonth")}


def age(month: str, day: str) -> int:
    """By birth month, which counts in full only when it is over."""
    had_birthday = int(day[5:7]) > int(month[5:7])
    return int(day[:4]) - int(month[:4]) - (not had_birthday)


def runs(orgs: Iterable[str]) -> set[str]:
    """Ids of the partners that run these organisations."""
    return {city.OF_ORG[org].id for org in orgs if org in city.OF_ORG}


def allowed(code: str, data: Data, history: History) -> set[str]:
    """Ids of every partner that may get this event, before the publisher itself is taken out."""
    return _RULES[code](data, history)


def _group(data: Data, _: History) -> set[str]:
    if data["certainty"] == "rumour":
        return {"gemeente", "taalcentrum"}
    firm = {"gemeente", "leerplicht", "taalcentrum", "swv", "prisma", "jgz"}
    count = {b["ageBand"]: b["count"] for b in data["bands"]}
    mbo = {"roc", "roc-poort"} if count.get("16-17", 0) + count.get("18-26", 0) >= 5 else set()
    return firm | mbo | ({"opvang"} if count.get("0-3", 0) >= 5 else set())


def _everyone(_: Data, __: History) -> set[str]:
    return set(city.BY_ID)


def _enrolment_started(data: Data, history: History) -> set[str]:
    newcomer = history.values("E10", "atOrg", kind="taalcentrum-po") | history.values(
        "E10", "atOrg", kind="isk"
    )
    taal = runs(newcomer) & {"taalcentrum"}
    return runs([data["orgId"], data.get("from", "")]) | taal


def _enrolment_ended(data: Data, history: History) -> set[str]:
    if data["reason"] == "death":
        return set()
    orgs = runs([data["orgId"], data.get("nextOrg", "")])
    if data["nextOrgKnown"] or data.get("nextOrg"):
        return orgs
    ages = history.ages(data["endOn"])
    orgs |= {"leerplicht"} if any(a < 18 for a in ages) else set()
    qualified = data.get("diploma") in ("havo", "vwo", "mbo2", "mbo3", "mbo4", "hbo")
    return orgs | ({"doorstroompunt"} if not qualified and any(12 <= a < 27 for a in ages) else set())


def _participation(data: Data, history: History) -> set[str]:
    mine = {"participationId": data["participationId"]}
    kinds = history.values("E10", "kind", **mine) | ({data["kind"]} if "kind" in data else set())
    places = history.values("E10", "atOrg", **mine) | {data.get("atOrg", "")}
    newcomer = runs(history.values("E10", "atOrg")) & {"taalcentrum"}
    consents = {data["consent"]} if "consent" in data else history.values("E10", "consent", **mine)
    return (
        runs(places | history.values("E8", "orgId"))
        | newcomer
        | ({"swv"} if kinds & {"opdc", "crisis", "arrangement"} else set())
        | ({"jgz"} if "ve" in kinds and consents != {"refused"} else set())
    )


def _handover(data: Data, _: History) -> set[str]:
    if data["consent"] == "refused":
        return runs([data["fromOrg"]])
    return runs([data["fromOrg"], data["toOrg"]]) | ({"swv"} if "tlvRef" in data else set())


def _sides(data: Data, history: History) -> set[str]:
    mine = {"handoverId": data["handoverId"]}
    return runs(history.values("E13", "fromOrg", **mine) | history.values("E13", "toOrg", **mine))


def _warm(data: Data, history: History) -> set[str]:
    tlv = history.values("E13", "tlvRef", handoverId=data["handoverId"])
    return _sides(data, history) | ({"swv"} if tlv else set())


def _tlv(data: Data, history: History) -> set[str]:
    return runs({data["orgId"], data["requestedBy"]} | history.values("E8", "orgId", primary=True))


def _issued(data: Data, history: History) -> set[str]:
    tracks = history.values("E28", "voSchool") | history.values("E28", "mboOrg")
    return runs({data["issuer"]} | history.values("E8", "orgId") | history.values("E10", "atOrg") | tracks)


def _recognised(data: Data, history: History) -> set[str]:
    issuers = history.values("E23", "issuer", certificateId=data["certificateId"])
    return runs(issuers | history.values("E8", "orgId", primary=True))


def _onboard(data: Data, history: History) -> set[str]:
    ages = history.ages(data["startOn"])
    care = {"leerplicht"} if any(a < 18 for a in ages) else set()
    care |= {"doorstroompunt"} if any(18 <= a < 27 for a in ages) else set()
    return runs([data["voSchool"], data["mboOrg"]]) | care


_RULES: dict[str, Callable[[Data, History], set[str]]] = {
    "E1": _group,
    "E2": _group,
    "E4": lambda data, history: _group({"certainty": "confirmed", **data}, history),
    "E5": _everyone,
    "E8": _enrolment_started,
    "E9": _enrolment_ended,
    "E10": _participation,
    "E11": _participation,
    "E13": _handover,
    "E14": _sides,
    "E15": _warm,
    "E18": _tlv,
    "E23": _issued,
    "E25": _recognised,
    "E28": _onboard,
}

_WHO = {"learnerId", "occurredOn", "orgId", "basis"}
_STUB = _WHO | {"onboardId", "baseEnrolment", "voSchool", "mboOrg", "startOn"}
FIELDS: dict[tuple[str, str], set[str]] = {
    ("E8", "leerplicht"): _WHO | {"enrolmentId", "startOn"},
    ("E9", "leerplicht"): _WHO | {"enrolmentId", "endOn", "reason", "nextOrgKnown"},
    ("E28", "leerplicht"): _STUB,
    ("E28", "doorstroompunt"): _STUB,
    ("E10", "jgz"): _WHO | {"participationId", "kind", "startOn", "plannedEnd"},
    ("E11", "jgz"): _WHO | {"participationId", "kind", "endOn"},
}
"""Reduced cells that must be allow-lists: nothing beside these may pass."""

HIDDEN: dict[tuple[str, str], set[str]] = {
    ("E9", "doorstroompunt"): {"nextOrg"},
    ("E13", "swv"): {"dossierRef"},
    ("E15", "swv"): {"rolesPresent"},
    ("E28", "roc"): {"missingSubjects"},
    ("E28", "roc-poort"): {"missingSubjects"},
}
