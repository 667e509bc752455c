"""Who asks by a session: as which partner, within what its role may do, and not sent by the page of another site."""

from __future__ import annotations

import hmac
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
_READING = ("GET", "HEAD", "OPTIONS")


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
    """The partner for whom the session of this request asks; None without a session. A token, if one is sent, goes
    first. Raises Problem 403."""
    session = None if "authorization" in request.headers else session_of(request, door)
    if session is None:
        return None
    permit(session, request, door)
    partner = people.acts_as(session.person, door.known.directory)
    if partner is None:
        raise _refused(door, "no-partner", "the partner you act for is not in the directory any more")
    return partner


def page_session(request: Request, door: Gateway) -> None:
    """Lets in who has a session whose role may see this page. Raises Problem 303, to the login, for a browser that goes
    to a page, 401 for a script on one, and 403."""
    session = session_of(request, door)
    if session is not None:
        permit(session, request, door)
    elif "text/html" in request.headers.get("accept", ""):
        where = f"/login?{urlencode({'next': request.url.path})}"
        raise Problem(303, "no-session", "log in first", headers={"Location": where})
    else:
        raise _refused(door, "no-session", "nobody is logged in: go to /login", 401)


def permit(session: Session, request: Request, door: Gateway) -> None:
    """Raises Problem 403 for what the role may not do, and for a change without a proof that it is meant."""
    route = getattr(request.scope.get("route"), "path", "")
    if not people.may(session.role, request.method, route):
        raise _refused(door, "not-your-role", f"not for the role {session.role}")
    if request.method not in _READING:
        guard(session, request, door)
        log.event("session.acted", who=session.who, role=session.role, method=request.method, route=route)


def guard(session: Session, request: Request, door: Gateway, field: str = "") -> None:
    """Raises Problem 403 unless the request comes from our own pages and shows the session's token: in `field` of a
    form, else in a header."""
    assert door.login is not None
    given = field or request.headers.get(CSRF, "")
    if not _own_page(request, door.login.url):
        raise _refused(door, "csrf", "this change was not asked for on a page of the hub")
    if not hmac.compare_digest(given.encode(), door.login.sessions.csrf(session).encode()):
        raise _refused(door, "csrf", f"send {CSRF}, as /login/session gives it")


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
