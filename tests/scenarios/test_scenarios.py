"""The scenarios of domain.md §6, each on three engines."""

from __future__ import annotations

import asyncio
import copy
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from hub.core.catalogue import KINDS
from tests import city
from tests.scenarios import engines
from tests.scenarios.engines import Engine
from tests.scenarios.live import KafkaEngine, LiveHub
from tests.scenarios.story import Story, differences, paths, undelivered

CODES = {kind.code: kind for kind in KINDS.values()}
STORIES = pytest.mark.parametrize("path", paths(), ids=lambda path: path.stem)
OVERSEER = "procesregisseur"
Event = dict[str, Any]


STEPS = ("publish", "again", "tick", "restrict", "crash", "down", "back", "snapshot", "expect")


class Telling:
    """Tells one story to one engine, and looks whether what must come of it comes."""

    def __init__(self, story: Story, engine: Engine) -> None:
        self.story, self.engine = story, engine
        self.events: dict[str, tuple[str, Event]] = {}
        self.counted: dict[str, int] = {}
        self.unread: dict[str, list[dict[str, Any]]] = {}
        self.overseen: list[dict[str, Any]] = []
        self.alarms = 0

    async def run(self) -> None:
        self.counted = await self.engine.counts()
        self.alarms = await self.engine.security()
        for number, step in enumerate(self.story.steps, 1):
            for name in STEPS:
                if name in step:
                    await getattr(self, f"_{name}")(step, f"step {number}")
        await self._discreet()

    async def _publish(self, step: dict[str, Any], where: str) -> None:
        given = step["publish"]
        data = {name: value for name, value in step["data"].items() if value is not None}
        event: Event = {
            "specversion": "1.0",
            "type": CODES[given["kind"]].type,
            "source": given.get("source", city.BY_ID[given["by"]].sources[0]),
            "id": self.story.id(f"event-{given['as']}"),
            "time": f"2026-11-21T09:{len(self.events):02}:00Z",
            "data": data,
        }
        if "sequence" in given:
            event |= {"sequence": str(given["sequence"]), "sequencetype": "Integer"}
        self.events[given["as"]] = (given["by"], event)
        answer = await self.engine.publish(given["by"], event)
        refused = step.get("refused", {"status": 202, "codes": []})
        assert (answer.status, answer.codes) == (refused["status"], frozenset(refused["codes"])), where

    async def _again(self, step: dict[str, Any], where: str) -> None:
        given = step["again"]
        by, event = copy.deepcopy(self.events[given["of"]])
        event["data"] |= given.get("changes", {})
        if given.get("reordered"):
            event["data"] = dict(reversed(event["data"].items()))
        for _ in range(given.get("times", 1)):
            assert (await self.engine.publish(by, event)).status == 202, where

    async def _tick(self, step: dict[str, Any], where: str) -> None:
        given = step["tick"]
        await self.engine.tick(given.get("key") or f"learner/{given['learner']}", given["day"])

    async def _restrict(self, step: dict[str, Any], where: str) -> None:
        await self.engine.restrict(step["restrict"]["learner"], step["restrict"]["frozen"])

    async def _crash(self, step: dict[str, Any], where: str) -> None:
        await self.engine.crash(step["crash"])

    async def _down(self, step: dict[str, Any], where: str) -> None:
        await self.engine.down(step["down"])

    async def _back(self, step: dict[str, Any], where: str) -> None:
        await self.engine.back(step["back"])

    async def _snapshot(self, step: dict[str, Any], where: str) -> None:
        """What is published on a fixed day; of a hub that others share it is not known."""
        if self.engine.alone:
            given = step["snapshot"]
            await self.engine.snapshot(given["day"], given.get("others", {}))
            view = await self.engine.view("census/almere") or {}
            wrong = [
                wrong for name, cells in given["published"].items() for wrong in _unlike(cells, name, view)
            ]
            assert not wrong, "\n".join([f"{self.story.told['story']}, {where}", *wrong])
            await self._read()
            self.unread = {}

    async def _expect(self, step: dict[str, Any], where: str) -> None:
        within = float(step["expect"].get("within", self.engine.patience))
        deadline = time.monotonic() + min(within, self.engine.patience)
        while (wrong := await self._wrong(step["expect"])) and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        assert not wrong, "\n".join([f"{self.story.told['story']}, {where}", *wrong])
        if "told" in step["expect"]:
            if step["expect"]["told"] == "any":
                await self._read()  # what it expects besides came true after the last reading
            self.unread = {}

    async def _wrong(self, expected: dict[str, Any]) -> list[str]:
        await self._read()
        wrong = undelivered(expected["told"], self.unread) if expected.get("told", "any") != "any" else []
        for name, outcomes in expected.get("outcomes", {}).items():
            event = self.events[name][1]
            wrong += differences(
                outcomes, await self.engine.outcomes(event["source"], event["id"]), f"outcome of {name}"
            )
        for name, partners in expected.get("audit", {}).items():
            event = self.events[name][1]
            got = await self.engine.audit(event["source"], event["id"])
            wrong += differences(partners, got, f"audit of {name}")
        for key, fields in expected.get("views", {}).items():
            wrong += differences(fields, await self._view(key), key)
        for key in expected.get("unknown", ()):
            wrong += [f"{key} is known"] if await self._view(key) is not None else []
        for key, day in expected.get("due", {}).items():
            wrong += differences(day, await self.engine.due(_stored(key)), f"due of {key}")
        for key, by in expected.get("seen", {}).items():
            wrong += [wrong for partner, line in by.items() for wrong in await self._seen(partner, key, line)]
        for partner, kinds in expected.get("taken", {}).items():
            wrong += differences(kinds, await self.engine.taken(partner), f"taken by {partner}")
        if "counts" in expected:
            wrong += differences(expected["counts"], await self._grown(expected["counts"]), "counts")
        if "security" in expected:
            wrong += differences(expected["security"], await self.engine.security() - self.alarms, "security")
        return wrong

    async def _read(self) -> None:
        for partner, found in (await self.engine.told()).items():
            self.unread.setdefault(partner, []).extend(found)
            self.overseen += found if partner == OVERSEER else []

    async def _view(self, key: str) -> dict[str, Any] | None:
        return await self.engine.view(_stored(key))

    async def _seen(self, partner: str, key: str, line: dict[str, Any] | None) -> list[str]:
        found = await self.engine.seen(partner, key.removeprefix("line/"))
        return list(differences(line, found, f"{key} as {partner} sees it"))

    async def _grown(self, names: Iterable[str]) -> dict[str, int]:
        """How much cells of the census grew since the story began."""
        now = await self.engine.counts()
        return {name: now.get(name, 0) - self.counted.get(name, 0) for name in names}

    async def _discreet(self) -> None:
        """Whoever oversees the city gets no person, and nothing that the story keeps from counts."""
        await self._read()
        shown = repr(self.overseen)
        assert "learnerId" not in shown
        assert not [word for word in self.story.told.get("never", ()) if word in shown]
        assert not [word for word in self.story.told.get("nowhere", ()) if await self.engine.holds(word)]


