"""Finding events over HTTP, and their pages: what every role finds, and what nobody can be made to find."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest

from hub.core.catalogue import KINDS, about_persons
from hub.core.event import moment
from hub.core.journeys import Asked, Course, EventRow, Found, Journey, Moment, Place, Sight
from hub.core.partners import Role
from hub.gateway.lookups import visible
from tests.gateway_fakes import ALMERE, NOW, Hub, partner
from tests.peoplekit import Stage, stage

SEARCH = "/v1/journeys/_search"
GROUP = "nl.onderwijsloopbanen.arrival-group.announced.v1"
HANDOVER = "nl.onderwijsloopbanen.handover.prepared.v1"


def event(id: str, type: str = GROUP, **more: Any) -> EventRow:
    given = {"topic": "hub.events.g", "publisher": "almere", "outcome": "accepted", "accepted_at": NOW} | more
    counts = {"duplicates": 0, "conflicts": 0, "stale": 0}
    return EventRow(event=f"{int(id):032x}", source=ALMERE, id=id, type=type, **given, **counts)


def journey(row: EventRow) -> Journey:
    told = [{"partner": "school", "column": "OTH", "deliveries": {"hook": "d1"}}]
    withheld = [{"column": "OPV", "reason": "a rumour goes to gemeente and taalcentrum only"}]
    said = {
        "partner": "school",
        "subscription": "hook",
        "delivery": "d1",
        "number": 1,
        "attempt": 1,
        "took": 3,
    }
    moments = (
        Moment(NOW, "accepted", {"publisher": "almere", "via": "http"}),
        Moment(NOW + 5, "routed", {"told": told, "withheld": withheld}),
        Moment(NOW + 9, "attempted", {**said, "outcome": "dead", "status": "422", "said": "unknown class"}),
    )
    course = Course(
        delivery="d1", partner="school", subscription="hook", outcome="dead", status="422", attempts=1
    )
    return Journey(row, moments, (course,))


@pytest.fixture
async def people() -> AsyncIterator[Stage]:
    async with stage() as made:
        for row in (event("1"), event("2", HANDOVER, topic="hub.events.p2")):
            made.hub.queries.journeys[row.source, row.id] = journey(row)
            made.hub.search.found.append(Found(NOW, row))
        yield made


def one(id: str) -> dict[str, str]:
    return {"source": ALMERE, "id": id}


class TestSearch:
    @pytest.mark.parametrize(
        ("who", "sight"),
        [
            ("beheer", Sight()),
            ("school", Sight(partner="school")),
            ("regie", Sight(types=tuple(sorted(t for t in KINDS if not about_persons(t))))),
        ],
    )
    async def test_everyone_searches_within_its_own_sight(self, who: str, sight: Sight) -> None:
        hub = Hub()
        async with hub.client(who) as client:
            answer = await client.get(SEARCH)
        assert answer.status_code == 200 and answer.json() == {"journeys": [], "next": None}
        assert hub.search.asked[1] == sight

    async def test_a_procesregisseur_that_runs_the_hub_too_finds_no_more_for_it(self) -> None:
        from hub.gateway.journeys import sight

        both = partner("both", Role.PROCESREGISSEUR, Role.OPERATOR)
        assert sight(both).types and sight(both).partner is None

    async def test_all_that_is_asked_for_is_understood(self) -> None:
        hub = Hub()
        trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        query = {
            "id": "e1", "correlationId": trace, "subscription": "hook", "organisation": "brin:00YY01", "type": GROUP,
            "from": "2026-10-24", "to": "2026-10-25", "before": f"12-{'a' * 32}", "limit": "7",
        }  # fmt: skip
        async with hub.client("beheer") as client:
            answer = await client.get(SEARCH, params=query)
        assert answer.status_code == 200, answer.text
        asked = hub.search.asked[0]
        assert (asked.partner, asked.correlation) == ("school", trace[3:35])
        assert asked.since is not None and moment(asked.since) == "2026-10-23T22:00:00.000Z"
        assert asked.until is not None and moment(asked.until) == "2026-10-25T23:00:00.000Z", (
            "the clock went back"
        )
        assert asked == Asked(
            id="e1", correlation=asked.correlation, subscription="hook", partner="school", type=GROUP,
            since=asked.since, until=asked.until, before=Place(12, "a" * 32), limit=8,
        )  # fmt: skip

    async def test_a_page_says_where_the_next_one_begins(self) -> None:
        hub = Hub()
        hub.search.found = [Found(NOW - n, event(str(n))) for n in range(3)]
        async with hub.client("beheer") as client:
            first = (await client.get(SEARCH, params={"limit": 2})).json()
            whole = (await client.get(SEARCH, params={"limit": 3})).json()
            await client.get(SEARCH, params={"limit": 2, "before": first["next"]})
        assert [found["id"] for found in first["journeys"]] == ["0", "1"] and first["next"]
        assert hub.search.asked[0].before == Place(NOW - 1, f"{1:032x}")
        assert len(whole["journeys"]) == 3 and whole["next"] is None

    @pytest.mark.parametrize(
        "query",
        [
            {"before": "x"}, {"before": "1-"}, {"limit": "0"}, {"limit": "101"}, {"id": "a b"}, {"id": "\x00"},
            {"from": "gisteren"}, {"from": "2026-12-02", "to": "2026-12-01"}, {"id": "x" * 501}, {"type": "é"},
        ],
    )  # fmt: skip
    async def test_what_cannot_be_asked_is_a_problem(self, query: dict[str, str]) -> None:
        async with Hub().client("beheer") as client:
            answer = await client.get(SEARCH, params=query)
        assert answer.status_code == 400, answer.text
        assert answer.headers["content-type"] == "application/problem+json"

    @pytest.mark.parametrize("day", ["0001-01-01", "1969-12-31", "9999-12-31"])
    async def test_any_day_there_is_can_be_asked_for(self, day: str) -> None:
        async with Hub().client("beheer") as client:
            for name in ("from", "to"):
                assert (await client.get(SEARCH, params={name: day})).status_code == 200

    async def test_a_learner_cannot_be_searched_for(self) -> None:
        hub = Hub()
        async with hub.client("beheer") as client:
            document = (await client.get("/v1/openapi.json")).json()
        names = {p["name"] for p in document["paths"][SEARCH]["get"]["parameters"]}
        assert names == {
            "id", "correlationId", "subscription", "organisation", "type", "from", "to", "before", "limit",
        }  # fmt: skip


class TestProcesregisseur:
    def test_sees_all_of_a_group_but_what_receivers_said(self) -> None:
        seen = visible(journey(event("1")), partner("regie", Role.PROCESREGISSEUR))
        assert seen is not None and len(seen.moments) == 3 and len(seen.deliveries) == 1
        assert "said" not in seen.moments[-1].detail

    def test_sees_nothing_of_a_group_that_came_in_as_about_a_person(self) -> None:
        for topic in ("hub.events.p1", "hub.events.p2"):
            row = event("1", topic=topic)
            assert visible(journey(row), partner("regie", Role.PROCESREGISSEUR)) is None

    async def test_cannot_tell_a_person_level_event_from_none(self, people: Stage) -> None:
        browser = people.browser()
        await browser.log_in("sub-regie")
        for path in ("/v1/journeys", "/journeys/one"):
            there = await browser.hub.get(path, params=one("2"))
            none = await browser.hub.get(path, params=one("3"))
            group = await browser.hub.get(path, params=one("1"))
            assert (there.status_code, none.status_code, group.status_code) == (404, 404, 200), path
            if path == "/journeys/one":
                assert there.text.replace("id=2", "") == none.text.replace("id=3", "")
                assert "unknown class" not in group.text and "een gerucht" in group.text


class TestPages:
    @pytest.mark.parametrize("subject", ["sub-beheer", "sub-school"])
    async def test_a_journey_is_shown_to_whom_it_concerns(self, people: Stage, subject: str) -> None:
        browser = people.browser()
        await browser.log_in(subject)
        shown = await browser.hub.get("/journeys/one", params=one("1"))
        found = await browser.hub.get("/journeys")
        assert shown.status_code == found.status_code == 200
        assert "unknown class" in shown.text and "E1 " in found.text

    async def test_who_has_the_number_of_one_message_is_led_to_it(self, people: Stage) -> None:
        browser = people.browser()
        await browser.log_in("sub-regie")
        two = await browser.hub.get("/journeys", params={"id": "1"})
        people.hub.search.found = people.hub.search.found[:1]
        only = await browser.hub.get("/journeys", params={"id": "1"})
        asked_more = await browser.hub.get("/journeys", params={"id": "1", "type": GROUP})
        people.hub.search.found = []
        none = await browser.hub.get("/journeys", params={"id": "1"})
        assert [answer.status_code for answer in (two, only, asked_more, none)] == [200, 303, 200, 200]
        shown = await browser.hub.get(only.headers["location"])
        assert shown.status_code == 200 and "een gerucht" in shown.text

    async def test_the_privacy_officer_and_who_is_not_logged_in_are_shown_none(self, people: Stage) -> None:
        browser = people.browser()
        assert (await browser.hub.get("/journeys")).status_code == 303
        await browser.log_in("sub-fg")
        for path in ("/journeys", "/journeys/one", "/v1/journeys", SEARCH):
            assert (await browser.hub.get(path, params=one("1"))).status_code == 403, path

    async def test_a_question_that_cannot_be_asked_gets_the_form_back_with_a_word(
        self, people: Stage
    ) -> None:
        browser = people.browser()
        await browser.log_in("sub-beheer")
        answer = await browser.hub.get("/journeys", params={"id": "a b", "type": GROUP})
        assert answer.status_code == 400 and 'role="alert"' in answer.text and 'value="a b"' in answer.text

    async def test_a_receiver_reads_nothing_of_others(self, people: Stage) -> None:
        browser = people.browser()
        await browser.log_in("sub-school")
        answer = await browser.hub.get("/journeys/one", params={**one("1"), "partner": "vo"})
        assert answer.status_code == 200
        assert "een gerucht" not in answer.text and "Vo" not in re_text(answer)


def re_text(answer: httpx.Response) -> str:
    """What stands on the page itself, without the words of its frame."""
    return answer.text.partition('id="h-timeline"')[2].partition("<footer")[0]


def test_a_sight_says_what_visible_says() -> None:
    from hub.gateway.journeys import sight

    regie = partner("regie", Role.PROCESREGISSEUR)
    types = sight(regie).types or ()
    for type in KINDS:
        row = msgspec.structs.replace(event("1"), type=type)
        assert (visible(journey(row), regie) is not None) == (type in types)
