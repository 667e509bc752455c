"""T05-T08: a handover that is not prepared, not acknowledged, not purged, or not warm (domain.md F12, F13).

No clock runs for a receiving school before the handover may reach it: one that only might place a pupil must not
learn of it by a signal (D6).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from hub.core import calendar
from hub.core.case import Case
from hub.core.catalogue.relations import same
from hub.core.facts import Data, Parts
from hub.core.gaps.gap import Gap, after, fresh, left_on, on, raised, told
from hub.core.state import Fact

_TO_VO = frozenset({"POVO", "WECVO"})
_PRIMARY = frozenset({"po", "sbo", "so"})
_WAIVED = frozenset({"not-needed", "declined-by-parents"})
_DONE = _WAIVED | {"held"}
_LOOKING = frozenset({"", "waitlisted", "temporary"})
_NOT_THEIRS = frozenset({"wrong-recipient", "purged"})


class _Sent(NamedTuple):
    """A prepared handover with its data and all else that is known of it. `since` is the day from which the receiver
    may have it, "" while it may not; `known` the first day on which a clock may judge that."""

    subject: str
    prepared: Fact
    data: Data
    parts: Parts
    since: str
    known: str

    @property
    def answer(self) -> str:
        """Result of E14. "incomplete" is answered by preparing it again, which then waits for a new one."""
        given = self.parts.get("acknowledged")
        if given is None:
            return ""
        again = self.data["occurredOn"] > given.data["occurredOn"]
        return "" if given.data["result"] == "incomplete" and again else str(given.data["result"])

    def warm(self, phase: str) -> set[str]:
        """What both sides say of a warm contact; one of them is enough."""
        name = f"warm-{phase}/"
        return {fact.data["status"] for part, fact in self.parts.items() if part.startswith(name)}


def unprepared(case: Case) -> Iterator[Gap]:
    """T05: placed po-vo, and the school that the pupil leaves prepared nothing by 31 May of that school year."""
    decided = _placed(case)
    if decided is None:
        return
    asked, answer = decided
    to = asked.data["toOrg"]
    if any(same(case, sent.data["toOrg"], to) for sent in _standing(case) if sent.data["transfer"] in _TO_VO):
        return
    dates = case.policy.rules.calendar
    due = calendar.in_year(dates.handover_by, answer.data["decidedOn"], dates)
    subject = f"placement/{asked.data['requestId']}"
    yield from raised("T05", subject, _sender(case, asked.data), told(asked, answer), after("warn", due))


def _placed(case: Case) -> tuple[Fact, Fact] | None:
    """The last accepted request po-vo."""
    accepted = [
        (decided, asked)
        for asked, decided in case.facts.couples("placement")
        if decided and decided.data["outcome"] == "accepted" and asked.data["reason"] == "po-vo"
    ]
    if not accepted:
        return None
    decided, asked = max(accepted, key=lambda pair: (pair[0].data["decidedOn"], pair[0].data["requestId"]))
    return asked, decided


def _sender(case: Case, asked: Data) -> str:
    """The po school of the pupil, else who asked for the place when that is not the asked school itself."""
    schools = [
        (start.data["startOn"], start.data["enrolmentId"], start.data["orgId"])
        for start, _ in case.facts.stays()
        if start.data["primary"] and start.data["stage"] in _PRIMARY
    ]
    if schools:
        return str(max(schools)[2])
    return str(asked["orgId"]) if asked["orgId"] != asked["toOrg"] else ""


def unanswered(case: Case) -> Iterator[Gap]:
    """T06: not acknowledged within 10 school days; and not purged within 5 work days after it was withdrawn."""
    rules = case.policy.rules
    for sent in _sent(case):
        if not sent.since or not case.partner(sent.data["toOrg"]):
            continue
        withdrawn = sent.parts.get("withdrawn")
        if withdrawn is not None:
            yield from _unpurged(case, sent, withdrawn)
        elif not sent.answer:
            due = calendar.school_days_after(sent.since, rules.ack_school_days, rules.calendar)
            yield from raised("T06", sent.subject, sent.data["toOrg"], sent.known, after("warn", due))


def _unpurged(case: Case, sent: _Sent, withdrawn: Fact) -> Iterator[Gap]:
    day = withdrawn.data["occurredOn"]
    if sent.answer == "purged" or sent.since > day:
        return
    due = calendar.work_days_after(day, case.policy.rules.purge_work_days)
    known = told(sent.prepared, withdrawn)
    key = f"T06/{sent.subject}/purge"
    yield from raised("T06", sent.subject, sent.data["toOrg"], known, after("breach", due), key=key)


def not_warm(case: Case) -> Iterator[Gap]:
    """T07: no warm contact before the last school day before the switch; either side may see to it."""
    dates = case.policy.rules.calendar
    for sent in _warm_needed(case):
        if (sent.warm("initial") | sent.warm("follow-up")) & _DONE:
            continue
        due = calendar.school_day_before(sent.data["plannedStart"], dates)
        for side in ("fromOrg", "toOrg"):
            key = f"T07/{sent.subject}/{side}"
            yield from raised("T07", sent.subject, sent.data[side], sent.known, on("warn", due), key=key)


def not_followed_up(case: Case) -> Iterator[Gap]:
    """T08: no follow-up by 1 December after the switch to vo, as long as the pupil is there."""
    dates = case.policy.rules.calendar
    for sent in _warm_needed(case):
        done = sent.warm("follow-up") & _DONE or sent.warm("initial") & _WAIVED
        if done or sent.data["transfer"] not in _TO_VO:
            continue
        due = calendar.next_fixed(dates.follow_up_by, sent.data["plannedStart"])
        school = sent.data["toOrg"]
        until = _gone(case, school)
        yield from raised("T08", sent.subject, school, sent.known, on("warn", due), until=until)


def _gone(case: Case, school: str) -> str:
    """First day on which a pupil who had come is no longer at a school."""
    ends = [left_on(end) for start, end in case.facts.stays() if same(case, start.data["orgId"], school)]
    return max(ends) if all(ends) and ends else ""


def _warm_needed(case: Case) -> Iterator[_Sent]:
    for sent in _sent(case):
        asked = sent.data["warmNeeded"] and sent.since
        if asked and "withdrawn" not in sent.parts and sent.answer not in _NOT_THEIRS:
            yield sent


def _standing(case: Case) -> Iterator[_Sent]:
    return (sent for sent in _sent(case) if "withdrawn" not in sent.parts)


def _sent(case: Case) -> list[_Sent]:
    return case.once("sent", _found)


def _found(case: Case) -> list[_Sent]:
    found: list[_Sent] = []
    for id, parts in case.facts.family("handover").items():
        prepared = parts.get("prepared")
        if prepared is not None:
            since, known = _reaches(case, prepared, "withdrawn" in parts)
            found.append(_Sent(f"handover/{id}", prepared, prepared.data, parts, since, known))
    return found


def _reaches(case: Case, sent: Fact, withdrawn: bool) -> tuple[str, str]:
    """When the receiver may have it, and from when that may be judged: at once, or po-vo when it was let in on the
    pupil; never without the consent it needs."""
    data = sent.data
    if not _consented(data):
        return "", ""
    if data["transfer"] not in case.policy.rules.placement_first:
        return data["occurredOn"], told(sent)
    opened = min(_opened(case, data["toOrg"], withdrawn), default=None, key=lambda pair: pair[0])
    if opened is None:
        return "", ""
    day, fact = opened
    return max(data["occurredOn"], day), told(sent, fact)


def _consented(handover: Data) -> bool:
    """From opvang to school only what was agreed to passes, elsewhere all that was not refused."""
    asked = handover["transfer"] in ("VSPO", "VSWEC")
    return handover["consent"] == "given" or (not asked and handover["consent"] != "refused")


def _opened(case: Case, school: str, withdrawn: bool) -> Iterator[tuple[str, Fact | None]]:
    """Days on which a school was let in on a pupil: it accepted or enrolled the pupil; or it was asked first about one
    who needs support, which it must look into before it decides (D6). What it decided after a handover was withdrawn
    takes back nothing of what it had."""
    for asked, decided in case.facts.couples("placement"):
        if not same(case, asked.data["toOrg"], school):
            continue
        outcome = decided.data["outcome"] if decided else ""
        if decided is not None and outcome == "accepted":
            yield decided.data["decidedOn"], decided
        first = asked.data["supportExpected"] and asked.data.get("preferenceRank", 1) == 1
        if first and (withdrawn or outcome in _LOOKING):
            yield asked.data["occurredOn"], asked
    for start, _ in case.facts.stays():
        if same(case, start.data["orgId"], school):
            yield start.data["startOn"], fresh(start, case.policy.rules.calendar)