def _unlike(cells: dict[str, int | str], name: str, view: dict[str, Any]) -> Iterable[str]:
    """Where a published table (`metric|period`) does not show what it should, cell by cell."""
    (table,) = [p for p in view["published"] if f"{p['metric']}|{p['period']}" == name]
    shown = {of: cell["value"] for cell in table["cells"] for of in cell["of"]}
    return differences(cells, shown, name)


def _stored(key: str) -> str:
    return key.replace("line/", "learner/")


async def tell(path: Path, engine: Engine) -> None:
    telling = Telling(Story(path, f"{path.stem}-{uuid.uuid4()}"), engine)
    try:
        await telling.run()
    finally:
        await engine.close()


IN_MEMORY: dict[str, Callable[[], AbstractAsyncContextManager[Engine]]] = {
    "pure": engines.pure,
    "faust": engines.faust_in_memory,
}


@pytest.mark.parametrize("kind", IN_MEMORY)
@STORIES
async def test_story_in_memory(path: Path, kind: str) -> None:
    async with IN_MEMORY[kind]() as engine:
        await tell(path, engine)


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveHub]:
    with LiveHub(tmp_path_factory.mktemp("hub")) as hub:
        yield hub


@pytest.mark.kafka
@pytest.mark.slow
@STORIES
async def test_story_on_kafka(path: Path, live: LiveHub) -> None:
    async with KafkaEngine(live) as engine:
        await tell(path, engine)
