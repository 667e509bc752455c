"""A generated year through the real hub, its parts killed on the way, against the pure fold of the same file.

`YEAR_EVENTS` (default 1,500) sets how much of the year; 156000 is all of it.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import orjson
import pytest
import yaml

from hub.core.admission import Admitted, admit
from hub.core.directory import Directory
from hub.core.event import Event
from hub.core.offline import Offline
from hub.core.pairwise import worded
from hub.core.policy import Policy
from hub.core.rules import Calendar, Rules
from hub.core.views import Census, Group, Line, Offer, Places, View
from hub.demo.story import school_year
from hub.demo.teller import Happening
from hub.directory import load
from hub.pairwise import references
from hub.readmodel.queries import Queries
from hub.readmodel.schema import open_engine
from tests.broker import ROOT
from tests.up import HUB, Up

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(3600)]

EVENTS = int(os.environ.get("YEAR_EVENTS", "1500"))
SEED = "rehearsal"
DIRECTORY = ROOT / "hub" / "demo" / "directory.yaml"
SNAPSHOTS = ("08-01", "11-01", "02-01", "05-01")
PERIODS = ("2026-10-31", "2027-01-31", "2027-04-30", "2027-07-31", "2028-07-31")
"""Days on which the clock stands while all that happened since the one before comes in, whatever its order."""

SETTLED = [date.fromisoformat(f"{year}-{day}").isoformat() for year in (2026, 2027) for day in SNAPSHOTS]
VICTIMS = ("processor", "projector", "gateway", "courier", "kafka")
PATIENCE = 120.0 + EVENTS / 100


def ms(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() * 1000)


def plain(views: Iterable[tuple[str, View]]) -> dict[str, Any]:
    """Comparable, without what the hub keeps for itself."""
    return {key: msgspec.to_builtins(view) for key, view in views}


class Rehearsal:
    """The same year twice: `live` is a hub with Kafka and HTTP, `fold` the pure core."""

    def __init__(self, folder: Path) -> None:
        partners = load(DIRECTORY, lambda id: f"secret-{id}")
        self.directory = Directory(partners)
        self.clock = folder / "clock"
        rules = Rules(calendar=msgspec.structs.replace(Calendar(), snapshots=SNAPSHOTS))
        (folder / "rules.yaml").write_text(yaml.safe_dump({"calendar": {"snapshots": list(SNAPSHOTS)}}))
        written = msgspec.json.decode(msgspec.json.encode(partners))
        (folder / "partners.yaml").write_text(yaml.safe_dump(written))
        self.fold = Offline(Policy(self.directory, rules=rules))
        self.live = Up(
            folder,
            HUB,
            HUB_PARTNERS=str(folder / "partners.yaml"),
            HUB_RULES=str(folder / "rules.yaml"),
            HUB_CLOCK=str(self.clock),
        )
        self.references = references(self.live.settings)
        self.queries = Queries(open_engine(self.live.settings.database_url))
        self.rng = random.Random(SEED)

    def stand_at(self, day: str) -> None:
        """Sets the clock of both; the live hub reads it from a file."""
        fresh = self.clock.with_suffix(".new")
        fresh.write_text(day)
        fresh.replace(self.clock)
        self.fold.advance(day)

    def tell(self, happenings: list[Happening], day: str) -> None:
        for one in happenings:
            admitted = admit(
                Event({k: v for k, v in one.event.items() if k != "data"}, one.event["data"]),
                self.directory.partners[one.partner],
            )
            if isinstance(admitted, Admitted):
                self.fold.feed(admitted, ms(day))
        asyncio.run(self._publish(happenings))

    async def _publish(self, happenings: list[Happening]) -> None:
        """Every partner for itself, in its own order."""
        by_partner: dict[str, list[Happening]] = defaultdict(list)
        for one in happenings:
            by_partner[one.partner].append(one)
        async with httpx.AsyncClient(base_url=self.live.settings.url, timeout=30) as client:
            await asyncio.gather(*(self._send(client, id, told) for id, told in by_partner.items()))

    async def _send(self, client: httpx.AsyncClient, partner: str, told: list[Happening]) -> None:
        headers = {
            "Authorization": f"Bearer secret-{partner}",
            "Content-Type": "application/cloudevents-batch+json",
        }
        for start in range(0, len(told), 100):
            page = told[start : start + 100]
            # A partner outside education knows its learners by references of its own.
            body = orjson.dumps(
                [
                    worded(one.event, self.directory.partners[partner], Rules(), self.references)
                    for one in page
                ]
            )
            answer = await self._until_answered(client, body, headers)
            refused = [one["status"] >= 400 for one in answer]
            assert refused == [bool(one.refused) for one in page], (partner, answer)

    async def _until_answered(
        self, client: httpx.AsyncClient, body: bytes, headers: Mapping[str, str]
    ) -> list[dict[str, Any]]:
        """As a publisher does: again until the hub has answered, for it may be killed at any moment."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                answer = await client.post("/v1/events", content=body, headers=headers)
                if answer.status_code < 500:
                    found: list[dict[str, Any]] = answer.json()["results"]
                    return found
            except httpx.TransportError:
                pass
            assert time.monotonic() < deadline, self.live.said
            await asyncio.sleep(0.2)

    def kill(self, part: str) -> None:
        time.sleep(self.rng.uniform(0, 1))
        os.kill(self.live.pid(part), signal.SIGKILL)

    def agree(self, when: str) -> None:
        """Waits until both show the same: lines, groups, places, signals, raw counts and what was published."""
        deadline = time.monotonic() + PATIENCE
        while wrong := self._differences():
            assert time.monotonic() < deadline, (when, wrong[:10], self.live.said[-3000:])
            time.sleep(0.5)

    def _differences(self) -> list[str]:
        try:
            if self.queries.counts() != self.fold.counts():
                return ["counts"]
            live = plain(self.queries.aggregates())
        except Exception as error:
            return [f"the read model: {type(error).__name__}"]
        fold = plain((key.decode(), view) for key, view in self.fold.views())
        return [
            _difference(key, live.get(key), fold.get(key))
            for key in live.keys() | fold.keys()
            if live.get(key) != fold.get(key)
        ]


