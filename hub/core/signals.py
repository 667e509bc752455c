"""Gap rules (domain.md §3.5) as pure functions: which signals should stand on a day, and when to look again.

This release knows T02 (newcomers against places), T04 (enrolment ended without a next) and T13 (ONboard track ended);
T01 is shown as a clock on the group.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from hub.core import group
from hub.core.catalogue import relations as rel
from hub.core.catalogue.base import PREFIX, Case, Data, types
from hub.core.codes import START_QUALIFICATION
from hub.core.event import Event, moment
from hub.core.partners import Role
from hub.core.policy import Policy
from hub.core.state import Fact, Raised, State

_SPACE = uuid.UUID("0f2a6c1e-7d3b-5e4f-9a8b-1c2d3e4f5a6b")
GRACE_DAYS = 1
"""Events of one moment may come in any order within a day; no clock judges before (scenario S7)."""

SEVERITY = {"info": 0, "warn": 1, "breach": 2}


CONCERNS = types(
    "enrolment.started", "enrolment.ended", "participation.started", "participation.ended", "onboard.enrolled"
)
"""Events that can open or close a gap. After others only the clock can."""


class Gap(NamedTuple):
    """Something missing: from the day `at` on it is `severity` ("" = at once). One gap may have several thresholds.
    `due` is the date people are told."""

    key: str
    rule: str
    severity: str
    at: str
    due: str
    responsible: str
    subject: str


class Change(NamedTuple):
    """A signal that is raised (H1), or cleared (H2)."""

    raised: bool
    key: str
    signal: Raised


def day_of(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).date().isoformat()


def gaps(state: State, policy: Policy) -> list[Gap]:
    """Every threshold of every gap in this state, past and to come."""
    if state.key.startswith("learner/"):
        case = Case(Fact({}, {}), state, policy)
        return [*_enrolment_gaps(case), *_onboard_gaps(case)]
    return list(_place_gaps(state, policy)) if state.key.startswith("places/") else []


def standing(found: list[Gap], today: str) -> dict[str, Raised]:
    """The signals that should stand: of each gap the gravest threshold that has passed."""
    passed: dict[str, Raised] = {}
    for gap in sorted(found, key=lambda g: SEVERITY[g.severity]):
        if gap.at <= today:
            passed[gap.key] = Raised(gap.rule, gap.severity, gap.due, gap.responsible, gap.subject)
    return passed


def next_due(found: list[Gap], today: str) -> str:
    """The next day on which a threshold passes; "" when none is to come."""
    return min((gap.at for gap in found if gap.at > today), default="")


def changes(before: dict[str, Raised], after: dict[str, Raised]) -> Iterator[Change]:
    """Raised once, again only when it grew graver; cleared once."""
    for key, signal in after.items():
        known = before.get(key)
        if known is None or SEVERITY[signal.severity] > SEVERITY[known.severity]:
            yield Change(True, key, signal)
    for key, signal in before.items():
        if key not in after:
            yield Change(False, key, signal)


def event(change: Change, state: State, policy: Policy, at: int) -> Event:
    """The H1 or H2 event of a change. Its id follows from the step, so that a step taken again makes the same."""
    source = policy.rules.hub_source
    signal_id = str(uuid.uuid5(_SPACE, f"{state.key}\x1f{change.key}"))
    data: Data = {
        "signalId": signal_id,
        "rule": change.signal.rule,
        "subject": change.signal.subject,
        "severity": change.signal.severity,
        "dueOn": change.signal.due,
        "responsible": change.signal.responsible,
    }
    if state.key.startswith("learner/"):
        data["learnerId"] = state.key.removeprefix("learner/")
    name = "signal.raised.v1" if change.raised else "signal.cleared.v1"
    return Event(
        {
            "specversion": "1.0",
            "type": PREFIX + name,
            "source": source,
            "id": str(uuid.uuid5(_SPACE, f"{signal_id}\x1f{name}\x1f{state.steps}")),
            "subject": f"signal/{signal_id}",
            "time": moment(at),
            "datacontenttype": "application/json",
            "privacyclass": "P1" if "learnerId" in data else "G1",
        },
        data,
    )


def _plus(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


_NO_GAP = frozenset({"death", "error", "moved-out"})


def _enrolment_gaps(case: Case) -> Iterator[Gap]:
    """T04: leerplichtig, enrolment ended, nothing new: 7 days to the school, 28 days to leerplicht."""
    ended = [(start, end) for start, end in rel.enrolments(case) if end and start["primary"]]
    month = rel.birth_month(case) if ended else ""
    if not month:
        return
    start, end = max(ended, key=lambda pair: (pair[1]["endOn"], pair[1]["enrolmentId"]))
    if end["reason"] in _NO_GAP or _went_on(case, end) or not _school_duty(case, month, end["endOn"]):
        return
    grace = _plus(day_of(case.state.facts[f"enrolment/{end['enrolmentId']}/end"].accepted), GRACE_DAYS)
    rules = case.policy.rules
    for severity, days in (
        ("warn", rules.enrolment_gap_warn_days),
        ("breach", rules.enrolment_gap_breach_days),
    ):
        due = _plus(end["endOn"], days)
        subject = f"enrolment/{end['enrolmentId']}"
        yield Gap(f"T04/{subject}", "T04", severity, max(due, grace), due, start["orgId"], subject)


def _went_on(case: Case, ended: Data) -> bool:
    """Another enrolment runs, or started since."""
    others = [(s, e) for s, e in rel.enrolments(case) if s["enrolmentId"] != ended["enrolmentId"]]
    return any(e is None or s["startOn"] >= ended["endOn"] for s, e in others)


def _school_duty(case: Case, month: str, day: str) -> bool:
    """Leerplicht from 5, then kwalificatieplicht to 18 or a startkwalificatie (domain.md §5.3)."""
    earned = {end.get("diploma") for _, end in rel.enrolments(case) if end}
    return 5 <= rel.age_on(month, day) < 18 and not earned & START_QUALIFICATION


def _onboard_gaps(case: Case) -> Iterator[Gap]:
    """T13: one of the two tracks of ONboard stopped."""
    for id, fact in case.state.of("onboard/").items():
        stopped = min(_stops(case, fact.data), default="")
        if stopped:
            subject = f"onboard/{id}"
            yield Gap(f"T13/{subject}", "T13", "warn", stopped, stopped, fact.data["orgId"], subject)


def _stops(case: Case, onboard: Data) -> Iterator[str]:
    sides = (onboard["voSchool"], onboard["mboOrg"])
    for start, end in rel.enrolments(case):
        if (
            end
            and start["orgId"] in sides
            and end["reason"] == "dropout"
            and end["endOn"] >= onboard["startOn"]
        ):
            yield end["endOn"]
    for start, end in rel.participations(case):
        onboards = start["atOrg"] in sides and start["kind"] in ("onboard-vo", "onboard-mbo")
        if end and onboards and end["result"] == "stopped":
            yield end["endOn"]


def _place_gaps(state: State, policy: Policy) -> Iterator[Gap]:
    """T02: more announced children than free places; gemeente and taalcentrum act."""
    owner = next((o.ref for p in policy.directory.with_role(Role.GEMEENTE) for o in p.orgs), "")
    worst: dict[str, str] = {}
    for short in group.places_view(state).shortfalls:
        worst[short.ages] = min(short.date, worst.get(short.ages, short.date))
    for sector in sorted(worst) if owner else ():
        # A shortage is told as soon as it is known, whatever the date on which it bites.
        yield Gap(f"T02/{sector}", "T02", "warn", "", worst[sector], owner, f"places/{sector}")
