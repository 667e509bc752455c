"""`/login`, `/login/callback`, `/login/session` and `/logout`: how people come in and go."""

from __future__ import annotations

import re
from html import escape
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hub.core.people import may
from hub.core.records import Count
from hub.gateway.auth import Door
from hub.gateway.bodies import answer
from hub.gateway.context import Gateway
from hub.gateway.oidc import CALLBACK, Failed, Login
from hub.gateway.people import CSRF, guard, origin, session_of
from hub.gateway.problems import Problem, not_found
from hub.gateway.sessions import COOKIE, WHOLE, Session
from hub.gateway.visits import fields
from hub.telemetry import log

router = APIRouter(include_in_schema=False)

_OWN_PAGE = re.compile(r"/([A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*)?(\?[A-Za-z0-9_.~%+:/=&-]*)?")

_WORDS = {
    "not-begun": (
        "Deze aanmelding is niet in deze browser begonnen, of is al gebruikt.",
        "This login was not begun in this browser, or has been used.",
    ),
    "too-late": ("De aanmelding duurde te lang.", "The login took too long."),
    "not-given": ("U bent niet aangemeld bij uw organisatie.", "Your organisation did not log you in."),
    "issuer-away": (
        "De aanmelddienst geeft geen goed antwoord. Probeer het later opnieuw.",
        "The login service does not answer as it should. Try again later.",
    ),
    "no-role": ("U hebt geen rol op deze hub.", "You have no role at this hub."),
    "many-roles": (
        "U hebt meer dan één rol; de hub laat er één per persoon toe.",
        "You have more than one role; the hub allows one per person.",
    ),
    "no-partner": (
        "Uw organisatie is geen partner van deze hub.",
        "Your organisation is no partner of this hub.",
    ),
}
_OTHERWISE = (
    "Het antwoord van de aanmelddienst klopt niet.",
    "The answer of the login service is not right.",
)


@router.get("/login")
async def begin(door: Door, then: Annotated[str, Query(alias="next", max_length=1000)] = "/") -> Response:
    """To the issuer; back to the page `next` of the hub, with its query, afterwards."""
    login = _login(door)
    try:
        where, cookie = await login.begin(then if _OWN_PAGE.fullmatch(then) else "/", door.now())
    except Failed as failed:
        return _failed(failed, door)
    return RedirectResponse(where, 303, {"Set-Cookie": cookie})


@router.get(CALLBACK)
async def finish(request: Request, door: Door) -> Response:
    """Where the issuer sends the browser back to. Whatever comes of it, this login cannot be finished again here."""
    login = _login(door)
    before = session_of(request, door)
    try:
        begun = login.begun(request.cookies.get(login.cookie, ""), door.now())
        person, who = await login.finish(begun, request.query_params, door.known.directory, door.now())
    except Failed as failed:
        return _failed(failed, door)
    if before is not None:
        login.sessions.end(before)
    session = login.sessions.begin(person, who)
    request.scope.setdefault("state", {})[COOKIE] = login.sessions.cookie(session)
    log.event("login.done", who=who, role=person.role, partner=person.partner)
    # Whoever may not see the city begins with what is its own.
    then = begun.then if begun.then != "/" or may(person.role, "GET", "/") else "/subscriptions"
    return RedirectResponse(then, 303, {"Set-Cookie": login.without()})


@router.get("/login/session")
async def shown(request: Request, door: Door) -> Response:
    """Role and partner of whoever is logged in, until when at most, and the token that changes must carry."""
    login = _login(door)
    session = _session(request, door)
    content = {
        "role": session.role,
        "partner": session.partner or None,
        "until": session.begun + WHOLE,
        "csrf": login.sessions.csrf(session),
    }
    return answer(200, content)


@router.get("/logout")
async def leaving(request: Request, door: Door) -> Response:
    """Asks whether that is meant; tells who has left that it is so."""
    login = _login(door)
    session = session_of(request, door)
    if session is None:
        again = '<a href="/login">Opnieuw aanmelden <span lang="en">(log in again)</span></a>'
        return _page("U bent afgemeld", f'<p lang="en">You are logged out.</p><p>{again}</p>')
    farewell = await login.farewell()
    form = (
        '<form method="post" action="/logout">'
        f'<input type="hidden" name="csrf" value="{login.sessions.csrf(session)}">'
        '<button>Afmelden <span lang="en">(log out)</span></button></form>'
    )
    # A browser holds the place a form is sent on to against this list too.
    return _page("Afmelden", form, form_action=f"'self' {origin(farewell)}" if farewell else "'self'")


@router.post("/logout")
async def leave(request: Request, door: Door) -> Response:
    """Ends the session here, then at the issuer when it offers that."""
    login = _login(door)
    session = _session(request, door)
    sent = await fields(request)
    given = sent.get("csrf") or request.headers.get(CSRF, "")
    guard(request, door, login.sessions.csrf(session), given)
    login.sessions.end(session)
    request.scope["state"][COOKIE] = login.sessions.without()
    log.event("login.ended", who=session.who, role=session.role, partner=session.partner)
    return RedirectResponse(await login.farewell() or "/logout", 303)


def _login(door: Gateway) -> Login:
    if door.login is None:
        raise not_found("login at this hub")
    return door.login


def _session(request: Request, door: Gateway) -> Session:
    found = session_of(request, door)
    if found is None:
        raise Problem(401, "no-session", "nobody is logged in: go to /login")
    return found


def _failed(failed: Failed, door: Gateway) -> Response:
    door.count([Count("hub_security_total", (f"login-{failed.code}",))])
    log.event("login.failed", "warning", code=failed.code)
    dutch, english = _WORDS.get(failed.code, _OTHERWISE)
    again = f"{_login(door).url}/login"
    body = (
        f'<p>{dutch}</p><p lang="en">{english}</p>'
        f'<p><a href="{escape(again)}">Opnieuw aanmelden <span lang="en">(log in again)</span></a></p>'
    )
    page = _page("Aanmelden is niet gelukt", body, failed.status)
    page.headers["Set-Cookie"] = _login(door).without()
    return page


def _page(title: str, body: str, status: int = 200, form_action: str = "'none'") -> Response:
    html = (
        '<!doctype html><html lang="nl"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title></head><body><main><h1>{title}</h1>{body}</main></body></html>"
    )
    policy = f"default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action {form_action}"
    # With no-referrer a browser would not say that the form comes from here.
    return HTMLResponse(html, status, {"Content-Security-Policy": policy, "Referrer-Policy": "same-origin"})
