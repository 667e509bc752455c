"""People who log in: which role they have, what each role may do, and as whom they ask. Never who they are."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from hub.core.directory import Directory
from hub.core.partners import Partner, Role


class PersonRole(StrEnum):
    """As the issuer of the login says it in the claim for the role. `fg` is the privacy officer (functionaris
    gegevensbescherming)."""

    PROCESREGISSEUR = "procesregisseur"
    OPERATOR = "operator"
    PARTNER_ADMINISTRATOR = "partner-administrator"
    FG = "fg"


class Person(NamedTuple):
    """Somebody with a role; `partner` is whom a partner administrator acts for, "" for everybody else."""

    role: PersonRole
    partner: str = ""


class Unfit(StrEnum):
    """Why what the issuer says of somebody opens nothing here."""

    NO_ROLE = "no-role"
    MANY_ROLES = "many-roles"
    NO_PARTNER = "no-partner"


_PAGES = frozenset({"GET /", "GET /numbers", "GET /legs", "GET /monitor/live", "GET /monitor/figures"})
_CITY = frozenset({"GET /city", "GET /city/report", "GET /city/{metric}", "GET /city/{metric}.csv"})
_COUNTS = frozenset(
    {
        "GET /v1/flows",
        "GET /v1/census",
        "GET /v1/census/{metric}",
        "GET /v1/newcomers",
        "GET /v1/signals",
        "GET /v1/dead-letters",
    }
)
_REPLAYS = frozenset(
    {
        "POST /v1/subscriptions/{id}/_replay",
        "GET /v1/subscriptions/{id}/replays",
        "GET /v1/subscriptions/{id}/replays/{replayId}",
        "POST /v1/subscriptions/{id}/replays/{replayId}/_stop",
    }
)
_SUBSCRIPTIONS = frozenset(
    {
        "GET /v1/subscriptions",
        "POST /v1/subscriptions",
        "POST /v1/subscriptions/_preview",
        "GET /v1/subscriptions/{id}",
        "PUT /v1/subscriptions/{id}",
        "DELETE /v1/subscriptions/{id}",
        "POST /v1/subscriptions/{id}/_pause",
        "POST /v1/subscriptions/{id}/_resume",
        "POST /v1/subscriptions/{id}/_test",
        "POST /v1/subscriptions/{id}/_rotate",
        "POST /v1/subscriptions/{id}/_dry-run",
        "GET /v1/subscriptions/{id}/position",
        "PUT /v1/subscriptions/{id}/position",
        "GET /v1/subscriptions/{id}/report",
    }
)
_TROUBLES = frozenset(
    {"GET /troubles", "GET /troubles/{subscription}", "GET /monitor/troubles", "GET /partners"}
)
_REPAIRS = frozenset(
    {
        "GET /troubles/{subscription}/replay",
        "POST /troubles/{subscription}/replay",
        "POST /troubles/{subscription}/replays/{replay}/stop",
    }
)
_ACTS = frozenset({"GET /acts"})
_SUBSCRIBING = frozenset(
    {
        "GET /subscriptions",
        "GET /subscriptions/new",
        "POST /subscriptions/new",
        "GET /subscriptions/{id}",
        "GET /subscriptions/{id}/change",
        "POST /subscriptions/{id}/change",
        "GET /subscriptions/{id}/delete",
        "POST /subscriptions/{id}/delete",
        "POST /subscriptions/{id}/pause",
        "POST /subscriptions/{id}/resume",
        "POST /subscriptions/{id}/test",
        "POST /subscriptions/{id}/rotate",
    }
)
"""Pages of a partner's subscriptions; what they do, they ask of what stands in _SUBSCRIPTIONS."""
_LEARNERS = frozenset({"POST /v1/access-requests", "POST /v1/erasures", "POST /v1/restrictions"})
_PARTNERS = frozenset({"GET /v1/partners"})
_JOURNEYS = frozenset({"GET /v1/journeys", "GET /v1/journeys/_search", "GET /journeys", "GET /journeys/one"})
"""Of what is about no person for the procesregisseur, whom the door shows no other."""

ALLOWED: Mapping[PersonRole, frozenset[str]] = {
    PersonRole.PROCESREGISSEUR: _PAGES | _CITY | _COUNTS | _PARTNERS | _JOURNEYS | _TROUBLES,
    PersonRole.OPERATOR: _PAGES
    | _CITY
    | _COUNTS
    | _PARTNERS
    | _JOURNEYS
    | _REPLAYS
    | _TROUBLES
    | _REPAIRS
    | _ACTS,
    PersonRole.PARTNER_ADMINISTRATOR: _CITY
    | _PARTNERS
    | _SUBSCRIPTIONS
    | _SUBSCRIBING
    | _JOURNEYS
    | _REPLAYS
    | _TROUBLES
    | _REPAIRS
    | _ACTS
    | {"GET /v1/dead-letters", "GET /v1/census", "GET /v1/census/{metric}", "GET /v1/newcomers"},
    PersonRole.FG: _PAGES | _CITY | _COUNTS | _PARTNERS | _LEARNERS | _TROUBLES | _ACTS,
}
"""All that people may do, as method and route; what is not here is refused. Nobody publishes, and nobody but the
privacy officer, for the learner itself, reads what is said of one: lines, feeds and a partner's own signals are for the
systems of its teachers and mentors."""

_SEES_AS: Mapping[PersonRole, tuple[Role, ...]] = {
    PersonRole.PROCESREGISSEUR: (Role.PROCESREGISSEUR,),
    PersonRole.OPERATOR: (Role.OPERATOR,),
    PersonRole.FG: (Role.FG, Role.PROCESREGISSEUR),
}
"""The roles of the directory whose view they have; the privacy officer sees counts, as the procesregisseur does."""

_OF_THE_HUB = (Role.PROCESREGISSEUR, Role.OPERATOR, Role.FG, Role.HUB)


def may(role: PersonRole, method: str, route: str) -> bool:
    """`route` is the template of a path, such as `/v1/subscriptions/{id}`."""
    return f"{method} {route}" in ALLOWED[role]


def known_as(roles: object, organisations: object, directory: Directory) -> Person | Unfit:
    """Who somebody is here, by two claims of the issuer: each a text or a list of texts.

    Exactly one of `roles` must be a role of the hub. Of the `organisations` (OrgRef) of a partner administrator
    all that the directory knows must be of one partner.
    """
    found = {role for role in PersonRole if role in _texts(roles)}
    if not found:
        return Unfit.NO_ROLE
    if len(found) > 1:
        return Unfit.MANY_ROLES
    role = found.pop()
    if role is not PersonRole.PARTNER_ADMINISTRATOR:
        return Person(role)
    partners = {partner.id for ref in _texts(organisations) if (partner := directory.of_org(ref))}
    person = Person(role, partners.pop() if len(partners) == 1 else "")
    return Unfit.NO_PARTNER if acts_as(person, directory) is None else person


def acts_as(person: Person, directory: Directory) -> Partner | None:
    """The partner whose rights this person has at the API, as the directory is now; None when there is none (left)."""
    if person.role is PersonRole.PARTNER_ADMINISTRATOR:
        partner = directory.get(person.partner)
        # Whoever acts for a partner gets no view of all the others by way of it.
        return None if partner is None or partner.has(*_OF_THE_HUB) else partner
    return Partner(id=person.role.value, name=person.role.value, roles=_SEES_AS[person.role])


def _texts(claim: object) -> list[str]:
    given = claim if isinstance(claim, list) else [claim]
    return [one for one in given if isinstance(one, str)]
