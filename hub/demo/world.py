"""All simulated partner systems together: what they send, what they receive, and what the hub says of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine, Mapping
from typing import Any

import httpx

from connectors.http.client import Publisher
from hub import kafka
from hub.core.directory import Directory
from hub.core.subscription import INBOX, Subscription
from hub.core.topics import JOURNAL
from hub.demo import reactions, subscribing
from hub.demo.folder import Folder
from hub.demo.logins import PARTNER, Logins
from hub.demo.partners import Feed, Systems
from hub.demo.press import Press, Worded
from hub.demo.receipts import Receipts
from hub.demo.watch import Watch
from hub.errors import OperatorError
from hub.settings import Settings

PATIENCE = 60.0
"""Seconds for which a publishing system tries to reach the hub."""
SINKS_ABOVE = 20
"""The webhooks listen on the port of the HTTP door plus this, and on the one after it."""
KNOWN_SECONDS = 1.0
"""After a new subscription: until every part of the hub has surely read of it."""


class World:
    """The systems, not yet started. `first` is set once something that was sent in this run has been delivered.
    `by_login` are the clients of partners that publish with tokens of an issuer."""

    def __init__(
        self,
        settings: Settings,
        directory: Directory,
        folder: Folder,
        http: httpx.AsyncClient,
        worded: Worded,
        by_login: Mapping[str, httpx.AsyncClient],
    ) -> None:
        self._settings, self._directory, self._folder, self._http = settings, directory, folder, http
        publishers = {
            partner: Publisher(http, settings.url, folder.token(partner), PATIENCE)
            for partner in directory.partners
        }
        # The client puts its own token in; without it there would be none.
        publishers |= {
            partner: Publisher(client, settings.url, "", PATIENCE) for partner, client in by_login.items()
        }
        self.watch = Watch()
        self.receipts = Receipts(folder.receipts)
        self.press = Press(publishers, folder.accepted, worded)
        self.systems = Systems("127.0.0.1", settings.port + SINKS_ABOVE, self.receipts, self._received)
        self.subscriptions: list[Subscription] = []
        self.first = asyncio.Event()

    async def start(self) -> None:
        """Ready to receive: webhooks listen and have the hub's consent."""
        try:
            await self.systems.start()
            await self.systems.start(fragile=True)
        except OSError:
            first = self._settings.port + SINKS_ABOVE
            raise OperatorError(
                f"the simulated partners need ports {first} and {first + 1}: free them, or set HUB_PORT"
            ) from None
        before = self._folder.known()
        url = self._settings.url
        self.subscriptions = await subscribing.subscribe(self._http, url, self._folder, self.systems)
        if not await subscribing.validated(self._http, url, self._folder, self.subscriptions):
            raise OperatorError(
                "the hub did not ask all webhooks for their consent in time: see the courier's log"
            )
        if self._folder.known() != before:
            await asyncio.sleep(KNOWN_SECONDS)

    def feeds(self) -> list[Coroutine[Any, Any, None]]:
        """Reads the inbox of every partner without a webhook, until cancelled."""
        pulling = [p for p in self._directory.partners if p not in subscribing.WEBHOOKS]
        made = (Feed(self._http, self._settings.url, self._folder.token(p), p, INBOX + p) for p in pulling)
        return [feed.follow(self.receipts, self._received) for feed in made]

    def settled(self) -> bool:
        """Whether everything that was sent has been answered, decided on, and delivered."""
        return (
            not self.press.waiting
            and not self.watch.waiting(self.receipts.deliveries)
            and self.watch.handled(self.press.accepted)
        )

    async def stop(self) -> None:
        await self.press.close()
        await self.systems.stop(fragile=True)
        await self.systems.stop()
        self.receipts.close()

    def _received(self, partner: str, event: dict[str, Any]) -> None:
        if (event["source"], event["id"]) in self.press.sent:
            self.first.set()
        for answer in reactions.to(event, self._directory.partners[partner]):
            self.press.put(partner, answer)


@contextlib.asynccontextmanager
async def opened(
    settings: Settings, directory: Directory, folder: Folder, worded: Worded, logins: Logins | None = None
) -> AsyncIterator[World]:
    """A world that receives; everything in it ends with the block. `worded` gives an event as the system of a partner
    writes it."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=100)
    async with (
        httpx.AsyncClient(timeout=30, limits=limits, trust_env=False) as http,
        _issuing(logins) as by_login,
    ):
        world = World(settings, directory, folder, http, worded, by_login)
        journal = kafka.CompactedView(settings.bootstrap, JOURNAL, world.watch.apply)
        try:
            await asyncio.gather(journal.start(), world.start())
            async with background(*world.feeds()):
                yield world
        finally:
            await journal.stop()
            await world.stop()


@contextlib.asynccontextmanager
async def _issuing(logins: Logins | None) -> AsyncIterator[Mapping[str, httpx.AsyncClient]]:
    """The issuer answers as long as the block runs; for whom it has tokens, there is a client that fetches them."""
    if logins is None:
        yield {}
        return
    try:
        await logins.issuer.start()
    except OSError:
        raise OperatorError(f"the issuer of the demo needs {logins.issuer.url}: free that port") from None
    try:
        async with httpx.AsyncClient(timeout=30, trust_env=False, auth=logins.auth) as http:
            yield {PARTNER: http}
    finally:
        await logins.issuer.stop()


@contextlib.asynccontextmanager
async def background(*work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Tasks that run as long as the block does. When one fails, the block is broken off."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one) for one in work]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
