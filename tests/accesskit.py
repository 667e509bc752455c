"""What stands behind tests/access.md: two partners of every role before the whole app of the gateway.

Kafka and the read model are those in memory; routes, pages and guards are the wired ones.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from fastapi import FastAPI
from starlette.routing import Route as Served

from hub.core import redelivery, state, subscription
from hub.core.flows import StandingSignal
from hub.core.journeys import Course, EventRow, Journey
from hub.core.letters import Letter
from hub.core.partners import Org, Partner, Role, Token, hash_token
from hub.core.records import Out
from hub.core.redelivery import Order
from hub.core.subscription import Subscription
from hub.core.topics import LINES
from hub.core.views import Absence, Enrolment, Line
from hub.gateway.ingress import Ingress
from hub.gateway.limits import Limits
from hub.settings import read
from hub.wiring import door
from hub.wiring.shared import Views
from tests.gateway_fakes import NOW, Hub, know

PAGE = Path(__file__).parent / "access.md"
URL = "https://hub.example.nl"
OWN, TOLD, ANOTHERS, THEIR_GROUP = "own", "told", "another's", "another's group"
ELSEWHERE = "-elders"
EVERY = "alles"
"""A partner with roles enough to be let in wherever a token is for it."""

MANY = (Role.PO, Role.GEMEENTE, Role.OPERATOR, Role.FG)
IDS = (*(f"{role}{tail}" for role in Role for tail in ("", ELSEWHERE)), EVERY)
ORGS = {id: f"brin:00AA{number:02}" for number, id in enumerate(IDS)}
LEARNERS = {id: str(uuid.uuid5(uuid.NAMESPACE_URL, id)) for id in IDS}

Action = tuple[str, str]
"""A route such as `GET /v1/subscriptions/{id}`, and whose matter is asked for ("" where there is no such question)."""


def table(page: Path, heading: str) -> tuple[list[str], dict[Action, dict[str, str]]]:
    """Columns and rows of the table below a heading. The first two cells name a row."""
    part = page.read_text(encoding="utf-8").split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line.strip("|").split("|") for line in part.splitlines() if line.startswith("|")]
    head, _, *rows = [[cell.strip().strip("`") for cell in line] for line in lines]
    found = {(row[0], row[1]): dict(zip(head[2:], row[2:], strict=True)) for row in rows}
    assert len(found) == len(rows), "a row stands twice on the page"
    return head[2:], found


def row(action: Action, cells: Iterable[str]) -> str:
    """As it stands on the page."""
    return f"| `{action[0]}` | {action[1]} | {' | '.join(cells)} |"


def differences(heading: str, found: dict[Action, dict[str, str]]) -> list[str]:
    """Rows of the page that are not as it is, as they would be."""
    _, page = table(PAGE, heading)
    return [row(action, cells.values()) for action, cells in found.items() if page.get(action) != cells]


def served(routes: Iterable[Any]) -> Iterator[str]:
    """Method and path of everything behind these routes, also in the routers among them."""
    for route in routes:
        if (included := getattr(route, "original_router", None)) is not None:
            yield from served(included.routes)
        elif isinstance(route, Served):
            yield from (f"{method} {route.path}" for method in route.methods or () if method != "HEAD")


class World:
    """`app` is what the gateway serves with these settings. Every partner has an organisation, a subscription, a
    replay, a dead letter, a learner and events of its own."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, **settings: str) -> None:
        self.hub = Hub()
        for id in list(self.hub.known.directory.partners):
            self.hub.known.apply_partner(id.encode(), None)
        know(self.hub.known, map(_partner, IDS))
        for id in IDS:
            self._subscribe(id)
            self._furnish(id)
        _alone(patch)
        self.app: FastAPI = door.gateway_app(read({"HUB_DATA": str(folder), **settings}))
        self.stand(loopback=False)

    def stand(self, **changes: Any) -> None:
        """The app works with these partners, and with whatever else is given."""
        self.app.state.gateway = self.hub.gateway(**{"limits": Limits(rate=0), **changes})

    def know(self, *partners: Partner) -> None:
        know(self.hub.known, partners)

    def client(self, headers: dict[str, str]) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=URL, headers=headers)

    async def ask(self, client: httpx.AsyncClient, action: Action, id: str, **headers: str) -> httpx.Response:
        """What partner `id` gets for this row; nothing of it remains."""
        for one in (id, other(id)):
            self._subscribe(one)
        return await asked(action, id).by(client, headers)

    def _subscribe(self, id: str) -> None:
        known, own = self.hub.known, f"sub-{id}"
        hook = Subscription(id=own, partner=id, sink="https://las.example.nl/", secret="whsec_AAAA")
        known.apply_subscription(own.encode(), subscription.dump(hook))
        order = Order(
            id="r-1",
            subscription=own,
            by=id,
            why="data-lost",
            pace=60,
            at=NOW,
            numbers="1",
            total=1,
            criteria=("first",),
            content="c",
        )
        known.apply_subscription(redelivery.order_key(own, order.id), redelivery.dump(order))

    def _furnish(self, id: str) -> None:
        self.hub.letters.kept.append((id, f"sub-{id}", "refused", _letter(id)))
        self.hub.queries.signals.append(
            StandingSignal(f"learner/{LEARNERS[id]}", "T06", "warn", ORGS[id], "2026-11-01", "handover/h1")
        )
        self.hub.queries.lines[LEARNERS[id]] = _line(id)
        for told in ("", f"-to-{id}"):
            publisher = id if not told else EVERY
            for matter, type in _MATTERS.items():
                name = f"{matter}-{publisher}{told}"
                self.hub.queries.journeys["/s", name] = _journey(name, type, publisher, told and id)
        key = f"learner/{LEARNERS[id]}"
        self.hub.kafka.topics[LINES].append(Out(LINES, key.encode(), state.dump(state.State(key))))


