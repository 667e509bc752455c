"""The hub with everything around it: partner systems, readers of feeds, publishers, and the hub's clock."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from connectors.http.client import Publisher
from hub import directory, kafka
from hub.core.catalogue.base import PREFIX
from hub.core.directory import Directory
from hub.core.pairwise import worded
from hub.core.policy import Policy
from hub.core.rules import Rules
from hub.core.subscription import INBOX, Subscription
from hub.core.topics import JOURNAL
from hub.demo import cast, story, subscribing
from hub.demo.folder import Folder
from hub.demo.partners import Feed
from hub.demo.press import MOST_WAITING, Press
from hub.demo.run import DIRECTORY
from hub.demo.subscribing import Wish
from hub.demo.teller import Happening
from hub.demo.watch import Watch
from hub.demo.world import KNOWN_SECONDS
from hub.local.ports import is_free
from hub.pairwise import references
from tests.chaos.hub import Hub, HubFailed
from tests.chaos.ledger import Ledger
from tests.chaos.proxy import Link
from tests.chaos.systems import Systems

PATIENCE = 300.0
"""Seconds for which a publishing system tries to reach the hub."""
RETRIES = (0, 0.5, 1, 2, *[3] * 60)
"""Schedule of delivery attempts: longer than any trouble made here, so that nothing is given up."""
WEBHOOK_SECONDS = 4
ROOM_SECONDS = 0.1
BATCHED = Wish(cast.SWV, "swv-bundel", False, {
    "config": {"batch": {"size": 20, "seconds": 1}},
    # Published as soon as the hub is up, maybe before this subscription exists: the fold could not tell.
    "filters": [{"not": {"prefix": {"type": f"{PREFIX}aggregate."}}}],
})  # fmt: skip
WISHES = (*subscribing.WISHES, BATCHED)
PATHS = [wish.path for wish in WISHES]
"""Partners with a webhook; everybody else reads a feed."""
BUSY = [path for path in PATHS if path != "roc-certificaten"]
"""Those to whom enough comes for a fault to meet something."""


class Options:
    """Settings of the hub for such a run. `more` are HUB_ variables on top."""

    def __init__(self, folder: Path, seed: int, more: dict[str, str]) -> None:
        self.partners = Folder(folder / "partner-systems")
        self.directory = Directory(directory.load(DIRECTORY, self.partners.token))
        path = folder / "directory.yaml"
        path.write_text(directory.dump(list(self.directory.partners.values())), encoding="utf-8")
        self.seed = seed
        self.settings = {
            "HUB_PARTNERS": str(path),
            "HUB_CLOCK": str(self.partners.clock),
            "HUB_SINK_ALLOW": "127.0.0.0/8",
            "HUB_RETRY_SCHEDULE": ",".join(map(str, RETRIES)),
            "HUB_WEBHOOK_TIMEOUT": str(WEBHOOK_SECONDS),
            **more,
        }


class Stage:
    """Must be opened by `opened`. `door` is the link between publishers and hub; `ahead` is by how many days the
    hub's clock runs before the story."""

    def __init__(self, hub: Hub, options: Options, http: httpx.AsyncClient) -> None:
        ports = free_ports()
        self.hub = hub
        self.directory = options.directory
        self.ledger = Ledger()
        self.systems = Systems(self.ledger, ports)
        self.door = Link(ports(), hub.settings.port)
        self.watch = Watch()
        self.subscriptions: list[Subscription] = []
        self.ahead = 0
        self.today = story.first_day(story.FIRST_YEAR).date()
        self._seed = options.seed
        self._http = http
        self._folder = options.partners
        url = f"http://127.0.0.1:{self.door.port}"
        publishers = {
            partner: Publisher(http, url, self._folder.token(partner), PATIENCE)
            for partner in self.directory.partners
        }
        self._references = references(hub.settings)
        self.press = Press(publishers, self._folder.accepted, self._worded)

    @property
    def policy(self) -> Policy:
        """What held all the time."""
        return Policy(self.directory, self.subscriptions, self._rules, references=self._references)

    @property
    def _rules(self) -> Rules:
        return Rules(hub_source=self.hub.settings.source)

    def _worded(self, partner: str, event: dict[str, Any]) -> dict[str, Any]:
        return worded(event, self.directory.partners[partner], self._rules, references=self._references)

    async def start(self) -> None:
        """Ready to receive: webhooks listen and have the hub's consent."""
        url = self.hub.settings.url
        await self.door.start()
        await self.systems.start(PATHS)
        # Duck typing: `Systems` here has the two methods of the demo's that subscribing needs.
        systems: Any = self.systems
        given = await subscribing.subscribe(self._http, url, self._folder, systems, WISHES)
        self.subscriptions = given
        if not await subscribing.validated(self._http, url, self._folder, given):
            raise HubFailed("it did not ask all webhooks for their consent in time: see the courier's log")
        await asyncio.sleep(KNOWN_SECONDS)

    async def stop(self) -> None:
        await self.press.close()
        await self.systems.stop()
        await self.door.stop()

    def step(self, days: int) -> str:
        """Moves the hub's clock forward; gives the day that it shows then."""
        self.ahead += days
        return self._turn_to(self.today)

    async def load(self, rate: float, stopping: asyncio.Event, events: int) -> None:
        """Publishes `rate` events a second until `stopping`; a school year of about so many events after the other."""
        begun, number = time.monotonic(), 0
        for year in count(story.FIRST_YEAR):
            for one in self._year(year, events):
                if await _until(stopping, begun + number / rate) or await self._crowded(stopping):
                    return
                number += 1
                if one.at.date() != self.today:
                    self._turn_to(one.at.date())
                self.press.put(one.partner, one.event)

    async def _crowded(self, stopping: asyncio.Event) -> bool:
        """Waits while too many events are under way; True when it was time to stop before."""
        while self.press.waiting >= MOST_WAITING:
            if await _until(stopping, time.monotonic() + ROOM_SECONDS):
                return True
        return False

    def _year(self, year: int, events: int) -> list[Happening]:
        told = story.school_year(self.directory, f"chaos/{self._seed}", year, events, answers=True)
        return [one for one in told if not one.refused]

    def links(self) -> dict[str, str]:
        """Subscription by the name of its link, which is the target of faults."""
        return {path: self.systems.subscription(path) for path in PATHS}

    def feeds(self) -> list[Coroutine[Any, Any, None]]:
        """Reads the inbox of every partner without a webhook, until cancelled."""
        ledger: Any = self.ledger
        pulling = [p for p in self.directory.partners if p not in subscribing.WEBHOOKS]
        url, token = self.hub.settings.url, self._folder.token
        made = (Feed(self._http, url, token(p), p, INBOX + p) for p in pulling)
        return [feed.follow(ledger, lambda *_: None) for feed in made]

    def settled(self) -> bool:
        """Whether everything that was sent has been answered, decided on, and delivered."""
        return (
            not self.press.waiting
            and not self.watch.waiting(self.ledger.deliveries)
            and self.watch.handled(self.press.accepted)
        )

    def _turn_to(self, day: date) -> str:
        self.today = day
        shown = day + timedelta(days=self.ahead)
        self._folder.stand_at(shown)
        return shown.isoformat()


