"""A real gateway in a process of its own: who gets in, and who no longer does a moment after the operator said so."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import msgspec
import pytest

from hub import directory, partners
from hub.core.partners import Client
from hub.demo.run import DIRECTORY
from hub.local.children import environment
from hub.local.ports import free_row
from hub.settings import Settings
from tests.broker import ROOT, Broker
from tests.token_issuer import AUDIENCE, SigningKey, TokenIssuer

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

SCHOOL = "de-ontdekking"
OIN = {"X-Client-OIN": "00000099000000001000"}


@pytest.fixture
async def issuer() -> AsyncIterator[TokenIssuer]:
    async with TokenIssuer() as issuer:
        yield issuer


@pytest.fixture
async def settings(tmp_path: Path, issuer: TokenIssuer) -> AsyncIterator[Settings]:
    broker = Broker(tmp_path)
    await broker.start()
    settings = Settings(
        kafka=broker.bootstrap,
        data=tmp_path / "data",
        port=free_row(1),
        issuers=(issuer.url,),
        audience=AUDIENCE,
        proxy_trust=("10.1.0.0/16",),
    )
    (school,) = (p for p in directory.load(DIRECTORY) if p.id == SCHOOL)
    client = Client(issuer.url, "client-1", scopes=("subscriptions.manage",))
    await partners.store(settings, [msgspec.structs.replace(school, board=None, clients=(client,))])
    yield settings
    broker.local.stop()


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    environ = environment(settings, os.environ)
    with subprocess.Popen([sys.executable, "-m", "hub", "gateway"], cwd=ROOT, env=environ) as process:
        try:
            async with httpx.AsyncClient(base_url=settings.url, trust_env=False) as client:
                await until(client, 200, {}, "/readyz")
                yield client
        finally:
            process.terminate()


async def until(
    client: httpx.AsyncClient, status: int, headers: dict[str, str], path: str = "/v1/subscriptions"
) -> None:
    """Returns once it answers so, within a minute."""
    async with asyncio.timeout(60):
        while True:
            try:
                if (await client.get(path, headers=headers)).status_code == status:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)


def bearing(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_a_token_of_the_hub_opens_it_until_it_is_revoked(
    settings: Settings, client: httpx.AsyncClient
) -> None:
    token = await partners.give_token(settings, SCHOOL)
    await until(client, 200, bearing(token))
    (known,) = await partners.partner_tokens(settings, SCHOOL)
    await partners.revoke_token(settings, SCHOOL, known.label)
    await until(client, 401, bearing(token))


async def test_a_client_of_an_issuer_comes_in_with_a_new_key_too_until_it_is_taken_out(
    settings: Settings, client: httpx.AsyncClient, issuer: TokenIssuer
) -> None:
    headers = bearing(issuer.token(scope="subscriptions.manage partners.read"))
    assert (await client.get("/v1/subscriptions", headers=headers)).status_code == 200
    assert (await client.get("/v1/partners", headers=headers)).status_code == 403
    issuer.published = [SigningKey("PS256")]
    await until(client, 200, bearing(issuer.token(scope="subscriptions.manage")))
    school = (await partners.read(settings)).partners[SCHOOL]
    await partners.store(settings, [msgspec.structs.replace(school, clients=())])
    await until(client, 401, bearing(issuer.token(scope="subscriptions.manage")))


async def test_nobody_says_of_himself_that_he_is_the_proxy(client: httpx.AsyncClient) -> None:
    for claimed in ({}, {"X-Forwarded-For": "10.1.2.3"}, {"Forwarded": "for=10.1.2.3"}):
        answer = await client.get("/v1/subscriptions", headers={**OIN, **claimed})
        assert (answer.status_code, answer.json()["code"]) == (400, "forged-proxy-header")
