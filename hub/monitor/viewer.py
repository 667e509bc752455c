"""Who looks at the pages, and which pages are theirs."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

OPERATOR, REGISSEUR, ADMINISTRATOR, PRIVACY = "operator", "procesregisseur", "partner-administrator", "fg"
"""Roles of people, as `hub.core.people.PersonRole` has them."""

EVERYBODY = frozenset({OPERATOR, REGISSEUR, ADMINISTRATOR, PRIVACY})


class Viewer(NamedTuple):
    """Who looks. `partner` is the id of the partner whose staff this is, "" for everybody else; `csrf` goes back with
    every form; `session` tells whether there is one to end."""

    role: str
    partner: str = ""
    csrf: str = ""
    session: bool = False


GetViewer = Callable[..., Viewer]
"""A FastAPI dependency: who looks, or an error (401, 403, or the way to the login) before anything is shown."""


def anybody() -> Viewer:
    """Whoever is there, with all that there is to see: for a hub that only this machine can reach."""
    return Viewer(OPERATOR)


class Place(NamedTuple):
    """A page in the navigation: its path, its name in the words of the site, and whose it is."""

    path: str
    word: str
    roles: frozenset[str]


PLACES: tuple[Place, ...] = (
    Place("/", "nav_flows", frozenset({OPERATOR, REGISSEUR, PRIVACY})),
    Place("/numbers", "nav_numbers", frozenset({OPERATOR, REGISSEUR, PRIVACY})),
    Place("/city", "nav_city", EVERYBODY),
    Place("/troubles", "nav_troubles", frozenset({OPERATOR, REGISSEUR, ADMINISTRATOR})),
    Place("/journeys", "nav_journeys", frozenset({OPERATOR, REGISSEUR, ADMINISTRATOR})),
    Place("/subscriptions", "nav_subscriptions", frozenset({OPERATOR, ADMINISTRATOR})),
    Place("/acts", "nav_acts", frozenset({OPERATOR, PRIVACY})),
    Place("/catalogue", "nav_catalogue", EVERYBODY),
)


def places(viewer: Viewer, built: frozenset[str]) -> list[Place]:
    """The pages for this viewer, of those that there are."""
    return [place for place in PLACES if viewer.role in place.roles and place.path in built]
