"""Simulated partner systems over real HTTP, and a courier between them and the real Kafka."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ssl
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any, NamedTuple

import orjson
from aiohttp import web
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from connectors.webhook.receiver import Accepted, Receiver
from hub.core import journal, subscription
from hub.core import partners as directory
from hub.core.delivery import Delivery, delivery_id, to_record
from hub.core.records import Out
from hub.core.subscription import Status, Subscription
from hub.core.topics import JOURNAL, PARTNERS, SUBSCRIPTIONS, manifest, outbox_topic
from hub.courier.runner import Courier
from hub.settings import Settings
from tests.broker import Broker
from tests.keys import KEYS

FAST = (0.0, 0.05, 0.1, 0.2)
LOOPBACK = ("127.0.0.0/8",)


class Hit(NamedTuple):
    """One POST as a partner saw it."""

    at: float
    id: str
    subject: str
    place: int
    number: int
    status: int
    headers: dict[str, str]
    body: bytes


Answer = Callable[[web.Request, int], Awaitable[web.StreamResponse | int]]
"""How a partner answers its n-th POST (from 1): a status or a whole response."""


async def well(_: web.Request, __: int) -> int:
    return 200


class Partner:
    """A web server with one webhook. Verifies every signature; `hits` is everything it was sent."""

    def __init__(self, answer: Answer = well, consent: bool = True, rate: int | None = None) -> None:
        self.secret = "whsec_" + base64.b64encode(uuid.uuid4().bytes * 2).decode()
        self.receiver = Receiver(self.secret, rate=rate)
        self.answer = answer
        self.batches: Answer | None = None
        """Answers instead of all else here, when the partner takes batches."""
        self.consent = consent
        self.hits: list[Hit] = []
        self.asked: list[dict[str, str]] = []
        self.unverified = 0
        self.count = 0
        self.sink = ""
        self._runner: web.AppRunner | None = None

    async def start(self, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        app = web.Application()
        app.router.add_post("/hook", self._post)
        app.router.add_options("/hook", self._options)
        app.router.add_post("/elsewhere", self._elsewhere)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port, reuse_address=True, ssl_context=tls).start()
        self.sink = f"http{'s' if tls else ''}://127.0.0.1:{self._runner.addresses[0][1]}/hook"

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def delivered(self) -> list[Hit]:
        return [hit for hit in self.hits if 200 <= hit.status < 300]

    def order(self) -> dict[str, list[int]]:
        """Places per subject, in the order of their first acceptance."""
        found: dict[str, list[int]] = {}
        for hit in self.delivered:
            places = found.setdefault(hit.subject, [])
            if hit.place not in places:
                places.append(hit.place)
        return found

    async def _options(self, request: web.Request) -> web.Response:
        self.asked.append(dict(request.headers))
        return web.Response(headers=self.receiver.handshake(request.headers) if self.consent else {})

    async def _post(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        if self.batches is not None:
            answered = await self.batches(request, self.count)
            return web.Response(status=answered) if isinstance(answered, int) else answered
        got = self.receiver.accept(request.headers, body)
        self.unverified += not isinstance(got, Accepted)
        self.count += 1
        answer = await self.answer(request, self.count)
        response = web.Response(status=answer) if isinstance(answer, int) else answer
        event = got.event if isinstance(got, Accepted) else {}
        data = event.get("data") or {}
        self.hits.append(
            Hit(
                time.monotonic(),
                request.headers["webhook-id"],
                event.get("subject", ""),
                data.get("place", -1),
                int(request.headers.get("Hub-Sequence", 0)),
                response.status,
                dict(request.headers),
                body,
            )
        )
        return response

    async def _elsewhere(self, _: web.Request) -> web.Response:
        self.hits.append(Hit(time.monotonic(), "elsewhere", "", -1, 0, 200, {}, b""))
        return web.Response()


class Stage:
    """One test's own subscriptions on the shared Kafka: names, topics, producer and courier settings."""

    def __init__(self, broker: Broker, **settings: Any) -> None:
        self.name = "t" + uuid.uuid4().hex[:8]
        self.prefix = f"outbox.{self.name}-"
        given = {"sink_allow": LOOPBACK, "retry_schedule": FAST, "webhook_timeout": 5.0} | settings
        self.settings = Settings(kafka=broker.bootstrap, **given)
        self._broker = broker
        self._producer: AIOKafkaProducer | None = None
        self._partners: list[Partner] = []

    async def __aenter__(self) -> Stage:
        await self._broker.create(manifest(4))
        self._producer = AIOKafkaProducer(bootstrap_servers=self._broker.bootstrap, acks="all", linger_ms=2)
        await self._producer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._producer is not None
        await self._producer.stop()
        await asyncio.gather(*(partner.stop() for partner in self._partners))

    async def partner(self, *given: Any, **options: Any) -> Partner:
        partner = Partner(*given, **options)
        await partner.start()
        self._partners.append(partner)
        return partner

    async def subscribe(self, name: str, partner: Partner | None, **fields: Any) -> Subscription:
        """What the gateway does: the outbox first, then the subscription."""
        id = f"{self.name}-{name}"
        await self._broker.create([outbox_topic(id)])
        given = {"sink": partner.sink, "secret": partner.secret} if partner else {}
        await self.know(directory.Partner(name, name, ()))
        made = Subscription(id=id, partner=name, **{**given, **fields})
        await self.write(made)
        return made

    async def know(self, partner: directory.Partner) -> None:
        """Writes a partner into the directory."""
        await self._send([Out(PARTNERS, partner.id.encode(), directory.dump(partner))])

    async def forget(self, id: str) -> None:
        await self._send([Out(PARTNERS, id.encode(), None)])

    async def write(self, made: Subscription) -> None:
        await self._send([Out(SUBSCRIPTIONS, made.id.encode(), subscription.dump(made))])

    async def write_status(self, of: Subscription, status: Status) -> None:
        """As a courier before this one would have left it."""
        await self._send([Out(SUBSCRIPTIONS, subscription.status_key(of.id), subscription.dump(status))])

    async def publish(self, to: Subscription, count: int, subjects: int = 1, start: int = 0) -> list[str]:
        """Puts `count` events into the outbox, spread over `subjects`; returns the webhook-ids to expect."""
        deliveries = [
            self.delivery(to, place, f"subject-{place % subjects}") for place in range(start, start + count)
        ]
        await self._send([to_record(to.id, one) for one in deliveries])
        return [one.id for one in deliveries]

    async def take_back(
        self, to: Subscription, places: Iterable[int], place: int, subject: str = "subject-0"
    ) -> str:
        """Puts an event into the outbox that takes back those of `places`; returns its webhook-id."""
        gone = tuple(f"place-{one}" for one in places)
        order = self.delivery(to, place, subject)._replace(withdraws=gone)
        await self._send([to_record(to.id, order)])
        return order.id

    def delivery(self, to: Subscription, place: int, subject: str) -> Delivery:
        event = {
            "specversion": "1.0",
            "id": f"event.{place}",
            "source": "urn:nld:oin:00000099000000000001:systeem:test",
            "type": "nl.almere.onderwijs.test.v1",
            "subject": subject,
            "note": 'één "quote" 100%',
            "data": {"place": place, "naam": "Zoë"},
        }
        now = time.time_ns() // 1_000_000
        id = delivery_id(str(event["source"]), str(event["id"]), to.id)
        return Delivery(id, subject, now, orjson.dumps(event), about=(f"place-{place}",))

    async def _send(self, records: list[Out]) -> None:
        assert self._producer is not None
        sent = [
            await self._producer.send(one.topic, one.value, key=one.key, headers=list(one.headers))
            for one in records
        ]
        await asyncio.gather(*sent)

    @contextlib.asynccontextmanager
    async def courier(self, instance: str | None = None, lookup: Any = None) -> AsyncIterator[Courier]:
        courier = Courier(self.settings, instance, f"g-{self.name}", self.prefix, lookup, KEYS.open)
        stop = asyncio.Event()
        running = asyncio.create_task(courier.run(stop))
        try:
            yield courier
            assert not running.done(), running.result()
        finally:
            stop.set()
            await running

    async def status(self, of: Subscription) -> Status | None:
        """The last status in Kafka."""
        found = None
        for _, value in await self.everything(SUBSCRIPTIONS, subscription.status_key(of.id)):
            found = subscription.load_status(value)
        return found

    async def attempts(self, of: Subscription) -> list[journal.Attempted]:
        entries = [journal.load(value) for _, value in await self.everything(JOURNAL)]
        return [one for one in entries if isinstance(one, journal.Attempted) and one.subscription == of.id]

    async def everything(self, topic: str, key: bytes | None = None) -> list[tuple[bytes, bytes]]:
        reader = AIOKafkaConsumer(
            topic, bootstrap_servers=self._broker.bootstrap, auto_offset_reset="earliest"
        )
        await reader.start()
        try:
            ends = await reader.end_offsets(reader.assignment())
            found: list[tuple[bytes, bytes]] = []
            while any([await reader.position(part) < end for part, end in ends.items()]):
                for records in (await reader.getmany(timeout_ms=100)).values():
                    found += [(one.key, one.value) for one in records if key is None or one.key == key]
            return found
        finally:
            await reader.stop()


async def until(condition: Callable[[], bool], seconds: float = 90.0, what: str = "") -> None:
    """Waits for something to become true; fails the test when it does not."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what or "it did not happen in time"
        await asyncio.sleep(0.01)
