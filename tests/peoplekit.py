"""Somebody in a browser, the hub as an app, and the issuer of the demo over real HTTP; clocks that can be set."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
from fastapi import FastAPI

from hub.demo.issuer import Account, Client, Granted, Issuer, draw_key
from hub.gateway.app import build
from hub.gateway.jwks import Issuer as Keys
from hub.gateway.oidc import Claims, Login
from hub.gateway.sessions import Seal, Sessions
from hub.local.ports import free_row
from hub.private_key_jwt import ClientKey
from hub.wiring.pages import Inside
from tests.gateway_fakes import Hub
from tests.pagekit import NoTroubles, quiet_pages

URL = "https://hub.example.nl"
SECRET = b"s" * 32
CLIENT = "onderwijshub"
ACCOUNTS = (
    Account("sub-regie", "De procesregisseur", "procesregisseur"),
    Account("sub-beheer", "De operator", "operator"),
    Account("sub-fg", "De functionaris gegevensbescherming", "fg"),
    Account("sub-school", "Beheerder van De Boot", "partner-administrator", "brin:00YY01"),
    Account("sub-elders", "Beheerder van een school elders", "partner-administrator", "brin:00ZZ99"),
    Account("sub-geen", "Iemand zonder rol", "leerkracht"),
)
MACHINE = "systeem-van-almere"
SCOPE = "events.publish:nl.onderwijsloopbanen."


class BentIssuer(Issuer):
    """`bent` goes over what its ID tokens say; None leaves a claim out. `signer` signs them, when it is set."""

    bent: dict[str, Any]
    signer: ClientKey | None = None

    def id_claims(self, granted: Granted) -> dict[str, Any]:
        claims = super().id_claims(granted) | self.bent
        return {name: value for name, value in claims.items() if value is not None}

    def sign(self, claims: dict[str, Any], type: str = "JWT") -> str:
        return self.signer.sign(claims, type) if self.signer else super().sign(claims, type)


class Stage:
    """`now` is the hub's clock in milliseconds, `later` the seconds that the issuer's is ahead."""

    def __init__(self, url: str, http: httpx.AsyncClient) -> None:
        self.hub = Hub()
        self.troubles = NoTroubles()
        self.http = http
        self.now = int(time.time() * 1000)
        self.later = 0.0
        self.key, self.machine = ClientKey(draw_key()), ClientKey(draw_key())
        clients = {
            CLIENT: Client(self.key.public, home=URL),
            MACHINE: Client(self.machine.public, scopes=frozenset({SCOPE})),
        }
        self.issuer = BentIssuer(url, ACCOUNTS, clients, URL, lambda: time.time() + self.later)
        self.issuer.bent = {}
        self.app = self.gateway()

    def login(self, secret: bytes = SECRET) -> Login:
        return Login(
            Keys(self.issuer.url, self.http),
            self.http,
            CLIENT,
            self.key,
            Claims("role", "organisation"),
            URL,
            Sessions(secret, True, lambda: self.now),
            Seal(secret, b"login"),
            b"l" * 32,
        )

    def gateway(self, secret: bytes = SECRET) -> FastAPI:
        """Another gateway that serves the same people."""
        inside = Inside(URL)
        gateway = self.hub.gateway(login=self.login(secret), now=lambda: self.now, loopback=False)
        inside.app = build(gateway, pages=quiet_pages(inside, self.troubles))
        return inside.app

    def pass_(self, minutes: float) -> None:
        self.now += round(minutes * 60_000)

    def browser(self, app: FastAPI | None = None) -> Browser:
        return Browser(self, app or self.app)


class Browser:
    """Keeps the hub's cookies as a browser would, and goes where it is sent."""

    def __init__(self, stage: Stage, app: FastAPI) -> None:
        self.stage = stage
        self.hub = httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url=URL, headers={"Accept": "text/html"}
        )

    async def to_issuer(self, then: str = "/") -> httpx.URL:
        """Begins a login; where the hub sends the browser."""
        answer = await self.hub.get("/login", params={"next": then})
        assert answer.status_code == 303, answer.text
        return httpx.URL(answer.headers["location"])

    async def choose(self, subject: str, where: httpx.URL) -> httpx.URL:
        """Picks an account on the issuer's page; where that sends the browser."""
        shown = await self.stage.http.get(where)
        assert shown.status_code == 200, shown.text
        form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', shown.text))
        answer = await self.stage.http.post(
            f"{self.stage.issuer.url}/authorize", data={**form, "account": subject}
        )
        assert answer.status_code == 303, answer.text
        return httpx.URL(answer.headers["location"])

    async def log_in(self, subject: str, then: str = "/") -> httpx.Response:
        """The hub's answer to what the issuer sent the browser back with."""
        return await self.hub.get(await self.choose(subject, await self.to_issuer(then)))

    async def csrf(self) -> str:
        shown = await self.hub.get("/login/session")
        return str(shown.json()["csrf"])

    async def change(self, method: str, path: str, **more: Any) -> httpx.Response:
        """As a script on the hub's own page does it."""
        headers = {"Sec-Fetch-Site": "same-origin", "Origin": URL, "X-CSRF-Token": await self.csrf()}
        return await self.hub.request(method, path, headers=headers | more.pop("headers", {}), **more)

    @property
    def cookie(self) -> str | None:
        return self.hub.cookies.get("__Host-hub")


@contextlib.asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    async with httpx.AsyncClient(timeout=10, trust_env=False) as http:
        made = Stage(f"http://127.0.0.1:{free_row(1)}", http)
        await made.issuer.start()
        try:
            yield made
        finally:
            await made.issuer.stop()
