"""Every page of the hub, and at which address each role opens it: what tests and bench walk over.

A page is a `GET` route of `hub.core.people.ALLOWED` outside the API, so a new one is here by itself; one with names in
its path, or that shows nothing without a query, stands in FILLED as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from hub.core.people import ALLOWED, PersonRole
from hub.demo.logins import ACCOUNTS

FILLED: Mapping[str, str] = {
    "/city/{metric}": "/city/M10",
    "/troubles/{subscription}": "/troubles/{subscription}",
    "/troubles/{subscription}/replay": "/troubles/{subscription}/replay",
    "/subscriptions/{id}": "/subscriptions/{own}",
    "/subscriptions/{id}/change": "/subscriptions/{own}/change",
    "/subscriptions/{id}/delete": "/subscriptions/{own}/delete",
    "/journeys/one": "/journeys/one?source={source}&id={id}",
}
"""Addresses by route. Names within braces are those of `Fill`."""

NO_PAGES = ("/v1/", "/monitor/")
"""What begins so is for machines or part of a page."""

NO_HTML = (".csv", "/csv")
"""What ends so is a file."""

OPEN = "/catalogue"
"""The page that needs no login."""

PEOPLE: Mapping[PersonRole, str] = {
    PersonRole(account.role): account.subject for account in reversed(ACCOUNTS)
}
"""By role an account of the demo's issuer."""


class Fill(NamedTuple):
    """What a running hub holds: a subscription in trouble, one that the partner made whose administrator looks, and an
    event that went to it."""

    subscription: str = "inbox-oostvaarders-college"
    own: str = "inbox-taalcentrum-almere"
    source: str = ""
    id: str = ""


def routes(role: PersonRole) -> list[str]:
    """The pages of a role, the one that is open to all among them."""
    ways = (way.removeprefix("GET ") for way in ALLOWED[role] if way.startswith("GET /"))
    return sorted(
        [OPEN, *(way for way in ways if not way.startswith(NO_PAGES) and not way.endswith(NO_HTML))]
    )


ROUTES = sorted({route for role in PersonRole for route in routes(role)})


def first_role(route: str) -> PersonRole:
    """Who opens a page when only one does."""
    return next(role for role in PersonRole if route in routes(role))


def address(route: str, fill: Fill, role: PersonRole) -> str:
    """Who administers a partner sees what is its own alone."""
    own = role is PersonRole.PARTNER_ADMINISTRATOR
    shown = fill._replace(subscription=fill.own) if own else fill
    return FILLED.get(route, route).format(**shown._asdict())
