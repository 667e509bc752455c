"""`hub demo`: the whole hub, simulated partners around it over real HTTP, and a check at the end."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, Protocol

from hub import directory
from hub.core.directory import Directory
from hub.core.kafka_rights import AUDITOR
from hub.core.pairwise import worded
from hub.core.policy import Policy
from hub.core.rules import Rules
from hub.core.views import View
from hub.demo import mess, story, subscribing, summary, world
from hub.demo.check import Report, check
from hub.demo.folder import Folder
from hub.demo.logins import Logins
from hub.demo.world import World
from hub.pairwise import references
from hub.settings import Settings

YEAR_SECONDS = 300.0
EVENTS_PER_SECOND = 8.0
HEADLESS_SECONDS = 60.0
RETRIES = (0.0, 1.0, 2.0, 3.0, 5.0)
"""Schedule of delivery attempts: a partner that comes back must not be waited for by the hour."""
SUMMARY_SECONDS = 2.0
SETTLE_SECONDS = 60.0
DOWN_SECONDS, UP_SECONDS = 40.0, 80.0
DOWN_SHARE = 0.4
"""Headless: the part of the run for which the fragile partner is away."""
DIRECTORY = Path(__file__).with_name("directory.yaml")
DAY = timedelta(days=1)

Main = Callable[[asyncio.Event], Awaitable[int]]
Up = Callable[[Settings, Main], int]
"""Runs the hub with the partners of `settings.partners`, calls Main once it is ready, and gives the exit code."""

ReadModel = Callable[[Settings], Iterable[tuple[str, View]]]
"""What the read model shows of every aggregate now, by key. Blocks."""


class Options(Protocol):
    """The command line. `speed` is simulated days per second, `rate` events per second; None = as it comes out."""

    headless: bool
    seconds: float | None
    speed: float | None
    rate: float | None
    seed: int
    login: bool


class Pace(NamedTuple):
    """`seconds` to publish for (None: until stopped), `days` per second, `events` in a school year."""

    seconds: float | None
    days: float
    events: int


def pace(options: Options) -> Pace:
    """Headless, a whole school year fits in the time given, unless a speed is asked for."""
    seconds = options.seconds or (HEADLESS_SECONDS if options.headless else None)
    year = seconds if seconds and options.headless else YEAR_SECONDS
    days = options.speed or story.DAYS / year
    return Pace(seconds, days, round((options.rate or EVENTS_PER_SECOND) * story.DAYS / days))


def main(
    settings: Settings,
    options: Options,
    up: Up,
    read_model: ReadModel | None = None,
    rules: Rules | None = None,
) -> int:
    """Runs until Ctrl-C; headless for `options.seconds`, then 0 only if everybody got exactly what the policy names.

    All state lies in the folder `demo` of the data folder. `read_model` is checked as well, when it is given.
    """
    started = time.monotonic()
    # The terminal is for the summary; when Kafka is away, `hub up` says so.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    folder = Folder(settings.data / "demo" / "partner-systems")
    partners = directory.load(DIRECTORY, folder.token)
    logins = Logins(settings, folder.login_key) if options.login else None
    if logins is not None:
        partners = logins.introduce(partners)
    path = folder.path / "directory.yaml"
    path.write_text(directory.dump(partners), encoding="utf-8")
    folder.stand_at(story.first_day(story.FIRST_YEAR).date())
    adapted = _adapted(settings, path, folder.clock, logins)
    auditor = adapted.acting_as(AUDITOR)
    demo = Demo(auditor, options, Directory(partners), folder, read_model, rules, started, logins)
    return up(adapted, demo.run)


def _adapted(settings: Settings, partners: Path, clock: Path, logins: Logins | None) -> Settings:
    changes = {
        "data": settings.data / "demo",
        "partners": partners,
        "clock": clock,
        "sink_allow": (*settings.sink_allow, "127.0.0.0/8"),
        "retry_schedule": RETRIES,
        **({} if logins is None else logins.changes),
    }
    return settings.model_copy(update=changes)


class Demo:
    """One run. `started` is when the command began (monotonic seconds)."""

    def __init__(
        self,
        settings: Settings,
        options: Options,
        directory: Directory,
        folder: Folder,
        read_model: ReadModel | None,
        rules: Rules | None,
        started: float,
        logins: Logins | None = None,
    ) -> None:
        self._settings, self._options, self._directory, self._folder = settings, options, directory, folder
        self._read_model = read_model
        self._rules = rules or Rules(hub_source=settings.source)
        self._references = references(settings)
        self._started = started
        self._logins = logins
        self._pace = pace(options)
        self._today = story.first_day(story.FIRST_YEAR).date()

    async def run(self, stopping: asyncio.Event) -> int:
        """Ends soon after `stopping` is set: then with 0, or 1 when a check was still to come."""
        playing = asyncio.create_task(self._play())
        stopped = asyncio.create_task(stopping.wait())
        await asyncio.wait([playing, stopped], return_when=asyncio.FIRST_COMPLETED)
        if playing.done():
            stopped.cancel()
            return playing.result()
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)
        return 1 if self._options.headless else 0

    async def _play(self) -> int:
        run = self._folder.next_run()
        async with world.opened(
            self._settings, self._directory, self._folder, self._worded, self._logins
        ) as around:
            self._introduce()
            await around.systems.stop(fragile=True)
            async with world.background(
                self._announce_first(around), self._summarise(around), self._outages(around)
            ):
                await self._tell(around, f"{self._options.seed}/{run}")
                if self._options.headless:
                    return await self._judge(around)
                say("the story has ended; the page stays open until Ctrl-C")
                return await asyncio.Event().wait()

    def _worded(self, partner: str, event: dict[str, Any]) -> dict[str, Any]:
        """Who is outside education knows a learner by its own reference, here as in what it is told."""
        return worded(event, self._directory.partners[partner], self._rules, self._references)

    def _introduce(self) -> None:
        tokens = self._folder.write_tokens(list(self._directory.partners))
        say(
            f"a school year in Almere, {self._pace.days:.1f} days per second; watch it at {self._settings.url}/"
        )
        if self._logins is not None:
            say("the page asks you to log in: choose who you are at the issuer of the demo")
        say(f"tokens of the simulated partners, to try things yourself: {tokens}")
        say(f"{subscribing.DOWN} is down for a time, {subscribing.SLOW} is slow; nobody else should notice")

    async def _tell(self, around: World, seed: str) -> None:
        """One school year after another, or one alone when headless; no longer than the pace says."""
        begun = time.monotonic()
        end = begun + self._pace.seconds if self._pace.seconds else float("inf")
        for year in count(story.FIRST_YEAR):
            happenings = story.school_year(self._directory, seed, year, self._pace.events)
            start = story.first_day(year)
            for one in happenings:
                due = begun + (one.at - start) / DAY / self._pace.days
                if due > end:
                    return
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                await around.press.room()
                self._turn_to(one.at.date())
                around.press.put(one.partner, one.event, one.refused)
            if self._options.headless:
                return
            begun = time.monotonic()

    def _turn_to(self, day: date) -> None:
        if day != self._today:
            self._today = day
            self._folder.stand_at(day)

    async def _outages(self, around: World) -> None:
        """The fragile partner is down from the start; headless it comes back for good."""
        if self._options.headless and self._pace.seconds:
            await asyncio.sleep(min(self._pace.seconds * DOWN_SHARE, DOWN_SECONDS))
            await around.systems.start(fragile=True)
            return
        while True:
            await asyncio.sleep(DOWN_SECONDS)
            await around.systems.start(fragile=True)
            await asyncio.sleep(UP_SECONDS)
            await around.systems.stop(fragile=True)

    async def _announce_first(self, around: World) -> None:
        await around.first.wait()
        say(f"first delivery after {time.monotonic() - self._started:.1f} s")

    async def _summarise(self, around: World) -> NoReturn:
        begun, before = time.monotonic(), around.press.published
        earlier, repeats = len(around.receipts.deliveries), around.watch.outcomes["duplicate"]
        while True:
            await asyncio.sleep(SUMMARY_SECONDS)
            open_ = around.watch.waiting(around.receipts.deliveries)
            now = summary.Figures(
                seconds=time.monotonic() - begun,
                today=self._today,
                published=around.press.published,
                refused=len(around.press.refused),
                delivered=len(around.receipts.deliveries) - earlier,
                duplicates=around.watch.outcomes["duplicate"] - repeats,
                rate=(around.press.published - before) / SUMMARY_SECONDS,
                open=sum(one.deliveries for one in open_),
            )
            before = now.published
            remarks = {subscribing.SLOW: "slow"} | ({subscribing.DOWN: "down"} if around.systems.down else {})
            say(summary.line(now))
            if waiting := summary.waiting(open_, time.time_ns() // 1_000_000, remarks):
                say(waiting)

    async def _judge(self, around: World) -> int:
        """Waits for the last deliveries, then holds everything against the policy."""
        say("published all; waiting for the last deliveries")
        deadline = time.monotonic() + SETTLE_SECONDS
        while not around.settled() and time.monotonic() < deadline:
            await asyncio.sleep(0.2)
        report = await self._check(around)
        while report.may_settle and time.monotonic() < deadline:
            await asyncio.sleep(1.0)
            report = await self._check(around)
        for line in (*report.lines(), *_told(around)):
            say(line)
        return 0 if report.ok and not around.press.surprises else 1

    async def _check(self, around: World) -> Report:
        read_model = self._read_model
        return await check(
            self._settings.bootstrap,
            Policy(self._directory, around.subscriptions, self._rules, references=self._references),
            around.receipts.all,
            around.press.accepted,
            refused=around.press.refused,
            unsigned=around.receipts.unsigned,
            canaries=mess.CANARIES,
            read_model=(lambda: read_model(self._settings)) if read_model else None,
        )


def _told(around: World) -> list[str]:
    """Answers at the door that the story did not want."""
    return [f"{times:5} x {what}" for what, times in sorted(around.press.surprises.items())]


def say(line: str) -> None:
    print(line, flush=True)
