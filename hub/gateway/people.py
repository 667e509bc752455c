"""Who asks by a session: as which partner, within what its role may do, and not sent by the page of another site."""

from __future__ import annotations

import hmac
from typing import NamedTuple
from urllib.parse import urlencode

import httpx
from starlette.requests import Request

from hub.core import people
from hub.core.partners import Partner
from hub.core.records import Count
from hub.gateway.context import Gateway
from hub.gateway.problems import Problem
from hub.gateway.sessions import COOKIE, Session
from hub.telemetry import log

CSRF = "X-CSRF-Token"

ACTING = "hub.acting"
"""In the scope of a request that a page of ours makes for somebody: the Acting. Nothing that comes in by the network
can set it."""
_READING = ("GET", "HEAD", "OPTIONS")


class Acting(NamedTuple):
    """For whom a page asks, whose form it has checked; `who` as in a session."""

    person: people.Person
    who: str = ""


def session_of(request: Request, door: Gateway) -> Session | None:
    """The session of this request, which is kept alive by it; None when there is none that holds."""
    if door.login is None:
        return None
    sessions = door.login.sessions
    session = sessions.open(request.cookies.get(sessions.name, ""))
    if session is not None:
        state = request.scope.setdefault("state", {})
        state[COOKIE] = sessions.renewed(session)
        state["partner"] = session.partner or session.role.value
    return session


def session_partner(request: Request, door: Gateway) -> Partner | None:
    """The partner for whom the session of this request, or a page, asks; None without. A token, if one is sent, goes
    first. Raises Problem 403."""
    acting: Acting | None = request.scope.get(ACTING)
    session = None if acting or "authorization" in request.headers else session_of(request, door)
    if acting is not None:
        person = acting.person
        permitted(person, request, door)
        _noted(person, acting.who, request)
    elif session is not None:
        person = session.person
        permit(session, request, door)
    else:
        return None
    partner = people.acts_as(person, door.known.directory)
    if partner is None:
        raise _refused(door, "no-partner", "the partner you act for is not in the directory any more")
    return partner


def page_session(request: Request, door: Gateway) -> Session:
    """The session of somebody whose role may see this page. Raises Problem 303, to the login, for a browser that goes
    to a page, 401 for a script on one, and 403."""
    session = session_of(request, door)
    if session is not None:
        permitted(session.person, request, door)
        return session
    if "text/html" in request.headers.get("accept", ""):
        where = f"/login?{urlencode({'next': _page(request)})}"
        raise Problem(303, "no-session", "log in first", headers={"Location": where})
    raise _refused(door, "no-session", "nobody is logged in: go to /login", 401)


def _page(request: Request) -> str:
    """Path and query, as one may come back to it."""
    url = request.url
    return f"{url.path}?{url.query}" if request.method == "GET" and url.query else url.path


def permit(session: Session, request: Request, door: Gateway) -> None:
    """Raises Problem 403 for what the role may not do, and for a change without a proof that it is meant."""
    assert door.login is not None
    permitted(session.person, request, door)
    if request.method not in _READING:
        guard(request, door, door.login.sessions.csrf(session), request.headers.get(CSRF, ""))
    _noted(session.person, session.who, request)


def permitted(person: people.Person, request: Request, door: Gateway) -> None:
    """Raises Problem 403 for what the role may not do."""
    if not people.may(person.role, request.method, _route(request)):
        raise _refused(door, "not-your-role", f"not for the role {person.role}")


def guard(request: Request, door: Gateway, csrf: str, given: str) -> None:
    """Raises Problem 403 unless the request comes from our own pages and shows (`given`) the token that they have."""
    if not _own_page(request, door.login.url if door.login else door.url):
        raise _refused(door, "csrf", "this change was not asked for on a page of the hub")
    if not hmac.compare_digest(given.encode(), csrf.encode()):
        raise _refused(door, "csrf", f"send {CSRF}, as /login/session gives it")


def _noted(person: people.Person, who: str, request: Request) -> None:
    if request.method not in _READING:
        log.event("session.acted", who=who, role=person.role, method=request.method, route=_route(request))


def _route(request: Request) -> str:
    return getattr(request.scope.get("route"), "path", "")


def _own_page(request: Request, url: str) -> bool:
    """By what browsers say of where a request comes from; who says neither is no browser of ours."""
    site, said = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        return site == "same-origin" and said in (None, "null", origin(url))
    return said == origin(url)


def origin(url: str) -> str:
    """Scheme, host and port of a URL, as browsers write them."""
    found = httpx.URL(url)
    return f"{found.scheme}://{found.netloc.decode()}"


def _refused(door: Gateway, code: str, detail: str, status: int = 403) -> Problem:
    door.count([Count("hub_security_total", (code,))])
    return Problem(status, code, detail)
