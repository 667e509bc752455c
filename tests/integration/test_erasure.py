"""A hundred learners are erased from a whole hub under load, and looked for in every byte that it keeps."""

from __future__ import annotations

import hashlib
import json
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.broker import ROOT
from tests.up import HUB, Up

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

LEARNERS = 100
WINDOW = 40.0
"""Seconds that stand for the 28 days."""

SCHOOL, VO, OFFICER = "asg-school-a", "oostvaarders-college", "fg-almere"
PREFIX = "nl.onderwijsloopbanen."
SOURCE = "urn:nld:kvknr:00000010:systeem:las-00YY01"
H4 = PREFIX + "erasure.executed.v1"


def token(partner: str) -> str:
    return f"{partner}-token-of-this-test"


def directory(folder: Path) -> Path:
    """The partners of the demo and a privacy officer, each with a token."""
    entries = yaml.safe_load((ROOT / "hub" / "demo" / "directory.yaml").read_text())
    entries.append({"id": OFFICER, "name": "Functionaris gegevensbescherming", "roles": ["fg"]})
    for one in entries:
        one["tokens"] = [{"label": "test", "sha256": hashlib.sha256(token(one["id"]).encode()).hexdigest()}]
    path = folder / "directory.yaml"
    path.write_text(yaml.safe_dump(entries))
    return path


class Receiver:
    """A webhook that takes everything."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_OPTIONS(self) -> None:
                self.send_response(200)
                self.send_header("WebHook-Allowed-Origin", "*")
                self.send_header("WebHook-Allowed-Rate", "*")
                self.end_headers()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.events.append(json.loads(body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def erased(self) -> Counter[str]:
        """How often each learner was told to be erased."""
        return Counter(e["data"]["learnerId"] for e in list(self.events) if e["type"] == H4)


class City:
    """A hub, and what partners do with it over HTTP."""

    def __init__(self, up: Up) -> None:
        self.up = up
        self.client = httpx.Client(base_url=up.settings.url, timeout=30)

    def call(self, partner: str, method: str, path: str, **more: Any) -> httpx.Response:
        bearer = {"Authorization": f"Bearer {token(partner)}"}
        return self.client.request(method, path, headers={**bearer, **more.pop("headers", {})}, **more)

    def publish(self, events: list[dict[str, Any]]) -> None:
        kind = {"Content-Type": "application/cloudevents-batch+json"}
        answer = self.call(SCHOOL, "POST", "/v1/events", content=json.dumps(events), headers=kind)
        assert answer.status_code == 202, answer.text

    def feed(self) -> list[dict[str, Any]]:
        """The whole inbox of the vo school."""
        found: list[dict[str, Any]] = []
        after = 0
        while True:
            path = f"/v1/subscriptions/inbox-{VO}/events?after={after}&limit=500"
            page = self.call(VO, "GET", path).json()
            found += page["events"]
            if not page["events"]:
                return found
            after = page["next"]


def event(kind: str, learner: str, **data: Any) -> dict[str, Any]:
    told = {"learnerId": learner, "occurredOn": "2026-10-01", "orgId": "brin:00YY01", "basis": "WPO-OKR"}
    return {
        "specversion": "1.0",
        "type": f"{PREFIX}{kind}.v1",
        "id": str(uuid.uuid4()),
        "source": SOURCE,
        "time": "2026-10-01T08:30:00Z",
        "data": {**told, **data},
    }


def enrolled(learner: str) -> dict[str, Any]:
    more = {"stage": "po", "year": "8", "startOn": "2026-08-01", "primary": True, "birthMonth": "2015-03"}
    return event("enrolment.started", learner, enrolmentId=str(uuid.uuid4()), **more)


def asked(learner: str) -> dict[str, Any]:
    more = {"stage": "vo", "supportExpected": False, "reason": "po-vo", "birthMonth": "2015-03"}
    return event("placement.requested", learner, requestId=str(uuid.uuid4()), toOrg="brin:99XX02", **more)


class Load(threading.Thread):
    """Other learners, as long as it runs."""

    def __init__(self, city: City) -> None:
        super().__init__(daemon=True)
        self.city, self.ending, self.learners = city, threading.Event(), [str(uuid.uuid4())]

    def run(self) -> None:
        while not self.ending.wait(0.25):
            fresh = [str(uuid.uuid4()) for _ in range(5)]
            self.city.publish([made for one in fresh for made in (enrolled(one), asked(one))])
            self.learners += fresh

    def end(self) -> None:
        self.ending.set()
        self.join(30)


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    settings = {
        "HUB_PARTNERS": str(directory(tmp_path)),
        "HUB_SINK_ALLOW": "127.0.0.0/8",
        "HUB_RETENTION_DAYS": str(WINDOW / 86_400),
    }
    up = Up(tmp_path, HUB, **settings)
    up.start()
    try:
        up.wait_up()
        yield City(up)
    finally:
        up.clean()


def holding(folder: Path, learners: list[str]) -> dict[str, int]:
    """Files below a folder that hold the id of a learner in any byte, and of how many."""
    wanted = [one.encode() for one in learners]
    found = {}
    for path in folder.rglob("*"):
        if path.is_file() and (n := sum(one in raw for one in wanted) if (raw := _read(path)) else 0):
            found[str(path.relative_to(folder))] = n
    return found


def _read(path: Path) -> bytes:
    """A file may go while it is looked for."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def within(seconds: float, wrong: Callable[[], object]) -> object:
    """What is still wrong after so many seconds."""
    deadline = time.monotonic() + seconds
    while (left := wrong()) and time.monotonic() < deadline:
        time.sleep(0.5)
    return left


