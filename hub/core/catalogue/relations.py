"""Who stands in which relation to a learner: looked up in the folded state, never guessed from one event (D5)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from hub.core.catalogue.base import Case, Data, When, Who
from hub.core.codes import START_QUALIFICATION
from hub.core.partners import Partner

MBO_HBO = ("mbo", "hbo")


def enrolments(case: Case) -> Iterator[tuple[Data, Data | None]]:
    """Start and, if known, end of every enrolment of this learner."""
    for slot, fact in case.state.facts.items():
        if slot.startswith("enrolment/") and slot.endswith("/start"):
            end = case.state.facts.get(slot.removesuffix("start") + "end")
            yield fact.data, end.data if end else None


def participations(case: Case) -> Iterator[tuple[Data, Data | None]]:
    for slot, fact in case.state.facts.items():
        if slot.startswith("participation/") and slot.endswith("/start"):
            end = case.state.facts.get(slot.removesuffix("start") + "end")
            yield fact.data, end.data if end else None


def birth_month(case: Case) -> str:
    """The newest birth month told by an enrolment, `YYYY-MM`; "" when none is known."""
    months = [(start["startOn"], start["birthMonth"]) for start, _ in enrolments(case)]
    return max(months)[1] if months else ""


def age_on(month: str, day: str) -> int:
    """Age by birth month alone, reached at the end of that month (domain.md §3.1): never more than 30 days late."""
    born, at = date.fromisoformat(f"{month}-01"), date.fromisoformat(day)
    years = at.year - born.year
    return years if at.month > born.month else years - 1


def in_force(start: Data, end: Data | None, day: str) -> bool:
    """Whether an enrolment or participation ran on a day."""
    ended = end is not None and end["endOn"] < day
    return bool(start["startOn"] <= day) and not ended


def handover_side(name: str) -> Who:
    """The partner on one side (`fromOrg`, `toOrg`) of the handover that an event is about."""

    def find(case: Case) -> tuple[Partner, ...]:
        prepared = case.known(f"handover/{case.data['handoverId']}/prepared")
        return case.partner(prepared[name]) if prepared else ()

    return find


def handover_known(case: Case) -> str:
    known = case.known(f"handover/{case.data['handoverId']}/prepared")
    return "" if known else "the handover itself is not known yet"


def handover_has_tlv(case: Case) -> str:
    prepared = case.known(f"handover/{case.data['handoverId']}/prepared") or {}
    return handover_known(case) or ("" if prepared.get("tlvRef") else "the handover has no TLV")


def all_of(*conditions: When) -> When:
    """Holds when every condition does; else the first reason."""
    return lambda case: next((why for condition in conditions if (why := condition(case))), "")


def younger_than(years: int, field: str) -> When:
    return _age(field, lambda age: age < years, f"not younger than {years}")


def between(low: int, high: int, field: str) -> When:
    return _age(field, lambda age: low <= age < high, f"not from {low} up to {high}")


def _age(field: str, test: object, otherwise: str) -> When:
    def condition(case: Case) -> str:
        month = birth_month(case)
        if not month:
            return "age not known yet"
        return "" if test(age_on(month, case.data[field])) else otherwise  # type: ignore[operator]

    return condition


def has_next(case: Case) -> bool:
    """Whether the learner went on elsewhere: named in the event, or a later enrolment is known."""
    if case.data["nextOrgKnown"] or case.data.get("nextOrg"):
        return True
    ended = case.data["enrolmentId"]
    return any(
        start["enrolmentId"] != ended and end is None and start["startOn"] >= case.data["endOn"]
        for start, end in enrolments(case)
    )


def no_next(case: Case) -> str:
    return "the next school is known" if has_next(case) else ""


def unqualified(case: Case) -> str:
    """No startkwalificatie, by this diploma or an earlier one."""
    earned = {case.data.get("diploma")} | {end.get("diploma") for _, end in enrolments(case) if end}
    return "has a startkwalificatie" if earned & START_QUALIFICATION else ""


def alive(case: Case) -> str:
    """After a death nobody is told (domain.md E9)."""
    return "nobody is told after a death" if case.data.get("reason") == "death" else ""


def current_schools(case: Case) -> list[Partner]:
    """Schools of a certificate: where the learner was on the day of issue, and every later mbo or hbo (portable)."""
    day, issuer = case.data["issuedOn"], case.data["issuer"]
    orgs = [
        start["orgId"] for start, end in enrolments(case) if in_force(start, end, day) or _later(start, day)
    ]
    orgs += [start["atOrg"] for start, end in participations(case) if in_force(start, end, day)]
    orgs += [f.data[side] for f in case.state.of("onboard/").values() for side in ("voSchool", "mboOrg")]
    return [p for ref in dict.fromkeys(orgs) if ref != issuer for p in case.partner(ref)]


def _later(start: Data, day: str) -> bool:
    return start["stage"] in MBO_HBO and start["startOn"] > day


def enrolment_school(case: Case) -> list[Partner]:
    """The school of enrolment behind a participation: the one named, else the one in force."""
    named = case.known(f"enrolment/{case.data.get('enrolmentId')}/start")
    if named:
        return list(case.partner(named["orgId"]))
    day = case.data.get("startOn") or case.data.get("endOn") or case.data["occurredOn"]
    running = [start for start, end in enrolments(case) if start["primary"] and in_force(start, end, day)]
    return [p for start in running for p in case.partner(start["orgId"])]


def participation_place(case: Case) -> tuple[Partner, ...]:
    """Where the learner attends; the end of a participation names no place, its start does."""
    start = case.known(f"participation/{case.data['participationId']}/start") or {}
    return case.partner(case.data.get("atOrg") or start.get("atOrg"))


def participation_kind(case: Case) -> str:
    start = case.known(f"participation/{case.data['participationId']}/start") or {}
    return str(case.data.get("kind") or start.get("kind") or "")


def of_kind(*kinds: str) -> When:
    return lambda case: "" if participation_kind(case) in kinds else "not this kind of participation"
