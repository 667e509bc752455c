"""Who calls: a bearer token in the Authorization header, and nowhere else (NL GOV OAuth profile, standards.md §9.1)."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from hub.core import rights
from hub.core.partners import Partner, Role
from hub.core.records import Count
from hub.core.rights import Access, Scope
from hub.gateway.context import Gateway, gateway
from hub.gateway.jwks import Unreachable, Untrusted
from hub.gateway.people import session_partner
from hub.gateway.problems import Problem
from hub.gateway.proxy import Forged
from hub.gateway.scopes import SCOPES
from hub.telemetry.gate import scrape


async def authenticate(request: Request, door: Gateway, scope: Scope) -> Partner:
    """Who calls, with no more rights than its token (or for a person its role) leaves it; the directory is asked each
    time.

    Raises Problem 401 without a good token, 403 when it lacks the scope, 400 for what nobody may send (a token in the
    query, the header of a proxy), 503 when an issuer cannot be asked for its keys.
    """
    if (person := session_partner(request, door)) is not None:
        door.limits.request(person.id)
        return person
    access = await _access(request, door)
    if not access.rights.permits(scope):
        asked = f'Bearer error="insufficient_scope", scope="{scope}"'
        detail = f"this token is not for {scope}; ask the operator or your issuer for it"
        raise refusal(door, 403, "insufficient-scope", detail, asked)
    request.scope.setdefault("state", {})["partner"] = access.partner.id
    door.limits.request(access.partner.id)
    return access.narrowed()


async def _access(request: Request, door: Gateway) -> Access:
    if "access_token" in request.query_params:
        raise refusal(
            door, 400, "token-in-query", "send the token in the Authorization header, never in the URL"
        )
    oin = certificate(request, door)
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        raise refusal(door, 401, "no-token", "send Authorization: Bearer and your token", "Bearer")
    try:
        access = await door.bearers.access(token.strip(), door.known.directory, door.now())
    except Untrusted as error:
        raise _invalid(door, error.code, _WHY.get(error.code, _UNKNOWN)) from None
    except Unreachable as error:
        wait = {"Retry-After": "10"}
        raise Problem(503, "issuer-unreachable", f"{error}; try again", headers=wait) from None
    if not rights.certified(access.partner, oin):
        raise _invalid(door, "foreign-certificate", "come with a client certificate of this partner")
    return access


def certificate(request: Request, door: Gateway) -> str:
    """The OIN of the client's certificate, "" for none. Raises Problem 400 for one that no proxy of ours said."""
    try:
        return door.proxy.oin(request)
    except Forged:
        detail = "the header with the OIN of a client is set by the proxy of the hub, and by nobody else"
        raise refusal(door, 400, "forged-proxy-header", detail) from None


_UNKNOWN = "this token is not known, or no longer; ask the operator"
_WHY = {
    "expired-token": "this token has expired; ask for another",
    "early-token": "this token does not hold yet",
    "long-token": "an access token may live for an hour at most",
    "bound-token": "tokens that are bound to a key or certificate (cnf) are not taken here",
    "malformed-token": "this is no access token",
    "missing-claim": "iss, aud, exp and jti must stand in an access token",
    "foreign-audience": "this token is not meant for this hub",
    "unknown-issuer": "the hub does not know the issuer of this token",
    "unknown-client": "this client speaks for no partner in the directory; ask the operator",
    "no-client": "azp (or client_id) must name the client that this token was given to",
    "unknown-key": "the issuer publishes no key of that kid",
    "refused-algorithm": "sign with PS256, ES256, EdDSA or RS256, and a key that is published for it",
    "bad-signature": "the signature is not that of the issuer",
}
"""Problems of a token in words. Its code is counted, and nothing of the token is repeated."""


def _invalid(door: Gateway, code: str, detail: str) -> Problem:
    return refusal(door, 401, code, detail, f'Bearer error="invalid_token", error_description="{detail}"')


def refusal(door: Gateway, status: int, code: str, detail: str, challenge: str = "") -> Problem:
    """A counted problem; `challenge` tells how to come in (RFC 9110 section 11.6.1)."""
    door.count([Count("hub_security_total", (code,))])
    return Problem(status, code, detail, headers={"WWW-Authenticate": challenge} if challenge else None)


async def caller(request: Request) -> Partner:
    scope = SCOPES[request.method, request.scope["route"].path]
    return await authenticate(request, gateway(request), scope)


Caller = Annotated[Partner, Depends(caller)]
Door = Annotated[Gateway, Depends(gateway)]


def require(partner: Partner, *roles: Role) -> None:
    """Raises Problem 403 unless the partner has one of these roles."""
    if not partner.has(*roles):
        raise Problem(403, "not-your-role", f"only for {', '.join(sorted(roles))}")


async def metrics_guard(request: Request) -> None:
    """The operator, or whoever is on this machine when the door is on loopback. Raises Problem as `authenticate`."""
    door = gateway(request)
    if request.headers.get("authorization"):
        require(await authenticate(request, door, Scope.OPERATIONS), Role.OPERATOR)
    elif scrape(request.headers, door.known.directory, door.loopback, door.now()) != 200:
        raise refusal(
            door, 401, "no-token", "send Authorization: Bearer and the token of the operator", "Bearer"
        )