def _difference(key: str, live: Any, fold: Any) -> str:
    """What differs, by field."""
    if live is None or fold is None:
        return f"{key.split('/')[0]} only {'in the fold' if live is None else 'live'}"
    names = [name for name in live.keys() | fold.keys() if live.get(name) != fold.get(name)]
    return (
        f"{key.split('/')[0]}: {', '.join(names)}: " + str([(live.get(n), fold.get(n)) for n in names])[:500]
    )


@pytest.fixture
def rehearsal(tmp_path: Path) -> Iterator[Rehearsal]:
    made = Rehearsal(tmp_path)
    made.stand_at("2026-08-01")
    made.live.start()
    made.live.wait_up()
    try:
        yield made
    finally:
        made.live.clean()


def test_a_year_gives_the_same_lines_signals_and_aggregates_as_the_pure_fold(rehearsal: Rehearsal) -> None:
    story = school_year(rehearsal.directory, SEED, events=EVENTS, answers=True)
    waiting: list[Happening] = list(story)
    for number, day in enumerate(PERIODS):
        for on in (on for on in SETTLED if (number == 0 or PERIODS[number - 1] < on) and on <= day):
            rehearsal.stand_at(on)
            rehearsal.agree(f"snapshot of {on}")
        rehearsal.stand_at(day)
        now = [one for one in waiting if one.at.date().isoformat() <= day]
        waiting = waiting[len(now) :]
        half = len(now) // 2
        rehearsal.tell(now[:half], day)
        rehearsal.kill(VICTIMS[number % len(VICTIMS)])
        rehearsal.tell(now[half:], day)
        rehearsal.agree(f"all up to {day}")
    assert not waiting
    shown = [view for _, view in rehearsal.queries.aggregates()]
    for kind in (Line, Group, Offer, Places, Census):
        assert any(isinstance(view, kind) for view in shown), kind
    assert any(signals for line in shown if isinstance(line, Line) and (signals := line.signals))
    assert rehearsal.fold.census().published
