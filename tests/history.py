"""What was said about one learner or group so far, and the relations that follow from it, as domain.md words them.

Read twice. `sure=False`: any reading of the facts that gives somebody a relation counts, which bounds from above who
may receive. `sure=True`: only what nobody can doubt counts, which bounds from below who must receive.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from hub.core.partners import Role
from tests import city
from tests.sayings import Data, Said, Thing, doubtful, outsider, runs, slot

CARE_KINDS = frozenset({"opdc", "crisis", "arrangement"})
SENSITIVE_KINDS = CARE_KINDS | {"ve", "taalcentrum-po", "isk", "kopklas", "jeugdhulp-site"}
SENSITIVE_STAGES = frozenset({"sbo", "so", "vso", "pro"})
QUALIFIED = frozenset({"havo", "vwo", "mbo2", "mbo3", "mbo4", "hbo"})
DATES = (
    "occurredOn",
    "startOn",
    "endOn",
    "decidedOn",
    "heldOn",
    "from",
    "since",
    "closedOn",
    "issuedOn",
    "on",
)
"""Dates of an event at which its relations may be looked up."""


def days_of(data: Data) -> list[str]:
    return [data[name] for name in DATES if isinstance(data.get(name), str)]


def age(month: str, day: str) -> int:
    """By birth month, which counts in full only when it is over."""
    had_birthday = int(day[5:7]) > int(month[5:7])
    return int(day[:4]) - int(month[:4]) - (not had_birthday)


Had = Mapping[Thing, set[str]]


class History(NamedTuple):
    """`facts` in order of arrival, those of linked lines among them; `had` is who got what before; `open_signal`
    whether a signal about the learner stood, or stands."""

    facts: list[Said]
    had: Had = {}  # noqa: RUF012
    open_signal: bool = False
    sure: bool = False

    def of(self, code: str, **where: Any) -> list[Data]:
        """Data of the events of a kind that hold these values; if `sure`, only what no other event contests."""
        found = [f for f in self._standing() if f.code == code and not self._idle(f)]
        if self.sure:
            slots = [slot(f) for f in found]
            found = [f for f in found if slots.count(slot(f)) == 1]
        return [f.data for f in found if all(f.data.get(k) == v for k, v in where.items())]

    def values(self, code: str, name: str, **where: Any) -> set[str]:
        return {d[name] for d in self.of(code, **where) if d.get(name) is not None}

    def _standing(self) -> list[Said]:
        voided = {(c["source"], c["id"]) for f in self.facts if (c := f.data.get("corrects"))}
        if self.sure:
            return [f for f in self.facts if (f.source, f.id) not in voided]
        return self.facts

    def _idle(self, fact: Said) -> bool:
        """Whether this is the word of who is no party, which counts for nothing."""
        return doubtful(fact, self.facts) if self.sure else outsider(fact, self.facts)

    def counted(self, code: str, **where: Any) -> bool:
        """Whether an event of this kind may count."""
        found = (f for f in self.facts if f.code == code and not outsider(f, self.facts))
        return any(all(f.data.get(k) == v for k, v in where.items()) for f in found)

    def any(self, tests: Iterable[bool]) -> bool:
        """One reading is enough to allow, all are needed to oblige."""
        found = list(tests)
        return bool(found) and (all(found) if self.sure else any(found))

    # Relations

    def schools(self, data: Data, *, stages: frozenset[str] | None = None) -> set[str]:
        """Schools of enrolment on the days that the event speaks of."""
        return runs(e["orgId"] for e in self.enrolled(data) if stages is None or e["stage"] in stages)

    def enrolled(self, data: Data) -> list[Data]:
        days = days_of(data)
        return [e for e in self.of("E8") if self.any(self._runs(e, day) for day in days)]

    def _runs(self, enrolment: Data, day: str) -> bool:
        told = [f for f in self.facts if f.code == "E9" and f.data["enrolmentId"] == enrolment["enrolmentId"]]
        corrected = any("corrects" in f.data for f in self.facts)
        ends = [f.data["endOn"] for f in told if self.sure or not (corrected or doubtful(f, self.facts))]
        started = enrolment["startOn"] <= day
        if self.sure:
            return started and bool(enrolment["primary"]) and all(end > day for end in ends)
        return started and (not ends or any(end >= day for end in ends))

    def aged(self, data: Data, low: int, below: int = 99) -> bool:
        """Whether the learner is of that age, by birth month and by any date of the event."""
        months = {f.data["birthMonth"] for f in self.facts if "birthMonth" in f.data}
        months |= {data["birthMonth"]} if "birthMonth" in data else set()
        return self.any(low <= age(m, day) < below for m in months for day in days_of(data))

    def accepted(self, org: str) -> bool:
        """Whether that school accepted the learner (E7) on a request that was made to it (E6)."""
        for decision in self.of("E7", outcome="accepted"):
            asked = self.values("E6", "toOrg", requestId=decision["requestId"])
            asked = asked or (set() if self.sure else {decision["orgId"]})
            if runs([org]) == runs([decision["orgId"]]) and runs([org]) <= runs(asked) != set():
                return True
        return False

    def at_taalcentrum(self) -> bool:
        kinds = ("taalcentrum-po", "isk", "kopklas")
        return any(
            runs([d["atOrg"]]) & city.with_role(Role.TAALCENTRUM)
            for k in kinds
            for d in self.of("E10", kind=k)
        )

    def after_closing(self, code: str, data: Data) -> bool:
        """Whether the line was closed before the day of the event: then nobody is told any more. An erasure is another
        matter: whether it was lawful is not to be seen from the event."""
        if code in ("E27", "E29") or "occurredOn" not in data:
            return False
        told = [f for f in self.facts if f.code == "E29" and f.data["reason"] != "erased"]
        closings = [f.data for f in told]
        corrected = any("corrects" in f.data for f in self.facts)
        reopened = any(
            e["startOn"] > c["closedOn"] for c in closings if c["reopenable"] for e in self.of("E8")
        )
        certain = any(not doubtful(f, self.facts) for f in told)
        shut = certain and all(c["closedOn"] < data["occurredOn"] for c in closings)
        return shut and not reopened and not corrected
