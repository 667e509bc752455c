"""The pages of journeys say who got a message, who did not, and why; in words, and to whom may know."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import hub.core.catalogue
from hub.core.catalogue import KINDS
from hub.core.people import Person, PersonRole
from hub.monitor.frame import Frame
from hub.monitor.journeys import Words, render_one, render_search, steps
from hub.monitor.journeys_words import REASONS, reason
from hub.monitor.verdicts import Standing, Verdict
from hub.monitor.viewer import Viewer

GROUP = "nl.onderwijsloopbanen.arrival-group.announced.v1"
LINKED = "nl.onderwijsloopbanen.learner.linked.v1"
HANDOVER = "nl.onderwijsloopbanen.handover.prepared.v1"
ROLES = {
    "gemeente": ["gemeente"],
    "taal": ["taalcentrum"],
    "lp": ["leerplicht"],
    "swv": ["swv"],
    "opvang": ["opvang"],
    "vo": ["vo"],
    "regie": ["procesregisseur"],
}
PARTNERS = [{"id": id, "name": f"De {id}", "roles": roles} for id, roles in ROLES.items()]
OPERATOR = Viewer(Person(PersonRole.OPERATOR))


def moment(second: int, kind: str, **detail: Any) -> dict[str, Any]:
    return {"at": f"2026-11-21T09:12:{second:02}.250Z", "kind": kind, **detail}


def course(partner: str, outcome: str = "", **more: Any) -> dict[str, Any]:
    return {
        "deliveryId": f"d-{partner}", "partner": partner, "subscription": f"hook-{partner}", "number": 1, "removed": [],
        "attempts": 0, "outcome": outcome, "status": "", **more,
    }  # fmt: skip


def journey(type: str = GROUP, deliveries: tuple[Any, ...] = (), **routed: Any) -> dict[str, Any]:
    told = [
        {"column": "GEM", "deliveries": {d["subscription"]: ""}, "partner": d["partner"]} for d in deliveries
    ]
    decided = {"told": told, "withheld": []} | routed
    return {
        "traceId": "ab" * 16, "source": "urn:x", "id": "e1", "type": type, "publisher": "gemeente",
        "outcome": "accepted",
        "duplicates": 0, "conflicts": 0, "correlationId": "zaak-1", "deliveries": list(deliveries),
        "moments": [moment(1, "accepted", via="http"), moment(2, "routed", **decided)],
    }  # fmt: skip


def why(given: dict[str, Any], partner: str) -> Verdict:
    (found,) = Standing(given, KINDS.get(given["type"]), ROLES).of(partner)
    return found


@pytest.mark.parametrize(
    ("outcome", "more", "code"),
    [
        ("delivered", {"deliveredAt": "x"}, "arrived"),
        ("", {"pulledAt": "x"}, "arrived"),
        ("", {}, "waiting"),
        ("retry", {"status": "503", "attempts": 3}, "retry"),
        ("dead", {"status": "422", "attempts": 9}, "dead"),
        ("withdrawn", {}, "withdrawn"),
        ("withheld", {"status": "no-role"}, "withheld"),
    ],
)
def test_who_was_told_stands_as_its_delivery_does(outcome: str, more: dict[str, Any], code: str) -> None:
    found = why(journey(deliveries=(course("taal", outcome, **more),)), "taal")

    assert found.code == code
    assert found.attempts == more.get("attempts", 0)
    assert (found.reason, found.status) == (
        ("no-role", "") if code == "withheld" else ("", more.get("status", ""))
    )


def test_why_a_partner_did_not_get_it_follows_from_the_matrix_and_the_decision() -> None:
    rumour = [{"column": "OPV", "reason": "a rumour goes to gemeente and taalcentrum only"}]
    given = journey(deliveries=(course("taal", "delivered"),), withheld=rumour)

    assert why(given, "gemeente") == Verdict("itself")
    assert why(given, "opvang") == Verdict("condition", rumour[0]["reason"], "OPV")
    assert why(given, "lp").code == "no-party"
    assert why(given, "regie") == Verdict("counted", column="PR")
    assert why(journey(LINKED), "regie") == Verdict("never"), "no column of the matrix is theirs"


def test_who_may_have_it_and_asks_for_nothing_of_it_is_told_apart_from_who_may_not() -> None:
    told = [{"partner": "taal", "column": "TC"}]
    uncovered = [{"partner": "swv", "column": "SWV", "withheld": {"hook": "purpose-not-covered"}}]

    assert why(journey(told=told), "taal") == Verdict("no-subscription", column="TC")
    assert why(journey(told=uncovered), "swv") == Verdict("not-covered", "purpose-not-covered", "SWV", "hook")


def test_when_nobody_is_told_everyone_hears_why() -> None:
    closed = journey(HANDOVER, withheld=[{"column": "*", "reason": "the line is closed"}])
    refused = {**journey(), "outcome": "refused", "moments": [moment(1, "refused", reasons=["uuid"])]}
    stale = {**journey(), "moments": [moment(1, "accepted"), moment(2, "repeat", outcome="stale")]}
    fresh = {**journey(), "moments": [moment(1, "accepted")]}

    assert why(closed, "vo") == Verdict("nobody", "the line is closed")
    assert why(refused, "vo") == Verdict("unused", "refused")
    assert why(stale, "vo") == Verdict("unused", "stale")
    assert why(fresh, "vo") == Verdict("undecided")


def test_partners_with_a_column_that_got_nothing_stand_together_by_why() -> None:
    given = journey(
        deliveries=(course("taal"),),
        withheld=[{"column": "OTH", "reason": "no cell of 16 and over that may be shown"}],
    )
    rows = Standing(given, KINDS[GROUP], ROLES).others()

    named = {partner for row in rows for partner in row.partners}
    assert named == {"lp", "swv", "opvang", "regie"}
    assert ([], "OTH") in [(row.partners, row.verdict.column) for row in rows]


def test_every_reason_of_the_catalogue_has_dutch_words() -> None:
    folder = Path(hub.core.catalogue.__file__).parent
    sources = "\n".join(path.read_text() for path in [*folder.glob("*.py"), folder.parent / "restriction.py"])
    said = set(re.findall(r'(?:else|return) \(?"([a-z][^"{]* [^"{]*)"', sources))
    refusals = {
        text for text in said if "opened by" in text or "must be" in text or text.startswith("the hub itself")
    }

    assert len(said) > 25
    assert {text for text in said - refusals if reason(text, 0) == text} == set()
    assert reason("not younger than 16", 0) == "niet jonger dan 16"
    assert reason("not from 5 up to 18", 0) == "niet van 5 tot 18 jaar"
    assert all(nl for nl, _ in REASONS.values())


def test_the_timeline_has_dutch_times_and_what_lies_between() -> None:
    given = journey(deliveries=(course("taal", "delivered"),))
    given["moments"].append(
        moment(2, "attempted", partner="taal", outcome="retry", status="503", attempt=1, took=40, said="full")
        | {"at": "2026-11-21T09:12:02.375Z"}
    )
    found = steps(given["moments"], Words("nl", {"taal": "Taalcentrum"}))

    assert [step.after for step in found] == [None, 1000, 125]
    assert Words("nl").stamp(found[0].at) == "21-11-2026 10:12:01"
    assert found[2].lines == [
        "antwoord 503: het systeem van de ontvanger liep vast", "poging 1, duurde 40 ms", "De ontvanger zei: full",
    ]  # fmt: skip
    assert found[1].lines == ["voor: Taalcentrum"]


def test_the_page_explains_the_partner_that_was_asked_for() -> None:
    given = journey(withheld=[{"column": "OPV", "reason": "a rumour goes to gemeente and taalcentrum only"}])
    html = render_one(given, PARTNERS, "opvang", Frame("/journeys/one", "nl", OPERATOR))

    answer = html.partition('class="answer"')[2].partition("</div>")[0]
    assert "De opvang" in answer and "een gerucht gaat alleen naar gemeente en Taalcentrum" in answer
    assert '/catalogue#E1"' in html and "correlationId=zaak-1" in html


def test_a_receiver_is_not_asked_about_others() -> None:
    given = journey(deliveries=(course("taal", "delivered"),))
    own = Viewer(Person(PersonRole.PARTNER_ADMINISTRATOR, "taal"))
    html = render_one(given, PARTNERS, "opvang", Frame("/journeys/one", "nl", own))

    assert "De taal" in html and "De opvang" not in html and "De lp" not in html
    assert "uw eigen organisatie" in html


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_what_was_sent_is_never_taken_for_markup(lang: str) -> None:
    evil = '"><script>x</script>'
    given = {**journey(), "id": evil, "source": evil, "correlationId": evil, "publisher": evil, "type": evil}
    found = {"journeys": [{**given, "at": "2026-11-21T09:12:01Z"}], "next": f"1-{evil}"}
    asked = dict.fromkeys(
        ("id", "correlationId", "organisation", "subscription", "type", "from", "to", "before"), evil
    )

    for html in (
        render_one(given, PARTNERS, evil, Frame("/journeys/one", lang, OPERATOR)),
        render_search(found, PARTNERS, asked, Frame("/journeys", lang, OPERATOR)),
        render_search(None, PARTNERS, asked, Frame("/journeys", lang, OPERATOR)),
    ):
        assert "<script>x" not in html


def test_the_procesregisseur_is_offered_no_kind_about_persons() -> None:
    regie = Viewer(Person(PersonRole.PROCESREGISSEUR))
    asked = dict.fromkeys(
        ("id", "correlationId", "organisation", "subscription", "type", "from", "to", "before"), ""
    )
    html = render_search({"journeys": [], "next": None}, PARTNERS, asked, Frame("/journeys", "nl", regie))

    assert GROUP in html and HANDOVER not in html
