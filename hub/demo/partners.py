"""The receiving side of the simulated partners: web servers with a webhook per subscription, and readers of feeds.

Every signature is verified with what we give real partners for it, `connectors.webhook`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

import httpx
from aiohttp import web

from connectors.webhook.receiver import Receiver, Refused
from hub.demo.receipts import Receipt, Receipts

Received = Callable[[str, dict[str, Any]], None]
"""Told once per delivery: the partner, and the event as it got it."""

MOST = 512 * 1024
READ_SECONDS = 10
PAUSE_SECONDS = 0.5


class Webhook(NamedTuple):
    """One subscription with a webhook. `delay` is how long its system takes for each request, in seconds."""

    partner: str
    subscription: str
    secret: str
    delay: float = 0.0


class Systems:
    """Webhooks below `http://host:port/`; those of the one fragile partner, whose system goes down at times, on the
    port after it."""

    def __init__(self, host: str, port: int, receipts: Receipts, received: Received) -> None:
        self._host, self._port = host, port
        self._receipts = receipts
        self._received = received
        self._hooks: dict[str, tuple[Webhook, Receiver]] = {}
        self._servers: dict[bool, web.AppRunner] = {}

    def url(self, path: str, *, fragile: bool = False) -> str:
        return f"http://{self._host}:{self._port + fragile}/{path}"

    def add(self, path: str, hook: Webhook) -> None:
        self._hooks[path] = (hook, Receiver(hook.secret))

    @property
    def down(self) -> bool:
        """Whether connections to the fragile partner are refused now."""
        return True not in self._servers

    async def start(self, *, fragile: bool = False) -> None:
        app = web.Application(client_max_size=MOST)
        app.router.add_post("/{path}", self._post)
        app.router.add_options("/{path}", self._options)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await runner.setup()
        await web.TCPSite(runner, self._host, self._port + fragile, reuse_address=True).start()
        self._servers[fragile] = runner

    async def stop(self, *, fragile: bool = False) -> None:
        """Open connections are cut too."""
        if runner := self._servers.pop(fragile, None):
            await runner.cleanup()

    async def _options(self, request: web.Request) -> web.Response:
        """Agrees for any path: the handshake may come before we have the secret from the answer of the hub."""
        origin = request.headers.get("WebHook-Request-Origin", "*")
        return web.Response(headers={"WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": "*"})

    async def _post(self, request: web.Request) -> web.Response:
        known = self._hooks.get(request.match_info["path"])
        if known is None:
            return web.Response(status=503, headers={"Retry-After": "1"})
        hook, receiver = known
        outcome = receiver.accept(request.headers, await request.read())
        if isinstance(outcome, Refused):
            self._receipts.reject(hook.subscription)
            return web.Response(status=outcome.status)
        if "Hub-Sequence" not in request.headers:
            return web.Response(status=204)  # a heartbeat: nothing to keep
        number = int(request.headers["Hub-Sequence"])
        take(
            self._receipts,
            self._received,
            hook.partner,
            Receipt(hook.subscription, request.headers["webhook-id"], number, outcome.event),
        )
        await asyncio.sleep(hook.delay)
        return web.Response(status=204)


def take(receipts: Receipts, received: Received, partner: str, receipt: Receipt) -> None:
    """Keeps it; tells of it when it is new."""
    if receipts.add(receipt):
        received(partner, receipt.event)


class Feed:
    """A partner without a webhook: reads its inbox over HTTP, again and again, from where it had got."""

    def __init__(
        self, http: httpx.AsyncClient, url: str, token: str, partner: str, subscription: str
    ) -> None:
        self._http = http
        self._url = f"{url}/v1/subscriptions/{subscription}"
        self._headers = {"Authorization": f"Bearer {token}"}
        self._partner, self._subscription = partner, subscription
        self._next = self._acknowledged = 0

    async def follow(self, receipts: Receipts, received: Received) -> None:
        """Until cancelled. What goes wrong on the way is tried again: nothing is lost by it."""
        while True:
            try:
                await self._read(receipts, received)
            except httpx.HTTPError:
                await asyncio.sleep(PAUSE_SECONDS)
            await asyncio.sleep(PAUSE_SECONDS)

    async def _read(self, receipts: Receipts, received: Received) -> None:
        after = max(self._next, receipts.reached(self._subscription))
        asked = {"after": after, "limit": 200, "wait": READ_SECONDS}
        response = await self._http.get(f"{self._url}/events", params=asked, headers=self._headers)
        response.raise_for_status()
        page = response.json()
        for one in page["events"]:
            if "event" not in one:  # taken back, or no right to it any more
                continue
            receipt = Receipt(self._subscription, one["deliveryId"], one["number"], one["event"])
            take(receipts, received, self._partner, receipt)
        self._next = page["next"]
        # Also of a page before this one, whose acknowledgement failed.
        if self._acknowledged < self._next:
            done = {"number": self._next}
            answer = await self._http.put(f"{self._url}/position", json=done, headers=self._headers)
            answer.raise_for_status()
            self._acknowledged = self._next
