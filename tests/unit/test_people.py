"""What people may do is one closed table; who somebody is follows from two claims and the directory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import APIRoute
from hypothesis import given
from hypothesis import strategies as st

from hub.core.directory import Directory
from hub.core.partners import Org, Partner, Role
from hub.core.people import ALLOWED, Person, PersonRole, Unfit, acts_as, known_as, may
from hub.gateway.app import build
from hub.wiring.pages import Inside
from tests.pagekit import quiet_pages

SCHOOL = Partner(id="school", name="De Boot", roles=(Role.PO,), orgs=(Org("brin:00YY01", "De Boot"),))
BOARD = Partner(
    id="board",
    name="Bestuur",
    roles=(Role.BOARD,),
    orgs=(Org("kvk:00000010", "Bestuur"), Org("kvk:00000011", "Stichting")),
)
WATCHER = Partner(
    id="watcher",
    name="Gemeente",
    roles=(Role.GEMEENTE, Role.OPERATOR),
    orgs=(Org("oin:00000099000000001000", "Gemeente"),),
)
DIRECTORY = Directory((SCHOOL, BOARD, WATCHER))
ADMINISTRATOR = "partner-administrator"


def routes() -> set[str]:
    app = build(None, pages=quiet_pages(Inside("http://hub")))
    found = [route for route in _flat(app.routes) if isinstance(route, APIRoute)]
    return {f"{method} {route.path}" for route in found for method in route.methods}


def _flat(routes: Any) -> Iterator[Any]:
    for route in routes:
        inner = getattr(route, "original_router", None)
        yield from [route] if inner is None else _flat(inner.routes)


def test_every_action_in_the_table_is_one_that_the_door_has() -> None:
    assert {action for actions in ALLOWED.values() for action in actions} - routes() == set()


def test_every_role_has_its_row() -> None:
    assert set(ALLOWED) == set(PersonRole)


@pytest.mark.parametrize("role", PersonRole)
@pytest.mark.parametrize(
    "action",
    [
        "POST /v1/events",
        "GET /v1/learning-lines/{learnerId}",
        "GET /v1/subscriptions/{id}/events",
        "GET /v1/nothing",
        "GET ",
    ],
)
def test_nobody_publishes_and_nobody_reads_what_is_said_of_a_learner(role: PersonRole, action: str) -> None:
    assert not may(role, *action.split(" "))


def test_who_watches_the_flows_changes_nothing() -> None:
    assert {action.split()[0] for action in ALLOWED[PersonRole.PROCESREGISSEUR]} == {"GET"}


def test_the_privacy_officer_changes_only_what_a_learner_has_a_right_to() -> None:
    assert {action for action in ALLOWED[PersonRole.FG] if not action.startswith("GET ")} == {
        "POST /v1/access-requests",
        "POST /v1/erasures",
        "POST /v1/restrictions",
    }


def test_a_partner_administrator_sees_no_page_and_no_signal_with_a_learner() -> None:
    allowed = ALLOWED[PersonRole.PARTNER_ADMINISTRATOR]
    assert allowed.isdisjoint({"GET /", "GET /monitor/live", "GET /monitor/figures", "GET /v1/signals"})


@pytest.mark.parametrize(
    ("roles", "organisations", "known"),
    [
        ("procesregisseur", None, Person(PersonRole.PROCESREGISSEUR)),
        (["operator"], ["brin:00YY01"], Person(PersonRole.OPERATOR)),
        (["teacher", "fg"], "", Person(PersonRole.FG)),
        (ADMINISTRATOR, "brin:00YY01", Person(PersonRole.PARTNER_ADMINISTRATOR, "school")),
        (ADMINISTRATOR, ["kvk:00000010", "kvk:00000011"], Person(PersonRole.PARTNER_ADMINISTRATOR, "board")),
        (ADMINISTRATOR, ["brin:00ZZ99", "brin:00YY01"], Person(PersonRole.PARTNER_ADMINISTRATOR, "school")),
        (ADMINISTRATOR, ["brin:00YY01", "kvk:00000010"], Unfit.NO_PARTNER),
        (ADMINISTRATOR, "brin:00ZZ99", Unfit.NO_PARTNER),
        (ADMINISTRATOR, None, Unfit.NO_PARTNER),
        (ADMINISTRATOR, "school", Unfit.NO_PARTNER),
        (ADMINISTRATOR, "oin:00000099000000001000", Unfit.NO_PARTNER),
        (["operator", "fg"], None, Unfit.MANY_ROLES),
        ("Operator", None, Unfit.NO_ROLE),
        ("operator fg", None, Unfit.NO_ROLE),
        (None, None, Unfit.NO_ROLE),
        ({"operator": True}, None, Unfit.NO_ROLE),
        ([["operator"]], None, Unfit.NO_ROLE),
    ],
)
def test_two_claims_say_who_somebody_is_here(
    roles: object, organisations: object, known: Person | Unfit
) -> None:
    assert known_as(roles, organisations, DIRECTORY) == known


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from([*PersonRole, "brin:00YY01"]),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(_JSON, _JSON)
def test_whatever_the_claims_are_only_a_partner_administrator_is_bound_to_a_partner(
    roles: Any, orgs: Any
) -> None:
    person = known_as(roles, orgs, DIRECTORY)
    if isinstance(person, Person):
        assert bool(person.partner) == (person.role is PersonRole.PARTNER_ADMINISTRATOR)
        assert acts_as(person, DIRECTORY) is not None


def test_a_partner_administrator_has_the_rights_of_the_partner_as_it_is_now() -> None:
    person = Person(PersonRole.PARTNER_ADMINISTRATOR, "school")
    assert acts_as(person, DIRECTORY) is SCHOOL
    assert acts_as(person, Directory((BOARD,))) is None


def test_who_administers_a_partner_does_not_become_operator_when_the_partner_does() -> None:
    assert acts_as(Person(PersonRole.PARTNER_ADMINISTRATOR, "watcher"), DIRECTORY) is None


@pytest.mark.parametrize(
    ("role", "sees_as"),
    [
        (PersonRole.PROCESREGISSEUR, (Role.PROCESREGISSEUR,)),
        (PersonRole.OPERATOR, (Role.OPERATOR,)),
        (PersonRole.FG, (Role.FG, Role.PROCESREGISSEUR)),
    ],
)
def test_others_have_roles_of_the_directory_and_no_organisation(
    role: PersonRole, sees_as: tuple[Role, ...]
) -> None:
    partner = acts_as(Person(role), DIRECTORY)
    assert partner is not None
    assert (partner.roles, partner.orgs, partner.sources, partner.tokens) == (sees_as, (), (), ())
