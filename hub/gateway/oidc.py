"""Login of people at an OpenID Connect issuer: authorization code with PKCE, after the Dutch profile (NL GOV).

What the issuer tells is used once, for a role and a partner; no name, no token and nothing else of it is kept.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

import httpx
import msgspec
import orjson

from hub.core.directory import Directory
from hub.core.people import Person, Unfit, known_as
from hub.gateway.jwks import Issuer, Unreachable, Untrusted
from hub.gateway.sessions import MINUTE, Seal, Sessions, set_cookie
from hub.private_key_jwt import ClientKey

PATIENT = 10 * MINUTE
"""Milliseconds that somebody may take to log in at the issuer."""
MAX_ANSWER = 64 * 1024
SECONDS = 5.0
CALLBACK = "/login/callback"


class Failed(Exception):
    """Nobody was logged in. `code` says why in a word that is fixed; nothing that others sent stands in it."""

    def __init__(self, code: str, status: int = 400) -> None:
        super().__init__(code)
        self.code = code
        self.status = status


class Begun(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A login that is under way, sealed in the browser that began it. `at` is milliseconds since 1970, `then` the page
    to go to."""

    state: str
    nonce: str
    verifier: str
    then: str
    at: int


class LoggedIn(NamedTuple):
    person: Person
    who: str


class Claims(NamedTuple):
    """Names of the claims that say what somebody is."""

    role: str
    organisation: str


class Login:
    """The hub as a client of one issuer. `url` is how people reach the hub; `secret` keys the hash of who somebody is,
    `seal` closes logins that are under way."""

    def __init__(
        self,
        issuer: Issuer,
        http: httpx.AsyncClient,
        client: str,
        key: ClientKey,
        claims: Claims,
        url: str,
        sessions: Sessions,
        seal: Seal,
        secret: bytes,
    ) -> None:
        self.sessions = sessions
        self.url = url
        self.secure = url.startswith("https://")
        self.cookie = "__Host-hub-login" if self.secure else "hub-login"
        self._issuer, self._http = issuer, http
        self._client, self._key, self._claims = client, key, claims
        self._seal, self._secret = seal, secret

    async def begin(self, then: str, now: int) -> tuple[str, str]:
        """Where to send the browser, and the `Set-Cookie` that it must bring back. Raises Failed."""
        begun = Begun(_drawn(), _drawn(), _drawn(), then, now)
        asked = {
            "response_type": "code",
            "client_id": self._client,
            "redirect_uri": self.url + CALLBACK,
            "scope": "openid",
            "state": begun.state,
            "nonce": begun.nonce,
            "code_challenge": _challenge(begun.verifier),
            "code_challenge_method": "S256",
        }
        where = await self._endpoint("authorization_endpoint")
        cookie = set_cookie(self.cookie, self._seal.close(begun), self.secure, PATIENT // 1000)
        return str(where.copy_merge_params(asked)), cookie

    def without(self) -> str:
        """The `Set-Cookie` that forgets a login under way."""
        return set_cookie(self.cookie, "", self.secure, 0)

    def begun(self, cookie: str, now: int) -> Begun:
        """The login that this browser began. Raises Failed."""
        found = self._seal.open(cookie, Begun) if cookie else None
        if found is None:
            raise Failed("not-begun")
        if now - found.at >= PATIENT:
            raise Failed("too-late")
        return found

    async def finish(self, begun: Begun, said: Mapping[str, str], directory: Directory, now: int) -> LoggedIn:
        """Who came back from the issuer with these query parameters. Raises Failed."""
        if not hmac.compare_digest(said.get("state", "").encode(), begun.state.encode()):
            raise Failed("state")
        if said.get("iss", self._issuer.url) != self._issuer.url:
            raise Failed("issuer")
        if "code" not in said:
            raise Failed("not-given", 403)
        claims = await self._verified(await self._id_token(said["code"], begun.verifier, now), begun.nonce)
        person = known_as(claims.get(self._claims.role), claims.get(self._claims.organisation), directory)
        if isinstance(person, Unfit):
            raise Failed(person.value, 403)
        return LoggedIn(person, self._who(claims["sub"]))

    async def farewell(self) -> str | None:
        """Where the browser ends its session at the issuer too; None when that is not offered (now)."""
        try:
            where = await self._endpoint("end_session_endpoint")
        except Failed:
            return None
        back = {"client_id": self._client, "post_logout_redirect_uri": f"{self.url}/logout"}
        return str(where.copy_merge_params(back))

    async def _id_token(self, code: str, verifier: str, now: int) -> str:
        where = str(await self._endpoint("token_endpoint"))
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.url + CALLBACK,
            "code_verifier": verifier,
            **self._key.form(self._client, where, now // 1000),
        }
        answer = await self._post(where, form)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise Failed("code")
        return token

    async def _post(self, where: str, form: Mapping[str, str]) -> dict[str, Any]:
        body = b""
        try:
            async with self._http.stream(
                "POST",
                where,
                content=urlencode(form),
                headers={"Content-Type": "application/x-www-form-urlencoded", "Accept-Encoding": "identity"},
                timeout=SECONDS,
                follow_redirects=False,
            ) as answer:
                async for chunk in answer.aiter_raw():
                    body += chunk
                    if len(body) > MAX_ANSWER:
                        raise Failed("issuer-away", 503)
        except httpx.HTTPError:
            raise Failed("issuer-away", 503) from None
        if answer.status_code >= 500:
            raise Failed("issuer-away", 503)
        try:
            found = orjson.loads(body) if answer.status_code == 200 else {}
        except orjson.JSONDecodeError:
            raise Failed("code") from None
        return found if isinstance(found, dict) else {}

    async def _verified(self, token: str, nonce: str) -> dict[str, Any]:
        try:
            claims = await self._issuer.claims(token, self._client, require=("sub", "iat", "nonce"))
        except Untrusted:
            raise Failed("id-token") from None
        except Unreachable:
            raise Failed("issuer-away", 503) from None
        said, subject = claims["nonce"], claims["sub"]
        if not isinstance(said, str) or not hmac.compare_digest(said.encode(), nonce.encode()):
            raise Failed("nonce")
        if not isinstance(subject, str) or not subject or claims.get("azp", self._client) != self._client:
            raise Failed("id-token")
        if claims["aud"] not in (self._client, [self._client]) and "azp" not in claims:
            raise Failed("id-token")
        return claims

    async def _endpoint(self, name: str) -> httpx.URL:
        """Where the issuer serves this: by TLS, unless the issuer itself is allowed without."""
        try:
            metadata = await self._issuer.metadata()
        except Unreachable:
            raise Failed("issuer-away", 503) from None
        own = httpx.URL(self._issuer.url)
        try:
            found = httpx.URL(str(metadata.get(name, "")))
        except httpx.InvalidURL:
            raise Failed("issuer-away", 503) from None
        if found.scheme != "https" and (found.scheme, found.host) != (own.scheme, own.host):
            raise Failed("issuer-away", 503)
        return found

    def _who(self, subject: str) -> str:
        named = orjson.dumps([self._issuer.url, subject])
        return hashlib.blake2b(named, key=self._secret, person=b"people", digest_size=16).hexdigest()


def _drawn() -> str:
    return secrets.token_urlsafe(32)


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
