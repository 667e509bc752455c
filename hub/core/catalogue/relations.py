"""Who stands in which relation to a learner: looked up in the folded facts, never guessed from one event (D5).

Every look-up takes the day that it is about from the event, so that the answer is the same for any order of arrival.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from hub.core import life
from hub.core.case import Case
from hub.core.catalogue.base import Data, When, Who
from hub.core.partners import Partner, Role

VO = (Role.VO, Role.VSO)


def partners(case: Case, orgs: Iterable[str | None]) -> list[Partner]:
    """The partners that run these organisations, each once."""
    found: dict[str, Partner] = {}
    for ref in orgs:
        partner = case.policy.directory.of_org(ref) if ref else None
        if partner is not None:
            found[partner.id] = partner
    return list(found.values())


def same(case: Case, one: str, other: str) -> bool:
    """Whether two organisations are one, or are run by one partner of the hub."""
    if one == other:
        return True
    run_by = case.policy.directory.of_org(one)
    return run_by is not None and run_by is case.policy.directory.of_org(other)


def both(*lookups: Who) -> Who:
    """Whoever any of these finds."""
    return lambda case: [p for find in lookups for p in find(case)]


def provided(find: Who, lawful: When) -> Who:
    """Nobody unless a condition holds. For what the law asks: unlike `Cell.when` it also binds for partners that had
    an earlier event, which then get no more than a notice."""
    return lambda case: () if lawful(case) else find(case)


def all_of(*conditions: When) -> When:
    """Holds when every condition does; else the first reason."""

    def condition(case: Case) -> str:
        for one in conditions:
            if why := one(case):
                return why
        return ""

    return condition


def among(name: str, *values: object) -> When:
    """Holds when a field of data has one of these values."""
    allowed = frozenset(values)
    return lambda case: "" if case.data.get(name) in allowed else f"another {name}"


def day_of(data: Data, *names: str) -> str:
    """The day an event speaks of: the first of these dates that it has, else `occurredOn`."""
    return str(next((data[name] for name in names if name in data), data["occurredOn"]))


# Schools and places


def enrolled_on(case: Case, day: str) -> Iterator[Data]:
    """Primary enrolments that ran on a day."""
    for start, end in case.facts.enrolments:
        if start["primary"] and life.in_force(start, end, day):
            yield start


def school_on(*names: str) -> Who:
    """Schools of the primary enrolment on the day the event speaks of."""
    return lambda case: partners(case, (e["orgId"] for e in enrolled_on(case, day_of(case.data, *names))))


def started(case: Case) -> Data | None:
    """The start of the participation that an event is about; a start is its own."""
    if "atOrg" in case.data:
        return case.data
    return case.facts.data("participation", case.data["participationId"], "start")


def start_known(case: Case) -> str:
    return "" if started(case) else "the start of the participation is not known yet"


def enrolment_school(case: Case) -> list[Partner]:
    """The school of enrolment behind a participation: the one named, else the one in force."""
    start = started(case) or {}
    named = case.facts.data("enrolment", start.get("enrolmentId", ""), "start")
    if named:
        return partners(case, [named["orgId"]])
    day = day_of(case.data, "startOn", "endOn")
    return partners(case, (e["orgId"] for e in enrolled_on(case, day)))


def participation_place(case: Case) -> tuple[Partner, ...]:
    """Where the learner attends; the end of a participation names no place, its start does."""
    return case.partner((started(case) or {}).get("atOrg"))


def of_kind(*kinds: str) -> When:
    """Holds when the participation is of one of these kinds."""

    def condition(case: Case) -> str:
        start = started(case)
        if start is None:
            return start_known(case)
        return "" if start["kind"] in kinds else "not this kind of participation"

    return condition


def attended(case: Case, kinds: frozenset[str], day: str) -> Iterator[str]:
    """Places where the learner took part in something of these kinds on a day."""
    for start, end in case.facts.participations:
        if start["kind"] in kinds and life.in_force(start, end, day):
            yield start["atOrg"]


# Age


def younger_than(years: int, *days: str) -> When:
    return _aged(lambda age: age < years, f"not younger than {years}", days)


def between(low: int, high: int, *days: str) -> When:
    """`low` included, `high` not."""
    return _aged(lambda age: low <= age < high, f"not from {low} up to {high}", days)


def _aged(holds: Callable[[int], bool], otherwise: str, days: tuple[str, ...]) -> When:
    def condition(case: Case) -> str:
        month = case.facts.birth_month
        if not month:
            return "age not known yet"
        return "" if holds(life.age_on(month, day_of(case.data, *days))) else otherwise

    return condition


def new_age(earlier: Data, came: Case) -> bool:
    """Whether the enrolment that came may tell another birth month than was known: it is the first, or they differ."""
    months = [start["birthMonth"] for start, _ in came.facts.enrolments]
    return len(months) < 2 or months.count(months[0]) < len(months)


# Placement


def request(case: Case) -> Data:
    """The request (E6) that an event is about; a request is its own; empty when it is not known."""
    if "toOrg" in case.data and "stage" in case.data:
        return case.data
    return case.facts.data("placement", case.data["requestId"], "requested") or {}


def asking(case: Case) -> list[Partner]:
    """Who asked for the place, and the school where the learner was enrolled on the day of asking or deciding."""
    day = day_of(case.data, "decidedOn")
    return partners(case, (request(case).get("orgId"), *(e["orgId"] for e in enrolled_on(case, day))))


def accepting(case: Case) -> Iterator[tuple[str, Data]]:
    """Organisations that accepted the learner, with their decision (E7). Of a request that is known only the one that
    was asked can accept."""
    for parts in case.facts.family("placement").values():
        decided, asked = parts.get("decided"), parts.get("requested")
        if decided is None or decided.data["outcome"] != "accepted":
            continue
        by = decided.data["orgId"]
        if asked is None or same(case, asked.data["toOrg"], by):
            yield by, decided.data


# Handover


def prepared(case: Case) -> Data | None:
    """The handover that an event is about; an E13 is its own."""
    if "dossierRef" in case.data:
        return case.data
    return case.facts.data("handover", case.data["handoverId"], "prepared")


def handover_side(name: str) -> Who:
    """The partner on one side (`fromOrg`, `toOrg`) of the handover that an event is about."""
    return lambda case: case.partner((prepared(case) or {}).get(name))


def handover_known(case: Case) -> str:
    return "" if prepared(case) else "the handover itself is not known yet"


def handover_has_tlv(case: Case) -> str:
    handover = prepared(case)
    if handover is None:
        return handover_known(case)
    return "" if handover.get("tlvRef") else "the handover has no TLV"


def handover_consented(case: Case) -> str:
    """Nothing passes after a refusal, and from opvang to school only what was agreed to (domain.md F09, E13)."""
    handover = prepared(case) or {}
    given = handover.get("consent") == "given"
    asked = handover.get("transfer") in ("VSPO", "VSWEC")
    return "no consent" if not given and (asked or handover.get("consent") == "refused") else ""


def handover_released(case: Case) -> str:
    """Whether the receiving school may know of the handover: not before it accepted the pupil where that comes first
    (domain.md D6), and not after it was withdrawn."""
    handover = prepared(case)
    if handover is None:
        return handover_known(case)
    if "withdrawn" in case.facts.of("handover", handover["handoverId"]):
        return "the handover was withdrawn"
    if handover["transfer"] not in case.policy.rules.placement_first or _placed(case, handover["toOrg"]):
        return ""
    return "" if _investigates(case, handover["toOrg"]) else "the school has not accepted the pupil yet"


def _placed(case: Case, org: str) -> bool:
    enrolled = (start["orgId"] for start, _ in case.facts.enrolments)
    return _accepted(case, org) or any(same(case, org, e) for e in enrolled)


def _accepted(case: Case, org: str) -> bool:
    return any(same(case, org, by) for by, _ in accepting(case))


def _investigates(case: Case, org: str) -> bool:
    """With support expected the school of first choice must find out what it can offer, before it decides."""
    return any(
        asked["supportExpected"]
        and asked.get("preferenceRank", 1) == 1
        and same(case, asked["toOrg"], org)
        and (decided is None or decided["outcome"] in ("waitlisted", "temporary"))
        for asked, decided in case.facts.placements
    )


def releases(earlier: Data, came: Case) -> bool:
    """Whether the enrolment that came lets the school that a handover goes to know of it: it is there, and nothing else
    let it know before."""
    known = "dossierRef" in earlier
    handover = earlier if known else came.facts.data("handover", earlier["handoverId"], "prepared")
    if handover is None or handover["transfer"] not in came.policy.rules.placement_first:
        return False
    school = handover["toOrg"]
    return same(came, school, came.data["orgId"]) and not _accepted(came, school)


# Who had what


def had(case: Case, aggregate: str) -> list[Partner]:
    """Partners that ever got something of an aggregate (`Kind.aggregate`)."""
    return _known(case, case.state.receivers.get(aggregate, ()))


def had_anything(case: Case) -> list[Partner]:
    """Partners that ever got something about this learner. Never the procesregisseur, who has no case role (D8)."""
    ids = {id for ids in case.state.receivers.values() for id in ids}
    ids.update(id for fact in case.state.facts.values() for id in fact.told)
    return [partner for partner in _known(case, sorted(ids)) if not partner.has(Role.PROCESREGISSEUR)]


def _known(case: Case, ids: Iterable[str]) -> list[Partner]:
    found = (case.policy.directory.get(id) for id in ids)
    return [partner for partner in found if partner is not None]
