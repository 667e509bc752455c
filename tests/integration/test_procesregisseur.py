"""No route by which the procesregisseur reaches a learner, an event about a person, or a cell under five (domain.md
D8). Tried on the real hub: every operation, page, feed, metric and log line."""

from __future__ import annotations

import asyncio
import copy
import itertools
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import httpx
import orjson
import pytest

from hub.core.catalogue import KINDS, about_persons
from hub.core.catalogue.base import Kind
from hub.core.partners import Partner
from hub.local.folder import Folder
from tests import city
from tests.integration.walking import (
    Said,
    Walker,
    person_types,
    read,
    small_cells,
    small_figures,
    small_words,
)
from tests.scenarios.live import LiveHub

pytestmark = [pytest.mark.kafka]

REGIE = "procesregisseur"
LEARNERS = [str(uuid.UUID(int=0x5EED_0000_4000_8000_0000_0000_0000 + (n << 40), version=4)) for n in range(3)]
"""The planted ids: whoever finds one found a child."""

MAY_COME = {"E5", "H3"}
METRICS = [f"M{number}" for number in range(1, 16)]


class Sent(NamedTuple):
    source: str
    id: str
    code: str


class Planted:
    """A hub on the day after a snapshot, in which a few children were told of."""

    def __init__(self, folder: Path, partners: Iterable[Partner] = city.PARTNERS) -> None:
        self.clock = folder / "clock"
        self.hub = LiveHub(folder, partners)
        self._publishers = httpx.Client(timeout=30)
        self.rounds = 0
        self.sent: list[Sent] = []
        self.refused: list[str] = []

    def client(self, partner: str) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer secret-{partner}"}
        return httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.hub.port}", headers=headers, timeout=30)

    async def plant(self) -> None:
        """Each kind about a person, once per child, by whichever partner may tell it."""
        self.clock.write_text("2027-02-15")
        self.rounds += 1
        for kind, learner in itertools.product(KINDS.values(), LEARNERS):
            ended = LEARNERS.index(learner) < {"E9": 1, "E11": 1, "E29": 2}.get(kind.code, 0)
            if about_persons(kind.type) and kind.code.startswith("E") and not ended:
                await self._tell(kind, learner)
        await self._tell(next(k for k in KINDS.values() if k.code == "E1"), LEARNERS[0])
        await self._tell(next(k for k in KINDS.values() if k.code == "E5"), LEARNERS[0])

    async def _tell(self, kind: Kind, learner: str) -> None:
        data = about(kind, learner)
        for partner in city.PARTNERS:
            if not partner.has(*kind.publishers):
                continue
            id = str(uuid.uuid4())
            event = event_of(kind, data, partner.sources[0], id) | {"sequence": str(self.rounds)}
            answer = await asyncio.to_thread(self.post, partner.id, event)
            if answer.status_code == 202:
                self.sent.append(Sent(partner.sources[0], id, kind.code))
                return
        self.refused.append(kind.code)

    def post(self, partner: str, event: dict[str, Any]) -> httpx.Response:
        headers = {
            "Authorization": f"Bearer secret-{partner}",
            "Content-Type": "application/cloudevents+json",
        }
        url = f"http://127.0.0.1:{self.hub.port}/v1/events"
        return self._publishers.post(url, content=orjson.dumps(event), headers=headers)

    async def settle(self) -> None:
        """The clock passes a fixed day: gaps are found, aggregates published."""
        self.clock.write_text("2027-03-02")
        async with self.client(REGIE) as client:
            await until(lambda: _published(client))

    async def walk(self, partner: str) -> list[Said]:
        fill = {
            "learnerId": LEARNERS,
            "id": [f"inbox-{p.id}" for p in city.PARTNERS],
            "source+id": [urlencode({"source": sent.source, "id": sent.id}) for sent in self.sent],
            "metric": METRICS,
            "period": ["2026-2027", "standing"],
            "public": ["true"],
        }
        settings = self.hub.settings.model_copy(
            update={"port": self.hub.port, "metrics_port": self.metrics_port}
        )
        return await Walker(settings, self.hub.port, f"secret-{partner}", fill).walk()

    @property
    def metrics_port(self) -> int:
        return int(self.hub._environ["HUB_METRICS_PORT"])

    async def get(self, partner: str, path: str) -> httpx.Response:
        async with self.client(partner) as client:
            return await client.get(path)


