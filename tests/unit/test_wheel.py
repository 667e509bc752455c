"""Which modules `make wheel` compiles. It checks by itself that a compiled core does the same: that takes minutes."""

from __future__ import annotations

import importlib
import sys
import tomllib
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

import msgspec
import pydantic

from tests.bench.steps import prepared, steps

ROOT = Path(__file__).parent.parent.parent
TARGETS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]
HOOK: dict[str, Any] = TARGETS["wheel"]["hooks"]["mypyc"]


def found(pattern: str) -> set[Path]:
    return set(ROOT.glob(pattern.removeprefix("/")))


COMPILED = {path for pattern in HOOK["include"] for path in found(pattern)}


def has_records(path: Path) -> bool:
    """Whether a module defines a class whose keywords or metaclass mypyc would pass over without a word."""
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    values = vars(importlib.import_module(name)).values()
    own = [value for value in values if isinstance(value, type) and value.__module__ == name]
    return any(issubclass(one, msgspec.Struct | pydantic.BaseModel) for one in own)


def test_every_line_of_the_list_finds_a_module_of_the_core() -> None:
    assert [pattern for pattern in HOOK["include"] if not found(pattern)] == []
    assert all(path.is_relative_to(ROOT / "hub" / "core") for path in COMPILED)


def test_no_module_with_records_is_compiled() -> None:
    assert [path for path in COMPILED if has_records(path)] == []


def test_whatever_is_called_for_every_event_is_compiled_if_it_can_be() -> None:
    calls: Counter[str] = Counter()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            calls[frame.f_code.co_filename] += 1

    fed, policy = prepared(2_000)
    sys.setprofile(note)
    try:
        steps(fed, policy)
    finally:
        sys.setprofile(None)
    often = {Path(name) for name, count in calls.items() if count >= len(fed)}
    core = {path for path in often if path.is_relative_to(ROOT / "hub" / "core")}
    assert ROOT / "hub" / "core" / "step.py" in core
    assert {path for path in core - COMPILED if not has_records(path)} == set()


def test_an_editable_install_stays_plain_python() -> None:
    assert HOOK["enable-by-default"] is False


def test_no_compiled_module_hides_its_source() -> None:
    assert [path for path in (ROOT / "hub").rglob("*") if path.suffix in {".so", ".pyd"}] == []
