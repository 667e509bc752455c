"""Rules that hold for the whole HTTP surface: the Dutch API design rules, and what may never be logged."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from hub.gateway.shell import API_VERSION
from hub.telemetry import log
from tests.gateway_fakes import Hub

SECURITY = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
PATHS = [
    "/v1/partners",
    "/v1/nothing",
    "/v1/flows",
    "/healthz",
    "/metrics",
    "/v1/openapi.json",
    "/v1/journeys",
]


@pytest.mark.parametrize("path", PATHS)
async def test_every_answer_has_its_version_and_security_headers(path: str) -> None:
    async with Hub().client() as client:
        answer = await client.get(path)
    assert answer.headers["api-version"] == API_VERSION and "strict-transport-security" in answer.headers
    assert {name: answer.headers[name] for name in SECURITY} == SECURITY


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/partners/", 404),
        ("POST", "/v1/events/", 404),
        ("GET", "/nothing", 404),
        ("PUT", "/v1/events", 405),
        ("DELETE", "/v1/partners", 405),
        ("GET", "/v1/journeys", 400),
        ("GET", "/v1/subscriptions/inbox-almere/events?limit=501", 400),
        ("GET", "/v1/subscriptions/inbox-almere/events?after=x", 400),
        ("GET", "/v1/census/none", 404),
        ("GET", "/v1/learning-lines/1", 400),
    ],
)
async def test_every_error_is_a_problem_and_never_a_redirect_or_422(
    method: str, path: str, status: int
) -> None:
    async with Hub().client() as client:
        answer = await client.request(method, path)
    assert answer.status_code == status and answer.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "detail", "instance", "code", "errors"} <= answer.json().keys()


@pytest.mark.parametrize(
    "path", ["/v1/partners", "/v1/flows", "/v1/subscriptions", "/v1/journeys?source=a&id=b"]
)
async def test_everything_about_partners_needs_a_token(path: str) -> None:
    async with Hub().client(None) as client:
        assert (await client.get(path)).status_code == 401


async def test_a_failure_of_ours_is_a_problem_that_tells_nothing() -> None:
    hub = Hub()

    def broken(source: str, id: str) -> None:
        raise RuntimeError("secret detail")

    hub.queries.journey = broken  # type: ignore[assignment]
    async with hub.client() as client:
        answer = await client.get("/v1/journeys?source=a&id=b")
    assert answer.status_code == 500 and "secret" not in answer.text and "api-version" in answer.headers


async def test_the_log_holds_route_templates_but_no_learner_no_query_and_no_token() -> None:
    stream = io.StringIO()
    log.configure("gateway", stream=stream)
    learner = "5f3e7c1a-9d42-4b7e-8f60-0f5be4c5a008"
    async with Hub().client() as client:
        await client.get(f"/v1/learning-lines/{learner}", headers={"Purpose": "LPW"})
        await client.get(f"/v1/learning-lines/{learner}")
        await client.get("/v1/journeys?source=geheim&id=1")
        await client.get(f"/v1/{learner}")
        await client.post("/v1/events", content=b"{}")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    routes = [line["route"] for line in lines if line["event"] == "http.request"]
    assert routes == ["/v1/learning-lines/{learnerId}"] * 2 + ["/v1/journeys", "unknown", "/v1/events"]
    assert not re.search(f"{learner}|geheim|almere-token", stream.getvalue())


async def test_readiness_says_why_not() -> None:
    async def fine() -> str:
        return ""

    async def away() -> str:
        return "no Kafka answers"

    hub = Hub()
    for checks, status, reason in (
        ({"a": fine}, 200, "ok"),
        ({"a": fine, "kafka": away}, 503, "kafka: no Kafka answers"),
    ):
        async with hub.client(app=hub.app(checks=checks)) as client:
            answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()["reason"]) == (status, reason)


async def test_schemas_are_served_from_their_folder_and_nothing_else_is(tmp_path: Path) -> None:
    folder = tmp_path / "schemas"
    (folder / "events").mkdir(parents=True)
    (folder / "asyncapi.json").write_text("{}")
    (folder / "events" / "v1.json").write_text('{"a": 1}')
    (tmp_path / "secret.json").write_text("{}")
    hub = Hub()
    async with hub.client(None, hub.app(schemas=folder)) as client:
        assert (await client.get("/schemas/events/v1.json")).json() == {"a": 1}
        assert (await client.get("/asyncapi.json")).headers["access-control-allow-origin"] == "*"
        for path in (
            "/schemas/../secret.json",
            "/schemas/%2e%2e/secret.json",
            "/schemas/events",
            "/schemas/none.json",
        ):
            assert (await client.get(path)).status_code == 404


class TestOpenApi:
    @pytest.fixture
    async def document(self) -> Any:
        async with Hub().client(None) as client:
            answer = await client.get("/v1/openapi.json")
        assert answer.headers["access-control-allow-origin"] == "*"
        return answer.json()

    def operations(self, document: Any) -> list[tuple[str, str, Any]]:
        return [(path, verb, op) for path, verbs in document["paths"].items() for verb, op in verbs.items()]

    def test_it_is_3_1_with_a_contact(self, document: Any) -> None:
        assert document["openapi"].startswith("3.1") and set(document["info"]["contact"]) == {
            "name",
            "email",
            "url",
        }
        assert document["info"]["version"] == API_VERSION

    def test_every_operation_documents_its_refusals_and_the_version_header(self, document: Any) -> None:
        for path, verb, operation in self.operations(document):
            answers = operation["responses"]
            assert {"400", "401", "403", "404"} <= answers.keys() and "422" not in answers, (path, verb)
            assert all("API-Version" in answer["headers"] for answer in answers.values()), (path, verb)

    def test_paths_are_kebab_case_and_query_keys_camel_case(self, document: Any) -> None:
        for path, _, operation in self.operations(document):
            assert all(
                re.fullmatch(r"v1|_?[a-z0-9-]+|\{[a-zA-Z]+\}", part) for part in path[1:].split("/")
            ), path
            keys = [p["name"] for p in operation.get("parameters", ()) if p["in"] == "query"]
            assert all(re.fullmatch(r"[a-z][a-zA-Z0-9]*", key) for key in keys)

    def test_every_operation_but_the_handshake_and_the_catalogue_wants_a_token(self, document: Any) -> None:
        for path, verb, operation in self.operations(document):
            openly = verb == "options" or path == "/v1/catalogue"
            assert ("security" in operation) is not openly, (path, verb)

    def test_every_reference_in_it_exists(self, document: Any) -> None:
        for reference in set(re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document))):
            found = document
            for part in reference.split("/"):
                found = found[part]
