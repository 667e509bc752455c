"""Every limit of the door has a problem of its own, and what pages of others may do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from hub.gateway.app import build
from hub.gateway.limits import HIGHEST, Limits
from tests.gateway_fakes import Hub

INBOX = "/v1/subscriptions/inbox-almere"
JSON = {"Content-Type": "application/json"}


def code(answer: Any) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate, gzip", "GZIP"])
@pytest.mark.parametrize("path", ["/v1/events", "/v1/subscriptions", "/v1/nothing", INBOX + "/_replay"])
async def test_a_compressed_body_is_refused_unread(path: str, encoding: str) -> None:
    async with Hub().client() as client:
        answer = await client.post(path, content=b"\x1f\x8b", headers={**JSON, "Content-Encoding": encoding})
    assert code(answer) == (415, "content-encoding")


@pytest.mark.parametrize("path", ["/v1/events", "/v1/subscriptions", "/v1/partners", "/healthz"])
async def test_a_body_that_says_it_is_too_large_is_refused_unread(path: str) -> None:
    async with Hub().client() as client:
        answer = await client.post(
            path, content=b"x", headers={**JSON, "Content-Length": "99999999999999999999999"}
        )
    assert code(answer) == (413, "too-large")


@pytest.mark.parametrize("path", ["/v1/subscriptions", INBOX + "/_replay", INBOX + "/_dry-run"])
async def test_a_body_that_turns_out_too_large_is_read_no_further(path: str) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            assert sent < 100
            yield b" " * 10_000

    async with Hub().client() as client:
        answer = await client.post(path, content=endless(), headers=JSON)
    assert code(answer) == (413, "too-large")


async def test_a_partner_that_asks_too_often_is_told_when_to_come_back() -> None:
    hub = Hub()
    app = hub.app(limits=Limits(rate=1))
    async with hub.client(app=app) as client, hub.client("school", app=app) as other:
        answers = [await client.get("/v1/partners") for _ in range(3)]
        assert [one.status_code for one in answers] == [200, 200, 429]
        assert code(answers[2]) == (429, "too-many-rate") and answers[2].headers["retry-after"] == "1"
        assert (await client.post("/v1/events", content=b"{}")).status_code == 429
        assert (await other.get("/v1/partners")).status_code == 200


async def test_a_partner_has_so_many_polls_under_way_and_no_more() -> None:
    hub = Hub()
    app = hub.app(limits=Limits(polls=1))
    async with hub.client(app=app) as client:
        waiting = asyncio.create_task(client.get(f"{INBOX}/events?after=0&wait=20"))
        await asyncio.sleep(0.1)
        assert code(await client.get(f"{INBOX}/events?after=0")) == (429, "too-many-polls")
        waiting.cancel()
        await asyncio.sleep(0.1)
        assert (await client.get(f"{INBOX}/events?after=0")).status_code == 200


async def test_a_partner_has_so_many_subscriptions() -> None:
    hub = Hub()
    async with hub.client(app=hub.app(limits=Limits(subscriptions=1))) as client:
        assert (await client.post("/v1/subscriptions", json={})).status_code == 201
        assert code(await client.post("/v1/subscriptions", json={})) == (409, "too-many-subscriptions")


@pytest.mark.parametrize(
    "given", ["3.5e25", str(2**63), str(HIGHEST + 1), "-1", "1e400", "NaN", "9" * 5000, "", "٣x"]
)
@pytest.mark.parametrize(
    "query", ["events?after=", "events?limit=", "events?wait=", "report?from=", "report?to="]
)
async def test_no_number_is_too_large_to_be_refused(query: str, given: str) -> None:
    async with Hub().client() as client:
        assert code(await client.get(f"{INBOX}/{query}{given}")) == (400, "invalid-parameters")


@pytest.mark.parametrize(
    "query", ["events?after={}", "report?from={}", "report?from=1&to={}", "report?from={}&to={}"]
)
async def test_the_highest_number_is_answered(query: str) -> None:
    async with Hub().client() as client:
        answer = await client.get(f"{INBOX}/{query.replace('{}', str(HIGHEST))}")
    assert answer.status_code in (200, 400)


@pytest.mark.parametrize("number", [HIGHEST + 1, 2**63, 10**30, -1, 1.0, True, None, [], {}])
async def test_a_position_is_a_number_of_the_feed(number: object) -> None:
    raw = (
        orjson.dumps({"number": number}) if not isinstance(number, int) else f'{{"number": {number}}}'.lower()
    )
    async with Hub().client() as client:
        assert (await client.put(f"{INBOX}/position", content=raw, headers=JSON)).status_code == 400


@pytest.mark.parametrize(
    "name", ["from", "to", "since", "until", "cause", "subject", "pace", "why", "dryRun"]
)
@pytest.mark.parametrize(
    "value", [[], {}, ["lost"], 1.5, "", "0001-01-01T00:00:00+23:59", 2**53, "jan@school.nl"]
)
async def test_nothing_that_is_asked_of_a_replay_breaks_it(name: str, value: object) -> None:
    async with Hub().client() as client:
        answer = await client.post(f"{INBOX}/_replay", json={"from": 1, "why": "lost", name: value})
    assert answer.status_code in (200, 400) and "jan@" not in answer.text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("types", ["jan@school.nl"]),
        ("types", ["nl.123456782.x"]),
        ("types", ["a text"]),
        ("filters", [{"exact": {"subject": "123.456.782"}}]),
        ("filters", [{"any": [{"not": {"prefix": {"subject": "jan@school.nl"}}}]}]),
        ("filters", [{"exact": {"subject": "Jan Jansen"}}]),
        ("filters", [{"exact": {"naam van": "x"}}]),
        ("filters", [{"any": [{"exact": {"id": str(n)}} for n in range(300)]}]),
        ("sink", "https://las.example.nl/leerling/123456782"),
        ("sink", "https://las.example.nl/?mail=jan%40school.nl"),
        ("source", "urn:jan@school.nl"),
        ("config", {"label": "Jan"}),
    ],
)
async def test_a_subscription_holds_codes_and_nothing_of_a_person(field: str, value: object) -> None:
    hub = Hub()
    async with hub.client() as client:
        answer = await client.post(
            "/v1/subscriptions", json={"protocol": "HTTP", "sink": "https://a.nl/", field: value}
        )
    assert code(answer) == (400, "invalid-subscription")
    assert not hub.kafka.topics and "jan" not in answer.text.lower()


@pytest.mark.parametrize(
    "name", ["%00.json", "a" * 400 + ".json", "..%2fpyproject.json", "é.json", "x/" * 200]
)
async def test_no_name_of_a_document_breaks_the_door(name: str) -> None:
    async with Hub().client() as client:
        assert code(await client.get(f"/schemas/{name}")) == (404, "not-found")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "/v1/subscriptions", "GET, POST"),
        ("PATCH", "/v1/subscriptions/x", "DELETE, GET, PUT"),
        ("GET", "/v1/events", "OPTIONS, POST"),
        ("POST", "/healthz", "GET"),
        ("POST", f"{INBOX}/position", "GET, PUT"),
    ],
)
async def test_a_wrong_method_is_told_all_that_there_are(method: str, path: str, allow: str) -> None:
    async with Hub().client() as client:
        answer = await client.request(method, path)
    assert code(answer) == (405, "method-not-allowed") and answer.headers["allow"] == allow


async def test_every_operation_says_when_to_come_back() -> None:
    async with Hub().client() as client:
        document = (await client.get("/v1/openapi.json")).json()
    for path in document["paths"].values():
        for operation in path.values():
            assert {"429", "503", "414", "415", "431"} <= operation["responses"].keys()


class TestOrigins:
    """Pages of others in a browser."""

    async def ask(self, method: str, path: str, origin: str, allowed: tuple[str, ...], **headers: str) -> Any:
        hub = Hub()
        app = build(hub.gateway(), origins=allowed)
        async with hub.client(app=app) as client:
            return await client.request(method, path, headers={"Origin": origin, **headers})

    async def test_by_default_none_may_read_an_answer(self) -> None:
        answer = await self.ask("GET", "/v1/partners", "https://a.nl", ())
        assert "access-control-allow-origin" not in answer.headers

    async def test_one_that_was_named_may_and_another_may_not(self) -> None:
        named = ("https://portaal.example.nl",)
        mine = await self.ask("GET", "/v1/partners", named[0], named)
        assert mine.headers["access-control-allow-origin"] == named[0] and "Origin" in mine.headers["vary"]
        assert "access-control-allow-credentials" not in mine.headers
        other = await self.ask("GET", "/v1/partners", "https://portaal.example.nl.evil.nl", named)
        assert "access-control-allow-origin" not in other.headers

    async def test_it_may_ask_beforehand(self) -> None:
        named = ("https://portaal.example.nl",)
        wish = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
        mine = await self.ask("OPTIONS", "/v1/events", named[0], named, **wish)
        assert mine.status_code == 200 and mine.headers["access-control-allow-origin"] == named[0]
        assert code(await self.ask("OPTIONS", "/v1/events", "https://evil.nl", named, **wish)) == (
            403,
            "origin",
        )

    async def test_what_is_open_is_open_to_all(self) -> None:
        answer = await self.ask("GET", "/v1/catalogue", "https://a.nl", ())
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
