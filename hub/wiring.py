"""Puts the parts together: the only file that knows every room. Each function runs one part until it is stopped."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from hub import __version__, kafka
from hub.core import batch, contracts, partners, topics
from hub.core.catalogue import KINDS
from hub.core.known import Known
from hub.core.partners import Directory, Partner, Token
from hub.core.policy import Policy, Rules
from hub.core.records import Out
from hub.core.subscription import INBOX
from hub.errors import OperatorError
from hub.settings import Settings
from hub.telemetry import log, metrics, service
from hub.telemetry.health import HealthServer

SCHEMAS = Path(__file__).resolve().parent.parent / "schemas"
PORTS = {"processor": 0, "courier": 1, "projector": 2}


def now() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def _start_log(part: str, settings: Settings) -> None:
    log.configure(part, settings.log_level, settings.log_format)


def _health(
    part: str, settings: Settings, ready: Callable[[], tuple[bool, str]], healthy: Any
) -> HealthServer:
    return HealthServer(settings.host, settings.metrics_port + PORTS[part], ready, healthy)


class Views:
    """Full copies of the directory and the subscriptions, kept current."""

    def __init__(self, settings: Settings) -> None:
        self.known = Known()
        self._rules = Rules(hub_source=settings.source)
        self._policy: Policy | None = None
        watch = partial(kafka.CompactedView, settings.bootstrap, on_change=self._changed)
        self._partners = watch(topics.PARTNERS, self.known.apply_partner)
        self._subscriptions = watch(topics.SUBSCRIPTIONS, self.known.apply_subscription)

    async def start(self) -> None:
        await asyncio.gather(self._partners.start(), self._subscriptions.start())

    async def stop(self) -> None:
        await asyncio.gather(self._partners.stop(), self._subscriptions.stop())

    def policy(self) -> Policy:
        """The policy of this moment; the same object until something changes."""
        if self._policy is None:
            self._policy = Policy(self.known.directory, self.known.subscriptions(), self._rules)
        return self._policy

    def _changed(self) -> None:
        self._policy = None

    async def check(self) -> str:
        return (
            ""
            if self._partners.ready and self._subscriptions.ready
            else "partners and subscriptions not read yet"
        )


def processor(settings: Settings) -> int:
    """Folds and routes until SIGTERM."""
    from hub.stream import app as stream

    _start_log("processor", settings)
    views: list[Views] = []
    built = stream.build(settings, batch.run, lambda: views[0].policy(), metrics.count)
    health = _health("processor", settings, lambda: _told(built.ready()), lambda: _told(built.healthy()))

    async def start() -> None:
        views.append(Views(settings))
        await health.start()
        await views[0].start()

    async def stop() -> None:
        await views[0].stop()
        await health.stop()

    built.on_start_hooks.append(start)
    built.on_stop_hooks.append(stop)
    return stream.worker(built)


def _told(well: bool) -> tuple[bool, str]:
    return well, "ok" if well else "joining its group or reading back its states"


def courier(settings: Settings) -> int:
    """Delivers webhooks until SIGTERM."""
    from hub.courier.runner import Courier

    _start_log("courier", settings)

    async def work(stopping: asyncio.Event) -> None:
        running = Courier(settings, instance=_instance(settings, "courier"))
        async with _serving(_health("courier", settings, running.ready, running.healthy)):
            await running.run(stopping)

    return service.run(work)


def _instance(settings: Settings, part: str) -> str:
    """Name of this process in its Kafka group, kept in the data folder: started again, it has its work back at once."""
    path = settings.data / f"{part}.instance"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{part}-{secrets.token_hex(8)}")
    return path.read_text()


def projector(settings: Settings) -> int:
    """Fills the read model, and wakes what is due, until SIGTERM."""
    from hub.readmodel.clock import Clock
    from hub.readmodel.projector import Projector

    _start_log("projector", settings)
    settings.data.mkdir(parents=True, exist_ok=True)

    async def work(stopping: asyncio.Event) -> None:
        running = Projector(settings, batch.view, instance=_instance(settings, "projector"))
        async with (
            _serving(_health("projector", settings, running.ready, running.healthy)),
            _publishing(settings) as publish,
        ):
            clock = asyncio.create_task(_once_ready(running.ready, Clock(running.engine, publish, now).run))
            ending = asyncio.create_task(_then(stopping, running.stop))
            try:
                await running.run()
            finally:
                clock.cancel()
                ending.cancel()

    return service.run(work)


async def _once_ready(ready: Callable[[], tuple[bool, str]], work: Callable[[], Awaitable[None]]) -> None:
    """No clock judges by rows that have not caught up with Kafka."""
    while not ready()[0]:
        await asyncio.sleep(0.2)
    await work()


async def _then(event: asyncio.Event, act: Callable[[], None]) -> None:
    await event.wait()
    act()


@contextlib.asynccontextmanager
async def _serving(health: HealthServer) -> AsyncIterator[None]:
    await health.start()
    try:
        yield
    finally:
        await health.stop()


@contextlib.asynccontextmanager
async def _publishing(
    settings: Settings,
) -> AsyncIterator[Callable[[Sequence[Out]], Coroutine[Any, Any, None]]]:
    """A call that publishes records and returns when all are acknowledged."""
    await kafka.wait_for_kafka(settings.bootstrap)
    producer = kafka.producer(settings)

    async def publish(outs: Sequence[Out]) -> None:
        sent = [await producer.send(o.topic, o.value, o.key, headers=list(o.headers)) for o in outs]
        await asyncio.gather(*sent)

    await producer.start()
    try:
        yield publish
    finally:
        await kafka.end(producer)


def gateway(settings: Settings) -> int:
    """Serves the HTTP door until SIGTERM."""
    import uvicorn

    _start_log("gateway", settings)
    config = uvicorn.Config(
        lambda: gateway_app(settings),
        factory=True,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=3,
        h11_max_incomplete_event_size=65536,
    )
    server = uvicorn.Server(config)
    # Left alone, uvicorn ends by raising the signal that stopped it; to be told to stop is no failure here.
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]

    async def work(stopping: asyncio.Event) -> None:
        ending = asyncio.create_task(_then(stopping, partial(setattr, server, "should_exit", True)))
        await server.serve()
        ending.cancel()

    code = service.run(work)
    return code if server.started else 1


def gateway_app(settings: Settings) -> Any:
    """The gateway as an ASGI app; must be called inside a running loop."""
    from hub.core import sinks
    from hub.core.admission import admit
    from hub.core.line import for_partner
    from hub.gateway import app as door
    from hub.gateway.context import Gateway
    from hub.gateway.feedlog import KafkaFeeds
    from hub.gateway.ingress import GROUP, Ingress
    from hub.gateway.publisher import KafkaPublisher
    from hub.readmodel.queries import Queries
    from hub.readmodel.schema import open_engine, prepare

    settings.data.mkdir(parents=True, exist_ok=True)
    views = Views(settings)
    publisher = KafkaPublisher(lambda: kafka.producer(settings, linger_ms=0))
    feeds = KafkaFeeds(lambda: kafka.consumer(settings.bootstrap, fetch_max_wait_ms=20))
    engine = open_engine(settings.database_url)
    prepare(engine)
    queries = Queries(engine)
    aggregates = _Aggregates(queries, views)
    context = Gateway(
        known=views.known,
        publisher=publisher,
        feeds=feeds,
        queries=queries,
        ensure_outbox=lambda id: _ensure(settings, [topics.outbox_topic(id)]),
        admit=admit,
        for_partner=for_partner,
        flows=aggregates.flows,
        census=aggregates.census,
        count=metrics.count,
        observe=metrics.INGEST_SECONDS.observe,
        now=now,
        url=settings.url,
        source=settings.source,
        line_key=_line_key(settings),
        networks=sinks.networks(settings.sink_allow),
    )
    reader = partial(kafka.consumer, settings.bootstrap, GROUP, metadata_max_age_ms=3000)
    ingress = Ingress(reader, views.known, publisher, admit, metrics.count, now)
    return door.build(
        context,
        services=(views, publisher, feeds, ingress),
        checks={"views": views.check, "kafka": lambda: _kafka_answers(settings), "ingress": ingress.check},
        metrics=(metrics.CONTENT_TYPE, metrics.render),
        schemas=SCHEMAS,
        pages=[_page(settings, aggregates)],
    )


async def _kafka_answers(settings: Settings) -> str:
    try:
        await kafka.wait_for_kafka(settings.bootstrap, timeout=2.0)
    except kafka.KafkaUnavailable as error:
        return str(error)
    return ""


async def _ensure(settings: Settings, wanted: Sequence[topics.Topic]) -> None:
    await kafka.ensure_topics(settings.bootstrap, wanted, settings.replication)


def _line_key(settings: Settings) -> bytes:
    """Secret of this installation under which learner ids stand in the journal; made once, readable by us alone."""
    path = settings.data / "line.key"
    if not path.exists():
        with contextlib.suppress(FileExistsError), open(path, "xb", opener=_private) as file:
            file.write(secrets.token_bytes(32))
    return path.read_bytes()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


class _Aggregates:
    """What the procesregisseur sees, for the page and for JSON: masked before it leaves this object."""

    def __init__(self, queries: Any, views: Views) -> None:
        self._queries = queries
        self._views = views

    async def raw(self) -> Any:
        """Exact counts, for the page that masks them."""
        return await asyncio.to_thread(self._queries.flows, now())

    def flows(self) -> dict[str, Any]:
        from hub.monitor import page

        return page.as_json(self._queries.flows(now()), now(), self.naming())

    def census(self, metric: str) -> Mapping[str, Any] | None:
        from hub.core import census

        if metric == "M2":
            return census.m2(self._queries.groups(), next(self._queries.places(), None))
        if metric == "M6":
            return census.m6(self._queries.lines())
        return None

    def naming(self) -> Any:
        from hub.monitor.figures import Kind, Naming

        directory = self._views.known.directory
        kinds = {k.type: Kind(k.nl, k.en, k.privacy(k.example)) for k in KINDS.values()}
        return Naming(kinds, partial(_partner_name, directory), partial(_org_name, directory))


def _partner_name(directory: Directory, id: str) -> str:
    found = directory.get(id)
    return found.name if found else id


def _org_name(directory: Directory, ref: str) -> str:
    found = directory.of_org(ref)
    named = next((org.name for org in found.orgs if org.ref == ref), "") if found else ""
    return named or ref


def _page(settings: Settings, aggregates: _Aggregates) -> Any:
    """The page; open on a loopback address, else only with the token of a procesregisseur or operator as password."""
    from fastapi import Depends

    from hub.gateway.auth import page_guard
    from hub.monitor import page

    dependencies = [] if settings.loopback else [Depends(page_guard)]
    return page.router(aggregates.raw, aggregates.naming, now, dependencies)


def up(settings: Settings, main: Any = None) -> int:
    """Everything on this machine, with the partners of `HUB_PARTNERS` if that is set."""
    from hub.local import supervisor

    async def load() -> None:
        if settings.partners is not None:
            await _store_partners(settings, _read_partners(settings.partners))

    return supervisor.run(settings, os.environ, load, main)


def demo(settings: Settings, chosen: argparse.Namespace) -> int:
    """The hub with simulated partners."""
    from hub.demo import run
    from hub.readmodel.queries import Queries
    from hub.readmodel.schema import open_engine

    def read_model(adapted: Settings) -> Any:
        return Queries(open_engine(adapted.database_url)).aggregates()

    return run.main(settings, chosen, up, read_model)


def load_partners(settings: Settings, path: Path) -> int:
    """Puts a directory file into `hub.partners`, and makes what its partners need."""
    found = _read_partners(path)
    asyncio.run(_store_partners(settings, found))
    print(f"{len(found)} partners loaded from {path}")
    return 0


def _read_partners(path: Path) -> list[Partner]:
    from hub.demo import directory

    return directory.load(path)


async def _store_partners(settings: Settings, found: Sequence[Partner]) -> None:
    """Writes the partners, after the topics they need are there: an inbox each."""
    await _ensure(
        settings, [*topics.manifest(settings.partitions), *(topics.outbox_topic(INBOX + p.id) for p in found)]
    )
    async with _publishing(settings) as publish:
        await publish([Out(topics.PARTNERS, p.id.encode(), partners.dump(p)) for p in found])


async def _all_partners(settings: Settings) -> Directory:
    known = Known()
    view = kafka.CompactedView(settings.bootstrap, topics.PARTNERS, known.apply_partner)
    await view.start(timeout=10)
    await view.stop()
    return known.directory


def list_partners(settings: Settings) -> int:
    """Prints the directory; never a token."""
    for partner in asyncio.run(_all_partners(settings)).partners.values():
        roles = " ".join(partner.roles)
        print(f"{partner.id:28}{partner.name:44}{roles:32}{len(partner.tokens)} tokens")
    return 0


def partner_token(settings: Settings, id: str) -> int:
    """Draws a token for a partner, stores its hash, and prints it this once."""
    token = f"hub_{secrets.token_urlsafe(32)}"

    async def give() -> None:
        partner = (await _all_partners(settings)).get(id)
        if partner is None:
            raise OperatorError(f"no partner {id}: `hub partners list` shows them all")
        label = f"made-{time.strftime('%Y-%m-%d')}"
        import msgspec

        kept = Token(label, partners.hash_token(token))
        await _store_partners(settings, [msgspec.structs.replace(partner, tokens=(*partner.tokens, kept))])

    asyncio.run(give())
    print(token)
    return 0


def schemas(check: bool) -> int:
    """Writes what is generated below `schemas/`; with `check` only says what is not current."""
    made = generated()
    stale = [name for name, content in made.items() if _content(SCHEMAS / name) != content]
    known = {str(path.relative_to(SCHEMAS)) for path in SCHEMAS.rglob("*.json")}
    stale += sorted(known - made.keys() - {n for n in known if n.startswith("partners/")})
    if check:
        print("\n".join(f"not current: schemas/{name}" for name in stale) or "schemas are current")
        return 1 if stale else 0
    for name in stale:
        path = SCHEMAS / name
        if name in made:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(made[name])
        else:
            path.unlink()
    print(f"{len(made)} files, {len(stale)} of them changed")
    return 0


def generated() -> dict[str, bytes]:
    """Path below `schemas/` to content, for every generated file."""
    documents: dict[str, Any] = {contracts.path(kind): contracts.schema(kind) for kind in KINDS.values()}
    documents["asyncapi.json"] = contracts.asyncapi(__version__)
    documents["catalogue.json"] = contracts.catalogue()
    documents["openapi.json"] = _openapi()
    return {
        name: orjson.dumps(value, option=orjson.OPT_INDENT_2) + b"\n" for name, value in documents.items()
    }


def _openapi() -> Any:
    from hub.gateway import app as door
    from hub.gateway import openapi

    return openapi.document(door.build(None), "http://127.0.0.1:8080")


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""
