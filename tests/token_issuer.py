"""An issuer of tokens on a real port: discovery, JWKS, keys that rotate, and whatever a test wants it to say wrong."""

from __future__ import annotations

import json
import time
import uuid
from datetime import timedelta
from typing import Any

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

AUDIENCE = "https://hub.example.nl"

_MAKE: dict[str, Any] = {
    "PS256": lambda: rsa.generate_private_key(65537, 2048),
    "RS256": lambda: rsa.generate_private_key(65537, 2048),
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
}


class SigningKey:
    def __init__(self, algorithm: str = "ES256", kid: str = "") -> None:
        self.algorithm = algorithm
        self.kid = kid or uuid.uuid4().hex
        self.private: Any = _MAKE[algorithm]()

    def jwk(self) -> dict[str, Any]:
        made = jwt.get_algorithm_by_name(self.algorithm).to_jwk(self.private.public_key(), as_dict=True)
        return {**made, "kid": self.kid, "use": "sig", "alg": self.algorithm}

    def sign(self, claims: dict[str, Any], **header: Any) -> str:
        return jwt.encode(claims, self.private, self.algorithm, {"kid": self.kid, **header})


class TokenIssuer:
    """`published` are the keys in its JWKS; `discovery` and `jwks` replace what it sends when they are set; `asked`
    are the paths it was asked for. While `down` it answers 503."""

    def __init__(self, *keys: SigningKey, path: str = "", rfc8414: bool = False) -> None:
        self.published = list(keys) or [SigningKey()]
        self.discovery: dict[str, Any] | None = None
        self.jwks: bytes | None = None
        self.down = False
        self.asked: list[str] = []
        self.url = ""
        self._path = path
        self._rfc8414 = rfc8414
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> TokenIssuer:
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}{self._path}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        if self.down:
            return web.Response(status=503)
        openid = f"{self._path}/.well-known/openid-configuration"
        oauth = f"/.well-known/oauth-authorization-server{self._path}"
        if request.path == (oauth if self._rfc8414 else openid):
            given = {"issuer": self.url, "jwks_uri": f"{self.url}/jwks"} | (self.discovery or {})
            return web.json_response(given)
        if request.path == f"{self._path}/jwks":
            made = json.dumps({"keys": [key.jwk() for key in self.published]}).encode()
            return web.Response(
                body=self.jwks if self.jwks is not None else made, content_type="application/json"
            )
        return web.Response(status=404)

    def token(self, client: str = "client-1", key: SigningKey | None = None, **changes: Any) -> str:
        """An access token for the hub; a change to None leaves that claim out."""
        return (key or self.published[0]).sign(self.claims(client, **changes))

    def claims(self, client: str = "client-1", **changes: Any) -> dict[str, Any]:
        """What a token says; a timedelta is a moment so far from now."""
        now = int(time.time())
        moments = {n: now + int(v.total_seconds()) for n, v in changes.items() if isinstance(v, timedelta)}
        claims = {
            "iss": self.url,
            "aud": [AUDIENCE],
            "azp": client,
            "iat": now,
            "exp": now + 600,
            "jti": uuid.uuid4().hex,
            **changes,
            **moments,
        }
        return {name: value for name, value in claims.items() if value is not None}
