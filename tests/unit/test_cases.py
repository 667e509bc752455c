"""P2: what is told of a support case stays with the parties of that case, by a reading of its own (domain.md §3.6)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hub.core.admission import Admitted
from hub.core.line import for_partner
from hub.core.partners import Role
from hub.core.views import Line
from tests import city
from tests import strategies as some
from tests.pure import PureHub, Told, partner_of, told
from tests.said import A, decided, requested, reviewed, started, supported, tlv
from tests.sayings import runs

CASES = ("E18", "E19", "E20")
NAMED = {"jgz": Role.JGZ} | dict.fromkeys(("jeugdhulp", "welzijn", "ggz"), Role.JEUGDHULP)
NOTICE = {"learnerId", "occurredOn", "basis", "corrects", "tlvRef", "action", "supportId"}
STUB = {"learnerId", "occurredOn", "basis", "supportId", "exists", "reviewOn", "contactDesk"}
ABOUT = {"E18": "tlvRef", "E19": "supportId"}

Said = tuple[str, dict[str, Any]]


def code(event: dict[str, Any]) -> str:
    return some.KINDS[event["type"]].code


def cases() -> st.SearchStrategy[list[Admitted]]:
    """Histories with something of support in them, and much of what makes or ends a relation."""
    codes = ("E6", "E7", "E8", "E9", "E18", "E19", "E20")
    drawn = st.lists(some.admitted(codes), min_size=2, max_size=10).map(some.distinct)
    return st.one_of(drawn, some.lines(), some.histories(size=10))


def heard(events: list[Admitted]) -> list[Said]:
    return [(some.KINDS[e.event.type].code, e.event.data) for e in events]


def schools(before: list[Said], learner: str, day: str) -> set[str]:
    """Who enrolled the learner by that day, and has not told itself that it left before."""
    linked = any(code == "E27" for code, _ in before)
    ends: dict[tuple[str, str], list[str]] = {}
    for kind, data in before:
        if kind == "E9":
            ends.setdefault((data["enrolmentId"], data["orgId"]), []).append(data["endOn"])
    found = set()
    for kind, data in before:
        if kind == "E8" and data["startOn"] <= day and (linked or data["learnerId"] == learner):
            gone = ends.get((data["enrolmentId"], data["orgId"]), [])
            if len(gone) != 1 or gone[0] >= day or "corrects" in repr(before):
                found.add(data["orgId"])
    return runs(found)


def parties(one: Said, before: list[Said]) -> set[str]:
    """Who has a part in a case: the samenwerkingsverband, who is named in it, the school of that day; for a TLV that
    of the day of the decision and of its first day, and who gave a place."""
    kind, data = one
    days = {data["from"], data["occurredOn"]} if kind == "E18" else {data.get("from") or data["heldOn"]}
    found = runs([data["orgId"], data.get("atOrg"), data.get("requestedBy")])
    found |= city.with_role(Role.SWV).union(*(schools(before, data["learnerId"], day) for day in days))
    if kind == "E18":
        found |= runs(d["orgId"] for k, d in before if k == "E7" and d["outcome"] == "accepted")
    return found


def told_of(data: dict[str, Any]) -> set[str]:
    """Care partners that a plan names, if there is consent or a convenant for it."""
    if data["basis"] not in ("CONSENT", "CONVENANT"):
        return set()
    return city.with_role(*(NAMED[name] for name in data.get("planPartners", ())))


def wrong(events: list[Admitted]) -> Iterator[str]:
    hub = PureHub(some.PLAIN)
    had: dict[str, set[str]] = {}
    originals: dict[tuple[str, str], Said] = {}
    for number, one in enumerate(events, 1):
        originals[one.event.source, one.event.id] = heard([one])[0]
        for delivery in told(hub.publish([one])):
            if code(delivery.event) in CASES:
                named = (delivery.event["source"], delivery.event["id"])
                yield from _wrong(delivery, originals[named], heard(events[:number]), had)


def _wrong(delivery: Told, said: Said, before: list[Said], had: dict[str, set[str]]) -> Iterator[str]:
    partner, learner = partner_of(delivery.subscription), said[1]["learnerId"]
    known = had.setdefault(learner, set())
    if partner in parties(said, before):
        pass
    elif partner in told_of(said[1]) and said[0] == "E19":
        if not delivery.data.keys() <= STUB:
            yield f"{partner} sees more of {said[0]} than that there is a plan"
    elif partner not in known or not delivery.data.keys() <= NOTICE:
        yield f"{partner} is no party of {said[0]}"
    known.add(partner)


@given(cases())
def test_nobody_but_a_party_of_the_case_at_that_moment_is_told_of_support(events: list[Admitted]) -> None:
    assert list(wrong(events)) == []


@given(cases())
def test_nobody_but_a_party_of_the_case_sees_support_in_the_line(events: list[Admitted]) -> None:
    hub = PureHub(some.PLAIN)
    hub.publish(events)
    known = heard(events)
    for view in hub.views().values():
        if isinstance(view, Line):
            for partner in city.PARTNERS:
                shown = for_partner(view, partner)
                for row in _rows(shown or {}):
                    about = [one for one in known if _of(row, one)]
                    assert partner.id in set[str]().union(*(parties(one, known) for one in about))


def _rows(shown: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        *(("E18", row["ref"]) for row in shown.get("tlvs", ())),
        *(("E19", row["id"]) for row in shown.get("supports", ())),
        *(("E20", row["moment"]) for row in shown.get("reviews", ())),
    ]


def _of(row: tuple[str, str], said: Said) -> bool:
    return said[0] == row[0] and row[1] == said[1].get(ABOUT.get(row[0], "moment"))


def test_the_reading_finds_parties_and_care_partners() -> None:
    """Were nobody ever told, the tests above would say nothing."""
    plan = supported(city.VO, basis="CONVENANT", planPartners=["jgz"], contactDesk="zorgteam")
    hub = PureHub(some.PLAIN)
    at_a = started(city.SCHOOL_A, A, "2023-08-01")
    hub.publish([at_a, requested(city.SO, stage="so"), decided(city.SO), tlv(), reviewed(), plan])
    got = {(partner_of(t.subscription), code(t.event)) for t in told(hub.out)}
    assert {("school-a", "E18"), ("so", "E18"), ("swv", "E20"), ("school-a", "E19"), ("jgz", "E19")} <= got
