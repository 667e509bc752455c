"""Events of every kind are planted in a whole hub, and what stood in them is looked for wherever the hub leaves a
trace: it is found where the table below allows it, and nowhere else."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import sqlalchemy as sa

from hub import kafka
from hub.core.catalogue import KINDS, about_persons
from hub.core.partners import Partner, Role
from hub.demo.log import read_all
from hub.local.children import PARTS, port_of
from hub.local.folder import Folder
from hub.logbook.export import Export, Order
from tests import city
from tests.integration.partners import Partner as Webhook
from tests.integration.test_export import SOURCE, collecting
from tests.integration.test_procesregisseur import LEARNERS, REGIE, Planted, about, event_of, until

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

WATCHERS = (
    Partner("beheer", "Beheer", (Role.OPERATOR,)),
    Partner("fg", "Functionaris gegevensbescherming", (Role.FG,)),
)
REFUSED = "5eed0bad-0000-4000-8000-00000000bad1"
"""A learner of whom nothing was ever taken."""

WORDS = "Fenna-uit-groep-zeven"
"""Free text that a system tries to send along."""

CLOCK = {"2027-02-15", "2027-03-01", "2027-03-02"}
"""The days that the hub's own clock shows, and the fixed day between them."""

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")

STORED = {
    *("value hub.events", "value hub.lines", "value hub.commands", "value outbox"),
    *("column", "receiver", "access report"),
}
MAY: dict[str, set[str]] = {
    "learner": STORED | {"key hub.events", "key hub.lines", "key hub.commands", "key outbox"},
    "matter": STORED,
    "reference": STORED,
    "day": STORED | {"value hub.journal", "page"},
    "event": STORED | {"key hub.journal", "value hub.journal", "log"},
    "refused": set(),
}
"""By what stood in an event, where it may be found: `learner` ids, ids of the `matter` it is about, `reference`s to
dossiers elsewhere, `day`s, the id of the `event` itself, and anything of what was `refused`."""

MUST = {
    "learner": {"value hub.lines", "value outbox", "column", "receiver", "access report"},
    "matter": {"value hub.lines", "receiver"},
    "reference": {"value hub.lines", "receiver"},
    "day": {"value hub.lines", "receiver"},
    "event": {"value hub.journal", "receiver"},
}
"""Where it is found for certain, or this test looks in the wrong place."""


def leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from leaves(one)
    elif isinstance(value, str):
        yield value


def markers(planted: Planted) -> dict[str, set[str]]:
    """Of all that was accepted, by what it is."""
    accepted = {sent.code for sent in planted.sent}
    persons = {kind.code for kind in KINDS.values() if about_persons(kind.type)}
    found: dict[str, set[str]] = {
        "learner": set(LEARNERS),
        "matter": set(),
        "reference": set(),
        "day": set(),
        "event": {sent.id for sent in planted.sent if sent.code in persons},
        "refused": {REFUSED, WORDS},
    }
    for kind in KINDS.values():
        if kind.code in accepted & persons:
            for learner in LEARNERS:
                data = about(kind, learner)
                found["learner"] |= {data["otherLearnerId"]} if "otherLearnerId" in data else set()
                found["reference"] |= {data[name] for name in data if name.endswith("Ref")}
                found["matter"] |= {one for one in leaves(data) if _UUID.fullmatch(one)}
                found["day"] |= {one for one in leaves(data) if _DAY.fullmatch(one)}
    found["matter"] -= found["learner"]
    found["day"] -= CLOCK
    return found


async def planting(planted: Planted) -> dict[str, list[str]]:
    """Drives the hub through everything, and collects what it leaves behind, by place."""
    left: dict[str, list[str]] = defaultdict(list)
    kind = next(kind for kind in KINDS.values() if kind.code == "E8")
    good, bad = Webhook(), Webhook(refusing)
    for webhook, partners in ((good, ("swv", "school-b")), (bad, ("vo",))):
        await webhook.start()
        for partner in partners:
            await until(lambda: _subscribed(planted, partner, webhook))  # noqa: B023
    await planted.plant()
    for more in ({"naam": WORDS}, {"birthMonth": WORDS}):
        data = about(kind, REFUSED) | more
        answer = planted.post(
            "school-b", event_of(kind, data, city.BY_ID["school-b"].sources[0], str(uuid.uuid4()))
        )
        assert answer.status_code in (400, 403)
        left["problem"].append(f"{answer.headers}\n{answer.text}")
    await planted.settle()
    await until(lambda: _dead(planted))
    left["receiver"] += [f"{hit.headers}\n{hit.body.decode()}" for hit in (*good.hits, *bad.hits)]
    await _ask(planted, left)
    await good.stop()
    await bad.stop()
    async with collecting() as collector:
        await Export(
            planted.hub.settings.bootstrap, Order(url=f"{collector.url}/v1/traces", source=SOURCE)
        ).run()
        left["span"] += [orjson.dumps(span).decode() for span in collector.spans]
    await _read(planted, left)
    _rows(planted, left)
    logs = [*Folder(planted.hub.settings.data).logs.rglob("*"), planted.hub.folder / "up.log"]
    left["log"] += [path.read_text(errors="replace") for path in logs if path.is_file()]
    return left


