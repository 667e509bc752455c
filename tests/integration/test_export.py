"""The journal of a real Kafka, exported to a collector over real HTTP that checks the shape of what it gets."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web
from aiokafka import AIOKafkaProducer

from hub import kafka as low
from hub.core import journal, topics
from hub.core.topics import Topic
from hub.logbook import export, otlp
from hub.logbook.export import Export, Order
from hub.settings import Settings, SettingsError
from tests.broker import ROOT, Broker

pytestmark = [pytest.mark.kafka]

SOURCE = "urn:nld:oin:00000099000000000000:systeem:onderwijshub"
HANDOVER = "nl.onderwijsloopbanen.handover.prepared.v1"
HEX = set("0123456789abcdef")


class Collector:
    """Takes spans as an OpenTelemetry collector does; `answers` are its next answers, 200 when there are none."""

    def __init__(self) -> None:
        self.spans: list[dict[str, Any]] = []
        self.answers: list[web.Response] = []
        self.requests = 0
        self.tokens: set[str] = set()
        self.slow = 0.0
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        self.requests += 1
        self.tokens.add(request.headers.get("Authorization", ""))
        given = await request.json()
        await asyncio.sleep(self.slow)
        if self.answers and (answer := self.answers.pop(0)).status != 200:
            return answer
        assert request.content_type == "application/json"
        (resource,) = given["resourceSpans"]
        named = {one["key"]: one["value"]["stringValue"] for one in resource["resource"]["attributes"]}
        assert named["service.name"] == "onderwijshub" and named["service.instance.id"] == SOURCE
        (scope,) = resource["scopeSpans"]
        assert scope["scope"]["name"]
        for span in scope["spans"]:
            check(span)
        self.spans += scope["spans"]
        return web.json_response({"partialSuccess": {}})

    @property
    def ids(self) -> Counter[str]:
        return Counter(span["spanId"] for span in self.spans)


def check(span: dict[str, Any]) -> None:
    """The shape of a span in OTLP's JSON: ids in hexadecimal, 64-bit numbers as text, enumerations as numbers."""
    assert set(span) <= {
        *("traceId", "spanId", "parentSpanId", "name", "kind", "attributes", "status"),
        *("startTimeUnixNano", "endTimeUnixNano"),
    }  # fmt: skip
    assert len(span["traceId"]) == 32 and set(span["traceId"]) <= HEX
    assert len(span["spanId"]) == 16 and set(span["spanId"]) <= HEX
    assert "parentSpanId" not in span or (
        len(span["parentSpanId"]) == 16 and set(span["parentSpanId"]) <= HEX
    )
    assert isinstance(span["startTimeUnixNano"], str) and span["startTimeUnixNano"].isdecimal()
    assert int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"])
    assert isinstance(span["kind"], int) and span["status"]["code"] in (1, 2) and span["name"]
    told = {one["key"]: one["value"]["stringValue"] for one in span["attributes"]}
    assert {
        "dpl.core.processing_activity_id",
        "dpl.core.data_subject_id",
        "dpl.core.data_subject_id_type",
    } <= told.keys()
    assert all(key.startswith("dpl.core.") and value for key, value in told.items())


