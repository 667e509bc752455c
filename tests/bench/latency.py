"""From publishing to the webhook's arrival, through the whole hub over HTTP, against posting to the receiver directly.

`python -m tests.bench.latency [RATE [SECONDS]]`. One school asks another for a place RATE times a second; timed from
the start of the POST at the publisher to the arrival of the signed webhook at the receiver, both in this process. The
peer is the floor: the same client posting the same event straight to the same receiver. Every event must arrive once,
with a right signature.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import orjson
from aiohttp import web

from connectors.webhook.receiver import Receiver, Refused
from hub import partners
from hub.core.catalogue import KINDS
from hub.core.subscription import GRANTED
from hub.local.ports import free_row
from tests.bench.table import show
from tests.up import HUB, Up

SENDER, TAKER = "de-ontdekking", "echnaton"
KIND = "nl.onderwijsloopbanen.placement.requested.v1"
WARM_UP = 100


class Arrivals:
    """A receiver that notes when each event came."""

    def __init__(self) -> None:
        self.at: dict[str, float] = {}
        self.repeats = self.refused = 0
        self.receiver: Receiver | None = None

    async def handle(self, request: web.Request) -> web.Response:
        if request.method == "OPTIONS":
            return web.Response(headers=Receiver("whsec_").handshake(request.headers))
        arrived, body = time.perf_counter(), await request.read()
        if self.receiver is None:
            self.at[orjson.loads(body)["id"]] = arrived
            return web.Response(status=204)
        got = self.receiver.accept(request.headers, body)
        if isinstance(got, Refused):
            self.refused += 1
            return web.Response(status=got.status)
        self.repeats += got.repeat
        self.at.setdefault(got.event["id"], arrived)
        return web.Response(status=204)


def placement(source: str, sender: str, taker: str) -> dict[str, Any]:
    ids = {"learnerId": str(uuid.uuid4()), "requestId": str(uuid.uuid4())}
    data = KINDS[KIND].example | ids | {"orgId": sender, "toOrg": taker}
    return {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": source,
        "type": KIND,
        "subject": f"request/{ids['requestId']}",
        "time": "2027-05-28T13:05:00Z",
        "datacontenttype": "application/json",
        "data": data,
    }


async def main(rate: float, seconds: float) -> float:
    """Prints the figures; returns the p95 through the hub in milliseconds."""
    with tempfile.TemporaryDirectory() as folder:
        hub = Up(Path(folder), HUB, HUB_PARTNERS="hub/demo/directory.yaml", HUB_SINK_ALLOW="127.0.0.0/8")
        hub.start()
        try:
            await asyncio.to_thread(hub.wait_up)
            return await measure(hub, rate, seconds)
        finally:
            await asyncio.to_thread(hub.end)


async def measure(hub: Up, rate: float, seconds: float) -> float:
    directory = await partners.read(hub.settings)
    sender, taker = directory.partners[SENDER], directory.partners[TAKER]
    tokens = {p: await partners.give_token(hub.settings, p) for p in (SENDER, TAKER)}
    arrivals, port = Arrivals(), free_row(2)
    runner = await _serve(arrivals, port)
    make = lambda: placement(sender.sources[0], sender.orgs[0].ref, taker.orgs[0].ref)  # noqa: E731
    async with httpx.AsyncClient(base_url=hub.settings.url) as http:
        direct = await _run(
            make, _post(http, f"http://127.0.0.1:{port}/", "none"), arrivals, rate, seconds / 3
        )
        secret = await _subscribe(http, tokens[TAKER], f"http://127.0.0.1:{port}/")
        arrivals.receiver = Receiver(secret)
        publish = _post(http, "/v1/events", tokens[SENDER])
        await _run(make, publish, arrivals, rate, WARM_UP / rate)
        through = await _run(make, publish, arrivals, rate, seconds)
    await runner.cleanup()
    assert not arrivals.refused and not arrivals.repeats, (arrivals.refused, arrivals.repeats)
    rows = [_row("straight to the receiver", direct), _row("through the hub", through)]
    show(
        f"Publish to webhook at {rate:g} events/s", ("", "events", "p50 ms", "p95 ms", "p99 ms", "most"), rows
    )
    return _percentile(through, 95)


async def _run(
    make: Callable[[], dict[str, Any]],
    post: Callable[[dict[str, Any]], Awaitable[None]],
    arrivals: Arrivals,
    rate: float,
    seconds: float,
) -> list[float]:
    """Publishes at a steady rate, whatever the answers do, and returns milliseconds per event."""
    sent: dict[str, float] = {}
    posts = []
    begun = time.perf_counter()
    for n in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, begun + n / rate - time.perf_counter()))
        event = make()
        sent[event["id"]] = time.perf_counter()
        posts.append(asyncio.create_task(post(event)))
    await asyncio.gather(*posts)
    async with asyncio.timeout(30):
        while missing := sent.keys() - arrivals.at.keys():
            await asyncio.sleep(0.05)
    assert not missing
    return [(arrivals.at[id] - at) * 1000 for id, at in sent.items()]


def _post(http: httpx.AsyncClient, url: str, token: str) -> Callable[[dict[str, Any]], Awaitable[None]]:
    headers = {"Content-Type": "application/cloudevents+json", "Authorization": f"Bearer {token}"}

    async def post(event: dict[str, Any]) -> None:
        answer = await http.post(url, content=orjson.dumps(event), headers=headers)
        assert answer.is_success, answer.text

    return post


async def _subscribe(http: httpx.AsyncClient, token: str, sink: str) -> str:
    bearer = {"Authorization": f"Bearer {token}"}
    async with asyncio.timeout(10):
        while (
            made := await http.post("/v1/subscriptions", json=_wish(sink), headers=bearer)
        ).status_code != 201:
            await asyncio.sleep(0.1)  # the gateway has not read the new token yet
        while (await http.get(made.json()["url"], headers=bearer)).json()["status"]["state"] not in GRANTED:
            await asyncio.sleep(0.1)
    return str(made.json()["secret"])


def _wish(sink: str) -> dict[str, Any]:
    return {"protocol": "HTTP", "sink": sink, "types": [KIND]}


async def _serve(arrivals: Arrivals, port: int) -> web.AppRunner:
    app = web.Application()
    app.router.add_route("*", "/", arrivals.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    return runner


def _row(name: str, took: list[float]) -> tuple[str, ...]:
    figures = [statistics.median(took), _percentile(took, 95), _percentile(took, 99), max(took)]
    return (name, str(len(took)), *(f"{ms:.1f}" for ms in figures))


def _percentile(values: list[float], percent: int) -> float:
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]


if __name__ == "__main__":
    asyncio.run(
        main(float(sys.argv[1]) if sys.argv[1:] else 50.0, float(sys.argv[2]) if sys.argv[2:] else 30.0)
    )
