"""`hub demo --login`: an issuer for the people of the demo, and for one system that fetches its tokens there."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import httpx
import msgspec

from hub.core.partners import Client as Registered
from hub.core.partners import Partner
from hub.core.rights import Scope
from hub.demo import cast
from hub.demo.folder import write_private
from hub.demo.issuer import Account, Client, Issuer, draw_key
from hub.private_key_jwt import ClientKey
from hub.settings import Settings

ABOVE = 22
"""The issuer listens on the port of the HTTP door plus this."""
HUB = "onderwijshub"
SYSTEM = "taalcentrum-plaatsing"
PARTNER = cast.TAALCENTRUM
"""Its system has no token of the hub for what it publishes."""
SCOPE = f"{Scope.PUBLISH}:nl.onderwijsloopbanen"
EARLY = 60.0
"""Seconds before a token ends from which another is fetched."""

ACCOUNTS = (
    Account("demo-regie", "Procesregisseur Almere Breed", "procesregisseur"),
    Account("demo-beheer", "Beheerder van de hub (operator)", "operator"),
    Account("demo-fg", "Functionaris gegevensbescherming", "fg"),
    Account("demo-taalcentrum", "Beheerder bij Taalcentrum Almere", "partner-administrator", "brin:99XX90"),
    Account(
        "demo-gemeente",
        "Beheerder bij de Gemeente Almere",
        "partner-administrator",
        "oin:00000099000000001000",
    ),
)


class Logins:
    """Everything of one run; all keys are drawn anew. `key` is the file where the hub finds its own."""

    def __init__(self, settings: Settings, key: Path) -> None:
        pem, system = draw_key(), ClientKey(draw_key())
        write_private(key, pem.decode())
        url = f"http://127.0.0.1:{settings.port + ABOVE}"
        clients = {
            HUB: Client(ClientKey(pem).public, home=settings.url),
            SYSTEM: Client(system.public, scopes=frozenset({SCOPE})),
        }
        self.issuer = Issuer(url, ACCOUNTS, clients, settings.url)
        self.auth = Tokens(f"{url}/token", SYSTEM, system, SCOPE)
        self.changes = {
            "login_issuer": url,
            "login_client": HUB,
            "login_key": key.absolute(),
            "issuers": (*settings.issuers, url),
        }
        """What the settings of the hub must say of all this."""

    def introduce(self, partners: Sequence[Partner]) -> list[Partner]:
        """The partners, one of which has a system that the issuer knows."""
        known = (Registered(issuer=self.issuer.url, id=SYSTEM, scopes=(SCOPE,)),)
        return [msgspec.structs.replace(p, clients=known) if p.id == PARTNER else p for p in partners]


class Tokens(httpx.Auth):
    """The access token of one client at `where`, fetched when there is none or it is nearly over."""

    requires_response_body = True

    def __init__(self, where: str, client: str, key: ClientKey, scope: str) -> None:
        self._where, self._client, self._key, self._scope = where, client, key, scope
        self._token, self._until = "", 0.0

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if time.monotonic() > self._until - EARLY:
            self._keep((yield self._asking()))
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request

    def _asking(self) -> httpx.Request:
        proof = self._key.form(self._client, self._where, int(time.time()))
        form = {"grant_type": "client_credentials", "scope": self._scope, **proof}
        return httpx.Request("POST", self._where, data=form)

    def _keep(self, answer: httpx.Response) -> None:
        if not answer.is_success:
            raise httpx.TransportError(f"the issuer answers {answer.status_code}")
        given: dict[str, Any] = answer.json()
        self._token, self._until = given["access_token"], time.monotonic() + given["expires_in"]