_MATTERS = {
    "event": "nl.onderwijsloopbanen.enrolment.started.v1",
    "group": "nl.onderwijsloopbanen.arrival-group.announced.v1",
}


def _partner(id: str) -> Partner:
    return Partner(
        id=id,
        name=id,
        roles=MANY if id == EVERY else (Role(id.removesuffix(ELSEWHERE)),),
        orgs=(Org(ORGS[id], id),),
        sources=(f"/{id}",),
        tokens=(Token("t", hash_token(f"{id}-token")),),
    )


def _letter(id: str) -> Letter:
    return Letter(
        number=1,
        delivery=f"d-{id}",
        type="a.b.v1",
        status="422",
        said="x",
        attempts=1,
        at=NOW,
        state="open",
        replay="",
        ended_at=None,
    )


def _line(id: str) -> Line:
    """A learner of 19 at its organisation; of who guards attendance there is a case too."""
    enrolled = Enrolment(id="e1", org=ORGS[id], stage="vo", start="2026-08-01", primary=True)
    case = Absence(id="c1", kind="lrv", since="2026-11-01", last_org=ORGS[id])
    guards = id in (Role.LEERPLICHT, Role.DOORSTROOMPUNT)
    return Line(
        learner_id=LEARNERS[id],
        birth_month="2007-01",
        enrolments=[enrolled],
        absences=[case] if guards else [],
    )


def _journey(name: str, type: str, publisher: str, to: str) -> Journey:
    told = Course(delivery="d", partner=to, subscription=f"inbox-{to}", routed_at=1)
    event = EventRow(
        event="e",
        source="/s",
        id=name,
        type=type,
        publisher=publisher,
        topic="t",
        outcome="accepted",
        accepted_at=1,
        duplicates=0,
        conflicts=0,
        stale=0,
    )
    return Journey(event, (), (told,) if to else ())


