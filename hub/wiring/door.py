"""The gateway: the HTTP door with everything it needs, and the page of the procesregisseur."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from functools import partial
from typing import Any

from hub import kafka, pairwise, private
from hub.core import topics
from hub.core.event import moment
from hub.memory import Trimming
from hub.settings import Settings
from hub.telemetry import metrics, service
from hub.wiring import clock as clocks
from hub.wiring import people
from hub.wiring import rules as rulebook
from hub.wiring import secrets as secrets_of
from hub.wiring.contracts import SCHEMAS
from hub.wiring.pages import Aggregates, Inside, pages
from hub.wiring.shared import Views, enter, kafka_answers, line_key, then


def gateway(settings: Settings) -> int:
    """Serves the HTTP door until SIGTERM. Raises SettingsError for rules or a clock that cannot be used."""
    import uvicorn

    from hub.gateway.wire import protocol

    enter("gateway", settings)
    rulebook.load(settings)
    pairwise.references(settings)
    clocks.clock(settings)
    secrets_of.keyring(settings)
    people.check(settings)
    config = uvicorn.Config(
        lambda: gateway_app(settings),
        factory=True,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http=protocol(_wire(settings)),
        ws="none",
        timeout_keep_alive=settings.door_idle_seconds,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # the peer of a request is who it comes from, not who that says it is
        timeout_graceful_shutdown=3,
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


def _wire(settings: Settings) -> Any:
    from hub.gateway.wire import Wire

    return Wire(
        connections=settings.door_connections,
        head_seconds=settings.door_head_seconds,
        body_seconds=settings.door_body_seconds,
        answer_seconds=settings.door_body_seconds,
        url_bytes=settings.door_url_bytes,
        headers=settings.door_headers,
        header_bytes=settings.door_header_bytes,
    )


def gateway_app(settings: Settings) -> Any:
    """The gateway as an ASGI app; must be called inside a running loop."""
    from hub.core import admission, sinks
    from hub.core.line import for_partner
    from hub.gateway import app as door
    from hub.gateway.access_form import Reach
    from hub.gateway.backlog import Backlog
    from hub.gateway.bearer import Bearers
    from hub.gateway.context import Gateway
    from hub.gateway.feedlog import KafkaFeeds
    from hub.gateway.ingress import GROUP, Ingress
    from hub.gateway.journallog import KafkaJournal
    from hub.gateway.limits import Limits
    from hub.gateway.offsets import KafkaOffsets
    from hub.gateway.pressure import Pressure
    from hub.gateway.proxy import Proxy
    from hub.gateway.publisher import KafkaPublisher
    from hub.gateway.statelog import KafkaStates
    from hub.readmodel.audit import Audit
    from hub.readmodel.letters import Letters
    from hub.readmodel.numbers import Numbers
    from hub.readmodel.queries import Queries
    from hub.readmodel.schema import open_engine, prepare
    from hub.readmodel.search import Search

    private.folder(settings.data)
    rules, clock = rulebook.load(settings), clocks.clock(settings)
    references = pairwise.references(settings)
    admit = admission.door(rules, references)
    stamp, secret = clocks.stamp(clock), line_key(settings)
    views = Views(settings, rules)
    backlog = Backlog(settings.bootstrap, topics.PROCESSORS, topics.INPUTS, settings.backlog_limit)
    publisher = KafkaPublisher(lambda: kafka.producer(settings, linger_ms=0))
    feeds = KafkaFeeds(lambda: kafka.consumer(settings.bootstrap, fetch_max_wait_ms=20))
    offsets = KafkaOffsets(lambda: kafka.client(settings.bootstrap))
    engine = open_engine(settings.reader_url)
    prepare(engine)
    queries = Queries(engine)
    aggregates = Aggregates(engine, views, rules, clock)
    inside = Inside(settings.url)
    bearers = Bearers(settings.issuers, settings.audience or settings.url)
    visitors = people.visitors(settings, clocks.wall, secret)
    context = Gateway(
        known=views.known,
        publisher=publisher,
        feeds=feeds,
        offsets=offsets,
        journaled=KafkaJournal(feeds, settings.partitions),
        books=Numbers(engine),
        audit=Audit(engine),
        states=KafkaStates(feeds, settings.partitions),
        courier=topics.COURIERS,
        queries=queries,
        search=Search(engine),
        letters=Letters(engine),
        ensure_outbox=lambda id: _ensure(settings, [topics.outbox_topic(id, settings.window_ms)]),
        admit=admit,
        for_partner=partial(for_partner, rules=rules),
        references=references,
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
        bearers=bearers,
        proxy=Proxy(settings.proxy_header, sinks.networks(settings.proxy_trust)),
        seal=secrets_of.keyring(settings).seal,
        reach=Reach(
            sinks.networks(settings.sink_allow),
            sinks.PORTS.union(settings.sink_ports),
            settings.sink_certificate is not None,
        ),
        line_key=secret,
        pressure=Pressure(backlog.behind),
        login=None if visitors is None else visitors.login,
        limits=Limits(settings.door_rate, settings.door_polls, settings.door_subscriptions),
    )
    visiting = () if visitors is None else (visitors,)
    reader = partial(kafka.consumer, settings.bootstrap, GROUP, metadata_max_age_ms=3000)
    ingress = Ingress(
        reader, views.known, publisher, admit, metrics.count, clocks.wall, stamp, backlog.behind, secret
    )
    app = door.build(
        context,
        services=(views, bearers, publisher, feeds, offsets, backlog, ingress, *visiting, Trimming()),
        notes=(backlog.note,),
        parts=lambda: _parts(settings),
        checks={
            "views": views.check,
            "kafka": lambda: kafka_answers(settings, "gateway"),
            "ingress": ingress.check,
        },
        metrics=(metrics.CONTENT_TYPE, metrics.render),
        schemas=SCHEMAS,
        pages=pages(aggregates, inside),
        origins=settings.door_origins,
        body_bytes=settings.door_body_bytes,
    )
    inside.app = app
    return app


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


async def _ensure(settings: Settings, wanted: Sequence[topics.Topic]) -> None:
    await kafka.ensure_topics(settings.bootstrap, wanted, settings.replication)
