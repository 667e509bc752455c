"""How fast every page is at the server, with a million rows in the read model and events flowing in.

`python -m tests.bench.pages [ROWS [SECONDS [RATE]]]`, or `make bench-pages ARGS=...`. For each kind of database: a real
hub with part of the year in it; its read model is filled up to ROWS entries of the journal, with the deliveries that
belong to them, by the code that the projector runs; then RATE events a second come in through the door for SECONDS,
while every page (`tests/browser/table.py`) is asked as each role that may see it, one after the other. Times are those
that the gateway notes of each request. Beside them somebody looks at the figures of today, and now and then an event
is published to see how soon it is shown.
"""

from __future__ import annotations

import asyncio
import os
import random
import statistics
import sys
import tempfile
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import orjson
import sqlalchemy as sa

from hub.core import journal
from hub.core.catalogue import KINDS
from hub.core.people import PersonRole
from hub.core.topics import events_topic
from hub.demo.story import school_year
from hub.readmodel import schema
from hub.readmodel.store import Batch, Store
from tests import journals, postgres
from tests.bench.table import show
from tests.browser.look import sign_in
from tests.browser.table import ROUTES, address, routes
from tests.browser.town import BROKEN, OFFER, WELL, Town, send

ROWS, SECONDS, RATE = 1_000_000, 60.0, 200.0
TARGET_MS = 300.0
LIVE_SECONDS = 2.0
POLL_SECONDS = 0.5
"""An open page asks so often (`hub/monitor/static/monitor.js`)."""
OFFERING, OFFER_EVERY = "gemeente-almere", 3.0
"""In the year that flows by it offers nothing; here one offer comes some seconds after the other was shown."""
DAYS = 14
"""The history goes so far back."""
AT_ONCE = 2000
FILLED_FROM = 10_000_000
"""Numbers that the year does not give out begin here."""
WAITING = 200
"""So many of the newest events still wait for the partner whose receiver broke."""


def main(
    rows: int = ROWS, seconds: float = SECONDS, rate: float = RATE, kinds: str = "sqlite,postgresql"
) -> None:
    """Prints a table for each kind of database; raises AssertionError when a page is slower than TARGET_MS, or what
    is published is shown later than LIVE_SECONDS."""
    slow: list[str] = []
    for kind in kinds.split(","):
        with tempfile.TemporaryDirectory() as folder, _database(kind) as database:
            given = {} if database is None else {"HUB_DATABASE": database}
            with Town(Path(folder), **given) as town:
                slow += asyncio.run(measure(town, kind, rows, seconds, rate))
    assert not slow, slow


@contextmanager
def _database(kind: str) -> Iterator[str | None]:
    with nullcontext() if kind == "sqlite" else postgres.running() as cluster:
        if cluster is None:
            yield None
        else:
            with cluster.database() as url:
                yield url


async def measure(town: Town, kind: str, rows: int, seconds: float, rate: float) -> list[str]:
    """The pages that were too slow."""
    begun = time.monotonic()
    held = await asyncio.to_thread(fill, town, rows)
    print(f"{kind}: {held:,} entries and their deliveries in {time.monotonic() - begun:.0f} s", flush=True)
    log = town.up.folder.logs / "gateway.log"
    clients = {role: await sign_in(town, role) for role in PersonRole}
    past = log.stat().st_size
    flowing = asyncio.create_task(flow(town, seconds, rate))
    watching = asyncio.create_task(watch(town, await sign_in(town, PersonRole.PROCESREGISSEUR), flowing))
    asked = await ask(town, clients, flowing)
    sent, lives = await flowing, await watching
    took: dict[str, list[float]] = defaultdict(list)
    with log.open("rb") as lines:
        lines.seek(past)
        for line in lines:
            said = orjson.loads(line)
            if said.get("event") == "http.request" and said.get("status") == 200 and said["route"] in ROUTES:
                took[said["route"]].append(said["ms"])
    table, slow = [], []
    for route in ROUTES:
        p50, p95, p99 = _percentiles(took[route])
        table.append(
            (route, " ".join(sorted(asked[route])), len(took[route]), *(f"{n:.0f}" for n in (p50, p95, p99)))
        )
        slow += [f"{kind} {route}: p95 {p95:.0f} ms"] if p95 > TARGET_MS else []
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    title = f"Pages on {kind}, {held:,} entries, {sent / seconds:.0f} events/s; load {load} on {os.cpu_count()} cores"
    show(title, ("page", "roles", "asked", "p50 ms", "p95 ms", "p99 ms"), table)
    told = " ".join(f"{one:.2f}" for one in sorted(lives))
    print(f"  seconds from an event that is published to the open page that shows it: {told}", flush=True)
    return slow + ([f"{kind} live: {max(lives):.1f} s"] if max(lives) > LIVE_SECONDS else [])


