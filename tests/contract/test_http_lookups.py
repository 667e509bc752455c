"""Learning lines, journeys and partners: who sees what."""

from __future__ import annotations

import msgspec
import pytest

from hub.core.journal import Read
from hub.core.journeys import Course, EventRow, Journey, Moment
from hub.core.partners import Org, Role
from hub.core.views import Enrolment, Line
from hub.gateway.lookups import visible
from tests.gateway_fakes import ALMERE, Hub, know, partner

LEARNER = "5f3e7c1a-9d42-4b7e-8f60-0f5be4c5a008"
PATH = f"/v1/learning-lines/{LEARNER}"
PURPOSE = {"Purpose": "WPO-OKR"}


def hub_with_line() -> Hub:
    hub = Hub()
    enrolment = Enrolment(id="e1", org="brin:00YY01", stage="po", start="2026-08-01", primary=True)
    hub.queries.lines[LEARNER] = Line(learner_id=LEARNER, enrolments=[enrolment])
    return hub


class TestLearningLine:
    async def test_the_school_of_the_learner_sees_it_and_the_reading_is_kept(self) -> None:
        hub = hub_with_line()
        async with hub.client("school") as client:
            answer = await client.get(PATH, headers=PURPOSE)
        assert answer.status_code == 200, answer.text
        (entry,) = hub.kafka.journal()
        assert isinstance(entry, Read) and (entry.partner, entry.purpose) == ("school", "WPO-OKR")
        assert len(entry.line) == 32 and LEARNER.encode() not in hub.kafka.everything()

    async def test_for_anyone_else_it_is_as_if_there_were_none(self) -> None:
        hub = hub_with_line()
        async with hub.client("vo") as client:
            theirs = await client.get(PATH, headers=PURPOSE)
            none = await client.get(PATH.replace("5f3e", "0000"), headers=PURPOSE)
        assert theirs.status_code == none.status_code == 404 and not hub.kafka.journal()
        assert {**theirs.json(), "instance": ""} == {**none.json(), "instance": ""}

    @pytest.mark.parametrize("purpose", [{}, {"Purpose": "NONE"}, {"Purpose": "curiosity"}])
    async def test_without_a_purpose_nothing_is_shown(self, purpose: dict[str, str]) -> None:
        async with hub_with_line().client("school") as client:
            answer = await client.get(PATH, headers=purpose)
        assert answer.status_code == 400 and "WPO-OKR" in answer.json()["detail"]

    async def test_a_procesregisseur_sees_none_even_if_the_directory_gives_it_a_school(self) -> None:
        hub = hub_with_line()
        both = partner("both", Role.PROCESREGISSEUR, Role.PO, orgs=(Org("brin:00YY01", "De Boot"),))
        know(hub.known, [both])
        async with hub.client("both") as client:
            answer = await client.get(PATH, headers=PURPOSE)
        assert answer.status_code == 404 and LEARNER not in answer.text

    async def test_nobody_looks_unseen_so_without_a_journal_there_is_no_answer(self) -> None:
        hub = hub_with_line()
        hub.kafka.down = True
        async with hub.client("school") as client:
            assert (await client.get(PATH, headers=PURPOSE)).status_code == 503

    async def test_an_id_that_is_no_uuid_is_400_and_is_not_repeated(self) -> None:
        async with hub_with_line().client("school") as client:
            answer = await client.get("/v1/learning-lines/geheim", headers=PURPOSE)
        assert answer.status_code == 400 and "geheim" not in answer.text


JOURNEY = Journey(
    EventRow(
        event="e",
        source=ALMERE,
        id="1",
        type="t",
        publisher="almere",
        topic="hub.events.g",
        outcome="accepted",
        accepted_at=1,
        duplicates=2,
        conflicts=1,
        stale=0,
    ),
    (
        Moment(1, "accepted", {"publisher": "almere", "topic": "hub.events.g"}),
        Moment(2, "repeat", {"publisher": "almere", "outcome": "duplicate"}),
        Moment(
            3,
            "routed",
            {
                "told": [{"partner": "school", "column": "FROM"}, {"partner": "vo", "column": "TO"}],
                "withheld": [{"column": "LP", "reason": "x"}],
            },
        ),
        Moment(4, "attempted", {"partner": "school", "outcome": "delivered"}),
        Moment(5, "attempted", {"partner": "vo", "outcome": "retry"}),
    ),
    (
        Course(delivery="d1", partner="school", subscription="inbox-school", routed_at=3),
        Course(delivery="d2", partner="vo", subscription="inbox-vo", routed_at=3),
    ),
)


