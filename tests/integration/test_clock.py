"""A clock that is set: a school year passes on the real hub in seconds, and nothing is lost or said twice."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial
from typing import Any

import httpx
import orjson
import pytest

from hub.core.catalogue import KINDS
from tests import city
from tests.scenarios.live import LiveHub

pytestmark = [pytest.mark.kafka]

REQUEST = "nl.onderwijsloopbanen.placement.requested.v1"
SECONDS = 240.0


class Hub:
    def __init__(self, live: LiveHub) -> None:
        self.live = live
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{live.port}", timeout=30)
        self._year = 2026

    def later(self) -> date:
        """A first of December that lies beyond all days that any test has set."""
        self._year += 3
        return date(self._year, 12, 1)

    def set(self, day: date) -> None:
        (self.live.folder / "clock").write_text(day.isoformat())

    def call(self, verb: str, partner: str, path: str, **given: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer secret-{partner}", **given.pop("headers", {})}
        return self.client.request(verb, path, headers=headers, **given)

    def feed(self, partner: str, word: str) -> list[dict[str, Any]]:
        answer = self.call("GET", partner, f"/v1/subscriptions/inbox-{partner}/events?limit=500").json()
        events = [one["event"] for one in answer["events"]]
        return [event["data"] for event in events if word in event["type"]]

    def ask_for_a_place(self, day: date) -> str:
        """A request that nobody ever decides on, for a new learner, whose id it gives."""
        kind, learner = KINDS[REQUEST], str(uuid.uuid4())
        data = kind.example | {"learnerId": learner, "occurredOn": day.isoformat(), "toOrg": city.VO}
        data |= {"orgId": city.SCHOOL_A, "requestId": str(uuid.uuid4())}
        event = {
            "specversion": "1.0",
            "type": REQUEST,
            "source": city.BY_ID["school-a"].sources[0],
            "id": str(uuid.uuid4()),
            "time": f"{day}T09:00:00Z",
            "privacyclass": kind.privacy(data),
            "datacontenttype": "application/json",
            "data": data,
        }
        content_type = {"Content-Type": "application/cloudevents+json"}
        answer = self.call(
            "POST", "school-a", "/v1/events", content=orjson.dumps(event), headers=content_type
        )
        assert answer.status_code == 202, answer.text
        return learner


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    with LiveHub(tmp_path_factory.mktemp("year")) as live:
        yield Hub(live)


async def until(true: Callable[[], bool], seconds: float = 90.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come"
        await asyncio.sleep(0.05)


async def test_a_school_year_passes_in_seconds(hub: Hub) -> None:
    first = hub.later()
    days = [first + timedelta(days=number) for number in range(365)]
    hub.set(first)
    learner = hub.ask_for_a_place(first)
    began = time.monotonic()
    for day in days:
        hub.set(day)
        if day.day == 1:
            await until(partial(_is_published, hub, day))
        else:
            await asyncio.sleep(0.02)
    took = time.monotonic() - began

    told = [one for one in hub.feed("vo", "signal.raised") if one.get("learnerId") == learner]
    terms = [(first + timedelta(days=days)).isoformat() for days in (28, 42)]
    mine = [(one["severity"], one["dueOn"]) for one in told if one["rule"] == "T03"]
    assert mine == [("warn", terms[0]), ("breach", terms[1])], "each once, and in order"
    year = f"{first.year}-{first.year + 1}"
    published = hub.feed("procesregisseur", "aggregate.published")
    of_m1 = [one["on"] for one in published if (one["metric"], one["period"]) == ("M1", year)]
    assert of_m1 == [day.isoformat() for day in days if day.day == 1 and day < date(first.year + 1, 8, 1)]
    assert took < SECONDS, f"a year took {took:.0f} s"


def _published(hub: Hub) -> set[str]:
    return {one["on"] for one in hub.feed("procesregisseur", "aggregate.published")}


def _is_published(hub: Hub, day: date) -> bool:
    return day.isoformat() in _published(hub)


async def test_after_downtime_only_the_newest_moment_is_published(hub: Hub) -> None:
    before, day = _published(hub), hub.later() + timedelta(days=16)
    hub.live.kill("projector")
    hub.set(day)
    await until(lambda: _published(hub) > before)

    assert _published(hub) - before == {day.replace(day=1).isoformat()}


async def test_the_hub_goes_on_when_the_clock_cannot_be_read(hub: Hub) -> None:
    day = hub.later()
    hub.set(day)
    await until(lambda: _today(hub) == day.isoformat())
    (hub.live.folder / "clock").write_text("")
    hub.ask_for_a_place(day)

    assert _today(hub) == day.isoformat()


def _today(hub: Hub) -> str:
    return str(hub.call("GET", "procesregisseur", "/v1/census/M14").json()["on"])
