"""Bearer tokens: issued by the hub itself, or by an issuer that the operator trusts (OAuth 2.0, NL GOV profile)."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Mapping
from typing import Any

import httpx

from hub.core import rights
from hub.core.directory import Directory
from hub.core.rights import Access, Refusal
from hub.gateway.jwks import LEEWAY, Issuer, Untrusted, issuer_of

MAX_LIFE = 3600.0
"""Seconds that an access token may live. The hub takes its rights from the directory at each call and the issuer is
not asked again, so what the issuer took back may be used for that long at most."""


class Bearers:
    """`issuers` are the issuer URLs that are trusted, `audience` is the name of the hub in their tokens.

    An access token is used many times, so its `jti` must be there and is not remembered: one-time use is for the
    assertions with which clients ask their issuer for it.
    """

    def __init__(self, issuers: Iterable[str] = (), audience: str = "") -> None:
        self._http: httpx.AsyncClient | None = None
        self._urls = tuple(issuers)
        self._issuers: dict[str, Issuer] = {}
        self._audience = audience

    async def start(self) -> None:
        if self._urls:
            # The certificates that this machine trusts, for a private root of the government is among no others.
            self._http = httpx.AsyncClient(verify=ssl.create_default_context(), trust_env=False)
            self._issuers = {url: Issuer(url, self._http) for url in self._urls}

    async def stop(self) -> None:
        if self._http is not None:
            await self._http.aclose()

    async def access(self, token: str, directory: Directory, at: int) -> Access:
        """Who bears this token and what it may do now (`at`, milliseconds since 1970).

        Raises Untrusted, or Unreachable when the issuer of the token cannot be asked for its keys.
        """
        found = rights.by_token(directory, token, at)
        if found is Refusal.UNKNOWN_TOKEN and self._issuers and token.count(".") == 2:
            found = await self._issued(token, directory)
        if not isinstance(found, Access):
            raise Untrusted(found)
        return found

    async def _issued(self, token: str, directory: Directory) -> Access | Refusal:
        issuer = self._issuers.get(issuer_of(token))
        if issuer is None:
            raise Untrusted("unknown-issuer")
        claims = await issuer.claims(token, self._audience, require=("jti",))
        _check_life(claims)
        if "cnf" in claims:
            # It is of use only with a key or certificate, of which nothing is proven here.
            raise Untrusted("bound-token")
        return rights.by_client(directory, issuer.url, _client(claims), _scopes(claims))


def _check_life(claims: Mapping[str, Any]) -> None:
    began = min(float(claims.get("iat", time.time())), time.time())
    if float(claims["exp"]) - began > MAX_LIFE + LEEWAY:
        raise Untrusted("long-token")


def _client(claims: Mapping[str, Any]) -> str:
    """`azp` of the NL GOV profile, `client_id` of RFC 9068; both must say the same."""
    named = {claims[name] for name in ("azp", "client_id") if isinstance(claims.get(name), str)}
    if len(named) != 1:
        raise Untrusted("no-client")
    return str(named.pop())


def _scopes(claims: Mapping[str, Any]) -> list[str]:
    given = claims.get("scope")
    return given.split() if isinstance(given, str) else []