@contextlib.asynccontextmanager
async def opened(folder: Path, options: Options) -> AsyncIterator[Stage]:
    """A hub that works and partners that receive; everything ends with the block."""
    options.partners.stand_at(story.first_day(story.FIRST_YEAR).date())
    hub = Hub(folder, **options.settings)
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=100)
    async with httpx.AsyncClient(timeout=30, limits=limits, trust_env=False) as http:
        stage = Stage(hub, options, http)
        journal = kafka.CompactedView(hub.settings.bootstrap, JOURNAL, stage.watch.apply)
        reading: list[asyncio.Task[None]] = []
        try:
            await hub.start()
            await asyncio.gather(journal.start(), stage.start())
            reading += [asyncio.create_task(one) for one in stage.feeds()]
            yield stage
        finally:
            for task in reading:
                task.cancel()
            await asyncio.gather(*reading, return_exceptions=True)
            await stage.stop()
            await journal.stop()
            await asyncio.to_thread(hub.stop)


async def _until(stopping: asyncio.Event, moment: float) -> bool:
    """Waits for a moment of the monotonic clock; True when it was time to stop before."""
    try:
        async with asyncio.timeout(max(0.0, moment - time.monotonic())):
            await stopping.wait()
    except TimeoutError:
        return stopping.is_set()
    return True


def free_ports() -> Callable[[], int]:
    """Free ports, each once, from below the range that the system hands out itself: one that is let go for a moment
    must not be taken by a connection of somebody else."""
    numbers = count(random.randrange(10_000, 19_000))
    return lambda: next(number for number in numbers if is_free("127.0.0.1", number))
