"""An issuer of logins and tokens for the demo and for tests: everybody on this machine may be everybody.

OpenID Connect for people (authorization code, PKCE) and client credentials for machines, both with `private_key_jwt`,
as the Dutch profiles ask of a real one. It knows no passwords, so it listens on a loopback address only.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from html import escape
from typing import Any, NamedTuple

import httpx
import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from hub.errors import OperatorError
from hub.private_key_jwt import ASSERTION_TYPE, ClientKey

CODE_SECONDS = 60
TOKEN_SECONDS = 600
_PASSED_ON = ("client_id", "redirect_uri", "state", "nonce", "code_challenge")


class Account(NamedTuple):
    """Somebody who may log in; `label` is what the page calls them."""

    subject: str
    label: str
    role: str
    organisation: str = ""


class Client(NamedTuple):
    """A system that asks for tokens. `home` is the address of one that lets people log in, `scopes` are those of a
    machine."""

    key: Mapping[str, Any]
    home: str = ""
    scopes: frozenset[str] = frozenset()

    @property
    def redirect(self) -> str:
        return f"{self.home}/login/callback"


class Granted(NamedTuple):
    """What a code stands for."""

    client: str
    redirect: str
    challenge: str
    nonce: str
    account: Account
    until: float


class Refused(Exception):
    """An OAuth error code (RFC 6749 §5.2)."""


class Issuer:
    """`clients` by client id; `audience` is for whom access tokens are. `now` gives seconds since 1970."""

    def __init__(
        self,
        url: str,
        accounts: Iterable[Account],
        clients: Mapping[str, Client],
        audience: str,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.url = url
        self.accounts = {account.subject: account for account in accounts}
        self.clients = dict(clients)
        self._audience = audience
        self._now = now
        self._key = ClientKey(draw_key())
        self._codes: dict[str, Granted] = {}
        self._used: dict[str, float] = {}
        self._server: web.AppRunner | None = None

    async def start(self) -> None:
        """Listens at its URL. Raises OperatorError unless that is a loopback address."""
        where = httpx.URL(self.url)
        if where.scheme != "http" or not ipaddress.ip_address(where.host).is_loopback:
            raise OperatorError("the issuer of the demo knows no passwords: it listens on loopback only")
        self._server = web.AppRunner(self._app(), access_log=None, shutdown_timeout=0.2)
        await self._server.setup()
        await web.TCPSite(self._server, where.host, where.port, reuse_address=True).start()

    async def stop(self) -> None:
        if self._server is not None:
            await self._server.cleanup()

    def id_claims(self, granted: Granted) -> dict[str, Any]:
        """What an ID token says."""
        now = int(self._now())
        account = granted.account
        named = {"iss": self.url, "sub": account.subject, "aud": granted.client, "azp": granted.client}
        said = {"role": account.role, "organisation": account.organisation, "nonce": granted.nonce}
        return {**named, **said, "iat": now, "exp": now + CODE_SECONDS, "jti": secrets.token_urlsafe(16)}

    def access_claims(self, client: str, scope: str) -> dict[str, Any]:
        """What the access token of a machine says."""
        now = int(self._now())
        named = {"iss": self.url, "aud": [self._audience], "sub": client, "azp": client, "client_id": client}
        limits = {"iat": now, "exp": now + TOKEN_SECONDS, "jti": secrets.token_urlsafe(16)}
        return {**named, **limits, "scope": scope}

    def sign(self, claims: dict[str, Any], type: str = "JWT") -> str:
        return self._key.sign(claims, type)

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=64 * 1024)
        app.router.add_get("/.well-known/openid-configuration", self._discovery)
        app.router.add_get("/jwks", self._jwks)
        app.router.add_get("/authorize", self._choose)
        app.router.add_post("/authorize", self._chosen)
        app.router.add_post("/token", self._token)
        app.router.add_get("/logout", self._logout)
        return app

    async def _discovery(self, _: web.Request) -> web.Response:
        signing = ["PS256", "ES256"]
        return web.json_response(
            {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "end_session_endpoint": f"{self.url}/logout",
                "jwks_uri": f"{self.url}/jwks",
                "response_types_supported": ["code"],
                "grant_types_supported": ["authorization_code", "client_credentials"],
                "subject_types_supported": ["public"],
                "scopes_supported": ["openid"],
                "code_challenge_methods_supported": ["S256"],
                "id_token_signing_alg_values_supported": [self._key.algorithm],
                "token_endpoint_auth_methods_supported": ["private_key_jwt"],
                "token_endpoint_auth_signing_alg_values_supported": signing,
                "authorization_response_iss_parameter_supported": True,
            }
        )

    async def _jwks(self, _: web.Request) -> web.Response:
        return web.json_response({"keys": [self._key.public]})

    async def _choose(self, request: web.Request) -> web.Response:
        asked = request.query
        self._checked(asked)
        hidden = "".join(
            f'<input type="hidden" name="{name}" value="{escape(asked[name])}">' for name in _PASSED_ON
        )
        buttons = "".join(
            f'<p><button name="account" value="{escape(subject)}">{escape(one.label)}</button></p>'
            for subject, one in self.accounts.items()
        )
        html = (
            '<!doctype html><html lang="nl"><meta charset="utf-8"><title>Aanmelden (demo)</title>'
            "<h1>Wie bent u vandaag?</h1><p>Dit is de aanmelddienst van de demo: zonder wachtwoorden, alleen op "
            'deze machine.</p><p lang="en">The login of the demo: no passwords, on this machine only.</p>'
            f'<form method="post" action="/authorize">{hidden}{buttons}</form></html>'
        )
        return web.Response(text=html, content_type="text/html")

    async def _chosen(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        account = self.accounts.get(form.pop("account", ""))
        given = {"response_type": "code", "scope": "openid", "code_challenge_method": "S256", **form}
        self._checked(given)
        back: dict[str, str] = {"error": "access_denied"}
        if account is not None:
            code = secrets.token_urlsafe(32)
            self._codes[code] = Granted(
                form["client_id"],
                form["redirect_uri"],
                form["code_challenge"],
                form["nonce"],
                account,
                self._now() + CODE_SECONDS,
            )
            back = {"code": code}
        query = {**back, "state": form["state"], "iss": self.url}
        raise web.HTTPSeeOther(str(httpx.URL(form["redirect_uri"]).copy_merge_params(query)))

    def _checked(self, asked: Mapping[str, str]) -> None:
        """Raises HTTPBadRequest. It never sends a browser on to an address that is not the client's."""
        client = self.clients.get(asked.get("client_id", ""))
        fits = (
            client is not None
            and client.home
            and asked.get("redirect_uri") == client.redirect
            and asked.get("response_type") == "code"
            and "openid" in asked.get("scope", "").split()
            and asked.get("code_challenge_method") == "S256"
            and all(asked.get(name) for name in _PASSED_ON)
        )
        if not fits:
            raise web.HTTPBadRequest(text="this is no request for a login that the demo understands")

    async def _token(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        try:
            client = self._client(form)
            match form.get("grant_type"):
                case "authorization_code":
                    given = self._of_code(client, form)
                case "client_credentials":
                    given = self._of_machine(client, form)
                case _:
                    raise Refused("unsupported_grant_type")
        except Refused as refused:
            status = 401 if str(refused) == "invalid_client" else 400
            return web.json_response({"error": str(refused)}, status=status, headers=_UNKEPT)
        return web.json_response(
            {"token_type": "Bearer", "expires_in": TOKEN_SECONDS, **given}, headers=_UNKEPT
        )

    def _client(self, form: Mapping[str, str]) -> str:
        """The client that signed the assertion, which is good for once. Raises Refused."""
        id, assertion = form.get("client_id", ""), form.get("client_assertion", "")
        client = self.clients.get(id)
        if client is None or form.get("client_assertion_type") != ASSERTION_TYPE:
            raise Refused("invalid_client")
        key = jwt.PyJWK(dict(client.key))
        wanted: Any = {"require": ["iss", "sub", "aud", "exp", "iat", "jti"]}
        try:
            claims = jwt.decode(
                assertion,
                key,
                [client.key["alg"]],
                wanted,
                audience=f"{self.url}/token",
                issuer=id,
                subject=id,
            )
        except jwt.PyJWTError:
            raise Refused("invalid_client") from None
        now = self._now()
        self._used = {jti: until for jti, until in self._used.items() if until > now}
        if claims["jti"] in self._used or claims["exp"] > now + TOKEN_SECONDS:
            raise Refused("invalid_client")
        self._used[claims["jti"]] = claims["exp"]
        return id

    def _of_code(self, client: str, form: Mapping[str, str]) -> dict[str, Any]:
        granted = self._codes.pop(form.get("code", ""), None)
        fits = (
            granted is not None
            and granted.until > self._now()
            and (granted.client, granted.redirect) == (client, form.get("redirect_uri"))
            and granted.challenge == _challenge(form.get("code_verifier", ""))
        )
        if granted is None or not fits:
            raise Refused("invalid_grant")
        # The hub asks nothing more of the issuer, so this token opens nothing.
        return {"id_token": self.sign(self.id_claims(granted)), "access_token": secrets.token_urlsafe(32)}

    def _of_machine(self, client: str, form: Mapping[str, str]) -> dict[str, Any]:
        known = self.clients[client]
        scopes = form.get("scope", "").split()
        if known.home:
            raise Refused("unauthorized_client")
        if not scopes or not known.scopes.issuperset(scopes):
            raise Refused("invalid_scope")
        scope = " ".join(scopes)
        return {"access_token": self.sign(self.access_claims(client, scope), "at+jwt"), "scope": scope}

    async def _logout(self, request: web.Request) -> web.Response:
        """Nobody stays logged in here, so there is nothing to end but the way back."""
        client = self.clients.get(request.query.get("client_id", ""))
        back = request.query.get("post_logout_redirect_uri", "")
        if client is None or not client.home or back != f"{client.home}/logout":
            raise web.HTTPBadRequest(text="the client is not known, or not at that address")
        raise web.HTTPSeeOther(back)


_UNKEPT = {"Cache-Control": "no-store"}


def draw_key() -> bytes:
    """A new private key in PEM."""
    made = ec.generate_private_key(ec.SECP256R1())
    return made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