@contextlib.asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    made = Collector()
    app = web.Application(client_max_size=16 * 2**20)
    app.router.add_post("/v1/traces", made.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield made
    finally:
        await runner.cleanup()


class Log:
    """A journal of its own."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.topic = f"journal-{uuid.uuid4().hex[:8]}"

    async def write(self, first: int, last: int) -> None:
        await self.broker.create([Topic(self.topic, 2, {})])
        async with low.producer(Settings(kafka=self.broker.bootstrap)) as out:
            for n in range(first, last):
                await out.send(self.topic, entry(n), b"%d" % n)
            await out.flush()

    def export(self, url: str, **more: Any) -> Export:
        order = Order(url=otlp.address(url), source=SOURCE, **more)
        return Export(self.broker.bootstrap, order, self.topic, f"export-{self.topic}")


def entry(n: int) -> bytes:
    person = f"{n:032x}"
    made = journal.Accepted(
        at=1_790_000_000_000 + n,
        source="s",
        id=f"e{n}",
        type=HANDOVER,
        person=person,
        publisher="po",
        topic="t",
        via="http",
    )
    return journal.record(made).value or b""


@pytest.fixture
def log(kafka: Broker) -> Log:
    return Log(kafka)


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not done():
            await asyncio.sleep(0.05)


async def test_all_is_sent_once_and_the_next_export_goes_on_where_it_ended(log: Log) -> None:
    await log.write(0, 1200)
    async with collecting() as there:
        done = await log.export(there.url, token="secret").run()
        assert (done.records, done.spans, len(there.spans)) == (1200, 1200, 1200)
        assert there.requests < 30 and there.tokens == {"Bearer secret"}
        await log.write(1200, 1210)
        done = await log.export(there.url).run()
        assert done.spans == 10 and set(there.ids.values()) == {1} and len(there.ids) == 1210


async def test_since_a_moment_all_of_it_is_sent_again(log: Log) -> None:
    await log.write(0, 10)
    async with collecting() as there:
        await log.export(there.url).run()
        await log.export(there.url, since=0).run()
        assert set(there.ids.values()) == {2}
        assert (await log.export(there.url, since=4_000_000_000_000).run()).spans == 0


async def test_a_collector_that_is_busy_is_sent_the_same_again(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "PAUSES", (0.01, 0.01, 0.01))
    await log.write(0, 5)
    async with collecting() as there:
        there.answers = [web.Response(status=503), web.Response(status=429, headers={"Retry-After": "1"})]
        done = await log.export(there.url).run()
        assert (done.spans, len(there.spans), there.requests) == (5, 5, 3)


async def test_a_collector_that_stays_away_or_refuses_moves_nothing(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "PAUSES", (0.01,))
    await log.write(0, 5)
    with pytest.raises(export.GaveUp):
        await log.export("http://127.0.0.1:9").run()
    async with collecting() as there:
        there.answers = [web.Response(status=400)]
        with pytest.raises(otlp.Refused, match="400"):
            await log.export(there.url).run()
        assert (await log.export(there.url).run()).spans == 5


async def test_what_a_collector_drops_is_told(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    await log.write(0, 5)
    async with collecting() as there:
        monkeypatch.setattr(otlp, "_taken", lambda answer: otlp.Taken(2, "too old"))
        assert (await log.export(there.url).run()).dropped == 2


async def test_one_that_follows_sends_what_comes(log: Log) -> None:
    await log.write(0, 5)
    async with collecting() as there:
        running = asyncio.create_task(log.export(there.url, follow=True).run())
        await until(lambda: len(there.spans) == 5)
        await log.write(5, 8)
        await until(lambda: len(there.spans) == 8)
        running.cancel()
        await asyncio.wait([running])


async def test_killed_half_way_nothing_is_lost_and_what_comes_again_has_the_same_ids(kafka: Broker) -> None:
    """The command itself, on the journal of the hub."""
    await kafka.create(topics.manifest(4))
    settings = Settings(kafka=kafka.bootstrap)
    async with low.producer(settings) as out:
        await _fill(out)
    environment = {"HUB_KAFKA": kafka.bootstrap, "PYTHONPATH": str(ROOT), "PATH": ""}
    async with collecting() as there:
        command = [
            sys.executable,
            "-m",
            "hub",
            "journal",
            "export",
            "--otlp",
            there.url,
            "--since",
            "2026-01-01",
        ]
        there.slow = 0.3
        first = await asyncio.create_subprocess_exec(*command, env=environment, stdout=subprocess.DEVNULL)
        await until(lambda: there.requests >= 2)
        first.kill()
        await first.wait()
        assert 0 < len(there.ids) < 3000
        there.slow = 0.0
        second = await asyncio.create_subprocess_exec(
            *command[:-2], env=environment, stdout=subprocess.DEVNULL
        )
        assert await asyncio.wait_for(second.wait(), 60) == 0
        mine = {span["spanId"] for span in there.spans if "Ontvangen van killed" in span["name"]}
        assert len(mine) == 3000


async def _fill(out: AIOKafkaProducer) -> None:
    for n in range(3000):
        made = journal.Accepted(
            at=n,
            source="s",
            id=f"killed-{n}",
            type=HANDOVER,
            person="a" * 32,
            publisher="killed",
            topic="t",
            via="http",
        )
        await out.send(topics.JOURNAL, journal.record(made).value, b"%d" % n)
    await out.flush()


@pytest.mark.parametrize(
    "url", ["http://collector.example:4318", "ftp://x", "collector", "https://a:b@c", "https://c/?q=1"]
)
def test_over_a_network_only_by_tls(url: str) -> None:
    with pytest.raises(SettingsError):
        otlp.address(url)


def test_the_path_of_traces_is_filled_in() -> None:
    assert otlp.address("https://c.example:4318") == "https://c.example:4318/v1/traces"
    assert otlp.address("https://c.example/otlp/v1/traces") == "https://c.example/otlp/v1/traces"