async def _subscribed(planted: Planted, partner: str, webhook: Webhook) -> bool:
    """False while the machine is so busy that Kafka makes no outbox in time."""
    async with planted.client(partner) as client:
        made = await client.post("/v1/subscriptions", json={"protocol": "HTTP", "sink": webhook.sink})
    return made.status_code == 201


async def refusing(_: Any, __: int) -> int:
    return 422


async def _dead(planted: Planted) -> bool:
    async with planted.client("vo") as client:
        return bool((await client.get("/v1/dead-letters")).json()["groups"])


async def _ask(planted: Planted, left: dict[str, list[str]]) -> None:
    """Pages, metrics, look-ups, feeds, refusals, a replay and a request for access."""
    for said in await planted.walk(REGIE):
        if not re.search(r"/catalogue|/schemas|/asyncapi|/openapi", said.asked):
            left["page" if said.status < 400 else "problem"].append(said.text)
    settings = planted.hub.settings.model_copy(
        update={"port": planted.hub.port, "metrics_port": planted.metrics_port}
    )
    bearer = {"Authorization": "Bearer secret-beheer"}
    async with httpx.AsyncClient(headers=bearer) as client:
        for port in (planted.hub.port, *(port_of(part, settings) for part in PARTS)):
            answer = await client.get(f"http://127.0.0.1:{port}/metrics")
            left["metric"].append(answer.text if answer.status_code == 200 else "")
    async with planted.client("vo") as client:
        own = (await client.get("/v1/subscriptions")).json()[1]["id"]
        order = {"cause": "any", "why": "rehearsal", "dryRun": False}
        for method, path, body in (
            ("POST", f"/v1/subscriptions/{own}/_replay", order),
            ("GET", f"/v1/learning-lines/{LEARNERS[0]}", None),
            ("GET", f"/v1/learning-lines/{REFUSED}", None),
            ("GET", "/v1/learning-lines/x", None),
        ):
            answer = await client.request(method, path, json=body, headers={"Purpose": "WPO-OKR"})
            left["receiver" if answer.is_success else "problem"].append(answer.text)
    async with planted.client("fg") as client:
        answer = await client.post("/v1/access-requests", json={"learnerId": LEARNERS[0]})
        left["access report"].append(answer.text)


async def _read(planted: Planted, left: dict[str, list[str]]) -> None:
    """Every record that stands in any topic now."""
    async with kafka.consumer(planted.hub.settings.bootstrap) as reader:
        topics = [topic for topic in await reader.topics() if not topic.startswith("__")]
    for one in await read_all(planted.hub.settings.bootstrap, topics):
        family = re.sub(r"^(hub\.events|outbox)\..*", r"\1", one.topic)
        left[f"key {family}"].append((one.key or b"").decode(errors="replace"))
        left[f"value {family}"].append((one.value or b"").decode(errors="replace"))
        left[f"header {family}"] += [raw.decode(errors="replace") for _, raw in one.headers]


def _rows(planted: Planted, left: dict[str, list[str]]) -> None:
    """Every column of every row of the read model."""
    engine = sa.create_engine(planted.hub.settings.database_url)
    with engine.connect() as connection:
        for table in sa.inspect(engine).get_table_names():
            for row in connection.execute(sa.text(f'SELECT * FROM "{table}"')):
                left["column"] += [
                    one.decode(errors="replace") if isinstance(one, bytes) else str(one) for one in row
                ]
    engine.dispose()


def test_what_stood_in_an_event_is_found_where_it_may_be_and_nowhere_else(tmp_path: Path) -> None:
    planted = Planted(tmp_path, (*city.PARTNERS, *WATCHERS))
    with planted.hub:
        left = {place: "\n".join(texts).lower() for place, texts in asyncio.run(planting(planted)).items()}
    found = {what: seen(left, given) for what, given in markers(planted).items()}
    for place in ("log", "metric", "page", "problem", "span", "column", "receiver", "access report"):
        assert left[place], f"nothing to search in {place}"
    wrong = {
        what: {place: near for place, near in places.items() if place not in MAY[what]}
        for what, places in found.items()
    }
    assert not any(wrong.values()), wrong
    missed = {what: sorted(must - found[what].keys()) for what, must in MUST.items()}
    assert not any(missed.values()), missed


def seen(left: dict[str, str], given: set[str]) -> dict[str, str]:
    """Where one of these stands, with what stands around it."""
    found = {}
    for place, text in left.items():
        if at := next((at for one in sorted(given) if (at := text.find(one.lower())) >= 0), -1) + 1:
            found[place] = text[max(0, at - 100) : at + 60]
    return found
