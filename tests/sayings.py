"""What a partner said, what it is about, and who is a party to that: as domain.md words it, apart from the code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from tests import city

Data = dict[str, Any]


class Said(NamedTuple):
    """One event: its code, its data, and what identifies it."""

    code: str
    data: Data
    source: str = ""
    id: str = ""


def runs(orgs: Iterable[str | None]) -> set[str]:
    """Ids of the partners that run these organisations."""
    return {city.OF_ORG[org].id for org in orgs if org in city.OF_ORG}


def year_of(day: str) -> str:
    return day[:4] if day[5:7] >= "08" else str(int(day[:4]) - 1)


SLOT: dict[str, Callable[[Data], tuple[str, ...]]] = {
    **dict.fromkeys(("E6", "E7"), lambda d: (d["requestId"],)),
    **dict.fromkeys(("E8", "E9"), lambda d: (d["enrolmentId"],)),
    **dict.fromkeys(("E10", "E11"), lambda d: (d["participationId"],)),
    "E12": lambda d: (d["moment"], year_of(d["occurredOn"])),
    **dict.fromkeys(("E13", "E14", "E17"), lambda d: (d["handoverId"],)),
    "E15": lambda d: (d["handoverId"], d["phase"], d["orgId"]),
    "E16": lambda d: (d.get("participationId") or d["enrolmentId"],),
    "E18": lambda d: (d["tlvRef"],),
    "E19": lambda d: (d["supportId"],),
    "E20": lambda d: (d["moment"], year_of(d["heldOn"])),
    **dict.fromkeys(("E21", "E22"), lambda d: (d["caseId"],)),
    **dict.fromkeys(("E23", "E24"), lambda d: (d["certificateId"],)),
    "E25": lambda d: (d["certificateId"], d["byOrg"]),
    "E26": lambda d: (d["moment"], year_of(d["occurredOn"])),
    "E27": lambda d: (d.get("otherLearnerId") or d["boundBy"],),
    "E28": lambda d: (d["onboardId"],),
    "E29": lambda d: (),
}


def slot(said: Said) -> tuple[str, ...]:
    """What an event is about: of two events about the same, one replaces the other."""
    return (said.code, said.data["learnerId"], *SLOT[said.code](said.data))


Thing = tuple[str, ...]
_THINGS = {
    "requestId": ("E6", "E7"),
    "enrolmentId": ("E8", "E9"),
    "handoverId": ("E13", "E14", "E15", "E17"),
    "caseId": ("E21", "E22"),
    "certificateId": ("E23", "E24", "E25"),
    "participationId": ("E10", "E11"),
}


def thing(code: str, data: Data) -> Thing:
    """The matter that several kinds of event are about together: a request, a handover, a case, a certificate."""
    for name, codes in _THINGS.items():
        if code in codes:
            return (name, data["learnerId"], data[name])
    return ("closing", data["learnerId"]) if code == "E29" else ("none",)


def things(said: Said) -> list[Thing]:
    """Under which names it is remembered who had an event: for changes, withdrawals and erasure."""
    code, data = said.code, said.data
    found: list[Thing] = [("event", said.source, said.id)]
    if "groupId" in data:
        found.append(("group", data["groupId"]))
    if "learnerId" in data:
        found.append(("learner", data["learnerId"]))
    if code in SLOT:
        found += [("slot", *slot(said)), thing(code, data)]
    if code in ("H1", "H2"):
        found.append(("signal", data["signalId"]))
    return found


# Parties, domain.md §2.9 "may publish"


class Matter(NamedTuple):
    """The event that opens a matter, the field that both name it by, and the fields in which that event names the
    parties. `teller`: whether also who told the opening is a party."""

    opened: str
    id: str
    parties: tuple[str, ...]
    teller: bool = True


MATTERS = {
    "E7": Matter("E6", "requestId", ("toOrg",), teller=False),
    "E9": Matter("E8", "enrolmentId", ("orgId",)),
    "E11": Matter("E10", "participationId", ("atOrg",)),
    "E14": Matter("E13", "handoverId", ("toOrg",), teller=False),
    "E15": Matter("E13", "handoverId", ("fromOrg", "toOrg")),
    "E17": Matter("E13", "handoverId", ("fromOrg",)),
    "E22": Matter("E21", "caseId", ("orgId",)),
    "E24": Matter("E23", "certificateId", ("issuer",)),
}
"""Asked org, enrolled org, attended org, receiving org, either side, sending org, who opened the case, issuer."""

OF_A_PLACE = ("E22", "E29")
"""A case is closed by a school of the learner too, and by leerplicht and doorstroompunt; a line by an enrolled org."""


def outsider(one: Said, facts: Sequence[Said]) -> bool:
    """Whether by no reading of the facts this organisation is a party to what it speaks of: its word is worth nothing.
    Never while the matter itself is not known, and never on the ground of what another line knows."""
    if one.code not in MATTERS and one.code not in OF_A_PLACE:
        return False
    openings = _openings(one, facts)
    known = one.code == "E29" or any(o.data["learnerId"] == one.data["learnerId"] for o in openings)
    return known and not _of_a_place(one, facts) and not any(_party(one, opening) for opening in openings)


def doubtful(one: Said, facts: Sequence[Said]) -> bool:
    """Whether by some reading it is no party: nobody need be told."""
    if one.code == "E29":
        return not _of_a_place(one, _uncontested(facts, one.data["learnerId"]))
    return not all(_party(one, opening) for opening in _openings(one, facts))


def _openings(one: Said, facts: Sequence[Said]) -> list[Said]:
    matter = MATTERS.get(one.code)
    if matter is None:
        return []
    return [f for f in facts if f.code == matter.opened and f.data[matter.id] == one.data[matter.id]]


def _party(one: Said, opening: Said) -> bool:
    matter, by = MATTERS[one.code], runs([one.data["orgId"]])
    named = runs(opening.data[field] for field in matter.parties)
    return bool(by & named) or (matter.teller and one.source == opening.source)


def _of_a_place(one: Said, facts: Sequence[Said]) -> bool:
    """Whether a matter of the whole learner is told by a place where the learner is or was, or by an authority."""
    if one.code not in OF_A_PLACE:
        return False
    places = [f.data["orgId"] for f in facts if f.code == "E8"] + [
        f.data["atOrg"] for f in facts if f.code == "E10"
    ]
    return one.data["orgId"] in (city.LPA, city.DSP) or bool(runs([one.data["orgId"]]) & runs(places))


def _uncontested(facts: Sequence[Said], learner: str) -> list[Said]:
    """What one line knows of places, but for what two events say differently."""
    mine = [f for f in facts if f.code in ("E8", "E10") and f.data["learnerId"] == learner]
    slots = [slot(f) for f in mine]
    return [f for f in mine if slots.count(slot(f)) == 1]
