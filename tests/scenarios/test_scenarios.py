"""The scenarios of domain.md §6 that this release can tell, each on three engines."""

from __future__ import annotations

import asyncio
import copy
import time
import uuid
from collections.abc import Callable, Iterator
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
Event = dict[str, Any]


class Telling:
    """Tells one story to one engine, and looks whether what must come of it comes."""

    def __init__(self, story: Story, engine: Engine) -> None:
        self.story, self.engine = story, engine
        self.events: dict[str, tuple[str, Event]] = {}
        self.counted: dict[str, dict[str, int | str]] = {}
        self.unread: dict[str, list[dict[str, Any]]] = {}
        self.alarms = 0

    async def run(self) -> None:
        self.counted = {metric: await self.engine.census(metric) for metric in ("M2", "M6")}
        self.alarms = await self.engine.security()
        for number, step in enumerate(self.story.steps, 1):
            for name in ("publish", "again", "tick", "crash", "expect"):
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
            "time": "2026-11-21T09:00:00Z",
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
        await self.engine.tick(f"learner/{step['tick']['learner']}", step["tick"]["day"])

    async def _crash(self, step: dict[str, Any], where: str) -> None:
        await self.engine.crash(step["crash"])

    async def _expect(self, step: dict[str, Any], where: str) -> None:
        within = float(step["expect"].get("within", self.engine.patience))
        deadline = time.monotonic() + min(within, self.engine.patience)
        while (wrong := await self._wrong(step["expect"])) and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        assert not wrong, "\n".join([f"{self.story.told['story']}, {where}", *wrong])
        if step["expect"].get("told") == "any":
            await self.engine.told()
        if "told" in step["expect"]:
            self.unread = {}

    async def _wrong(self, expected: dict[str, Any]) -> list[str]:
        for partner, found in (await self.engine.told()).items():
            self.unread.setdefault(partner, []).extend(found)
        wrong = undelivered(expected["told"], self.unread) if expected.get("told", "any") != "any" else []
        for name, outcomes in expected.get("outcomes", {}).items():
            event = self.events[name][1]
            wrong += differences(
                outcomes, await self.engine.outcomes(event["source"], event["id"]), f"outcome of {name}"
            )
        for key, fields in expected.get("views", {}).items():
            wrong += differences(fields, await self._view(key), key)
        wrong += [
            f"{key} is known" for key in expected.get("unknown", ()) if await self._view(key) is not None
        ]
        for metric, figures in expected.get("census", {}).items():
            wrong += differences(figures, await self._grown(metric), metric)
        if "security" in expected:
            wrong += differences(expected["security"], await self.engine.security() - self.alarms, "security")
        return wrong

    async def _view(self, key: str) -> dict[str, Any] | None:
        return await self.engine.view(key.replace("line/", "learner/"))

    async def _grown(self, metric: str) -> dict[str, int | str]:
        """What a census says; counts as their growth since the story began."""
        before, now = self.counted[metric], await self.engine.census(metric)
        return {name: _growth(before[name], value) for name, value in now.items()}

    async def _discreet(self) -> None:
        shown = repr([await self.engine.census(metric) for metric in ("M2", "M6")])
        assert not [word for word in self.story.told.get("never", ()) if word in shown]
        assert not [word for word in self.story.told.get("nowhere", ()) if await self.engine.holds(word)]


def _growth(before: int | str, now: int | str) -> int | str:
    return now - before if isinstance(now, int) and isinstance(before, int) else now


async def tell(path: Path, engine: Engine) -> None:
    telling = Telling(Story(path, f"{path.stem}-{uuid.uuid4()}", engine.years), engine)
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
