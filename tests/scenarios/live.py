"""The real hub: `hub up` with its own Kafka, spoken to over HTTP as partners do, its processor killed at will.

Its clock is set to the day on which the stories begin, and stands still. All stories share one hub, so time passes by
ticks: for what a story is about, and for nothing else.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx
import orjson
import sqlalchemy as sa
import yaml

from hub import kafka
from hub.core.partners import Partner, hash_token
from hub.core.subscription import GRANTED
from hub.core.topics import COMMANDS
from hub.local.folder import Folder
from hub.local.ports import free_row, is_free
from hub.readmodel.queries import Queries
from hub.readmodel.schema import open_engine, views
from hub.settings import Settings
from tests import city, refs
from tests.broker import JARS
from tests.integration.partners import Partner as WebhookPartner
from tests.pure import day_ms
from tests.scenarios.engines import TODAY, Answer, delivered, plain

READY_SECONDS = 90.0
WEBHOOKS = ("taalcentrum", "vo")
"""These partners also get everything by webhook."""


class LiveHub:
    """One hub for all stories. Tokens are `secret-<partner>`."""

    def __init__(self, folder: Path, partners: Iterable[Partner] = city.PARTNERS) -> None:
        self.folder = folder
        self.partners = partners
        kafka_port, self.port, metrics = (_free(n) for n in range(3))
        self.settings = Settings(
            data=folder / "data",
            kafka=f"127.0.0.1:{kafka_port}",
            database=f"sqlite:///{folder / 'data' / 'readmodel.sqlite'}",
        )
        given: dict[str, object] = {
            "DATA": folder / "data",
            "PARTNERS": folder / "partners.yaml",
            "KAFKA_LIBS": JARS,
        }
        given |= {"KAFKA_PORT": kafka_port, "PORT": self.port, "METRICS_PORT": metrics}
        given |= {"PAIRWISE_KEY": folder / "pairwise.key"}
        given |= {"SINK_ALLOW": "127.0.0.0/8", "RETRY_SCHEDULE": "0,0.1,0.5,1", "CLOCK": folder / "clock"}
        self._environ = {**os.environ, **{f"HUB_{name}": str(value) for name, value in given.items()}}
        self.read: dict[str, int] = {}
        self.delivered: set[str] = set()

    def __enter__(self) -> LiveHub:
        (self.folder / "clock").write_text(TODAY)
        (self.folder / "pairwise.key").write_bytes(refs.KEY)
        (self.folder / "partners.yaml").write_text(yaml.safe_dump([_entry(p) for p in self.partners]))
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
    port = free_row(2) + 1000 * number
    while not all(is_free("127.0.0.1", port + i) for i in range(4)):
        port += 4
    return port


def _entry(partner: Partner) -> dict[str, Any]:
    return {
        "id": partner.id,
        "name": partner.name,
        "roles": [str(role) for role in partner.roles],
        "orgs": [{"ref": org.ref, "name": org.name} for org in partner.orgs],
        "sources": list(partner.sources),
        "tokens": [{"label": "test", "sha256": hash_token(f"secret-{partner.id}")}],
        **({"board": partner.board} if partner.board else {}),
    }


class _Webhook:
    """A partner's own system, and its subscription."""

    def __init__(self) -> None:
        self.server = WebhookPartner(self._answer)
        self.refuses = False
        self.id = ""

    async def _answer(self, _: Any, __: int) -> int:
        return 503 if self.refuses else 200

    def kinds(self) -> list[str]:
        """Of what it took, in the order in which it first did."""
        first = {
            event["id"]: event for event in reversed([orjson.loads(h.body) for h in self.server.delivered])
        }
        return [delivered(event)["kind"] for event in reversed(first.values())]

    def got(self) -> dict[str, list[str]]:
        """Ids of the events that it took, in the order in which it first did."""
        return _by_subject(orjson.loads(hit.body) for hit in self.server.delivered)