def _alone(patch: pytest.MonkeyPatch) -> None:
    """What asks other processes is answered at once: this is about who may ask."""

    async def well(*_: Any) -> str:
        return ""

    async def none(*_: Any) -> dict[str, Any]:
        return {}

    patch.setattr(door, "kafka_answers", well)
    patch.setattr(Views, "check", well)
    patch.setattr(Ingress, "check", well)
    patch.setattr(door, "_parts", none)


class Asked(NamedTuple):
    """What a good caller sends for one row of the page."""

    method: str
    path: str
    query: dict[str, str]
    json: Any
    headers: dict[str, str]

    async def by(self, client: httpx.AsyncClient, headers: dict[str, str]) -> httpx.Response:
        return await client.request(
            self.method,
            self.path,
            params=self.query,
            json=self.json,
            headers={**self.headers, **headers},
        )


def asked(action: Action, id: str) -> Asked:
    """The request of partner `id` for this row."""
    route, whose = action
    method, path = route.split(" ", 1)
    whom = other(id) if whose.startswith(ANOTHERS) else id
    fill = {
        "id": f"sub-{whom}",
        "subscription": f"sub-{whom}",
        "replayId": "r-1",
        "replay": "r-1",
        "learnerId": LEARNERS[whom],
        "metric": "M1",
        "name": "monitor.css",
        "path:path": "catalogue.json",
    }
    headers = {"Purpose": "LPW", "Content-Type": "application/json"}
    if route == "POST /v1/events":
        headers["Content-Type"] = "application/cloudevents+json"
    body = _BODIES.get(route)
    return Asked(
        method,
        re.sub(r"{([^}]*)}", lambda found: fill[found[1]], path),
        _query(route, whose, id, whom),
        body(id, whom) if callable(body) else body,
        headers,
    )


def other(id: str) -> str:
    """Another partner of the same role."""
    return Role.PO.value if id in (EVERY, Role.PO + ELSEWHERE) else f"{id.removesuffix(ELSEWHERE)}{ELSEWHERE}"


def _query(route: str, whose: str, id: str, whom: str) -> dict[str, str]:
    if route in ("GET /v1/journeys", "GET /journeys/one"):
        matter = "group" if whose == THEIR_GROUP else "event"
        return {"source": "/s", "id": f"{matter}-{EVERY}-to-{id}" if whose == TOLD else f"{matter}-{whom}"}
    if route == "GET /v1/dead-letters" and whose:
        return {"subscription": f"sub-{whom}", "cause": "refused"}
    return {}


def _offer(id: str, whom: str) -> dict[str, Any]:
    """E5: what every institution may say of itself."""
    return {
        "specversion": "1.0",
        "type": "nl.onderwijsloopbanen.offer.published.v1",
        "source": f"/{id}",
        "id": "o-1",
        "time": "2026-11-18T09:00:00Z",
        "data": {
            "offerId": str(uuid.UUID(int=5)),
            "kind": "language",
            "orgId": ORGS[whom],
            "validFrom": "2027-01-11",
        },
    }


_HOOK = {"protocol": "HTTP", "sink": "https://las.example.nl/"}
_BODIES: dict[str, Any] = {
    "POST /v1/events": _offer,
    "POST /v1/subscriptions": _HOOK,
    "PUT /v1/subscriptions/{id}": _HOOK,
    "POST /v1/subscriptions/{id}/_dry-run": {},
    "POST /v1/subscriptions/{id}/_replay": {"from": 1},
    "PUT /v1/subscriptions/{id}/position": {"number": 0},
    "POST /v1/access-requests": lambda _, whom: {"learnerId": LEARNERS[whom]},
    "POST /v1/erasures": lambda _, whom: {"learnerId": LEARNERS[whom], "requestedBy": "parent"},
    "POST /v1/restrictions": lambda _, whom: {"learnerId": LEARNERS[whom], "restricted": True},
}
