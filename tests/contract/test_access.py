"""The tables of tests/access.md: whoever comes to whichever door of the gateway gets the answer that stands there."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import httpx
import msgspec
import pytest

from hub.core.partners import Client, Role, Token, hash_token
from hub.core.people import Person, PersonRole
from hub.core.rights import Scope
from hub.demo.issuer import draw_key
from hub.gateway.bearer import Bearers
from hub.gateway.jwks import Issuer
from hub.gateway.oidc import Claims, Login
from hub.gateway.sessions import Seal, Sessions
from hub.private_key_jwt import ClientKey
from tests.accesskit import (
    ANOTHERS,
    ELSEWHERE,
    EVERY,
    IDS,
    LEARNERS,
    ORGS,
    OWN,
    PAGE,
    URL,
    Action,
    World,
    differences,
    served,
    table,
)
from tests.gateway_fakes import NOW
from tests.token_issuer import AUDIENCE, TokenIssuer

TOKENS, ROLES, PEOPLE, MACHINE = "Tokens", "Partners", "People", "Without login"
OTHER_TYPE = "events.publish:nl.onderwijsloopbanen.group"
PLACELESS = "192.0.2.1"
"""An address that is not of this machine: the pages ask who comes."""


@pytest.fixture
async def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(tmp_path, monkeypatch, HUB_HOST=PLACELESS)


class Caller(NamedTuple):
    """Asks as partner `id`, with these headers."""

    id: str
    headers: Mapping[str, str] = MappingProxyType({})


def bearing(id: str, token: str) -> Caller:
    return Caller(id, {"Authorization": f"Bearer {token}"})


async def answers(
    world: World,
    heading: str,
    callers: dict[str, Sequence[Caller]],
    look: Callable[..., None] = lambda *_: None,
) -> dict[Action, dict[str, str]]:
    """What every caller gets in every row below this heading, and on routes that have none. All callers of a column
    must get the same."""
    columns, page = table(PAGE, heading)
    assert columns == list(callers), "the columns of the page"
    missing = sorted(set(served(world.app.routes)) - {route for route, _ in page})
    found: dict[Action, dict[str, str]] = {
        action: {} for action in [*page, *((route, "") for route in missing)]
    }
    async with world.client({}) as client:
        for action in found:
            for column, same in callers.items():
                given = [await world.ask(client, action, one.id, **one.headers) for one in same]
                found[action][column] = "/".join(sorted({str(one.status_code) for one in given}))
                for one, answer in zip(same, given, strict=True):
                    look(action, one, answer)
    return found


@pytest.mark.parametrize("heading", [TOKENS, ROLES, PEOPLE])
async def test_every_route_has_its_rows_and_every_row_its_route(world: World, heading: str) -> None:
    _, page = table(PAGE, heading)
    assert {route for route, _ in page} == set(served(world.app.routes))


@pytest.mark.parametrize("heading", [ROLES, PEOPLE])
def test_whatever_belongs_to_somebody_is_asked_for_by_the_owner_and_by_another(heading: str) -> None:
    _, page = table(PAGE, heading)
    of = {route: {whose for r, whose in page if r == route} for route, _ in page}
    named = ("{id}", "{learnerId}", "journeys", "POST /v1/events")
    assert [r for r in of if any(n in r for n in named) and not {OWN, ANOTHERS} <= of[r]] == []


async def test_a_token_opens_what_its_scopes_name_and_nothing_else(world: World) -> None:
    async with TokenIssuer() as issuer:
        bearers = Bearers([issuer.url], AUDIENCE)
        await bearers.start()
        world.stand(bearers=bearers, loopback=False)
        scopes = [*map(str, Scope), OTHER_TYPE]
        tokens = [Token(scope, hash_token(scope), scopes=(scope,)) for scope in scopes]
        tokens.append(Token("old", hash_token("old"), expires=NOW))
        tokens.append(Token("org", hash_token("org"), orgs=(ORGS[EVERY],)))
        known = world.hub.known.directory.partners
        client = Client(issuer=issuer.url, id="system")
        world.know(
            msgspec.structs.replace(known[EVERY], tokens=tuple(tokens), clients=(client,)),
            msgspec.structs.replace(known[f"hbo{ELSEWHERE}"], oins=("00000099000000007000",)),
        )

        def signed(**claims: Any) -> Caller:
            return bearing(EVERY, issuer.token("system", **claims))

        whole = " ".join(Scope)
        callers = {
            "nobody": [Caller(EVERY)],
            "unknown": [bearing(EVERY, "x"), bearing(EVERY, issuer.token("stranger", scope=whole))],
            "expired": [bearing(EVERY, "old"), signed(scope=whole, iat=1, exp=600)],
            "elsewhere": [signed(scope=whole, aud="https://elsewhere.example.nl")],
            "no certificate": [bearing(f"hbo{ELSEWHERE}", f"hbo{ELSEWHERE}-token")],
            "no scope": [signed(), signed(scope="openid profile")],
            "organisation": [bearing(EVERY, "org")],
            **{scope: [bearing(EVERY, scope), signed(scope=scope)] for scope in scopes},
        }
        found = await answers(world, TOKENS, callers)
        await bearers.stop()
    assert differences(TOKENS, found) == []


async def test_a_partner_gets_what_its_role_may_have_and_of_another_nothing(world: World) -> None:
    world.stand(loopback=False)
    leaks = []

    def look(action: Action, caller: Caller, answer: httpx.Response) -> None:
        text = answer.text if answer.is_success and action[1] != ANOTHERS else ""
        for id in IDS:
            if id != caller.id and (LEARNERS[id] in text or f'"sub-{id}"' in text):
                leaks.append((*action, caller.id, id))

    callers = {str(role): [bearing(role, f"{role}-token")] for role in Role}
    found = await answers(world, ROLES, callers, look)
    assert differences(ROLES, found) == []
    assert {leak[:3] for leak in leaks} == {
        ("GET /v1/dead-letters", "", "operator"),
        ("GET /v1/dead-letters", "", "procesregisseur"),
    }


async def test_people_do_what_their_role_names_and_nothing_else(world: World) -> None:
    sessions = Sessions(b"s" * 32, True, lambda: NOW)
    async with httpx.AsyncClient() as http:
        login = Login(
            Issuer("http://127.0.0.1:9", http),
            http,
            "onderwijshub",
            ClientKey(draw_key()),
            Claims("role", "organisation"),
            URL,
            sessions,
            Seal(b"s" * 32, b"login"),
            b"l" * 32,
        )
        world.stand(login=login, loopback=False)

        def logged_in(person: Person, proof: bool = True) -> Caller:
            session = sessions.begin(person, "who")
            cookie = sessions.cookie(session).partition(";")[0]
            own = {"Sec-Fetch-Site": "same-origin", "Origin": URL, "X-CSRF-Token": sessions.csrf(session)}
            return Caller(Role.PO, {"Cookie": cookie, **(own if proof else {})})

        administrator = Person(PersonRole.PARTNER_ADMINISTRATOR, Role.PO)
        persons = {administrator.role: administrator}
        callers = {
            "nobody": [Caller(Role.PO)],
            **{role: [logged_in(persons.get(role, Person(role)))] for role in PersonRole},
            "partner left": [logged_in(Person(PersonRole.PARTNER_ADMINISTRATOR, "gone"))],
            "administrator, no proof": [logged_in(administrator, proof=False)],
        }
        found = await answers(world, PEOPLE, {str(name): who for name, who in callers.items()})
    assert differences(PEOPLE, found) == []


async def test_where_nobody_logs_in_the_pages_open_on_this_machine_or_by_the_token_of_who_watches(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = World(tmp_path / "here", monkeypatch)
    here.stand(loopback=True)
    columns, page = table(PAGE, MACHINE)
    found: dict[Action, dict[str, str]] = {action: {} for action in page}
    for action in page:
        by_token = action[0] in ("GET /metrics", "GET /parts")
        async with here.client({}) as near, world.client({}) as far:
            found[action][columns[0]] = str((await here.ask(near, action, Role.PO)).status_code)
            for column in columns[1:]:
                token = "" if column == "nobody" else f"{column}-token"
                bearer = {"Authorization": f"Bearer {token}"} if by_token else password(token)
                answer = await world.ask(far, action, Role.PO, **(bearer if token else {}))
                found[action][column] = str(answer.status_code)
    assert differences(MACHINE, found) == []


def password(token: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f":{token}".encode()).decode()}
