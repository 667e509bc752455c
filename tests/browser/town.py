"""The real hub as people see it: with a login, part of the generated year in it, and a partner whose receiver broke."""

from __future__ import annotations

import asyncio
import os
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import msgspec
import orjson
import yaml

from connectors.http.mapping import PREFIX, cloud_event
from hub import directory
from hub.core.catalogue import KINDS
from hub.core.directory import Directory
from hub.core.subscription import GRANTED
from hub.demo.logins import Logins
from hub.demo.run import DIRECTORY
from hub.demo.story import school_year
from hub.demo.teller import Happening
from hub.gateway.lookups import about_persons
from hub.readmodel.queries import Queries
from hub.readmodel.schema import open_engine
from hub.settings import read
from tests.browser.table import Fill
from tests.up import HUB, Up, places

EVENTS = int(os.environ.get("BROWSER_EVENTS", "2000"))
"""So much of the year is told."""
DAYS = ("2026-09-30", "2026-11-15", "2027-02-20", "2027-05-25", "2027-07-20")
"""The clock stands at each in turn, while all that happened since the one before comes in."""
BROKEN, WELL = "oostvaarders-college", "taalcentrum-almere"
"""Partners with a webhook; that of the first agrees and then fails."""
SLACK = "echnaton"
"""It acknowledges no handover."""
OFFER, ACKNOWLEDGED = f"{PREFIX}offer.published.v1", f"{PREFIX}handover.acknowledged.v1"
SURE = 0.95
"""Of what the story has at least so much is accepted: some answers of its partners come before their questions."""
PATIENCE = 240.0


class Aside:
    """An event loop in a thread of its own, for servers that answer while a test does something else."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)


class Receiver(ThreadingHTTPServer):
    """Consents to everything; answers 503 to what is posted below the path of whoever is in `broken`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Hook)
        self.broken: set[str] = set()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self, partner: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{partner}"


class _Hook(BaseHTTPRequestHandler):
    server: Receiver

    def do_OPTIONS(self) -> None:
        self.send_response(200)
        self.send_header("WebHook-Allowed-Origin", self.headers.get("WebHook-Request-Origin", "*"))
        self.send_header("WebHook-Allowed-Rate", "*")
        self.end_headers()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(503 if self.path.strip("/") in self.server.broken else 204)
        self.end_headers()

    def log_message(self, *_: Any) -> None: ...


