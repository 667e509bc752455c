"""Who calls: a bearer token in the Authorization header, and nowhere else (NL GOV OAuth profile, standards.md §9.1)."""

from __future__ import annotations

import base64
from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPBearer
from starlette.requests import Request

from hub.core.partners import Partner, Role
from hub.core.records import Count
from hub.gateway.context import Gateway, gateway
from hub.gateway.problems import Problem
from hub.telemetry.gate import scrape

_scheme = HTTPBearer(auto_error=False, description="Token of a partner, as the operator handed it out")


def authenticate(request: Request, door: Gateway) -> Partner:
    """Raises Problem 401 without a known token, 400 for a token in the query (it would end up in logs)."""
    if "access_token" in request.query_params:
        raise _refusal(
            door, 400, "token-in-query", "send the token in the Authorization header, never in the URL"
        )
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        raise _refusal(door, 401, "no-token", "send Authorization: Bearer and your token", "Bearer")
    partner = door.known.directory.of_token(token.strip())
    if partner is None:
        hint = 'Bearer error="invalid_token"'
        raise _refusal(
            door, 401, "unknown-token", "this token is not known, or no longer; ask the operator", hint
        )
    request.scope.setdefault("state", {})["partner"] = partner.id
    door.limits.request(partner.id)
    return partner


def _refusal(door: Gateway, status: int, code: str, detail: str, challenge: str = "") -> Problem:
    door.count([Count("hub_security_total", (code,))])
    return Problem(status, code, detail, headers={"WWW-Authenticate": challenge} if challenge else None)


def caller(request: Request, _: Annotated[object, Depends(_scheme)]) -> Partner:
    return authenticate(request, gateway(request))


Caller = Annotated[Partner, Depends(caller)]
Door = Annotated[Gateway, Depends(gateway)]


def require(partner: Partner, *roles: Role) -> None:
    """Raises Problem 403 unless the partner has one of these roles."""
    if not partner.has(*roles):
        raise Problem(403, "not-your-role", f"only for {', '.join(sorted(roles))}")


def page_guard(request: Request) -> None:
    """For people in a browser: the token of a procesregisseur or operator as the password of basic authentication.

    Raises Problem 401 with a challenge, so that the browser asks.
    """
    door = gateway(request)
    partner = door.known.directory.of_token(_password(request))
    if partner is None:
        raise _refusal(door, 401, "no-token", "give your token as the password", 'Basic realm="onderwijshub"')
    require(partner, Role.PROCESREGISSEUR, Role.OPERATOR)


def metrics_guard(request: Request) -> None:
    """The operator, or whoever is on this machine when the door is on loopback. Raises Problem 401 or 403."""
    door = gateway(request)
    status = scrape(request.headers, door.known.directory, door.loopback)
    if status == 401:
        raise _refusal(
            door, 401, "no-token", "send Authorization: Bearer and the token of the operator", "Bearer"
        )
    if status == 403:
        raise Problem(403, "not-your-role", "the metrics are for the operator")


def _password(request: Request) -> str:
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    try:
        pair = base64.b64decode(given, validate=True).decode() if kind.lower() == "basic" else ""
    except ValueError:
        return ""
    return pair.partition(":")[2]
