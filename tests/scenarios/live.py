"""The real hub: `hub up` with its own Kafka, spoken to over HTTP as partners do, its processor killed at will."""

from __future__ import annotations

import asyncio
import datetime
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx
import orjson
import yaml

from hub import kafka
from hub.core.partners import hash_token
from hub.core.topics import COMMANDS
from hub.local.folder import Folder
from hub.local.ports import free_pair, is_free
from hub.readmodel.queries import Queries
from hub.readmodel.schema import open_engine
from hub.settings import Settings
from tests import city
from tests.broker import JARS
from tests.integration.partners import Partner as WebhookPartner
from tests.pure import day_ms
from tests.scenarios.engines import Answer, delivered, figures, plain

READY_SECONDS = 90.0
FIRST_YEAR = 2026
"""The year in which the stories begin."""

WEBHOOK = "taalcentrum"
"""This partner also gets everything by webhook."""

OPERATOR = "procesregisseur"


class LiveHub:
    """One hub for all stories. Tokens are `secret-<partner>`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        kafka_port, self.port, metrics = (_free(n) for n in range(3))
        self.settings = Settings(
            data=folder / "data",
            kafka=f"127.0.0.1:{kafka_port}",
            database=f"sqlite:///{folder / 'data' / 'readmodel.sqlite'}",
        )
        given = {"DATA": folder / "data", "PARTNERS": folder / "partners.yaml", "KAFKA_LIBS": JARS}
        given |= {"KAFKA_PORT": kafka_port, "PORT": self.port, "METRICS_PORT": metrics}
        given |= {"SINK_ALLOW": "127.0.0.0/8", "RETRY_SCHEDULE": "0,0.1,0.5,1"}
        self._environ = {**os.environ, **{f"HUB_{name}": str(value) for name, value in given.items()}}
        self.read: dict[str, int] = {}
        self.delivered: set[str] = set()

    def __enter__(self) -> LiveHub:
        (self.folder / "partners.yaml").write_text(yaml.safe_dump([_entry(p) for p in city.PARTNERS]))
        with (self.folder / "up.log").open("wb") as log:
            command = [sys.executable, "-m", "hub", "up"]
            self._process = subprocess.Popen(command, env=self._environ, stdout=log, stderr=log)
        try:
            self._wait()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(40)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def _wait(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while b"gateway is ready" not in (words := (self.folder / "up.log").read_bytes()):
            assert self._process.poll() is None, words.decode()
            assert time.monotonic() < deadline, words.decode()
            time.sleep(0.1)

    def kill(self, part: str) -> None:
        """`kill -9`; the supervisor starts it again."""
        pid = Folder(self.settings.data).pid(part)
        assert pid, f"{part} does not run"
        os.kill(pid, signal.SIGKILL)


def _free(number: int) -> int:
    """A port with three free ones after it, different for each number."""
    port = free_pair() + 1000 * number
    while not all(is_free("127.0.0.1", port + i) for i in range(4)):
        port += 4
    return port


def _entry(partner: city.Partner) -> dict[str, Any]:
    return {
        "id": partner.id,
        "name": partner.name,
        "roles": [str(role) for role in partner.roles],
        "orgs": [{"ref": org.ref, "name": org.name} for org in partner.orgs],
        "sources": list(partner.sources),
        "tokens": [{"label": "test", "sha256": hash_token(f"secret-{partner.id}")}],
        **({"board": partner.board} if partner.board else {}),
    }


class KafkaEngine:
    """One story on the live hub. Leaves the city as it found it: no demand, no places."""

    patience = 25.0

    def __init__(self, hub: LiveHub) -> None:
        self.hub = hub
        self.years = datetime.datetime.now(datetime.UTC).year - FIRST_YEAR
        self._queries = Queries(open_engine(hub.settings.database_url))
        self._accepted: list[tuple[str, dict[str, Any]]] = []
        self._pulled: dict[str, list[str]] = {}

    async def __aenter__(self) -> KafkaEngine:
        self._client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.hub.port}", timeout=30)
        self._producer = kafka.producer(self.hub.settings)
        await self._producer.start()
        self._webhook = WebhookPartner()
        await self._webhook.start()
        await self._subscribe()
        await self.told()
        self._webhook.hits.clear()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._call("DELETE", WEBHOOK, self._subscription)
        await self._webhook.stop()
        await self._producer.stop()
        await self._client.aclose()

    async def _call(self, method: str, partner: str, path: str, **given: Any) -> httpx.Response:
        return await self._client.request(
            method, path, headers={"Authorization": f"Bearer secret-{partner}"}, **given
        )

    async def _subscribe(self) -> None:
        wanted = {"sink": self._webhook.sink, "protocol": "HTTP"}
        made = await self._call("POST", WEBHOOK, "/v1/subscriptions", json=wanted)
        assert made.status_code == 201, made.text
        self._webhook.receiver = type(self._webhook.receiver)(made.json()["secret"])
        self._subscription = f"/v1/subscriptions/{made.json()['id']}"
        self._outbox = made.json()["id"]
        await self._until(lambda: self._validated())

    async def _validated(self) -> bool:
        status = (await self._call("GET", WEBHOOK, self._subscription)).json().get("status", {})
        return status.get("state") == "validated"

    async def _until(self, true: Any, seconds: float = 25.0) -> None:
        deadline = time.monotonic() + seconds
        while not await true():
            assert time.monotonic() < deadline, "the hub did not come to rest"
            await asyncio.sleep(0.05)

    async def publish(self, partner: str, event: dict[str, Any]) -> Answer:
        raw = orjson.dumps(event)
        headers = {
            "Authorization": f"Bearer secret-{partner}",
            "Content-Type": "application/cloudevents+json",
        }
        answer = await self._client.post("/v1/events", content=raw, headers=headers)
        if answer.status_code == 202:
            self._accepted.append((partner, event))
            return Answer(202)
        return Answer(answer.status_code, frozenset(fault["code"] for fault in answer.json()["errors"]))

    async def tick(self, key: str, day: str) -> None:
        command = orjson.dumps({"command": "tick", "at": day_ms(day)})
        await self._producer.send_and_wait(COMMANDS, command, key.encode())

    async def crash(self, part: str) -> None:
        self.hub.kill(part)

    async def told(self) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {}
        for partner in city.BY_ID:
            page = self._new((await self._feed(partner, f"inbox-{partner}"))["events"])
            self._pulled.setdefault(partner, []).extend(one["event"]["id"] for one in page)
            if page:
                found[partner] = [delivered(one["event"]) for one in page]
        return found

    def _new(self, page: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """As a receiver does: a delivery that came before, by its id, is the repeat that a kill may bring."""
        known = self.hub.delivered
        fresh = [one for one in page if one["deliveryId"] not in known]
        known.update(one["deliveryId"] for one in page)
        return fresh

    async def _feed(self, partner: str, subscription: str) -> dict[str, Any]:
        after = {"after": self.hub.read.get(subscription, 0)}
        answer = await self._call("GET", partner, f"/v1/subscriptions/{subscription}/events", params=after)
        assert answer.status_code == 200, answer.text
        page: dict[str, Any] = answer.json()
        self.hub.read[subscription] = page["next"]
        return page

    async def view(self, key: str) -> dict[str, Any] | None:
        kind, _, id = key.partition("/")
        if kind == "learner":
            return plain(self._queries.line(id))
        return plain(self._queries.group(id) if kind == "group" else next(iter(self._queries.places()), None))

    async def outcomes(self, source: str, id: str) -> list[str]:
        journey = self._queries.journey(source, id)
        found = []
        for moment in journey.moments if journey else ():
            if moment.kind == "repeat":
                found.append(moment.detail["outcome"])
            elif moment.kind == "quarantined":
                found.append(f"quarantined:{moment.detail['reason']}")
            elif moment.kind in ("routed", "refused"):
                found.append("again" if moment.detail.get("again") else moment.kind)
        return found

    async def census(self, metric: str) -> dict[str, int | str]:
        answer = await self._call("GET", OPERATOR, f"/v1/census/{metric}")
        assert answer.status_code == 200, answer.text
        return figures(answer.json())

    async def security(self) -> int:
        lines = (await self._client.get("/metrics")).text.splitlines()
        return int(sum(float(line.split()[-1]) for line in lines if line.startswith("hub_security_total{")))

    async def holds(self, text: str) -> bool:
        found = subprocess.run(["grep", "-rqF", "--", text, str(self.hub.settings.data)])
        return found.returncode == 0

    async def close(self) -> None:
        """Ends the groups and offers of the story, then looks whether the webhook got what the feed held."""
        for partner, event in list(self._accepted):
            if event["type"].endswith((".announced.v1", ".offer.published.v1")):
                await self.publish(partner, _ending(event))
        await self._until(self._calm)
        await self._until(self._webhook_agrees)
        assert self._webhook.unverified == 0

    async def _calm(self) -> bool:
        await self.told()
        found = next(iter(self._queries.places()), None)
        groups = [e["data"]["groupId"] for _, e in self._accepted if ".cancelled." in e["type"]]
        views = [self._queries.group(group) for group in groups]
        ended = all(view is not None and view.status == "cancelled" for view in views)
        return ended and (found is None or (found.demand == 0 and found.free == 0 and not found.signals))

    async def _webhook_agrees(self) -> bool:
        await self.told()
        return {one["id"] for one in self._hits()} == set(self._pulled.get(WEBHOOK, []))

    def _hits(self) -> list[dict[str, Any]]:
        return [orjson.loads(hit.body) for hit in self._webhook.delivered]


def _ending(event: dict[str, Any]) -> dict[str, Any]:
    """What takes a group or an offer away again."""
    ended = {**event, "id": f"{event['id']}-end", "sequence": "99", "sequencetype": "Integer"}
    if event["type"].endswith(".offer.published.v1"):
        return {**ended, "data": {**event["data"], "kind": "language"}}
    data = {"groupId": event["data"]["groupId"], "reason": "error"}
    return {**ended, "type": event["type"].replace("announced", "cancelled"), "data": data}
