"""The partners' own systems: webhooks over real HTTP/1.1, spoken by hand, so that they can misbehave in every way."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import orjson

from connectors.webhook.receiver import Receiver, Refused, named_numbers
from hub.core.cloudevents import BATCH
from hub.core.delivery import delivery_id
from hub.demo.partners import Webhook
from tests.chaos.ledger import Hit, Ledger, digest
from tests.chaos.proxy import Link

WELL = b"HTTP/1.1 204 No Content\r\n\r\n"
NOBODY = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"
CONSENT = (
    b"HTTP/1.1 200 OK\r\nWebHook-Allowed-Origin: *\r\nWebHook-Allowed-Rate: *\r\nContent-Length: 0\r\n\r\n"
)
REFUSALS = {
    "500": b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4\r\n\r\noops",
    "429": b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n",
    "302": b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",
}
"""Answers of a system that did not take the delivery in."""

CRAWL_SECONDS = (0.02, 0.4)
"""Between two bytes of an answer, at the mildest and at the worst."""


class Request(NamedTuple):
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Mood(NamedTuple):
    """What a system is like for a while; `strength` from [0, 1)."""

    name: str
    strength: float


class System:
    """One webhook. The newest mood counts; `moody` counts requests met in each."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.moods: list[Mood] = []
        self.moody: Counter[str] = Counter()
        self.hook: Webhook | None = None
        self.receiver: Receiver | None = None

    @property
    def mood(self) -> Mood | None:
        return self.moods[-1] if self.moods else None


class Systems:
    """All of them behind one server, each reached by a link of its own; made ready as `hub.demo.subscribing` asks.

    `wandered` counts requests that followed a redirect, which the hub must never do.
    """

    def __init__(self, ledger: Ledger, ports: Callable[[], int]) -> None:
        self.ledger = ledger
        self._ports = ports
        self._port = ports()
        self._systems: dict[str, System] = {}
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()
        self.wandered = 0

    def __getitem__(self, path: str) -> System:
        return self._systems[path]

    def subscription(self, path: str) -> str:
        hook = self._systems[path].hook
        return hook.subscription if hook else ""

    async def start(self, paths: list[str]) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port, reuse_address=True)
        for path in paths:
            self._systems[path] = System(Link(self._ports(), self._port))
            await self._systems[path].link.start()

    async def stop(self) -> None:
        for system in self._systems.values():
            await system.link.stop()
        if self._server is not None:
            self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    def url(self, path: str, *, fragile: bool = False) -> str:
        return f"http://127.0.0.1:{self._systems[path].link.port}/{path}"

    def add(self, path: str, hook: Webhook) -> None:
        system = self._systems[path]
        system.hook, system.receiver = hook, Receiver(hook.secret)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            while request := await _request(reader):
                if not await self._answer(request, reader, writer):
                    return
        except (OSError, asyncio.IncompleteReadError, ValueError, asyncio.CancelledError):
            pass  # a connection that ends, or the end of all
        finally:
            self._open.discard(task)
            writer.close()

    async def _answer(
        self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """False when the connection is of no more use."""
        system = self._systems.get(request.path.lstrip("/"))
        if request.method == "OPTIONS":
            return await _say(writer, CONSENT)
        if system is None or system.hook is None or system.receiver is None:
            self.wandered += request.path == "/elsewhere"
            return await _say(writer, NOBODY)
        if not request.headers.get("hub-sequence"):
            return await _say(writer, WELL)  # a heartbeat: nothing of the log
        mood = system.mood
        system.moody[mood.name if mood else ""] += 1
        hits = self._take(system.hook, system.receiver, request, mood)
        if hits is None:
            return await _say(writer, b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
        if mood is None or mood.name in REFUSALS:
            said = await _say(writer, REFUSALS[mood.name] if mood else WELL)
            for hit in hits:
                hit.answer = mood.name if mood else "204"
            return said
        await WAYS[mood.name](reader, writer, mood.strength)
        return False

    def _take(
        self, hook: Webhook, receiver: Receiver, request: Request, mood: Mood | None
    ) -> list[Hit] | None:
        got = _got(hook.subscription, receiver, request)
        if got is None:
            self.ledger.reject(hook.subscription)
            return None
        at, name = time.time(), mood.name if mood else ""
        taken = name not in REFUSALS
        return [self.ledger.note(Hit(at, hook.subscription, *one, mood=name, taken=taken)) for one in got]


class Got(NamedTuple):
    """One delivery of a request."""

    delivery: str
    number: int
    event: dict[str, Any]
    body: str


def _got(subscription: str, receiver: Receiver, request: Request) -> list[Got] | None:
    """What came, by itself or in a batch; None when the signature does not hold."""
    headers, body = request.headers, request.body
    if not headers.get("content-type", "").startswith(BATCH):
        one = receiver.accept(headers, body)
        if isinstance(one, Refused):
            return None
        return [Got(headers["webhook-id"], int(headers["hub-sequence"]), one.event, digest(body))]
    several = receiver.accept_batch(headers, body)
    if isinstance(several, Refused):
        return None
    events, numbers = [one.event for one in several], sorted(named_numbers(headers["hub-sequence"]))
    ids = [delivery_id(event["source"], event["id"], subscription) for event in events]
    places = numbers if len(numbers) == len(events) else [0] * len(events)
    bodies = [digest(orjson.dumps(event)) for event in events]
    return [Got(*one) for one in zip(ids, places, events, bodies, strict=True)]


async def _request(reader: asyncio.StreamReader) -> Request | None:
    """The next one on this connection; None when it was closed."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    first, *lines = head.decode("latin-1").split("\r\n")[:-2]
    method, path, _ = first.split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, path, headers, body)


async def _say(writer: asyncio.StreamWriter, answer: bytes) -> bool:
    writer.write(answer)
    await writer.drain()
    return True


async def _hang(reader: asyncio.StreamReader, _: asyncio.StreamWriter, __: float) -> None:
    """Never answers; goes when the other side does."""
    with contextlib.suppress(ConnectionError):
        await reader.read()


async def _crawl(_: asyncio.StreamReader, writer: asyncio.StreamWriter, strength: float) -> None:
    least, most = CRAWL_SECONDS
    for byte in WELL:
        writer.write(bytes((byte,)))
        await writer.drain()
        await asyncio.sleep(least + (most - least) * strength)


async def _garbage(_: asyncio.StreamReader, writer: asyncio.StreamWriter, strength: float) -> None:
    await _say(writer, random.Random(strength).randbytes(200))


async def _half(_: asyncio.StreamReader, writer: asyncio.StreamWriter, strength: float) -> None:
    """Part of the head, then the end."""
    await _say(writer, WELL[: 1 + int(strength * 20)])


async def _die(_: asyncio.StreamReader, writer: asyncio.StreamWriter, __: float) -> None:
    writer.transport.abort()


WAYS: dict[str, Callable[[asyncio.StreamReader, asyncio.StreamWriter, float], Awaitable[None]]] = {
    "hang": _hang,
    "crawl": _crawl,
    "garbage": _garbage,
    "half": _half,
    "die": _die,
}
"""How a system that took the delivery in fails to say so."""
