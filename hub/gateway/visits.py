"""People on the pages: who looks, and the forms with which they change something."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import parse_qs

import httpx
from starlette.requests import Request

from hub.core import people, rights
from hub.core.partners import Role
from hub.core.people import Person, PersonRole
from hub.core.rights import Access, Scope
from hub.gateway.auth import certificate, refusal, require
from hub.gateway.context import Gateway, gateway
from hub.gateway.oidc import Login
from hub.gateway.people import CSRF, guard, page_session, permitted, session_of
from hub.gateway.problems import Problem
from hub.gateway.sessions import Session

FORM_BYTES = 65_536


class Visitor(NamedTuple):
    """`csrf` is what a form must show, "" for whom no form changes anything; `who` a keyed hash of who it is, "" when
    nobody logged in; `session` tells whether there is one to end."""

    person: Person
    csrf: str = ""
    who: str = ""
    session: bool = False


def visitor(request: Request) -> Visitor:
    """For people in a browser: a session whose role may; while no login is set, the operator on this machine itself
    or, elsewhere, the token of a procesregisseur or operator as the password of basic authentication.

    Raises Problem 401 with a challenge, so that the browser asks, 303 to the login, or 403.
    """
    door = gateway(request)
    if door.login is not None:
        session = page_session(request, door)
        if people.acts_as(session.person, door.known.directory) is None:
            raise refusal(door, 403, "no-partner", "the partner you act for is not in the directory any more")
        return _logged_in(session, door.login)
    found = _here(request, door) if door.loopback else _by_password(request, door)
    permitted(found.person, request, door)
    return found


def glance(request: Request) -> Visitor | None:
    """Who looks at a page that is open to all; None for who is not known."""
    door = gateway(request)
    if door.login is None:
        return _here(request, door) if door.loopback else None
    session = session_of(request, door)
    return None if session is None else _logged_in(session, door.login)


def _logged_in(session: Session, login: Login) -> Visitor:
    return Visitor(session.person, login.sessions.csrf(session), session.who, True)


async def change(request: Request) -> tuple[Visitor, Mapping[str, str]]:
    """Who sent a form, and its fields by name. Raises Problem as `visitor`, and 403 unless a page of ours sent it."""
    door, who = gateway(request), visitor(request)
    sent = await fields(request)
    if not who.csrf:
        raise refusal(door, 403, "read-only", "to change anything, log in: set HUB_LOGIN_ISSUER")
    guard(request, door, who.csrf, sent.get("csrf") or request.headers.get(CSRF, ""))
    return who, sent


async def fields(request: Request) -> dict[str, str]:
    """Of a form in the body; none for what is no form. Raises Problem 413."""
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return {}
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > FORM_BYTES:
            raise Problem(413, "too-large", "a form of the hub is smaller")
    given = parse_qs(raw.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[-1] for name, values in given.items()}


def _here(request: Request, door: Gateway) -> Visitor:
    # A name of somebody else that leads to this machine would make their page one of ours.
    if not _is_here(request.url.hostname or "", door):
        raise refusal(door, 403, "foreign-host", f"open {door.url}")
    csrf = hmac.digest(door.line_key, b"forms", "sha256").hex()
    return Visitor(Person(PersonRole.OPERATOR), csrf)


def _is_here(host: str, door: Gateway) -> bool:
    if host in ("localhost", httpx.URL(door.url).host):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _by_password(request: Request, door: Gateway) -> Visitor:
    oin = certificate(request, door)
    found = rights.by_token(door.known.directory, _password(request), door.now())
    if not (
        isinstance(found, Access)
        and found.rights.permits(Scope.CENSUS)
        and rights.certified(found.partner, oin)
    ):
        raise refusal(door, 401, "no-token", "give your token as the password", 'Basic realm="onderwijshub"')
    require(found.partner, Role.PROCESREGISSEUR, Role.OPERATOR)
    whole = found.partner.has(Role.OPERATOR)
    return Visitor(Person(PersonRole.OPERATOR if whole else PersonRole.PROCESREGISSEUR))


def _password(request: Request) -> str:
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    try:
        pair = base64.b64decode(given, validate=True).decode() if kind.lower() == "basic" else ""
    except ValueError:
        return ""
    return pair.partition(":")[2]
