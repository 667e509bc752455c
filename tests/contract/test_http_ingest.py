"""`POST /v1/events` as a publisher meets it, on a Kafka in memory."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from hub.core.catalogue import KINDS
from hub.core.cloudevents import BATCH, STRUCTURED
from hub.core.event import Fault
from hub.core.journal import Accepted, Refused
from hub.core.reception import _known_part
from tests.gateway_fakes import ALMERE, SCHOOL, Hub

ANNOUNCED = KINDS["nl.onderwijsloopbanen.arrival-group.announced.v1"]
MARKER = "Xylofoon-Marker"


def event(**members: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": "6b0e3b0a-4a43-4a0e-9a50-0d6f1a3b2c4d",
        "source": ALMERE,
        "type": ANNOUNCED.type,
        "time": "2026-11-21T09:12:44Z",
        "data": ANNOUNCED.example,
    } | members


async def send(hub: Hub, content: Any, who: str | None = "almere", kind: str = STRUCTURED) -> httpx.Response:
    async with hub.client(who) as client:
        return await client.post("/v1/events", content=json.dumps(content), headers={"Content-Type": kind})


def pointers(answer: httpx.Response) -> list[tuple[str, str]]:
    return [(one["pointer"], one["code"]) for one in answer.json()["errors"]]


async def test_a_good_event_is_stored_with_its_journal_and_answered_202() -> None:
    hub = Hub()
    answer = await send(hub, event())
    assert answer.status_code == 202 and answer.json()["warnings"] == []
    (stored,) = hub.kafka.topics["hub.events.g"]
    assert stored.key == f"group/{ANNOUNCED.example['groupId']}".encode()
    assert json.loads(stored.value or b"")["data"] == ANNOUNCED.example
    (entry,) = hub.kafka.journal()
    assert isinstance(entry, Accepted) and (entry.source, entry.id, entry.via) == (
        ALMERE,
        event()["id"],
        "http",
    )
    assert hub.counted("hub_events_total") == [("E1", "almere", "accepted")] and len(hub.observed) == 1


async def test_the_journey_link_of_the_answer_works_as_printed() -> None:
    hub = Hub()
    link = (await send(hub, event(id="a:b+c/d@e"))).json()["journey"]
    assert httpx.URL(link).params["source"] == ALMERE and httpx.URL(link).params["id"] == "a:b+c/d@e"


async def test_binary_mode_is_taken_too() -> None:
    hub = Hub()
    headers = {f"ce-{k}": v for k, v in event().items() if k != "data"} | {"Content-Type": "application/json"}
    async with hub.client() as client:
        answer = await client.post("/v1/events", json=ANNOUNCED.example, headers=headers)
    assert answer.status_code == 202 and len(hub.kafka.topics["hub.events.g"]) == 1


async def test_null_attributes_are_accepted() -> None:
    answer = await send(Hub(), event(subject=None, dataref=None, dataschema=None))
    assert answer.status_code == 202


async def test_five_faults_are_five_entries_with_pointers() -> None:
    hub = Hub()
    data = {**ANNOUNCED.example, "area": "mars", "naam": MARKER, "certainty": "maybe"}
    answer = await send(hub, event(id="", time="soon", data=data))
    assert answer.status_code == 400 and answer.headers["content-type"] == "application/problem+json"
    assert sorted(pointer for pointer, _ in pointers(answer)) == [
        "/data/area",
        "/data/certainty",
        "/data/naam",
        "/id",
        "/time",
    ]
    assert [p["name"] for p in answer.json()["invalidParams"]] == [p for p, _ in pointers(answer)]
    assert not hub.kafka.topics["hub.events.g"]


@pytest.mark.parametrize("field", ["bsn", "naam", "opmerking"])
async def test_personal_and_free_fields_are_refused_and_nothing_of_them_is_kept(field: str) -> None:
    hub = Hub()
    answer = await send(hub, event(data={**ANNOUNCED.example, field: f"{MARKER} 123456782"}))
    assert answer.status_code == 400 and (f"/data/{field}", "unknown-field") in pointers(answer)
    assert MARKER not in answer.text and MARKER.encode() not in hub.kafka.everything()
    (entry,) = hub.kafka.journal()
    assert isinstance(entry, Refused) and set(entry.reasons) == {"unknown-field", "personal-data"}
    assert ("unknown-field",) in hub.counted("hub_security_total")


async def test_another_publishers_source_is_403_and_counted() -> None:
    hub = Hub()
    answer = await send(hub, event(source=SCHOOL))
    assert answer.status_code == 403 and pointers(answer) == [("/source", "foreign-source")]
    (entry,) = hub.kafka.journal()
    assert isinstance(entry, Refused) and entry.source == "" and not hub.kafka.topics["hub.events.g"]
    assert hub.counted("hub_security_total") == [("foreign-source",)]


async def test_an_event_type_of_another_role_is_403() -> None:
    answer = await send(Hub(), event(source=SCHOOL), who="school")
    assert answer.status_code == 403 and ("/type", "not-your-type") in pointers(answer)


async def test_the_profile_warns_or_refuses_as_the_publisher_was_set() -> None:
    hub = Hub()
    warned = await send(hub, event(time=None))
    assert warned.status_code == 202 and [w["code"] for w in warned.json()["warnings"]] == ["profile-time"]
    refused = await send(hub, event(time=None, source="/strikt"), who="strikt")
    assert refused.status_code == 400
    assert pointers(refused) == [("/source", "profile-source"), ("/time", "profile-time")]


@pytest.mark.parametrize("token", [None, "nobody"])
async def test_without_a_known_token_it_is_401_with_a_challenge(token: str | None) -> None:
    hub = Hub()
    answer = await send(hub, event(), who=token)
    assert answer.status_code == 401 and answer.headers["www-authenticate"].startswith("Bearer")
    assert hub.counted("hub_security_total") == [("no-token" if token is None else "unknown-token",)]
    assert hub.kafka.everything() == b""


async def test_a_token_in_the_query_is_refused_even_beside_a_good_one() -> None:
    async with Hub().client() as client:
        answer = await client.post("/v1/events?access_token=almere-token", json=event())
    assert answer.status_code == 400 and answer.json()["code"] == "token-in-query"


@pytest.mark.parametrize("kind", ["application/json", "application/cloudevents+xml", "text/plain"])
async def test_a_content_type_that_is_not_understood_is_415(kind: str) -> None:
    assert (await send(Hub(), event(), kind=kind)).status_code == 415


async def test_a_compressed_body_is_415() -> None:
    async with Hub().client() as client:
        answer = await client.post("/v1/events", content=b"x", headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 415


@pytest.mark.parametrize(("kind", "size"), [(STRUCTURED, 70_000), (BATCH, 1_100_000)])
async def test_what_is_too_large_is_413(kind: str, size: int) -> None:
    assert (await send(Hub(), event(data="x" * size), kind=kind)).status_code == 413


async def test_kafka_away_is_503_with_retry_after_and_says_that_it_may_be_stored() -> None:
    hub = Hub()
    hub.kafka.down = True
    answer = await send(hub, event())
    assert answer.status_code == 503 and int(answer.headers["retry-after"]) > 0
    assert "may or may not be stored" in answer.json()["detail"]
    assert hub.counted("hub_events_total") == []


async def test_a_refusal_is_answered_though_kafka_is_away() -> None:
    hub = Hub()
    hub.kafka.down = True
    assert (await send(hub, event(id=""))).status_code == 400
    assert hub.counted("hub_refusals_total") == [("empty", "almere")]


class TestBatch:
    async def test_all_accepted_is_202_with_a_result_per_event_in_order(self) -> None:
        hub = Hub()
        answer = await send(hub, [event(id="1"), event(id="2")], kind=BATCH)
        assert answer.status_code == 202
        assert [(r["status"], r["id"]) for r in answer.json()["results"]] == [(202, "1"), (202, "2")]
        assert len(hub.kafka.topics["hub.events.g"]) == 2

    async def test_some_accepted_is_207_and_these_stay_accepted(self) -> None:
        hub = Hub()
        answer = await send(hub, [event(id=""), event(id="2"), event(source=SCHOOL)], kind=BATCH)
        assert answer.status_code == 207
        results = answer.json()["results"]
        assert [r["status"] for r in results] == [400, 202, 403]
        assert results[0]["errors"][0]["pointer"] == "/id"
        assert len(hub.kafka.topics["hub.events.g"]) == 1

    async def test_none_accepted_is_a_400_problem_with_the_results(self) -> None:
        answer = await send(Hub(), [event(id=""), 7], kind=BATCH)
        assert answer.status_code == 400 and answer.headers["content-type"] == "application/problem+json"
        assert [r["status"] for r in answer.json()["results"]] == [400, 400]

    async def test_an_empty_batch_is_accepted(self) -> None:
        answer = await send(Hub(), [], kind=BATCH)
        assert (answer.status_code, answer.json()) == (202, {"results": []})

    async def test_what_is_no_batch_is_refused_as_a_whole(self) -> None:
        answer = await send(Hub(), {"no": "array"}, kind=BATCH)
        assert answer.status_code == 400 and "results" not in answer.json()


async def test_the_door_answers_the_webhook_handshake() -> None:
    async with Hub().client(None) as client:
        asked = await client.options("/v1/events", headers={"WebHook-Request-Origin": "nrc.example.nl"})
        plain = await client.options("/v1/events")
    assert asked.headers["webhook-allowed-origin"] == "*" and asked.headers["webhook-allowed-rate"] == "*"
    assert plain.status_code == 204 and "webhook-allowed-origin" not in plain.headers


def test_a_name_that_a_sender_made_up_is_not_kept_in_quarantine() -> None:
    assert _known_part(Fault("/data/Jan Jansen", "unknown-field", "")) == "/data"
    assert _known_part(Fault("/data/area", "enum", "")) == "/data/area"
