"""Who gets in by HTTP, with a token of the hub or of an issuer on a real port, and what each scope opens."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest

from hub.core import sinks
from hub.core.partners import Client, Org, Partner, Role, Token, dump, hash_token
from hub.core.rights import Scope
from hub.gateway.bearer import Bearers
from hub.gateway.proxy import Proxy
from hub.gateway.scopes import OPEN, SCOPES, Route
from tests.gateway_fakes import ALMERE, NOW, PARTNERS, Hub, know
from tests.token_issuer import AUDIENCE, SigningKey, TokenIssuer

HEAD = "nl.onderwijsloopbanen"
EVENT = {
    "specversion": "1.0",
    "type": f"{HEAD}.group.announced.v1",
    "source": ALMERE,
    "id": "g-1",
    "time": "2026-11-18T09:00:00Z",
    "data": {},
}
JSON = {"Content-Type": "application/cloudevents+json"}


def served(routes: Iterable[Any]) -> Iterator[Route]:
    """Method and path of everything behind these routes, also in the routers among them."""
    for route in routes:
        if included := getattr(route, "original_router", None):
            yield from served(included.routes)
        else:
            yield from ((method, route.path) for method in route.methods if method != "HEAD")


def give(hub: Hub, id: str, **changes: Any) -> None:
    """The directory says something else of a partner from now on."""
    known = hub.known.directory.partners[id]
    know(hub.known, [msgspec.structs.replace(known, **changes)])


def bearing(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def ask(client: httpx.AsyncClient, route: Route, **more: Any) -> httpx.Response:
    method, path = route
    return await client.request(method, re.sub(r"{[^}]*}", "x-1", path), **more)


class TestScopes:
    def test_every_route_asks_for_one_scope_or_is_open(self) -> None:
        assert set(served(Hub().app().routes)) == set(SCOPES) | OPEN
        assert not set(SCOPES) & OPEN
        assert set(SCOPES.values()) == set(Scope)

    @pytest.mark.parametrize("route", SCOPES, ids=" ".join)
    async def test_without_its_scope_nothing_opens(self, route: Route) -> None:
        hub = Hub()
        others = tuple(str(scope) for scope in Scope if scope is not SCOPES[route])
        for id in ("almere", "beheer"):
            give(hub, id, tokens=(Token("t", hash_token("t"), scopes=others),))
        async with hub.client(None) as client:
            nobody = await ask(client, route, headers={"X-Forwarded-For": "10.0.0.1"})
            assert nobody.status_code == 401 and nobody.headers["www-authenticate"].startswith("Bearer")
            answer = await ask(client, route, headers=bearing("t"))
        assert answer.status_code == 403
        asked = f'Bearer error="insufficient_scope", scope="{SCOPES[route]}"'
        assert answer.headers["www-authenticate"] == asked
        assert answer.json()["code"] == "insufficient-scope"
        assert ("insufficient-scope",) in hub.counted("hub_security_total")

    @pytest.mark.parametrize("route", SCOPES, ids=" ".join)
    async def test_with_its_scope_alone_the_caller_gets_as_far_as_its_role(self, route: Route) -> None:
        hub = Hub()
        give(hub, "beheer", tokens=(Token("t", hash_token("t"), scopes=(str(SCOPES[route]),)),))
        async with hub.client(None) as client:
            answer = await ask(client, route, headers=bearing("t"))
        assert answer.status_code != 401 and "insufficient" not in answer.text

    async def test_the_document_names_the_scope_of_every_operation(self) -> None:
        async with Hub().client(None) as client:
            document = (await client.get("/v1/openapi.json")).json()
        told = {
            (method.upper(), path): operation.get("security")
            for path, operations in document["paths"].items()
            for method, operation in operations.items()
        }
        for route, security in told.items():
            scope = SCOPES.get(route)
            assert security == ([{"hub": [scope]}, {"issuer": [scope]}] if scope else None)
        schemes = document["components"]["securitySchemes"]
        assert set(Scope) <= set(schemes["issuer"]["flows"]["clientCredentials"]["scopes"])

    @pytest.mark.parametrize("route", sorted(OPEN), ids=" ".join)
    async def test_what_is_open_asks_for_nothing(self, route: Route) -> None:
        async with Hub().client(None) as client:
            assert (await ask(client, route)).status_code not in (401, 403)


class TestTokensOfTheHub:
    async def test_a_token_holds_until_its_moment(self) -> None:
        hub = Hub()
        for expires, status in ((NOW + 1, 200), (NOW, 401)):
            give(hub, "school", tokens=(Token("t", hash_token("t"), expires),))
            async with hub.client(None) as client:
                answer = await client.get("/v1/subscriptions", headers=bearing("t"))
            assert answer.status_code == status
        assert answer.json()["code"] == "expired-token"
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]

    async def test_a_token_that_was_taken_away_opens_nothing_at_the_next_call(self) -> None:
        hub = Hub()
        async with hub.client("school") as client:
            assert (await client.get("/v1/subscriptions")).status_code == 200
            give(hub, "school", tokens=())
            assert (await client.get("/v1/subscriptions")).status_code == 401
        async with hub.client("vo") as client:
            assert (await client.get("/v1/subscriptions")).status_code == 200
            hub.known.apply_partner(b"vo", None)
            assert (await client.get("/v1/subscriptions")).status_code == 401

    async def test_an_event_of_another_type_source_or_organisation_is_pointed_at(self) -> None:
        hub = Hub()
        more = "urn:nld:kvknr:00000001:systeem:twee"
        sources = (*hub.known.directory.partners["school"].sources, more)
        bounds: dict[str, Any] = {
            "scopes": (f"events.publish:{HEAD}.placement",),
            "sources": (more,),
            "orgs": ("brin:00YY02",),
        }
        orgs = (Org("brin:00YY01", "De Boot"), Org("brin:00YY02", "De Kade"))
        give(hub, "school", sources=sources, orgs=orgs, tokens=(Token("t", hash_token("t"), **bounds),))
        event = {
            **EVENT,
            "type": f"{HEAD}.enrolment.started.v1",
            "source": sources[0],
            "data": {"orgId": "brin:00YY01"},
        }
        async with hub.client("t") as client:
            answer = await client.post("/v1/events", json=event, headers={**JSON, **bearing("t")})
        told = {(e["pointer"], e["code"]) for e in answer.json()["errors"]}
        assert answer.status_code == 403
        assert {
            ("/type", "not-your-type"),
            ("/source", "foreign-source"),
            ("/data/orgId", "foreign-organisation"),
        } <= told
        assert not hub.kafka.topics["hub.events.p1"]

    async def test_a_token_in_the_url_is_refused_whatever_else_comes_with_it(self) -> None:
        hub = Hub()
        async with hub.client("school") as client:
            answer = await client.get("/v1/subscriptions", params={"access_token": "school-token"})
        assert answer.status_code == 400 and hub.counted("hub_security_total") == [("token-in-query",)]


@pytest.fixture
async def issuer() -> AsyncIterator[TokenIssuer]:
    async with TokenIssuer() as issuer:
        yield issuer


@pytest.fixture
async def hub(issuer: TokenIssuer) -> Hub:
    hub = Hub()
    give(hub, "school", clients=(Client(issuer.url, "client-1"),))
    return hub


@pytest.fixture
async def client(hub: Hub, issuer: TokenIssuer) -> AsyncIterator[httpx.AsyncClient]:
    bearers = Bearers([issuer.url], AUDIENCE)
    await bearers.start()
    async with hub.client(None, hub.app(bearers=bearers)) as client:
        yield client
    await bearers.stop()


class TestTokensOfAnIssuer:
    async def test_a_client_speaks_for_its_partner_as_far_as_its_scopes_go(
        self, client: httpx.AsyncClient, issuer: TokenIssuer
    ) -> None:
        token = issuer.token(scope="openid subscriptions.manage")
        answer = await client.get("/v1/subscriptions", headers=bearing(token))
        assert answer.status_code == 200 and answer.json()[0]["id"] == "inbox-school"
        answer = await client.get("/v1/partners", headers=bearing(token))
        assert answer.status_code == 403
        assert (
            answer.headers["www-authenticate"] == 'Bearer error="insufficient_scope", scope="partners.read"'
        )

    async def test_no_scope_is_no_right(self, client: httpx.AsyncClient, issuer: TokenIssuer) -> None:
        for scope in (None, "", ["subscriptions.manage"]):
            answer = await client.get("/v1/subscriptions", headers=bearing(issuer.token(scope=scope)))
            assert answer.status_code == 403

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"exp": timedelta(seconds=-60)}, "expired-token"),
            ({"exp": timedelta(seconds=7200)}, "long-token"),
            ({"exp": timedelta(seconds=7200), "iat": None}, "long-token"),
            ({"nbf": timedelta(seconds=600)}, "early-token"),
            ({"aud": "https://elders.example.nl"}, "foreign-audience"),
            ({"aud": None}, "missing-claim"),
            ({"jti": None}, "missing-claim"),
            ({"iss": "https://elders.example.nl"}, "unknown-issuer"),
            ({"iss": None}, "unknown-issuer"),
            ({"azp": None}, "no-client"),
            ({"azp": "client-1", "client_id": "client-2"}, "no-client"),
            ({"azp": ["client-1"]}, "no-client"),
            ({"azp": "client-2"}, "unknown-client"),
            ({"azp": "school"}, "unknown-client"),
            ({"cnf": {"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}}, "bound-token"),
        ],
    )
    async def test_every_other_token_is_refused_and_counted(
        self,
        hub: Hub,
        client: httpx.AsyncClient,
        issuer: TokenIssuer,
        changes: dict[str, Any],
        code: str,
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        token = issuer.token(scope="subscriptions.manage", **changes)
        answer = await client.get("/v1/subscriptions", headers=bearing(token))
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["www-authenticate"].startswith('Bearer error="invalid_token"')
        assert answer.json()["code"] == code and hub.counted("hub_security_total") == [(code,)]
        told = "".join(capfd.readouterr()) + answer.text + str(answer.headers)
        assert not any(part in told for part in token.split("."))

    async def test_a_token_that_nobody_signed_is_refused(
        self, hub: Hub, client: httpx.AsyncClient, issuer: TokenIssuer
    ) -> None:
        stranger = issuer.token(scope="subscriptions.manage", key=SigningKey())
        forged = issuer.token(scope="subscriptions.manage", key=SigningKey("ES256", issuer.published[0].kid))
        for token, code in (
            (stranger, "unknown-key"),
            (forged, "bad-signature"),
            ("a.b.c", "malformed-token"),
        ):
            answer = await client.get("/v1/subscriptions", headers=bearing(token))
            assert (answer.status_code, answer.json()["code"]) == (401, code)

    async def test_client_id_is_read_where_azp_is_not_there(
        self, client: httpx.AsyncClient, issuer: TokenIssuer
    ) -> None:
        token = issuer.token(scope="subscriptions.manage", azp=None, client_id="client-1")
        assert (await client.get("/v1/subscriptions", headers=bearing(token))).status_code == 200

    async def test_a_client_that_was_taken_away_opens_nothing_at_the_next_call(
        self, hub: Hub, client: httpx.AsyncClient, issuer: TokenIssuer
    ) -> None:
        headers = bearing(issuer.token(scope="subscriptions.manage partners.read"))
        assert (await client.get("/v1/partners", headers=headers)).status_code == 200
        give(hub, "school", clients=(Client(issuer.url, "client-1", scopes=("subscriptions.manage",)),))
        assert (await client.get("/v1/partners", headers=headers)).status_code == 403
        assert (await client.get("/v1/subscriptions", headers=headers)).status_code == 200
        give(hub, "school", clients=())
        assert (await client.get("/v1/subscriptions", headers=headers)).status_code == 401

    async def test_the_same_client_id_at_another_issuer_is_another_client(
        self, hub: Hub, client: httpx.AsyncClient, issuer: TokenIssuer
    ) -> None:
        give(hub, "school", clients=(Client("https://ander.example.nl", "client-1"),))
        answer = await client.get(
            "/v1/subscriptions", headers=bearing(issuer.token(scope="subscriptions.manage"))
        )
        assert (answer.status_code, answer.json()["code"]) == (401, "unknown-client")

    async def test_an_issuer_that_does_not_answer_is_our_trouble_and_not_the_fault_of_the_token(
        self, client: httpx.AsyncClient, issuer: TokenIssuer
    ) -> None:
        issuer.down = True
        answer = await client.get("/v1/subscriptions", headers=bearing(issuer.token()))
        assert answer.status_code == 503 and answer.headers["retry-after"] == "10"

    async def test_tokens_of_the_hub_hold_beside_those_of_an_issuer(self, client: httpx.AsyncClient) -> None:
        assert (await client.get("/v1/subscriptions", headers=bearing("school-token"))).status_code == 200


class TestCertificate:
    OIN = "00000099000000001000"

    def client(self, hub: Hub, peer: str, trusted: str = "10.1.0.0/16,fd00::/8") -> httpx.AsyncClient:
        proxy = Proxy(networks=sinks.networks(trusted.split(",") if trusted else ()))
        transport = httpx.ASGITransport(hub.app(proxy=proxy), client=(peer, 4000))
        return httpx.AsyncClient(
            transport=transport, base_url="https://hub.example.nl", headers=bearing("almere-token")
        )

    async def said(self, hub: Hub, peer: str, *oins: str, trusted: str = "10.1.0.0/16,fd00::/8") -> Any:
        async with self.client(hub, peer, trusted) as client:
            headers = [*client.headers.items(), *(("X-Client-OIN", oin) for oin in oins)]
            answer = await client.get("/v1/subscriptions", headers=headers)
        return answer.status_code if answer.is_success else (answer.status_code, answer.json()["code"])

    async def test_the_certificate_behind_the_proxy_must_be_of_the_partner(self) -> None:
        hub = Hub()
        assert await self.said(hub, "10.1.2.3", self.OIN) == (401, "foreign-certificate")
        give(hub, "almere", oins=(self.OIN,))
        for peer in ("10.1.2.3", "::ffff:10.1.2.3", "fd00::1"):
            assert await self.said(hub, peer, self.OIN) == 200
        assert await self.said(hub, "10.1.2.3", "00000099000000002000") == (401, "foreign-certificate")
        give(hub, "almere", oins=(), orgs=(Org(f"oin:{self.OIN}", "Almere"),))
        assert await self.said(hub, "10.1.2.3", self.OIN) == 200

    async def test_a_partner_with_certificates_does_not_come_without(self) -> None:
        hub = Hub()
        give(hub, "almere", oins=(self.OIN,))
        assert await self.said(hub, "10.1.2.3") == (401, "foreign-certificate")
        assert await self.said(hub, "127.0.0.1", trusted="") == (401, "foreign-certificate")

    @pytest.mark.parametrize(
        ("peer", "oins", "trusted"),
        [
            ("10.2.0.1", (OIN,), "10.1.0.0/16"),
            ("127.0.0.1", (OIN,), ""),
            ("proxy.sock", (OIN,), "10.1.0.0/16"),
            ("10.1.2.3", (OIN, OIN), "10.1.0.0/16"),
            ("10.1.2.3", (f"{OIN}, {OIN}",), "10.1.0.0/16"),
            ("10.1.2.3", ("",), "10.1.0.0/16"),
        ],
    )
    async def test_the_header_from_anybody_else_is_refused_and_counted(
        self, peer: str, oins: tuple[str, ...], trusted: str
    ) -> None:
        hub = Hub()
        give(hub, "almere", oins=(self.OIN,))
        assert await self.said(hub, peer, *oins, trusted=trusted) == (400, "forged-proxy-header")
        assert hub.counted("hub_security_total") == [("forged-proxy-header",)]


def test_the_directory_stores_partners_of_before_as_they_were() -> None:
    old = b'{"id":"p","name":"P","roles":["po"],"tokens":[{"label":"l","sha256":"ab"}]}'
    hub = Hub()
    hub.known.apply_partner(b"p", old)
    partner = hub.known.directory.partners["p"]
    assert partner == Partner("p", "P", (Role.PO,), tokens=(Token("l", "ab"),))
    assert b'{"label":"l","sha256":"ab"}' in dump(partner)
    assert PARTNERS[0].tokens[0].expires == 0