class TestJourney:
    @pytest.mark.parametrize("who", [partner("almere", Role.GEMEENTE), partner("beheer", Role.OPERATOR)])
    def test_publisher_and_operator_see_all(self, who: object) -> None:
        assert visible(JOURNEY, who) == JOURNEY  # type: ignore[arg-type]

    def test_what_a_receiver_said_is_for_itself_and_the_operator(self) -> None:
        said = Moment(6, "attempted", {"partner": "vo", "outcome": "dead", "said": "unknown class"})
        journey = msgspec.structs.replace(JOURNEY, moments=(*JOURNEY.moments, said))

        def seen(*who: object) -> bool:
            shown = visible(journey, partner(*who))  # type: ignore[arg-type]
            assert shown is not None and shown.moments[-1].detail["outcome"] == "dead"
            return "said" in shown.moments[-1].detail

        assert seen("vo", Role.VO) and seen("beheer", Role.OPERATOR)
        assert not seen("almere", Role.GEMEENTE), (
            "the publisher learns that it was refused, not in which words"
        )

    def test_a_receiver_sees_only_what_concerns_itself(self) -> None:
        seen = visible(JOURNEY, partner("vo", Role.VO))
        assert seen is not None and [c.delivery for c in seen.deliveries] == ["d2"]
        assert [(m.kind, m.detail) for m in seen.moments] == [
            ("accepted", {}),
            ("routed", {"told": [{"partner": "vo", "column": "TO"}]}),
            ("attempted", {"partner": "vo", "outcome": "retry"}),
        ]
        assert (seen.event.duplicates, seen.event.conflicts) == (0, 0)

    def test_a_procesregisseur_sees_only_those_of_kinds_that_are_about_nobody(self) -> None:
        regie = partner("almere", Role.PROCESREGISSEUR, Role.GEMEENTE)
        kinds = (
            "handover.prepared",
            "signal.raised",
            "signal.cleared",
            "enrolment.started",
            "never-heard-of",
        )
        for name in kinds:
            event = msgspec.structs.replace(JOURNEY.event, type=f"nl.onderwijsloopbanen.{name}.v1")
            assert visible(msgspec.structs.replace(JOURNEY, event=event), regie) is None, name
        offer = msgspec.structs.replace(JOURNEY.event, type="nl.onderwijsloopbanen.offer.published.v1")
        assert visible(msgspec.structs.replace(JOURNEY, event=offer), regie) is not None

    def test_others_see_nothing(self) -> None:
        assert visible(JOURNEY, partner("other", Role.PO, orgs=(Org("brin:00YY99", "x"),))) is None

    async def test_it_is_found_by_source_and_id(self) -> None:
        hub = Hub()
        hub.queries.journeys[ALMERE, "1"] = JOURNEY
        async with hub.client("almere") as client:
            found = await client.get("/v1/journeys", params={"source": ALMERE, "id": "1"})
            none = await client.get("/v1/journeys", params={"source": ALMERE, "id": "2"})
        assert (
            found.json()["deliveries"][0]["routedAt"] == "1970-01-01T00:00:00.003Z"
            and none.status_code == 404
        )
        async with hub.client("strikt") as other:
            assert (await other.get("/v1/journeys", params={"source": ALMERE, "id": "1"})).status_code == 404


class TestPartners:
    async def test_partners_are_shown_without_tokens(self) -> None:
        async with Hub().client("school") as client:
            answer = await client.get("/v1/partners")
        assert answer.json()[0] == {"id": "almere", "name": "Almere", "roles": ["gemeente"]}
        assert "sha256" not in answer.text and "token" not in answer.text
