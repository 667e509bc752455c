"""Who may read the metrics of a part: exact counts per kind and publisher are no numbers for a procesregisseur."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from hub.core.directory import Directory
from hub.core.partners import Partner, Role, Token, hash_token
from hub.local.ports import free_row
from hub.telemetry import health
from hub.telemetry.gate import scrape

NOW = 1_795_000_000_000


def partner(id: str, *roles: Role) -> Partner:
    return Partner(id, id, roles, tokens=(Token("test", hash_token(f"{id}-token")),))


DIRECTORY = Directory([partner("beheer", Role.OPERATOR), partner("regie", Role.PROCESREGISSEUR)])


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


@pytest.mark.parametrize(
    ("headers", "on_loopback", "elsewhere"),
    [
        ({}, 200, 401),
        ({"x-forwarded-for": "10.0.0.1"}, 401, 401),
        (bearer("beheer-token"), 200, 200),
        (bearer("regie-token"), 403, 403),
        (bearer("unknown"), 401, 401),
        ({"authorization": "Basic eDpiZWhlZXItdG9rZW4="}, 401, 401),
    ],
)
def test_the_operator_may_and_without_a_token_this_machine(
    headers: dict[str, str], on_loopback: int, elsewhere: int
) -> None:
    assert scrape(headers, DIRECTORY, loopback=True, at=NOW) == on_loopback
    assert scrape(headers, DIRECTORY, loopback=False, at=NOW) == elsewhere


def test_a_token_that_ended_or_is_for_something_else_opens_no_metrics() -> None:
    def told(at: int, **bounds: Any) -> int:
        token = Token("test", hash_token("x"), **bounds)
        known = Directory([Partner("beheer", "beheer", (Role.OPERATOR,), tokens=(token,))])
        return scrape(bearer("x"), known, loopback=False, at=at)

    assert [told(at, expires=NOW) for at in (NOW - 1, NOW)] == [200, 401]
    assert [told(NOW, scopes=(scope,)) for scope in ("operations", "events.read")] == [200, 403]


async def test_a_part_keeps_its_metrics_behind_the_gate_and_its_health_open() -> None:
    port = free_row(2)
    gate = lambda headers: scrape(headers, DIRECTORY, loopback=True, at=NOW)  # noqa: E731
    server = health.HealthServer("127.0.0.1", port, health.well, gate=gate)
    await server.start()
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:
            given = ({}, bearer("beheer-token"), bearer("regie-token"), bearer("x"))
            metrics = [(await http.get("/metrics", headers=headers)).status for headers in given]
            refused = await (await http.get("/metrics", headers=bearer("regie-token"))).text()
            well = (await http.get("/readyz", headers=bearer("regie-token"))).status
    finally:
        await server.stop()

    assert (metrics, well) == ([200, 200, 403, 401], 200)
    assert "hub_events_total" not in refused
