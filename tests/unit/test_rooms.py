"""The one-way rule of the rooms, read from the imports: connectors → core ← rooms ← wiring ← __main__."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
ROOMS = {
    "stream",
    "gateway",
    "courier",
    "readmodel",
    "monitor",
    "telemetry",
    "demo",
    "local",
    "logbook",
    "alerts",
}
COMMONS = {
    "hub.core",
    "hub.settings",
    "hub.kafka",
    "hub.locked",
    "hub.memory",
    "hub.private",
    "hub.telemetry",
    "hub.errors",
    "hub.directory",
    "hub.private_key_jwt",
    "hub.pairwise",
    "hub.__version__",
}
"""What every room may import."""
ALSO = {"demo": {"connectors"}}
"""The demo plays the partners, so it uses what partners are given."""
LIBRARIES_OF_CORE = {"msgspec", "orjson", "pydantic", "pydantic_core"}
IMPURE = {
    *("asyncio", "concurrent", "ctypes", "ftplib", "getpass", "glob", "http", "io", "locale", "logging"),
    *("multiprocessing", "os", "pathlib", "platform", "queue", "random", "secrets", "select", "selectors"),
    *(
        "shelve",
        "shutil",
        "signal",
        "smtplib",
        "socket",
        "socketserver",
        "sqlite3",
        "ssl",
        "subprocess",
        "sys",
    ),
    *("tempfile", "threading", "time", "urllib.request", "warnings", "zoneinfo"),
}
"""Parts of the standard library that touch a clock, chance, the environment or the world outside."""
IMPURE_CALLS = {"now", "utcnow", "today", "uuid1", "uuid4", "open", "print", "input", "getenv", "urandom"}
FAUST = {"faust", "mode"}


def imports(source: str, module: str = "", package: bool = False) -> set[str]:
    """Full names of the modules that a source text imports, also those inside functions."""
    here = module.split(".") if package else module.split(".")[:-1]
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names} - {"hub"}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(here[: len(here) - node.level + 1]) if node.level else ""
            origin = ".".join(part for part in (base, node.module or "") if part)
            # `from hub import wiring` imports hub.wiring: take both, what is no module harms nobody.
            found |= {f"{origin}.{alias.name}" for alias in node.names} if origin == "hub" else {origin}
    return found


def calls(source: str) -> set[str]:
    """Names of the functions and methods that a source text calls."""
    made = (node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    return {f.attr if isinstance(f, ast.Attribute) else getattr(f, "id", "") for f in made}


def files(folder: str) -> Iterator[tuple[str, Path]]:
    for path in sorted((ROOT / folder).rglob("*.py")):
        yield ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"), path


def imports_of(module: str, path: Path) -> set[str]:
    return imports(path.read_text(), module, path.name == "__init__.py")


def within(name: str, modules: set[str]) -> bool:
    return any(name == module or name.startswith(f"{module}.") for module in modules)


def foreign(name: str) -> bool:
    """Whether a module is of this repository but not of the commons."""
    return within(name, {"hub", "connectors"}) and not within(name, COMMONS)


def own(room: str) -> set[str]:
    return {f"hub.{room}", *ALSO.get(room, ())}


def wrong_in_core(module: str, source: str, package: bool = False) -> set[str]:
    """What the core does though only a shell may: imports of other rooms, of libraries, of I/O; impure calls."""
    used = imports(source, module, package)
    outside = {
        name for name in used if within(name, {"hub", "connectors"}) and not within(name, {"hub.core"})
    }
    world = {name for name in used if within(name, IMPURE)}
    libraries = {
        name for name in used if not _standard(name) and not within(name, {"hub", *LIBRARIES_OF_CORE})
    }
    return outside | world | libraries | {f"{name}()" for name in calls(source) & IMPURE_CALLS}


def _standard(name: str) -> bool:
    return name.split(".")[0] in sys.stdlib_module_names


def test_core_is_pure() -> None:
    wrong = {
        module: found
        for module, path in files("hub/core")
        if (found := wrong_in_core(module, path.read_text(), path.name == "__init__.py"))
    }
    assert wrong == {}


def test_no_room_imports_another() -> None:
    wrong = {
        module: found
        for room in sorted(ROOMS)
        for module, path in files(f"hub/{room}")
        if (found := {n for n in imports_of(module, path) if foreign(n) and not within(n, own(room))})
    }
    assert wrong == {}


def test_telemetry_knows_only_core_and_settings() -> None:
    allowed = {"hub.core", "hub.settings", "hub.errors", "hub.telemetry"}
    wrong = {
        module: found
        for module, path in files("hub/telemetry")
        if (found := {n for n in imports_of(module, path) if within(n, {"hub"}) and not within(n, allowed)})
    }
    assert wrong == {}


def test_connectors_know_only_core() -> None:
    wrong = {
        module: found
        for module, path in files("connectors")
        if (
            found := {
                n for n in imports_of(module, path) if within(n, {"hub"}) and not within(n, {"hub.core"})
            }
        )
    }
    assert wrong == {}


def test_only_the_door_knows_the_wiring() -> None:
    wrong = [
        module
        for module, path in files("hub")
        if any(within(n, {"hub.wiring"}) for n in imports_of(module, path))
        and module != "hub.__main__"
        and not within(module, {"hub.wiring"})
    ]
    assert wrong == []


def test_only_the_stream_room_imports_faust() -> None:
    wrong = [
        module
        for folder in ("hub", "connectors")
        for module, path in files(folder)
        if any(within(n, FAUST) for n in imports_of(module, path)) and "hub.stream" not in module
    ]
    assert wrong == []


def test_every_folder_of_hub_is_a_room_that_this_rule_knows() -> None:
    folders = {path.name for path in (ROOT / "hub").iterdir() if path.is_dir() and any(path.glob("*.py"))}
    assert folders <= ROOMS | {"core", "wiring"}


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        ("import os", "os"),
        ("from time import monotonic", "time"),
        ("import random as r", "random"),
        ("def f():\n    import socket", "socket"),
        ("from datetime import datetime\nx = datetime.now()", "now()"),
        ("import uuid\nx = uuid.uuid4()", "uuid4()"),
        ("from datetime import date\nx = date.today()", "today()"),
        ("import aiokafka", "aiokafka"),
        ("from hub import settings", "hub.settings"),
        ("from hub.telemetry import log", "hub.telemetry"),
        ("from ..gateway import app", "hub.gateway"),
        ("import logging.handlers", "logging.handlers"),
        ("print('x')", "print()"),
    ],
)
def test_the_rule_sees_what_does_not_belong_in_core(source: str, wrong: str) -> None:
    assert wrong in wrong_in_core("hub.core.sample", source)


@pytest.mark.parametrize(
    "source",
    [
        "import msgspec, orjson, re, hashlib, uuid\nfrom pydantic import BaseModel\nx = uuid.uuid5(a, b)",
        "from hub.core.records import Record\nfrom . import topics\nfrom .catalogue import base",
        "from datetime import datetime, UTC\nx = datetime.fromisoformat('2026-01-01')",
        "from collections.abc import Callable\nfrom typing import Any",
    ],
)
def test_the_rule_lets_pure_code_be(source: str) -> None:
    assert wrong_in_core("hub.core.sample", source) == set()