def about(kind: Kind, learner: str) -> dict[str, Any]:
    """The example of the catalogue, about this child: ids of what happened are its own."""
    data = copy.deepcopy(kind.example)
    for name, value in data.items():
        if name.endswith("Id") and name != "orgId" and isinstance(value, str) and len(value) == 36:
            data[name] = str(uuid.uuid5(uuid.UUID(learner), value))
    return data | ({"learnerId": learner} if "learnerId" in data else {})


def event_of(kind: Kind, data: dict[str, Any], source: str, id: str) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "type": kind.type,
        "source": source,
        "id": id,
        "time": "2027-02-15T09:00:00Z",
        "sequencetype": "Integer",
        "datacontenttype": "application/json",
        "privacyclass": kind.privacy(data),
        "data": data,
    }


async def _published(client: httpx.AsyncClient) -> bool:
    answer = (await client.get("/v1/census/M1")).json()
    feed = (await client.get(f"/v1/subscriptions/inbox-{REGIE}/events")).json()
    return answer.get("on") == "2027-03-01" and any("aggregate" in e["event"]["type"] for e in feed["events"])


async def until(true: Callable[[], Any], seconds: float = 90.0) -> None:
    deadline = time.monotonic() + seconds
    while not await true():
        assert time.monotonic() < deadline, "the hub did not come to rest"
        await asyncio.sleep(0.2)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planted]:
    made = Planted(tmp_path_factory.mktemp("regie"))
    with made.hub:
        asyncio.run(made.plant())
        asyncio.run(made.settle())
        yield made


@pytest.fixture(scope="module")
def said(planted: Planted) -> list[Said]:
    """Twice: what the first walk made (subscriptions) is found by the second, with events that came in between."""

    async def both() -> list[Said]:
        first = await planted.walk(REGIE)
        await planted.plant()
        await planted.settle()
        return first + await planted.walk(REGIE)

    return asyncio.run(both())


def ids(text: str) -> list[str]:
    low = text.lower()
    return [learner for learner in LEARNERS if learner in low or learner.replace("-", "") in low]


def test_there_was_something_to_find(planted: Planted) -> None:
    """Otherwise all of this would hold of an empty hub."""
    codes = {sent.code for sent in planted.sent}
    told = asyncio.run(planted.walk("school-a"))

    assert len(codes) >= 20, (sorted(codes), planted.refused)
    assert any(ids(one.text) for one in told if "learning-lines" in one.asked)
    feeds = [read(one) for one in told if one.asked.startswith("GET /v1/subscriptions/inbox-school-a/events")]
    assert any(person_types(feed) for feed in feeds)


def test_every_operation_was_asked(said: list[Said]) -> None:
    ways = {one.asked.split("?")[0] for one in said}

    for way in (
        "GET /v1/flows",
        "GET /v1/signals",
        "GET /v1/newcomers",
        "GET /v1/journeys",
        "GET /v1/census/M10",
    ):
        assert way in ways
    assert len(said) > 200
    assert [one.asked for one in said if one.status >= 500] == []


def test_no_answer_holds_a_learner(said: list[Said]) -> None:
    assert [one.asked for one in said if ids(one.text)] == []


def test_no_feed_holds_an_event_about_a_person(said: list[Said]) -> None:
    feeds = [read(one) for one in said if one.status == 200 and "/events" in one.asked.split("?")[0][-8:]]
    types = {e["event"]["type"] for feed in feeds for e in feed["events"]}
    subscriptions = [one for one in said if one.asked == "POST /v1/subscriptions" and one.status == 201]

    made = [read(one)["id"] for one in subscriptions]
    greedy = [f"GET /v1/subscriptions/{id}/events" for id in made]
    read_of_it = [read(one)["events"] for one in said if one.status == 200 and one.asked in greedy]
    assert any(read_of_it), "the greedy one was not read, or held nothing"
    assert types and {KINDS[t].code for t in types if t in KINDS} <= MAY_COME, types


