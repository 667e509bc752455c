"""Who looks at the pages, which pages are theirs, and how a page does something for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from hub.core.people import Person, PersonRole, may


class Viewer(NamedTuple):
    """Who looks; `person` is None for who is not logged in. `csrf` goes back with every form (in the field `csrf`), ""
    for whom nothing may be changed by forms; `who` is a keyed hash of who it is; `session` tells whether there is one
    to end."""

    person: Person | None
    csrf: str = ""
    who: str = ""
    session: bool = False

    @property
    def role(self) -> str:
        """In the words of `hub.core.people.PersonRole`; "" for nobody."""
        return self.person.role.value if self.person else ""

    @property
    def partner(self) -> str:
        """The partner whose staff this is, "" for everybody else."""
        return self.person.partner if self.person else ""

    def may(self, method: str, route: str) -> bool:
        """`route` as it is written where it is mounted, such as `/subscriptions/{id}`."""
        return self.person is not None and may(self.person.role, method, route)


NOBODY = Viewer(None)


class Change(NamedTuple):
    """A form that was sent by who may, from a page of ours. `fields` by name; the last of those that came twice."""

    viewer: Viewer
    fields: Mapping[str, str]


GetViewer = Callable[..., Viewer]
"""A FastAPI dependency: who looks, or an error (401, 403, or the way to the login) before anything is shown."""

GetChange = Callable[..., Any]
"""A FastAPI dependency that gives a Change, or an error (401, 403, 413) before anything is done."""


class Reply(NamedTuple):
    """What the API answered: `body` is its JSON, a problem (RFC 9457) for a status of 400 and above."""

    status: int
    body: Any

    @property
    def well(self) -> bool:
        return self.status < 400


class Api(Protocol):
    """Asks the hub's own API for a viewer, with just the rights that its person has there: a page has no rights of its
    own, and what it does is checked, limited and journaled where it is for machines."""

    async def __call__(
        self,
        viewer: Viewer,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply: ...


def anybody() -> Viewer:
    """Whoever is there, as operator: for a hub that only this machine can reach."""
    return Viewer(Person(PersonRole.OPERATOR))


class Place(NamedTuple):
    """A page in the navigation: its path, and its name in the words of the site."""

    path: str
    word: str


PLACES: tuple[Place, ...] = (
    Place("/", "nav_flows"),
    Place("/city", "nav_city"),
    Place("/numbers", "nav_numbers"),
    Place("/troubles", "nav_troubles"),
    Place("/partners", "nav_partners"),
    Place("/journeys", "nav_journeys"),
    Place("/subscriptions", "nav_subscriptions"),
    Place("/acts", "nav_acts"),
)
"""Pages that are for some; who may see them stands in `hub.core.people`."""

CATALOGUE = Place("/catalogue", "nav_catalogue")
"""For all."""


def places(viewer: Viewer) -> list[Place]:
    """The pages for this viewer."""
    return [*(place for place in PLACES if viewer.may("GET", place.path)), CATALOGUE]
