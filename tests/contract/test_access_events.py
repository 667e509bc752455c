"""The tables of tests/access.md about events: who may say what, how open it may be called, and who may ever hear it."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import Phase, given, settings

from hub.core.admission import Admitted
from hub.core.catalogue import KINDS
from hub.core.partners import PARTIES, Role
from hub.core.topics import JOURNAL
from tests import city
from tests import strategies as some
from tests.accesskit import ORGS, PAGE, Action, World, differences, table
from tests.pure import START, partner_of, told
from tests.unit.test_matrix import COLUMNS, ROWS, level
from tests.watch import Watched, code_of

PUBLISHED, CLASSES, HEARD = "Events: who may say them", "Events: how open", "Events: who may hear them"
BY_CODE = {kind.code: kind for kind in KINDS.values()}
NEXT = re.compile(r"(\w+)=([\w-]+)")
BATCH = {"Content-Type": "application/cloudevents-batch+json"}


@pytest.fixture
async def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(tmp_path, monkeypatch, HUB_HOST="192.0.2.1")


def event(action: Action, role: str, n: int, **attributes: str) -> dict[str, Any]:
    """The example of the catalogue, with what the row changes, said by a partner of this role of itself."""
    kind, data = BY_CODE[action[0]], copy.deepcopy(BY_CODE[action[0]].example)
    for name, value in NEXT.findall(action[1]):
        data[name] = value
    own = {*kind.orgs, *({"boundBy", "fromOrg"} & data.keys())}
    return {
        "specversion": "1.0",
        "type": kind.type,
        "source": f"/{role}",
        "id": f"e-{n}",
        "time": "2026-11-18T09:00:00Z",
        "data": data | dict.fromkeys(own, ORGS[role]),
        **attributes,
    }


async def said(world: World, role: str, events: list[dict[str, Any]]) -> list[int]:
    """The status that each event of a batch gets."""
    async with world.client({"Authorization": f"Bearer {role}-token", **BATCH}) as client:
        answer = await client.post("/v1/events", content=orjson.dumps(events))
    return [one["status"] for one in answer.json()["results"]]


@pytest.mark.parametrize("heading", [PUBLISHED, CLASSES, HEARD])
def test_every_kind_of_event_has_its_row(heading: str) -> None:
    _, page = table(PAGE, heading)
    assert {code for code, _ in page} == BY_CODE.keys()


async def test_each_role_may_say_what_the_page_says_and_nothing_else(world: World) -> None:
    columns, page = table(PAGE, PUBLISHED)
    assert columns == [str(role) for role in Role]
    found: dict[Action, dict[str, str]] = {action: {} for action in page}
    for role in columns:
        statuses = await said(world, role, [event(action, role, n) for n, action in enumerate(page)])
        for action, status in zip(page, statuses, strict=True):
            found[action][role] = str(status)
    assert differences(PUBLISHED, found) == []


async def test_of_another_organisation_or_system_nobody_may_say_anything(world: World) -> None:
    _, page = table(PAGE, PUBLISHED)
    for role in Role:
        foreign = []
        for n, action in enumerate(page):
            one = event(action, role, n)
            foreign.append(one | {"source": "/swv-elders"})
            if BY_CODE[action[0]].orgs:
                own = dict.fromkeys(BY_CODE[action[0]].orgs, ORGS["swv-elders"])
                foreign.append(one | {"data": one["data"] | own})
        assert set(await said(world, role, foreign[:100])) == {403}, role


async def test_no_event_is_taken_as_more_open_than_it_is(world: World) -> None:
    """A cell is the topic of Kafka that it goes to, or the refusal."""
    columns, page = table(PAGE, CLASSES)
    may = {code: cells for (code, _), cells in reversed(table(PAGE, PUBLISHED)[1].items())}
    found: dict[Action, dict[str, str]] = {action: {} for action in page}
    for action in page:
        role = next(role for role, status in may[action[0]].items() if status == "202")
        for claim in columns:
            world.hub.kafka.topics.clear()
            claimed = {} if claim == "unsaid" else {"privacyclass": claim}
            (status,) = await said(world, role, [event(action, role, 0, **claimed)])
            topics = [topic for topic in world.hub.kafka.topics if topic != JOURNAL]
            found[action][claim] = str(status) if status != 202 else topics[0].removeprefix("hub.events.")
    assert differences(CLASSES, found) == []


LEVELS = {"F": 2, "R": 1, "–": 0}
OF_ROLE = {
    Role.GEMEENTE: {"GEM"},
    Role.LEERPLICHT: {"LP"},
    Role.DOORSTROOMPUNT: {"DP"},
    Role.TAALCENTRUM: {"TC"},
    Role.SWV: {"SWV"},
    Role.BOARD: {"BRD"},
    Role.OPVANG: {"OPV"},
    Role.JGZ: {"JGZ/JH"},
    Role.JEUGDHULP: {"JGZ/JH"},
    Role.PROCESREGISSEUR: {"PR"},
    **{one: {"OTH"} for one in (Role.PO, Role.SO_SBO, Role.VO, Role.VSO, Role.OPDC, Role.MBO, Role.HBO)},
}


def test_a_role_hears_at_most_what_its_columns_of_the_routing_matrix_give() -> None:
    """Two pages, each written by hand: the fullest of the columns in which a partner of the role can stand."""
    columns, page = table(PAGE, HEARD)
    assert columns == [str(role) for role in Role]
    differing = []
    for (code, _), cells in page.items():
        given = dict(zip(COLUMNS, map(level, ROWS[code][1:]), strict=True))
        for role in Role:
            stands = OF_ROLE.get(role, set()) | ({"FROM", "TO"} if role in PARTIES else set())
            most = max((given[name] for name in stands), key=lambda one: LEVELS.get(one, 0), default="")
            if cells[role] != (most if most in LEVELS else "–"):
                differing.append(f"{code} {role}: {cells[role]}, by its columns {most or '–'}")
    assert differing == []


def test_no_partner_hears_what_the_page_keeps_from_its_roles() -> None:
    _, page = table(PAGE, HEARD)
    heard: set[tuple[str, str]] = set()

    @settings(max_examples=150, derandomize=True, database=None, phases=(Phase.generate,))
    @given(some.lines())
    def look(events: list[Admitted]) -> None:
        watched = Watched(some.PLAIN)
        watched.publish(events, START)
        heard.update((code_of(one), partner_of(one.subscription)) for one in told(watched.hub.out))

    look()
    kept = [
        (code, partner)
        for code, partner in heard
        if all(page[code, ""][role] == "–" for role in city.BY_ID[partner].roles)
    ]
    assert kept == [] and len(heard) > 50
