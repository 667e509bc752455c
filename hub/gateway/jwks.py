"""Issuers of tokens (OAuth 2.0, OpenID Connect): their metadata, their keys, and the claims of what they signed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import httpx
import jwt
import orjson

from hub.telemetry import log

ALGORITHMS = ("PS256", "ES256", "EdDSA", "RS256")
"""What may sign a token. `none` and shared secrets (HS*) are no part of it and never will be."""

LEEWAY = 10.0
"""Seconds by which our clock and that of an issuer may differ."""

FRESH = 300.0
"""Seconds for which keys are used without another look: a key that the issuer took back is of no use after it."""

STALE = 3600.0
"""Seconds for which keys are used when the issuer does not answer; longer than that nothing of it is believed."""

FLOOR = 10.0
"""Least seconds between two looks at an issuer, whatever tokens with unknown keys come in."""

PATIENCE = 3.0
"""Seconds for one look at an issuer, all of it."""

MAX_DOCUMENT = 256 * 1024
MAX_KEYS = 64
MAX_TOKEN = 8 * 1024


class Untrusted(Exception):
    """This token proves nothing. `code` says why in a word; nothing of the token stands in it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Unreachable(Exception):
    """The issuer gives no sound answer, so nothing can be said of its tokens now."""


class Keys:
    """Public keys of a JWKS by `kid`. Secrets, private halves, keys for encryption and keys without `kid` are left out;
    so is every key that bears the `kid` of another."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        given = document.get("keys")
        if not isinstance(given, list) or len(given) > MAX_KEYS:
            raise Unreachable("its JWKS is none")
        found: dict[str, list[dict[str, Any]]] = {}
        for key in given:
            if _usable(key):
                found.setdefault(key["kid"], []).append(key)
        self._keys = {kid: same[0] for kid, same in found.items() if len(same) == 1}

    def __contains__(self, kid: str) -> bool:
        return kid in self._keys

    def key(self, kid: str, algorithm: str) -> jwt.PyJWK:
        """The key for that algorithm. Raises Untrusted when there is none, or it is not meant for it."""
        found = self._keys.get(kid)
        if found is None:
            raise Untrusted("unknown-key")
        if found.get("alg", algorithm) != algorithm:
            raise Untrusted("refused-algorithm")
        try:
            return jwt.PyJWK(found, algorithm)
        except jwt.PyJWTError:
            raise Untrusted("refused-algorithm") from None


def _usable(key: object) -> bool:
    return (
        isinstance(key, dict)
        and key.get("kty") in ("RSA", "EC", "OKP")
        and isinstance(key.get("kid"), str)
        and key.get("use", "sig") == "sig"
        and "d" not in key
    )


class _Seen(NamedTuple):
    metadata: Mapping[str, Any]
    keys: Keys
    at: float


class Issuer:
    """One issuer that the operator trusts, by its issuer URL; what it publishes is read when it is needed.

    `http` is used as it is, without following redirects. `clock` gives seconds that only go up.
    """

    def __init__(
        self, url: str, http: httpx.AsyncClient, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.url = url
        self._http = http
        self._clock = clock
        self._seen: _Seen | None = None
        self._next = clock()
        self._looking = asyncio.Lock()

    async def metadata(self) -> Mapping[str, Any]:
        """Its discovery document: endpoints and what it supports. Raises Unreachable."""
        return (await self._look(lambda _: True)).metadata

    async def claims(
        self,
        token: str,
        audience: str | Sequence[str],
        algorithms: Iterable[str] = ALGORITHMS,
        require: Sequence[str] = (),
    ) -> dict[str, Any]:
        """The claims of a JWT that this issuer signed for (one of) this audience and that holds now.

        `iss`, `aud` and `exp` must stand in it, and all of `require`. Raises Untrusted or Unreachable.
        """
        header = _header(token)
        algorithm, kid = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str) or algorithm not in tuple(algorithms):
            raise Untrusted("refused-algorithm")
        if not isinstance(kid, str):
            raise Untrusted("unknown-key")
        seen = await self._look(lambda seen: kid in seen.keys)
        return self._verified(token, seen.keys.key(kid, algorithm), algorithm, audience, require)

    def _verified(
        self,
        token: str,
        key: jwt.PyJWK,
        algorithm: str,
        audience: str | Sequence[str],
        require: Sequence[str],
    ) -> dict[str, Any]:
        options: Any = {"require": ["iss", "aud", "exp", *require], "enforce_minimum_key_length": True}
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=audience,
                issuer=self.url,
                leeway=LEEWAY,
                options=options,
            )
        except Exception as error:  # signed or not, what stands in it was written by others
            raise Untrusted(_why(error)) from None
        return claims

    async def _look(self, enough: Callable[[_Seen], bool]) -> _Seen:
        """What the issuer publishes, read again when it is old or not `enough`, but not too often."""
        if not self._current(enough):
            async with self._looking:
                if not self._current(enough) and self._clock() >= self._next:
                    await self._refresh()
        if self._seen is None or self._clock() - self._seen.at >= STALE:
            raise Unreachable("the issuer of this token does not answer")
        return self._seen

    def _current(self, enough: Callable[[_Seen], bool]) -> bool:
        return self._seen is not None and self._clock() - self._seen.at < FRESH and enough(self._seen)

    async def _refresh(self) -> None:
        self._next = self._clock() + FLOOR
        try:
            async with asyncio.timeout(PATIENCE):
                metadata = await self._discover()
                keys = Keys(await self._read(self._jwks(metadata)))
        except (Unreachable, TimeoutError, httpx.HTTPError, httpx.InvalidURL) as error:
            log.event("issuer.unreachable", "warning", issuer=httpx.URL(self.url).host, error=error)
            return
        self._seen = _Seen(metadata, keys, self._clock())

    async def _discover(self) -> Mapping[str, Any]:
        """OpenID Connect discovery, or RFC 8414 where that is not there."""
        base = httpx.URL(self.url)
        path = base.path.rstrip("/")
        try:
            found = await self._read(base.copy_with(path=f"{path}/.well-known/openid-configuration"))
        except Unreachable:
            found = await self._read(base.copy_with(path=f"/.well-known/oauth-authorization-server{path}"))
        if found.get("issuer") != self.url:
            raise Unreachable("its discovery document is of another issuer")
        return found

    def _jwks(self, metadata: Mapping[str, Any]) -> httpx.URL:
        """Where its keys are: by TLS, unless the issuer itself was allowed without."""
        url = httpx.URL(str(metadata.get("jwks_uri", "")))
        own = httpx.URL(self.url)
        if url.scheme != "https" and (url.scheme, url.host) != (own.scheme, own.host):
            raise Unreachable("its jwks_uri is not https")
        return url

    async def _read(self, url: httpx.URL) -> Mapping[str, Any]:
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        body = b""
        async with self._http.stream("GET", url, headers=headers, follow_redirects=False) as answer:
            if answer.status_code != 200:
                raise Unreachable(f"it answers {answer.status_code}")
            async for chunk in answer.aiter_raw():
                body += chunk
                if len(body) > MAX_DOCUMENT:
                    raise Unreachable("it sends too much")
        try:
            found = orjson.loads(body)
        except orjson.JSONDecodeError:
            raise Unreachable("it sends no JSON") from None
        if not isinstance(found, dict):
            raise Unreachable("it sends no JSON object")
        return found


def issuer_of(token: str) -> str:
    """The issuer that a JWT names, unproven: only to find whose keys to try. Raises Untrusted for what is no JWT."""
    _header(token)
    try:
        named = jwt.decode(token, options={"verify_signature": False}).get("iss")
    except Exception:  # whatever a stranger wrote there
        raise Untrusted("malformed-token") from None
    return named if isinstance(named, str) else ""


def _header(token: str) -> dict[str, Any]:
    if len(token) > MAX_TOKEN:
        raise Untrusted("malformed-token")
    try:
        return jwt.get_unverified_header(token)
    except Exception:  # whatever a stranger wrote there
        raise Untrusted("malformed-token") from None


_WHY: tuple[tuple[type[Exception], str], ...] = (
    (jwt.ExpiredSignatureError, "expired-token"),
    (jwt.ImmatureSignatureError, "early-token"),
    (jwt.InvalidIssuedAtError, "early-token"),
    (jwt.InvalidAudienceError, "foreign-audience"),
    (jwt.InvalidIssuerError, "foreign-issuer"),
    (jwt.InvalidSignatureError, "bad-signature"),
    (jwt.MissingRequiredClaimError, "missing-claim"),
    (jwt.InvalidAlgorithmError, "refused-algorithm"),
    (jwt.InvalidKeyError, "refused-algorithm"),
)


def _why(error: Exception) -> str:
    return next((code for kind, code in _WHY if isinstance(error, kind)), "malformed-token")
