"""Access tokens with which the hub comes in at receivers: OAuth 2.0 client credentials (RFC 6749 §4.4), the client
proven by its secret or by `private_key_jwt` (RFC 7523, the Dutch profile).
"""

from __future__ import annotations

import asyncio
import base64
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast
from urllib.parse import quote_plus, urlencode

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from hub.courier.sender import Reply
from hub.telemetry import log

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_SECONDS = 60
UNSAID_SECONDS = 300.0
"""How long a token is used of which it is not said how long it lasts."""
MOST_SECONDS = 6 * 3600.0
EARLY_SECONDS = 10.0
"""A token is renewed so long before its end: it must still be good when it arrives."""
FAILED_SECONDS = 1.0
"""So long nobody asks again for a token that could not be had; many deliveries may be waiting for it."""
CLIENTS = 4096
"""Subscriptions whose tokens are kept."""
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")


class NoToken(Exception):
    """The token endpoint gave none; the message is a short code."""


class _Held(NamedTuple):
    token: str
    until: float
    of: Mapping[str, Any]


class Tokens:
    """`ask(url, headers, body)` posts a form and answers whatever happens; `now` is seconds since 1970, `steady` of a
    clock that never jumps. Everybody who wants the same token waits for one request."""

    def __init__(self, ask: Any, now: Callable[[], float], steady: Callable[[], float]) -> None:
        self._ask = ask
        self._now = now
        self._steady = steady
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._locks: dict[str, asyncio.Lock] = {}

    async def get(
        self, id: str, sealed: Mapping[str, Any], settings: Mapping[str, Any], stale: str = ""
    ) -> str:
        """The token of subscription `id`, with `protocolsettings.authorization` as it is stored and opened; another
        than `stale`. Raises NoToken."""
        async with self._locks.setdefault(id, asyncio.Lock()):
            held = self._held.get(id)
            if held and held.of == sealed and self._steady() < held.until:
                if not held.token:
                    raise NoToken("asked just now")
                if held.token != stale:
                    return held.token
            try:
                token, seconds = await self._fetch(settings)
            except NoToken as error:
                log.event("token.refused", "warning", subscription=id, reason=str(error))
                self._keep(id, _Held("", self._steady() + FAILED_SECONDS, sealed))
                raise
            self._keep(id, _Held(token, self._steady() + seconds, sealed))
            return token

    def _keep(self, id: str, held: _Held) -> None:
        self._held[id] = held
        self._held.move_to_end(id)
        if len(self._held) > CLIENTS:
            gone, _ = self._held.popitem(last=False)
            self._locks.pop(gone, None)

    async def _fetch(self, settings: Mapping[str, Any]) -> tuple[str, float]:
        url = settings["tokenendpoint"]
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        form = {"grant_type": "client_credentials"}
        if scope := settings.get("scope"):
            form["scope"] = scope
        if "privatekey" in settings:
            form |= {
                "client_id": settings["clientid"],
                "client_assertion_type": ASSERTION,
                "client_assertion": _assertion(settings, int(self._now())),
            }
        else:
            pair = f"{quote_plus(settings['clientid'])}:{quote_plus(settings['clientsecret'])}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        reply: Reply = await self._ask("POST", url, headers, urlencode(form).encode())
        if reply.answer.status != 200:
            raise NoToken(reply.answer.label)
        return _read(reply.body)


def _read(body: bytes) -> tuple[str, float]:
    """The token, and for how many seconds it may be used."""
    try:
        given = orjson.loads(body)
        token, kind, lasts = given["access_token"], given["token_type"], given.get("expires_in")
        seconds = UNSAID_SECONDS if lasts is None else float(lasts) - EARLY_SECONDS
    except (ValueError, TypeError, KeyError, AttributeError):
        raise NoToken("bad-reply") from None
    if not isinstance(token, str) or not _TOKEN.fullmatch(token) or str(kind).lower() != "bearer":
        raise NoToken("no-bearer-token")
    return token, max(0.0, min(seconds, MOST_SECONDS))


def _assertion(settings: Mapping[str, Any], now: int) -> str:
    client = settings["clientid"]
    claims = {
        "iss": client,
        "sub": client,
        "aud": settings["tokenendpoint"],
        "iat": now,
        "exp": now + ASSERTION_SECONDS,
        "jti": secrets.token_urlsafe(24),
    }
    headers = {"kid": settings["keyid"]} if "keyid" in settings else None
    key = load_pem_private_key(settings["privatekey"].encode(), None)
    return jwt.encode(claims, cast(Any, key), _algorithm(key), headers)


def _algorithm(key: object) -> str:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return {256: "ES256", 384: "ES384"}.get(key.curve.key_size, "ES512")
    return "EdDSA" if isinstance(key, ed25519.Ed25519PrivateKey) else "RS256"