def test_of_a_hundred_erased_learners_not_a_byte_is_left_and_who_had_something_is_told_once(
    city: City,
) -> None:
    receiver, load = Receiver(), Load(city)
    hook = {
        "protocol": "HTTP",
        "sink": receiver.url,
        "filters": [{"prefix": {"type": f"{PREFIX}placement."}}],  # which leaves out the H4, were it asked
    }
    assert city.call(VO, "POST", "/v1/subscriptions", json=hook).status_code == 201
    gone = [str(uuid.uuid4()) for _ in range(LEARNERS)]
    load.start()
    city.publish([enrolled(one) for one in gone])
    city.publish([asked(one) for one in gone])
    data = city.up.settings.data
    rows = [data / "readmodel.sqlite", data / "readmodel.sqlite-wal"]

    def stands(one: str) -> bool:
        look = city.call(SCHOOL, "GET", f"/v1/learning-lines/{one}", headers={"Purpose": "WPO-OKR"})
        return look.status_code == 200

    assert not within(30, lambda: [one for one in gone if not stands(one)])
    assert not within(20, lambda: set(gone) - {e["data"]["learnerId"] for e in list(receiver.events)})
    report = city.call(OFFICER, "POST", "/v1/access-requests", json={"learnerId": gone[0]}).json()
    assert {(one["partner"], one["type"]) for one in report["told"]} == {
        (VO, f"{PREFIX}placement.requested.v1")
    }
    assert next((look["partner"], look["purpose"]) for look in report["lookups"]) == (SCHOOL, "WPO-OKR")
    assert len(report["lines"][0]["facts"]) == 2

    # Nobody is told anything of a frozen line any more, but of its erasure.
    frozen = gone[-1]
    restriction = {"learnerId": frozen, "restricted": True}
    assert city.call(OFFICER, "POST", "/v1/restrictions", json=restriction).status_code == 202
    assert not within(20, lambda: stands(frozen))

    began = time.monotonic()
    for one in gone:
        request = {"learnerId": one, "requestedBy": "parent"}
        assert city.call(OFFICER, "POST", "/v1/erasures", json=request).status_code == 202
    city.publish([asked(one) for one in gone])  # too late

    def left() -> object:
        fed = [e for e in city.feed() if e.get("event", {}).get("type") != H4]
        texts = json.dumps(fed)
        in_rows = [path.name for path in rows if any(one.encode() in _read(path) for one in gone)]
        in_states = holding(data / "processor", gone)
        return [one for one in gone if stands(one)], [one for one in gone if one in texts], in_rows, in_states

    assert not within(60, lambda: any(left()) and left())
    took = time.monotonic() - began
    assert not within(10, lambda: receiver.erased() != Counter(gone))
    replay = city.call(VO, "POST", f"/v1/subscriptions/inbox-{VO}/_replay", json={"from": 1}).json()
    assert replay["withdrawn"] + replay["gone"] >= LEARNERS

    everywhere = within(WINDOW + 30, lambda: holding(city.up.folder.data, gone))
    load.end()
    assert not everywhere
    assert holding(city.up.folder.data, load.learners[-5:])  # who was not erased is found by the same search
    assert receiver.erased() == Counter(gone)
    assert not [e for e in receiver.events if e["data"].get("learnerId") == frozen and e["type"] != H4][1:]
    print(f"\n{LEARNERS} learners gone from lines, rows and feeds {took:.0f} s after the first was asked")