class KafkaEngine:
    """One story on the live hub. Leaves the city as it found it: no demand and no places."""

    patience = 25.0
    alone = False

    def __init__(self, hub: LiveHub) -> None:
        self.hub = hub
        self._database = open_engine(hub.settings.database_url)
        self._queries = Queries(self._database)
        self._accepted: list[tuple[str, dict[str, Any]]] = []
        self._pulled: dict[str, list[dict[str, Any]]] = {}
        self._webhooks = {partner: _Webhook() for partner in WEBHOOKS}

    async def __aenter__(self) -> KafkaEngine:
        self._client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.hub.port}", timeout=30)
        self._producer = kafka.producer(self.hub.settings)
        await self._producer.start()
        for partner, webhook in self._webhooks.items():
            await webhook.server.start()
            await self._subscribe(partner, webhook)
        await self.told()
        self._pulled.clear()
        for webhook in self._webhooks.values():
            webhook.server.hits.clear()
        return self

    async def __aexit__(self, *_: object) -> None:
        for partner, webhook in self._webhooks.items():
            await self._call("DELETE", partner, f"/v1/subscriptions/{webhook.id}")
            await webhook.server.stop()
        await self._producer.stop()
        await self._client.aclose()
        self._database.dispose()

    async def _call(self, method: str, partner: str, path: str, **given: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer secret-{partner}", **given.pop("headers", {})}
        return await self._client.request(method, path, headers=headers, **given)

    async def _subscribe(self, partner: str, webhook: _Webhook) -> None:
        wanted = {"sink": webhook.server.sink, "protocol": "HTTP"}
        made = await self._call("POST", partner, "/v1/subscriptions", json=wanted)
        assert made.status_code == 201, made.text
        webhook.server.receiver = type(webhook.server.receiver)(made.json()["secret"])
        webhook.id = made.json()["id"]

        async def validated() -> bool:
            status = (
                (await self._call("GET", partner, f"/v1/subscriptions/{webhook.id}")).json().get("status", {})
            )
            return bool(status.get("state") in GRANTED)

        await self._until(validated)

    async def _until(self, true: Any, seconds: float = 25.0) -> None:
        deadline = time.monotonic() + seconds
        while not await true():
            assert time.monotonic() < deadline, "the hub did not come to rest"
            await asyncio.sleep(0.05)

    async def publish(self, partner: str, event: dict[str, Any]) -> Answer:
        headers = {"Content-Type": "application/cloudevents+json"}
        sent = orjson.dumps(refs.written(partner, event))
        answer = await self._call("POST", partner, "/v1/events", content=sent, headers=headers)
        if answer.status_code == 202:
            self._accepted.append((partner, event))
            return Answer(202)
        return Answer(answer.status_code, frozenset(fault["code"] for fault in answer.json()["errors"]))

    async def tick(self, key: str, day: str) -> None:
        command = orjson.dumps({"command": "tick", "at": day_ms(day)})
        await self._producer.send_and_wait(COMMANDS, command, key.encode())

    async def restrict(self, learner: str, on: bool) -> None:
        command = {"command": "restrict", "on": on, "at": int(time.time() * 1000), "by": "fg"}
        key = f"learner/{learner}".encode()
        await self._producer.send_and_wait(COMMANDS, orjson.dumps(command), key)

    async def crash(self, part: str) -> None:
        self.hub.kill(part)

    async def down(self, partner: str) -> None:
        self._webhooks[partner].refuses = True

    async def back(self, partner: str) -> None:
        self._webhooks[partner].refuses = False

    async def told(self) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {}
        for partner in city.BY_ID:
            events = (await self._feed(partner, f"inbox-{partner}"))["events"]
            page = self._new([one for one in events if "withdrawn" not in one])
            self._pulled.setdefault(partner, []).extend(one["event"] for one in page)
            if page:
                found[partner] = [delivered(refs.meant(partner, one["event"])) for one in page]
        return found

    async def taken(self, partner: str) -> list[str]:
        return self._webhooks[partner].kinds()

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
        return plain(self._queries.group(id) if kind == "group" else self._queries.city())

    async def seen(self, partner: str, learner: str) -> dict[str, Any] | None:
        known = refs.REFERENCES.outward(partner, learner) if partner in refs.OUTSIDE else learner
        path, headers = f"/v1/learning-lines/{known}", {"Purpose": "LPW"}
        answer = await self._call("GET", partner, path, headers=headers)
        assert answer.status_code in (200, 404), answer.text
        return {**answer.json(), "learnerId": learner} if answer.status_code == 200 else None

    async def due(self, key: str) -> str:
        with self._database.connect() as connection:
            return str(connection.execute(sa.select(views.c.due).where(views.c.key == key)).scalar() or "")

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

    async def audit(self, source: str, id: str) -> list[str]:
        journey = self._queries.journey(source, id)
        routed = [m for m in journey.moments if m.kind == "routed"] if journey else []
        return sorted(told["partner"] for moment in routed for told in moment.detail["told"])

    async def counts(self) -> dict[str, int]:
        return self._queries.counts()

    async def snapshot(self, day: str, others: dict[str, int]) -> None:
        raise AssertionError("what is published here is of all stories together")

    async def security(self) -> int:
        lines = (await self._client.get("/metrics")).text.splitlines()
        return int(sum(float(line.split()[-1]) for line in lines if line.startswith("hub_security_total{")))

    async def holds(self, text: str) -> bool:
        found = subprocess.run(["grep", "-rqF", "--", text, str(self.hub.settings.data)])
        return found.returncode == 0

    async def close(self) -> None:
        """Ends the groups and offers of the story, then looks whether the webhooks got what the feeds
        held, in the same order."""
        for webhook in self._webhooks.values():
            webhook.refuses = False
        for partner, event in list(self._accepted):
            if ended := _ending(event):
                await self.publish(partner, ended)
        await self._until(self._calm)
        await self._until(self._webhooks_agree)
        assert not any(webhook.server.unverified for webhook in self._webhooks.values())

    async def _calm(self) -> bool:
        await self.told()
        found = self._queries.city()
        groups = [e["data"]["groupId"] for _, e in self._accepted if ".cancelled." in e["type"]]
        shown = [self._queries.group(group) for group in groups]
        ended = all(view is not None and view.status == "cancelled" for view in shown)
        return ended and (found is None or not (found.demand or found.free or found.signals))

    async def _webhooks_agree(self) -> bool:
        await self.told()
        return all(
            webhook.got() == _by_subject(self._pulled.get(partner, []))
            for partner, webhook in self._webhooks.items()
        )


def _by_subject(events: Iterable[dict[str, Any]]) -> dict[str, list[str]]:
    """Ids in order, without repeats; between subjects no order is promised."""
    found: dict[str, dict[str, None]] = {}
    for event in events:
        data = event["data"]
        about = next(data[name] for name in ("learnerId", "groupId", "offerId", "subject") if name in data)
        found.setdefault(event.get("subject", about), {})[event["id"]] = None
    return {subject: list(ids) for subject, ids in found.items()}


def _ending(event: dict[str, Any]) -> dict[str, Any] | None:
    """What takes a group or an offer away again."""
    ended = {**event, "id": f"{event['id']}-end", "sequence": "99", "sequencetype": "Integer"}
    data = event["data"]
    if event["type"].endswith(".offer.published.v1"):
        return {**ended, "data": {**data, "kind": "language"}}
    if event["type"].endswith(".arrival-group.announced.v1"):
        cancelled = {"groupId": data["groupId"], "reason": "error"}
        return {**ended, "type": event["type"].replace("announced", "cancelled"), "data": cancelled}
    return None