def test_no_line_and_no_journey_of_a_person_is_found(planted: Planted, said: list[Said]) -> None:
    lines = [one for one in said if "/learning-lines/" in one.asked]
    journeys = [one for one in said if "/v1/journeys" in one.asked]
    persons = [sent.id for sent in planted.sent if sent.code not in ("E1", "E5")]

    assert {one.status for one in lines} == {404}
    assert any(id in one.asked for one in journeys for id in persons)
    assert {one.status for one in journeys if any(id in one.asked for id in persons)} <= {400, 404}


def test_the_metrics_are_not_for_the_procesregisseur(said: list[Said]) -> None:
    metrics = [one for one in said if one.asked.endswith("/metrics")]

    assert len(metrics) == 2 * 5 and {one.status for one in metrics} == {403}


def test_no_figure_is_a_number_of_one_to_four_persons(planted: Planted, said: list[Said]) -> None:
    flows = [read(one) for one in said if one.asked in ("GET /v1/flows", "GET /monitor/figures")]
    assert flows and [place for one in flows for place in small_figures(one)] == []
    assert any("1-4" in orjson.dumps(one["events"]).decode() for one in flows), "no small number to hide"
    pages = [
        one for one in said if one.asked.startswith(("GET /?", "GET /monitor/live")) or one.asked == "GET /"
    ]
    assert pages and [row for one in pages for row in small_words(one.text.replace('\\"', '"'))] == []
    signals = [read(one) for one in said if one.asked == "GET /v1/signals"]
    assert all(set(one) == {"organisations"} for one in signals)
    assert [
        o for one in signals for o in one["organisations"] if isinstance(o["number"], int) and o["number"]
    ] == []


def test_no_published_cell_is_one_to_four(said: list[Said]) -> None:
    metrics = [read(one) for one in said if "/v1/census/M" in one.asked and one.status == 200]
    whole = [read(one) for one in said if one.asked.split("?")[0] == "GET /v1/census" and one.status == 200]
    metrics += [{**one, **table} for given in whole for one in given["metrics"] for table in one["tables"]]
    live = [one for one in metrics if one["metric"] == "M14"]
    published = [one for one in metrics if one not in live]
    feeds = [read(one) for one in said if one.status == 200 and one.asked.split("?")[0].endswith("/events")]
    issued = [e["event"]["data"] for f in feeds for e in f["events"] if "aggregate" in e["event"]["type"]]

    assert {one["metric"] for one in published} == set(METRICS) - {"M14"} and whole and issued
    found = [cell for one in (*published, *issued) for cell in small_cells(one) if not _of_things(cell)]
    assert found == []


def _of_things(cell: str) -> bool:
    """Places, offers and groups are no persons."""
    return any(word in cell for word in ("free", "groups", "offers", "places"))


def test_no_log_line_holds_a_learner(planted: Planted, said: list[Said]) -> None:
    folder = Folder(planted.hub.settings.data)
    logs = [*folder.logs.rglob("*"), planted.hub.folder / "up.log"]
    texts = {path.name: path.read_text(errors="replace") for path in logs if path.is_file()}

    assert {"gateway.log", "processor.log", "projector.log", "courier.log"} <= set(texts)
    assert "http.request" in texts["gateway.log"]
    assert [name for name, text in texts.items() if ids(text)] == []


def test_these_checks_see_what_they_look_for() -> None:
    """Each must be able to fail."""
    kind = KINDS["nl.onderwijsloopbanen.handover.prepared.v1"]
    event = {"event": {"type": kind.type}}
    figures = {"at": 3, "refused": 2, "events": [{"kind": {"nl": kind.nl}, "hours": [0, 4], "total": "1-4"}]}
    row = f'<table><tr><th scope="row">{kind.nl}</th><td class="n">3</td></tr></table>'

    assert ids(f"x{LEARNERS[1].upper()}y") == [LEARNERS[1]]
    assert person_types({"events": [event]}) == [kind.type]
    assert small_figures(figures) == ["/refused", "/events/0/hours/1"]
    assert small_cells({"metric": "M1", "cells": [{"of": ["po/vo"], "value": 4}, {"of": ["x"], "value": 5}]})
    assert small_words(row) and not small_words(row.replace(">3<", ">1-4<"))