def fill(town: Town, rows: int) -> int:
    """Entries of the journal that the read model holds afterwards: more of what the year told, by the same legs."""
    engine = schema.open_engine(town.up.settings.database_url)
    store = Store(engine, lambda key, value: None)
    rng, log = random.Random("pages"), journals.Log()
    with engine.connect() as connection:
        held = connection.scalar(sa.select(sa.func.count()).select_from(schema.entries)) or 0
        legs = connection.execute(sa.select(*_LEG, sa.func.sum(schema.legs.c.told)).group_by(*_LEG)).all()
    ways = _ways(legs)
    while held < rows:
        told: list[journal.Entry] = []
        while len(told) < AT_ONCE:
            told += _life(rng, ways, waits=rows - held < WAITING * 5)
        store.apply(Batch((), journal=log.entries(told)))
        held += len(told)
    if engine.dialect.name == "postgresql":
        # What its own housekeeping does within a minute.
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text("ANALYZE"))
    engine.dispose()
    return held


_LEG = [schema.legs.c[name] for name in ("publisher", "type", "partner", "subscription")]


class Ways(NamedTuple):
    """Publisher and kind, how often that was told, and to whom; how many numbers were given out, by subscription."""

    from_: list[tuple[str, str]]
    weights: list[int]
    to: dict[tuple[str, str], list[tuple[str, str]]]
    numbers: Counter[str]


def _ways(legs: Iterable[Any]) -> Ways:
    to: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    told: Counter[tuple[str, str]] = Counter()
    for publisher, type, partner, subscription, n in legs:
        to[publisher, type].append((partner, subscription))
        told[publisher, type] += int(n)
    return Ways(list(told), list(told.values()), to, Counter())


def _life(rng: random.Random, ways: Ways, waits: bool) -> list[journal.Entry]:
    """An event and what became of it: by webhook to those who have one, into the feeds of the others."""
    at = int(time.time() * 1000) - rng.randrange(60_000, DAYS * 86_400_000)
    ((publisher, type),) = rng.choices(ways.from_, ways.weights)
    to = ways.to[publisher, type]
    to = rng.sample(to, min(len(to), rng.randint(1, 4)))
    if not waits:
        to = [one for one in to if one[0] != BROKEN]
    kind, id = KINDS[type], str(uuid.UUID(int=rng.getrandbits(128), version=4))
    event = journals.Event(id, type, publisher, at, events_topic(kind.privacy(kind.example)))
    entries = [event.accepted(), event.routed(*to)]
    for partner, inbox in to:
        if partner in (BROKEN, WELL):
            ways.numbers[inbox] += 1
            outcome = "retry" if partner == BROKEN else "delivered"
            entries.append(event.attempted(partner, inbox, outcome, number=FILLED_FROM + ways.numbers[inbox]))
        else:
            entries.append(
                journals.pulled(partner, inbox, event.delivery(inbox), at=at + rng.randrange(60_000))
            )
    return entries


async def flow(town: Town, seconds: float, rate: float) -> int:
    """Publishes for so long, as many systems; how many events the hub took."""
    story = iter(
        school_year(town.directory, "pages", events=round(seconds * rate * 1.3) + 2000, answers=True)
    )
    begun, sent = time.monotonic(), 0
    async with httpx.AsyncClient(base_url=town.url, timeout=60, trust_env=False) as client:
        while time.monotonic() - begun < seconds:
            due = round((time.monotonic() - begun) * rate) - sent
            told = [one for one, _ in zip(story, range(due), strict=False)]
            await send(client, told)
            sent += len(told)
            await asyncio.sleep(0.1)
    return sent


async def ask(
    town: Town, clients: Mapping[PersonRole, httpx.AsyncClient], while_: asyncio.Task[int]
) -> dict[str, set[str]]:
    """Every page as each role, again and again; the roles by page."""
    asked: dict[str, set[str]] = defaultdict(set)
    try:
        while not while_.done():
            for role, client in clients.items():
                for route in routes(role):
                    answer = await client.get(address(route, town.fill, role))
                    assert answer.status_code == 200, (route, role, answer.text[:300])
                    asked[route].add(role.value)
                    await asyncio.sleep(0.02)
    finally:
        for client in clients.values():
            await client.aclose()
    return asked


async def watch(town: Town, client: httpx.AsyncClient, while_: asyncio.Task[int]) -> list[float]:
    """How many seconds it took from publishing an event until a page that is open showed it, time after time."""
    took, name = [], town.directory.partners[OFFERING].name

    async def shown() -> str:
        answer = await client.get("/monitor/live?page=numbers")
        rows = answer.raise_for_status().json()["parts"]["events"].split("</tr>")
        ours = (row for row in rows if KINDS[OFFER].nl in row and f">{name}<" in row)
        return next(ours, "").partition("</svg>")[2]

    try:
        while not while_.done():
            before, begun = await shown(), time.monotonic()
            await asyncio.to_thread(town.offer, OFFERING)
            while await shown() == before:
                await asyncio.sleep(POLL_SECONDS)
            took.append(time.monotonic() - begun)
            await asyncio.sleep(OFFER_EVERY)
    finally:
        await client.aclose()
    return took


def _percentiles(took: list[float]) -> tuple[float, float, float]:
    if len(took) < 2:
        return (0.0, 0.0, 0.0)
    cut = statistics.quantiles(took, n=100, method="inclusive")
    return cut[49], cut[94], cut[98]


if __name__ == "__main__":
    given = sys.argv[1:]
    main(*(kind(text) for kind, text in zip((int, float, float, str), given, strict=False)))
