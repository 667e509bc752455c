"""T13: ONboard with one of its two tracks ended, or a learner who stays away (domain.md F36)."""

from __future__ import annotations

from collections.abc import Iterator

from hub.core import calendar
from hub.core.case import Case
from hub.core.facts import Data
from hub.core.gaps.gap import Gap, on, raised, told
from hub.core.state import Fact

_TRACKS = ("onboard-vo", "onboard-mbo")


def tracks(case: Case) -> Iterator[Gap]:
    """To the desk that enrolled the learner. A track that stopped is known at once; it waits for nothing."""
    for id, parts in case.facts.family("onboard").items():
        enrolled = parts.get("enrolled")
        if enrolled is None:
            continue
        subject, desk = f"onboard/{id}", enrolled.data["orgId"]
        stopped = min(_stops(case, enrolled.data), default="")
        if stopped:
            yield from raised("T13", subject, desk, "", on("warn", stopped))
        yield from _absent(case, enrolled, subject)


def _stops(case: Case, onboard: Data) -> Iterator[str]:
    sides = (onboard["voSchool"], onboard["mboOrg"])
    for start, end in case.facts.stays():
        there = start.data["orgId"] in sides
        if there and end and end.data["reason"] == "dropout" and end.data["endOn"] >= onboard["startOn"]:
            yield end.data["endOn"]
    for begun, over in case.facts.participations:
        onboards = begun["atOrg"] in sides and begun["kind"] in _TRACKS
        if over and onboards and over["result"] == "stopped":
            yield over["endOn"]


def _absent(case: Case, enrolled: Fact, subject: str) -> Iterator[Gap]:
    """More than four weeks away between the start of ONboard and the exam."""
    onboard, days = enrolled.data, case.policy.rules.onboard_absence_days
    for opened, closed in case.facts.couples("absence"):
        since = max(opened.data["since"], onboard["startOn"])
        if closed is None and since[:7] <= onboard["plannedExam"]:
            key = f"T13/{subject}/absence/{opened.data['caseId']}"
            term = on("warn", calendar.add_days(since, days))
            known = told(enrolled, opened)
            yield from raised("T13", subject, onboard["orgId"], known, term, key=key)
