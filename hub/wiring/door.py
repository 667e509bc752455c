"""The gateway: the HTTP door with everything it needs, and the page of the procesregisseur."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from hub import kafka, kafka_access
from hub.core import topics
from hub.core.catalogue import KINDS
from hub.core.directory import Directory
from hub.core.event import moment
from hub.core.rules import Rules
from hub.core.views import Cell
from hub.settings import Settings
from hub.telemetry import metrics, service
from hub.wiring import clock as clocks
from hub.wiring import rules as rulebook
from hub.wiring.contracts import SCHEMAS
from hub.wiring.shared import Views, start_log, then


def gateway(settings: Settings) -> int:
    """Serves the HTTP door until SIGTERM. Raises SettingsError for rules or a clock that cannot be used."""
    import uvicorn

    start_log("gateway", settings)
    rulebook.load(settings)
    clocks.clock(settings)
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
        ending = asyncio.create_task(then(stopping, partial(setattr, server, "should_exit", True)))
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
    from hub.gateway.backlog import Backlog
    from hub.gateway.context import Gateway
    from hub.gateway.feedlog import KafkaFeeds
    from hub.gateway.ingress import GROUP, Ingress
    from hub.gateway.journallog import KafkaJournal
    from hub.gateway.offsets import KafkaOffsets
    from hub.gateway.pressure import Pressure
    from hub.gateway.publisher import KafkaPublisher
    from hub.readmodel.letters import Letters
    from hub.readmodel.numbers import Numbers
    from hub.readmodel.queries import Queries
    from hub.readmodel.schema import open_engine, prepare

    settings.data.mkdir(parents=True, exist_ok=True)
    rules, clock, bootstrap = rulebook.load(settings), clocks.clock(settings), settings.bootstrap
    stamp = clocks.stamp(clock)
    views = Views(settings, rules)
    backlog = Backlog(settings.bootstrap, topics.PROCESSORS, topics.INPUTS, settings.backlog_limit)
    publisher = KafkaPublisher(lambda: kafka.producer(settings, linger_ms=0))
    feeds = KafkaFeeds(lambda: kafka.consumer(settings.bootstrap, fetch_max_wait_ms=20))
    offsets = KafkaOffsets(lambda: kafka.client(settings.bootstrap))
    engine = open_engine(settings.database_url)
    prepare(engine)
    queries = Queries(engine)
    aggregates = _Aggregates(engine, views, rules, clock)
    context = Gateway(
        known=views.known,
        publisher=publisher,
        feeds=feeds,
        offsets=offsets,
        journaled=KafkaJournal(feeds, settings.partitions),
        books=Numbers(engine),
        courier=topics.COURIERS,
        queries=queries,
        letters=Letters(engine),
        ensure_outbox=lambda id: _ensure(settings, [topics.outbox_topic(id)]),
        let_read=lambda partner, id: kafka_access.let(
            bootstrap, partner, topics.outbox(id), kafka_access.READ
        ),
        close_outbox=lambda id: kafka_access.forget(bootstrap, topics.outbox(id)),
        admit=admit,
        for_partner=for_partner,
        flows=aggregates.flows,
        health=aggregates.health,
        lagging=aggregates.lagging,
        count=metrics.count,
        observe=metrics.INGEST_SECONDS.observe,
        now=clocks.wall,
        today=lambda: moment(clock())[:10],
        rules=rules,
        stamp=stamp,
        loopback=settings.loopback,
        url=settings.url,
        source=settings.source,
        line_key=_line_key(settings),
        networks=sinks.networks(settings.sink_allow),
        pressure=Pressure(backlog.behind),
    )
    reader = partial(kafka.consumer, settings.bootstrap, GROUP, metadata_max_age_ms=3000)
    ingress = Ingress(
        reader, views.known, publisher, admit, metrics.count, clocks.wall, stamp, backlog.behind
    )
    return door.build(
        context,
        services=(views, publisher, feeds, offsets, backlog, ingress),
        notes=(backlog.note,),
        parts=lambda: _parts(settings),
        checks={"views": views.check, "kafka": lambda: _kafka_answers(settings), "ingress": ingress.check},
        metrics=(metrics.CONTENT_TYPE, metrics.render),
        schemas=SCHEMAS,
        pages=[_page(settings, aggregates), _catalogue()],
    )


async def _parts(settings: Settings) -> dict[str, Any]:
    """How every process is that `hub up` runs with these settings."""
    from hub.local import probe
    from hub.local.children import crew, port_of

    async def ask(name: str) -> dict[str, Any]:
        port = port_of(name, settings)
        well, reason = await probe.ready(settings.host, port)
        return {"ready": well, "reason": reason, "port": port}

    names = [own.name(part) for part, own in crew(settings)]
    return dict(zip(names, await asyncio.gather(*map(ask, names)), strict=True))


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

    def __init__(self, engine: Any, views: Views, rules: Rules, now: Callable[[], int]) -> None:
        from hub.readmodel.flowing import Flowing
        from hub.readmodel.queries import Queries

        self._queries = Queries(engine)
        self._flowing = Flowing(engine)
        self._views = views
        self._rules = rules
        self._now = now

    async def read(self) -> Any:
        """Exact counts, for the pages that mask them."""
        from hub.monitor.page import Reading

        def both() -> Reading:
            now = clocks.wall()
            return Reading(self._queries.flows(now), self._flowing.matrix(now))

        return await asyncio.to_thread(both)

    def known(self) -> Any:
        """How the pages call things, and take them together."""
        from hub.core.purposes import flow_of
        from hub.monitor.matrix import Lanes, silence_of
        from hub.monitor.page import Known

        naming, directory = self.naming(), self._views.known.directory
        silence = silence_of(moment(self._now())[:10], self._rules.calendar)
        group = partial(_group, directory)
        return Known(naming, Lanes(flow_of, group, naming.personal, naming.partner, silence))

    def flows(self) -> dict[str, Any]:
        from hub.monitor import page

        now = clocks.wall()
        return page.as_json(self._queries.flows(now), now, self.naming())

    def lagging(self) -> Any:
        """Signals that stand, per organisation and rule."""
        return self.flows()["signals"]

    def health(self) -> list[Cell]:
        from hub.monitor.figures import figures
        from hub.monitor.health import health

        now = clocks.wall()
        flows = self._queries.flows(now)
        return health(flows, figures(flows, self.naming(), now))

    def naming(self) -> Any:
        from hub.monitor.figures import Kind, Naming

        known = self._views.known.directory
        kinds = {k.type: Kind(k.nl, k.en, k.privacy(k.example)) for k in KINDS.values()}
        return Naming(kinds, partial(_partner_name, known), partial(_org_name, known))


def _partner_name(known: Directory, id: str) -> str:
    found = known.get(id)
    return found.name if found else id


def _group(known: Directory, id: str) -> str:
    """The role under which a partner stands in the matrix of flows; its first, of those it has."""
    found = known.get(id)
    return str(found.roles[0]) if found and found.roles else ("hub" if id == "hub" else "")


def _org_name(known: Directory, ref: str) -> str:
    found = known.of_org(ref)
    named = next((org.name for org in found.orgs if org.ref == ref), "") if found else ""
    return named or ref


def _page(settings: Settings, aggregates: _Aggregates) -> Any:
    """The page; open on a loopback address, else only with the token of a procesregisseur or operator as password."""
    from fastapi import Depends

    from hub.gateway.auth import page_guard
    from hub.monitor import page
    from hub.monitor.viewer import Viewer, anybody

    allowed = Depends(page_guard)

    def guarded(_: None = allowed) -> Viewer:
        return anybody()

    viewer = anybody if settings.loopback else guarded
    return page.router(aggregates.read, aggregates.known, clocks.wall, viewer)


def _catalogue() -> Any:
    """What kinds of events there are: open to everyone, for it says nothing of anybody."""
    from hub.core.contracts import catalogue
    from hub.monitor import catalogue as page

    return page.router(catalogue())
