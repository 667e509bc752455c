"""A running hub with a steady stream of events, and partners that note what came when. For several benches."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import httpx
import orjson
from aiohttp import web

from connectors.webhook.receiver import Accepted, Receiver
from hub import partners
from hub.core.partners import Partner, Role
from hub.local.ports import free_row
from tests.bench.latency import KIND, SENDER, placement
from tests.up import HUB, Up

TAKERS = (Role.VO, Role.VSO, Role.SO_SBO)
BATCH = 100
UNDER_WAY = 400
"""Requests of the publisher at a time; as a real one would, it sends again what was not accepted."""

Behaviour = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def well(_: web.Request) -> web.StreamResponse:
    return web.Response(status=204)


async def hangs(_: web.Request) -> web.StreamResponse:
    await asyncio.sleep(3600)
    return web.Response(status=204)


async def crawls(request: web.Request) -> web.StreamResponse:
    """Its answer comes at a byte a second, from the status line on: a 2xx with a slow body would be taken as it is."""
    for byte in b"HTTP/1.1 204 No Content":
        if request.transport is None or request.transport.is_closing():
            break
        request.transport.write(bytes([byte]))
        await asyncio.sleep(1)
    if request.transport is not None:
        request.transport.close()
    return web.Response(status=503)


async def fails(_: web.Request) -> web.StreamResponse:
    return web.Response(status=500)


class Sink:
    """One subscription at the receiving end."""

    def __init__(self, number: int, partner: str) -> None:
        self.number = number
        self.partner = partner
        self.behaviour: Behaviour = well
        self.url = ""
        self.at: dict[str, float] = {}
        self.last: dict[str, int] = {}
        self.repeats = self.refused = self.disordered = 0
        self.receiver = Receiver("whsec_")

    async def handle(self, request: web.Request) -> web.StreamResponse:
        arrived, body = time.perf_counter(), await request.read()
        if self.behaviour is not well:
            return await self.behaviour(request)
        got = self.receiver.accept(request.headers, body)
        if not isinstance(got, Accepted):
            self.refused += 1
            return web.Response(status=got.status)
        self.repeats += got.repeat
        if not got.repeat:
            self._note(got.event, int(request.headers["Hub-Sequence"]), arrived)
        return await well(request)

    def _note(self, event: dict[str, Any], number: int, arrived: float) -> None:
        self.at[event["id"]] = arrived
        self.disordered += number < self.last.get(event["subject"], 0)
        self.last[event["subject"]] = number


class Stage:
    """The hub, its publisher and its partners. `sinks` are in the order in which they were asked for."""

    def __init__(self, hub: Up, http: httpx.AsyncClient, directory: dict[str, Partner], port: int) -> None:
        self.hub = hub
        self.sinks: list[Sink] = []
        self.sent: dict[str, tuple[str, float]] = {}
        """Taker and moment of sending, by id of the event."""
        self.refusals = self.done = 0
        self._http = http
        self._port = port
        self._sender = directory[SENDER]
        self.takers = [one for one in directory.values() if one.orgs and set(TAKERS) & set(one.roles)]
        self._tokens: dict[str, str] = {}
        self._room = asyncio.Semaphore(UNDER_WAY)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.method == "OPTIONS":
            return web.Response(headers=Receiver("whsec_").handshake(request.headers))
        return await self.sinks[int(request.match_info["number"])].handle(request)

    async def subscribe(self, takers: Sequence[Partner], each: int = 1) -> list[Sink]:
        """`each` webhooks for every taker; returns when all are validated."""
        made = [await self._subscribe(taker.id) for _ in range(each) for taker in takers]
        return made

    async def _subscribe(self, partner: str) -> Sink:
        sink = Sink(len(self.sinks), partner)
        self.sinks.append(sink)
        bearer = {"Authorization": f"Bearer {await self._token(partner)}"}
        url = f"http://127.0.0.1:{self._port}/{sink.number}"
        wish = {"protocol": "HTTP", "sink": url, "types": [KIND]}
        async with asyncio.timeout(30):
            while (
                made := await self._http.post("/v1/subscriptions", json=wish, headers=bearer)
            ).status_code != 201:
                await asyncio.sleep(0.1)  # the gateway has not read the new token yet
            sink.receiver = Receiver(made.json()["secret"])
            sink.url = made.json()["url"]
            while (await self._http.get(made.json()["url"], headers=bearer)).json()["status"][
                "state"
            ] != "validated":
                await asyncio.sleep(0.2)
        return sink

    async def order(self, sink: Sink, what: str) -> None:
        """`pause` or `resume`."""
        bearer = {"Authorization": f"Bearer {await self._token(sink.partner)}"}
        (await self._http.post(f"{sink.url}/_{what}", headers=bearer)).raise_for_status()

    async def _token(self, partner: str) -> str:
        if partner not in self._tokens:
            self._tokens[partner] = await partners.give_token(self.hub.settings, partner)
        return self._tokens[partner]

    # -- publishing

    async def steady(self, rate: float, seconds: float, takers: Sequence[Partner]) -> list[str]:
        """So many events a second, to the takers in turn, whatever the answers do. Returns their ids when all are
        accepted."""
        await self._token(SENDER)
        begun, ids, posts = time.perf_counter(), [], set[asyncio.Task[None]]()
        turn = itertools.cycle(takers)
        for n in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, begun + n / rate - time.perf_counter()))
            event, taker = self._event(next(turn))
            ids.append(event["id"])
            self.sent[event["id"]] = (taker, time.perf_counter())
            posts.add(task := asyncio.create_task(self._accepted(event)))
            task.add_done_callback(posts.discard)
        while posts:
            await asyncio.sleep(0.05)
        return ids

    async def many(self, count: int, taker: Partner, subjects: int) -> list[str]:
        """As many as fast as they are taken, in batches: `subjects` requests that are made again and again."""
        await self._token(SENDER)
        requests = [str(uuid.uuid4()) for _ in range(subjects)]
        learners = [str(uuid.uuid4()) for _ in range(subjects)]
        ids: list[str] = []
        for start in range(0, count, BATCH):
            events = []
            for n in range(start, min(count, start + BATCH)):
                event, _ = self._event(taker)
                event["data"] |= {"requestId": requests[n % subjects], "learnerId": learners[n % subjects]}
                event["subject"] = f"request/{requests[n % subjects]}"
                event["time"] = (
                    f"2027-05-{1 + n // 86400:02}T{n // 3600 % 24:02}:{n // 60 % 60:02}:{n % 60:02}Z"
                )
                events.append(event)
                self.sent[event["id"]] = (taker.id, time.perf_counter())
            ids += [event["id"] for event in events]
            await self._accepted(events)
        return ids

    def _event(self, taker: Partner) -> tuple[dict[str, Any], str]:
        event = placement(self._sender.sources[0], self._sender.orgs[0].ref, taker.orgs[0].ref)
        return event, taker.id

    async def _accepted(self, event: dict[str, Any] | list[dict[str, Any]]) -> None:
        """Sends it until it is accepted, as a careful publisher does."""
        kind = (
            "application/cloudevents-batch+json"
            if isinstance(event, list)
            else "application/cloudevents+json"
        )
        headers = {"Content-Type": kind, "Authorization": f"Bearer {self._tokens[SENDER]}"}
        async with self._room:
            while True:
                with contextlib.suppress(httpx.TransportError):
                    answer = await self._http.post("/v1/events", content=orjson.dumps(event), headers=headers)
                    if answer.status_code == 202:
                        return
                    assert answer.status_code in (401, 429, 503), answer.text
                self.refusals += 1
                await asyncio.sleep(0.5)

    # -- looking on

    def pids(self) -> dict[str, int]:
        """Of every process of the hub, by its name."""
        return {noted.stem: self.hub.pid(noted.stem) for noted in sorted(self.hub.folder.run.glob("*.pid"))}

    def worked(self) -> dict[str, float]:
        """Seconds of processor that each process has used, this one with publisher and partners too."""
        pids = self.pids() | {"bench": os.getpid()}
        return {name: _worked(pid) for name, pid in pids.items()}

    # -- judging

    async def arrived(self, ids: Iterable[str], sinks: Sequence[Sink], seconds: float = 120.0) -> None:
        """Waits until each of `sinks` has every event of `ids` that is for its partner."""
        wanted = [(id, self.sent[id][0]) for id in ids]
        deadline = time.monotonic() + seconds
        for sink in sinks:
            mine = [id for id, taker in wanted if taker == sink.partner]
            # One after another, for to count 100,000 again and again would hold up the receivers that are timed.
            for number, id in enumerate(mine):
                while id not in sink.at:
                    late = f"{id} and perhaps {len(mine) - number - 1} more have not arrived in {seconds:g} s"
                    assert time.monotonic() < deadline, late
                    await asyncio.sleep(0.1)

    def forget(self, ids: Iterable[str]) -> None:
        """What has arrived is judged; for runs that last, so that this process stays small too."""
        for id in ids:
            self.done += self.sent.pop(id, None) is not None
            for sink in self.sinks:
                sink.at.pop(id, None)
        for sink in self.sinks:
            sink.last.clear()

    def took(self, ids: Iterable[str], sinks: Sequence[Sink]) -> list[float]:
        """Milliseconds from the start of the publisher's request to the arrival of each delivery."""
        wanted = [(id, *self.sent[id]) for id in ids]
        return [
            (sink.at[id] - at) * 1000 for sink in sinks for id, taker, at in wanted if taker == sink.partner
        ]

    def check(self, repeats: bool = False) -> None:
        """Nothing with a wrong signature, nothing out of order, and without faults nothing twice."""
        assert not sum(sink.refused for sink in self.sinks), "a signature was wrong"
        assert not sum(sink.disordered for sink in self.sinks), "out of order within a subject"
        assert repeats or not sum(sink.repeats for sink in self.sinks), "something came twice"


def _worked(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.asynccontextmanager
async def opened(**settings: str) -> AsyncIterator[Stage]:
    """A hub in a folder of its own, up."""
    with tempfile.TemporaryDirectory() as folder:
        given = {"HUB_PARTNERS": "hub/demo/directory.yaml", "HUB_SINK_ALLOW": "127.0.0.0/8"}
        hub = Up(Path(folder), HUB, **(given | settings))
        hub.start()
        try:
            await asyncio.to_thread(hub.wait, lambda: "the hub is up after" in hub.said, 90.0)
            async with _staged(hub) as stage:
                yield stage
        finally:
            await asyncio.to_thread(hub.clean)


@contextlib.asynccontextmanager
async def _staged(hub: Up) -> AsyncIterator[Stage]:
    directory = (await partners.read(hub.settings)).partners
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=100)
    async with httpx.AsyncClient(base_url=hub.settings.url, timeout=30, limits=limits) as http:
        port = free_row(2)
        stage = Stage(hub, http, dict(directory), port)
        app = web.Application()
        app.router.add_route("*", "/{number}", stage.handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port, backlog=512).start()
        try:
            yield stage
        finally:
            await runner.cleanup()


def percentile(values: Sequence[float], percent: int) -> float:
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]
