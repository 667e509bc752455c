"""A story of domain.md §6 as YAML: what is published, and what must come of it on every engine.

`$name` stands for an id of this run, so that runs share one hub.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent
_NAME = re.compile(r"\$([a-z-]+)")
Json = Any


class Story:
    """One file, with its names filled in for one run."""

    def __init__(self, path: Path, run: str) -> None:
        self.run = run
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
        text = _NAME.sub(lambda found: self.id(found[1]), json.dumps(told))
        self.told = json.loads(text)
        self.steps: list[dict[str, Json]] = self.told["steps"]

    def id(self, name: str) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.run}/{name}"))


def paths() -> list[Path]:
    """In the order of domain.md: s2 before s11."""
    return sorted(FOLDER.glob("*.yaml"), key=lambda path: (int(re.sub(r"\D", "", path.stem)), path.stem))


def differences(expected: Json, found: Json, at: str = "") -> Iterable[str]:
    """Where what was found is not what was expected: objects may hold more, lists must be as long."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for name, wanted in expected.items():
            yield from differences(wanted, found.get(name), f"{at}/{name}")
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for i, wanted in enumerate(expected):
            yield from differences(wanted, found[i], f"{at}/{i}")
    elif expected != found:
        yield f"{at}: expected {expected!r}, found {found!r}"


def undelivered(
    expected: dict[str, list[dict[str, Json]]], found: dict[str, list[dict[str, Json]]]
) -> list[str]:
    """What is wrong with the deliveries of all partners together; who is not named must have got nothing."""
    wrong = []
    for partner in sorted({*expected, *found}):
        wanted, got = expected.get(partner, []), list(found.get(partner, []))
        for one in wanted:
            fits = next((g for g in got if not list(_misfit(one, g))), None)
            if fits is None:
                closest = [list(_misfit(one, g)) for g in got if g["kind"] == one["kind"]]
                wrong.append(f"{partner} has no {one}: {closest or [g['kind'] for g in got]}")
            else:
                got.remove(fits)
        wrong += [f"{partner} also got {one['kind']} {one['data']}" for one in got]
    return wrong


def _misfit(wanted: dict[str, Json], got: dict[str, Json]) -> Iterable[str]:
    yield from differences(wanted["kind"], got["kind"], "kind")
    yield from differences(wanted.get("has", {}), got["data"])
    yield from (f"/{name} is there" for name in wanted.get("lacks", ()) if name in got["data"])