class Town:
    """`secrets` are the learners of everything that was told, and the ids of events about them."""

    def __init__(self, folder: Path, **more: str) -> None:
        self.clock = folder / "clock"
        place = places(folder)
        settings = read(place)
        self._aside, self.receiver = Aside(), Receiver()
        logins = Logins(settings, folder / "login.pem")
        self._issuer = logins.issuer
        partners = directory.load(DIRECTORY, lambda id: f"secret-{id}")
        self.directory = Directory(partners)
        (folder / "partners.yaml").write_text(
            yaml.safe_dump(msgspec.json.decode(msgspec.json.encode(partners)))
        )
        given = {
            "PARTNERS": folder / "partners.yaml",
            "CLOCK": self.clock,
            "SINK_ALLOW": "127.0.0.0/8",
            "RETRY_SCHEDULE": "0,1,2,5",
            "LOGIN_ISSUER": logins.changes["login_issuer"],
            "LOGIN_CLIENT": logins.changes["login_client"],
            "LOGIN_KEY": logins.changes["login_key"],
        }
        self.up = Up(
            folder, HUB, **place, **{f"HUB_{name}": str(value) for name, value in given.items()}, **more
        )
        self.url, self.issuer_url = self.up.settings.url, self._issuer.url
        self.secrets: set[str] = set()
        self.fill = Fill()

    def __enter__(self) -> Town:
        self._aside.run(self._issuer.start())
        self.stand_at(DAYS[0])
        self.up.start()
        try:
            self.up.wait(lambda: "the hub is up after" in self.up.said, PATIENCE)
            self._queries = Queries(open_engine(self.up.settings.database_url))
            asyncio.run(self._live())
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.up.clean()
        self._aside.run(self._issuer.stop())
        self._aside.stop()
        self.receiver.shutdown()

    def stand_at(self, day: str) -> None:
        fresh = self.clock.with_suffix(".new")
        fresh.write_text(day)
        fresh.replace(self.clock)

    async def _live(self) -> None:
        async with httpx.AsyncClient(base_url=self.url, timeout=60, trust_env=False) as client:
            for partner in (BROKEN, WELL):
                await self._subscribe(client, partner)
            hook = {"protocol": "HTTP", "sink": self.receiver.url(WELL)}
            made = await client.post("/v1/subscriptions", json=hook, headers=_token(WELL))
            self.fill = self.fill._replace(own=made.raise_for_status().json()["id"])
            self.receiver.broken.add(BROKEN)
            told = school_year(self.directory, "browser", events=EVENTS, answers=True)
            story = [one for one in told if (one.partner, one.event["type"]) != (SLACK, ACKNOWLEDGED)]
            for start, day in zip(("", *DAYS), DAYS, strict=False):
                self.stand_at(day)
                now = [one for one in story if start < one.at.date().isoformat() <= day]
                await send(client, now)
                for one in now:
                    self._note(one)
            await self._settle(
                sum(one.at.date().isoformat() <= DAYS[-1] and not one.refused for one in story)
            )
            readers = [partner for partner in self.directory.partners if partner not in (BROKEN, WELL)]
            await asyncio.gather(*(self._read_feed(client, partner) for partner in readers))

    async def _subscribe(self, client: httpx.AsyncClient, partner: str) -> None:
        where, headers = f"/v1/subscriptions/inbox-{partner}", _token(partner)
        wanted = {"protocol": "HTTP", "sink": self.receiver.url(partner)}
        (await client.put(where, json=wanted, headers=headers)).raise_for_status()
        await _until(partial(self._consented, client, where, headers))

    async def _consented(self, client: httpx.AsyncClient, where: str, headers: Any) -> bool:
        return bool((await client.get(where, headers=headers)).json()["status"]["state"] in GRANTED)

    def _note(self, one: Happening) -> None:
        data = one.event.get("data")
        if not isinstance(data, dict):
            return
        if about_persons(one.event["type"]):
            ids = (data.get(name) for name in ("learnerId", "otherLearnerId", "enrolmentId", "handoverId"))
            self.secrets.update(str(id).lower() for id in (one.event["id"], *ids) if id)
        elif one.partner == "gemeente-almere" and not one.refused:
            self.fill = self.fill._replace(source=one.event["source"], id=one.event["id"])

    async def _settle(self, accepted: int) -> None:
        """All was read."""

        async def settled() -> bool:
            flows = await asyncio.to_thread(self._queries.flows, int(time.time() * 1000))
            return sum(sum(flow.counts) for flow in flows.events) >= accepted * SURE

        await _until(settled)

    async def _read_feed(self, client: httpx.AsyncClient, partner: str) -> None:
        """All of its inbox, acknowledged."""
        where, headers, after = f"/v1/subscriptions/inbox-{partner}", _token(partner), 0
        while True:
            asked: dict[str, int] = {"after": after, "limit": 200}
            page = (await client.get(f"{where}/events", params=asked, headers=headers)).json()
            if not page["events"]:
                break
            after = page["next"]
        if after:
            done = await client.put(f"{where}/position", json={"number": after}, headers=headers)
            done.raise_for_status()

    def offer(self, by: str = WELL) -> None:
        """One more offer of places, as its publisher sends it. Returns when the hub has it."""
        kind, partner = KINDS[OFFER], self.directory.partners[by]
        data = {**kind.example, "offerId": str(uuid.uuid4()), "orgId": partner.orgs[0].ref}
        event = cloud_event(
            f"{kind.name}.v1",
            data,
            source=partner.sources[0],
            id=str(uuid.uuid4()),
            subject=kind.key(data),
            time=datetime.now(UTC),
            sequence=1,
        )
        headers = {**_token(by), "Content-Type": "application/cloudevents+json"}
        answer = httpx.post(
            f"{self.url}/v1/events", content=orjson.dumps(event), headers=headers, trust_env=False
        )
        assert answer.status_code == 202, answer.text


async def send(client: httpx.AsyncClient, told: Iterable[Happening]) -> None:
    """In batches, every partner for itself and in its own order."""
    by_partner: dict[str, list[Happening]] = defaultdict(list)
    for one in told:
        by_partner[one.partner].append(one)
    await asyncio.gather(*(_send(client, *own) for own in by_partner.items()))


async def _send(client: httpx.AsyncClient, partner: str, told: list[Happening]) -> None:
    headers = {**_token(partner), "Content-Type": "application/cloudevents-batch+json"}
    for start in range(0, len(told), 100):
        body = orjson.dumps([one.event for one in told[start : start + 100]])
        answer = await client.post("/v1/events", content=body, headers=headers)
        assert answer.status_code < 500, answer.text


def _token(partner: str) -> dict[str, str]:
    return {"Authorization": f"Bearer secret-{partner}"}


async def _until(true: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not await true():
        assert time.monotonic() < deadline, "the hub did not come to rest"
        await asyncio.sleep(0.2)
