"""Rights of learners over HTTP: access, erasure and restriction, for the privacy officer alone."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from hub.core.access import Look, Telling
from hub.core.admission import Admitted
from hub.core.erasure import tombstone
from hub.core.event import from_structured
from hub.core.journal import Handled
from hub.core.records import Out
from hub.core.topics import COMMANDS, EVENTS_P1, LINES
from hub.core.views import Line
from hub.core.withdrawal import mark
from tests import city
from tests import strategies as some
from tests.gateway_fakes import NOW, Hub
from tests.pure import PureHub
from tests.said import closed, placed, prepared, started
from tests.unit.test_linked import GONE, KEEP, MERGED, ON_GONE, ON_KEEP

LEARNER = prepared().event.data["learnerId"]
CALLS: dict[str, dict[str, Any]] = {
    "/v1/access-requests": {},
    "/v1/erasures": {"requestedBy": "parent"},
    "/v1/restrictions": {"restricted": True},
}


def hub_that_knows(*events: Admitted) -> Hub:
    pure, hub = PureHub(some.PLAIN), Hub()
    pure.publish(events)
    hub.kafka.topics[LINES] += [Out(LINES, key, value) for key, value in pure.states.items()]
    hub.queries.lines[LEARNER] = Line(learner_id=LEARNER)
    return hub


@pytest.mark.parametrize("path", CALLS)
@pytest.mark.parametrize("who", ["school", "beheer", "regie", "almere"])
async def test_they_are_for_the_privacy_officer_and_nobody_else(path: str, who: str) -> None:
    hub = hub_that_knows(*placed(), prepared())
    stored = len(hub.kafka.topics[LINES])
    async with hub.client(who) as client:
        answer = await client.post(path, json={"learnerId": LEARNER, **CALLS[path]})
    assert answer.status_code == 403
    assert LEARNER not in answer.text
    assert not hub.kafka.journal()
    assert [len(log) for log in hub.kafka.topics.values() if log] == [stored]


@pytest.mark.parametrize("path", CALLS)
@pytest.mark.parametrize(
    "wrong",
    [
        {"learnerId": "x"},
        {"learnerId": 7},
        {"learnerId": None},
        {"extra": 1},
        {"requestedBy": 1, "restricted": 1},
    ],
)
async def test_anything_else_than_what_they_ask_is_refused_and_not_repeated(
    path: str, wrong: dict[str, Any]
) -> None:
    hub = hub_that_knows(*placed())
    async with hub.client("fg") as client:
        answer = await client.post(path, json={"learnerId": LEARNER, **CALLS[path], **wrong})
    assert answer.status_code == 400
    assert LEARNER not in answer.text
    assert not hub.kafka.journal()


class TestAccess:
    async def test_it_gives_the_lines_their_facts_with_source_and_to_whom_they_went(self) -> None:
        hub = hub_that_knows(*placed(), prepared())
        told = Telling("t", "s", "i", "vo", "TO", "inbox-vo", ["/level"], 5, "delivered", 6)
        hub.audit.tellings[mark(f"learner/{LEARNER}")] = [told]
        async with hub.client("fg") as client:
            answer = await client.post("/v1/access-requests", json={"learnerId": LEARNER})
        assert answer.status_code == 200, answer.text
        given = answer.json()
        (line,) = given["lines"]
        assert line["learnerId"] == LEARNER
        assert line["line"]["transfers"][0]["to_org"]
        assert {fact["event"]["source"] for fact in line["facts"]} > set()
        assert [
            fact["told"] for fact in line["facts"] if fact["event"]["type"].endswith("handover.prepared.v1")
        ]
        assert line["nextClock"]
        assert given["told"] == [
            {
                "type": "t",
                "source": "s",
                "id": "i",
                "partner": "vo",
                "column": "TO",
                "subscription": "inbox-vo",
                "removed": ["/level"],
                "routedAt": 5,
                "outcome": "delivered",
                "deliveredAt": 6,
            }
        ]
        assert "attachment" in answer.headers["content-disposition"]

    async def test_it_is_kept_in_the_journal_and_without_a_journal_there_is_no_answer(self) -> None:
        hub = hub_that_knows(*placed())
        async with hub.client("fg") as client:
            await client.post("/v1/access-requests", json={"learnerId": LEARNER})
            (entry,) = hub.kafka.journal()
            assert isinstance(entry, Handled)
            assert (entry.partner, entry.act) == ("fg", "access")
            assert LEARNER.encode() not in repr(entry).encode()
            hub.kafka.down = True
            answer = await client.post("/v1/access-requests", json={"learnerId": LEARNER})
        assert answer.status_code == 503

    async def test_who_looked_it_up_and_why_is_in_it(self) -> None:
        hub = hub_that_knows(*placed())
        async with hub.client("fg") as client:
            await client.post("/v1/access-requests", json={"learnerId": LEARNER})
            (entry,) = hub.kafka.journal()
            assert isinstance(entry, Handled)
            hub.audit.lookups[entry.line] = [Look(NOW, "vo", "LPW")]
            answer = await client.post("/v1/access-requests", json={"learnerId": LEARNER})
        assert answer.json()["lookups"] == [{"at": NOW, "partner": "vo", "purpose": "LPW"}]

    async def test_merged_lines_are_the_same_learner(self) -> None:
        hub = hub_that_knows(ON_KEEP, ON_GONE, MERGED)
        async with hub.client("fg") as client:
            for learner in (KEEP, GONE):
                answer = await client.post("/v1/access-requests", json={"learnerId": learner})
                assert {line["learnerId"] for line in answer.json()["lines"]} == {KEEP, GONE}

    async def test_of_who_was_erased_it_tells_when_and_to_whom_it_once_went(self) -> None:
        hub = hub_that_knows(
            started(city.SCHOOL_A, some.TWO[0], "2026-08-01"),
            *placed(),
            closed("erased", requestedBy="parent"),
        )
        assert tombstone(f"learner/{LEARNER}".encode()) in {row.key for row in hub.kafka.topics[LINES]}
        async with hub.client("fg") as client:
            answer = await client.post("/v1/access-requests", json={"learnerId": LEARNER})
        (line,) = answer.json()["lines"]
        assert line.keys() == {"learnerId", "erasedOn"}

    async def test_of_who_was_never_known_there_is_nothing(self) -> None:
        async with hub_that_knows().client("fg") as client:
            answer = await client.post("/v1/access-requests", json={"learnerId": LEARNER})
        assert answer.status_code == 404


class TestErasure:
    async def test_it_is_the_word_of_the_hub_that_the_line_is_erased(self) -> None:
        hub = hub_that_knows(*placed())
        async with hub.client("fg") as client:
            for _ in range(2):
                answer = await client.post(
                    "/v1/erasures", json={"learnerId": LEARNER, "requestedBy": "learner-16+"}
                )
                assert answer.status_code == 202, answer.text
        one, again = hub.kafka.topics[EVENTS_P1]
        assert one == again
        event = from_structured(one.value or b"")
        assert (event.data["reason"], event.data["requestedBy"]) == ("erased", "learner-16+")
        pure = PureHub(some.PLAIN)
        pure.publish([*placed(), prepared()])
        pure.settle(pure.run([pure.record(EVENTS_P1, one.key or b"", one.value)]).out)
        assert (one.key or b"") not in pure.states

    async def test_it_is_journaled_without_the_id(self) -> None:
        hub = hub_that_knows(*placed())
        async with hub.client("fg") as client:
            await client.post("/v1/erasures", json={"learnerId": LEARNER, "requestedBy": "parent"})
        (entry,) = hub.kafka.journal()
        assert isinstance(entry, Handled)
        assert entry.act == "erasure"


class TestRestriction:
    async def test_it_asks_the_processor_to_freeze_the_line_or_to_lift_that(self) -> None:
        hub = hub_that_knows(*placed())
        async with hub.client("fg") as client:
            for on in (True, False):
                answer = await client.post("/v1/restrictions", json={"learnerId": LEARNER, "restricted": on})
                assert answer.json() == {"learnerId": LEARNER, "restricted": on}
        assert [orjson.loads(o.value or b"")["on"] for o in hub.kafka.topics[COMMANDS]] == [True, False]
        assert [entry.act for entry in hub.kafka.journal() if isinstance(entry, Handled)] == [
            "restricted",
            "lifted",
        ]
        pure = PureHub(some.PLAIN)
        pure.publish(placed())
        (freeze, _) = hub.kafka.topics[COMMANDS]
        pure.run([pure.record(COMMANDS, freeze.key or b"", freeze.value)])
        assert batch_restricted(pure, freeze.key or b"")

    async def test_a_line_that_is_not_known_cannot_be_frozen(self) -> None:
        hub = hub_that_knows(*placed())
        async with hub.client("fg") as client:
            answer = await client.post("/v1/restrictions", json={"learnerId": GONE, "restricted": True})
        assert answer.status_code == 404
        assert not hub.kafka.topics[COMMANDS]

    async def test_to_a_school_a_frozen_line_is_as_if_there_were_none(self) -> None:
        hub = hub_that_knows(*placed())
        hub.queries.lines[LEARNER] = Line(learner_id=LEARNER, restricted=True)
        async with hub.client("school") as client:
            path = "/v1/learning-lines/"
            frozen = await client.get(path + LEARNER, headers={"Purpose": "WPO-OKR"})
            none = await client.get(path + GONE, headers={"Purpose": "WPO-OKR"})
        assert {**frozen.json(), "instance": ""} == {**none.json(), "instance": ""}


def batch_restricted(pure: PureHub, key: bytes) -> bool:
    found = pure.views()[key]
    return isinstance(found, Line) and found.restricted
