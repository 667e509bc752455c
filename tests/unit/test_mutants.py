"""The net must hold: each mutant of the core turns the unit tests red (style.md §4.2)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests import mutants
from tests.mutants import Mutant
from tests.mutants_rules import RULES

MUTANTS = (*mutants.MUTANTS, *RULES)
ROOT = Path(__file__).resolve().parent.parent.parent
AT_ONCE = 2
SECONDS = 900
PATIENCE = pytest.mark.timeout(3600)
"""The first one asked for may be the last of all to be tried."""
Run = subprocess.CompletedProcess[str]


def copied(folder: Path) -> Path:
    """The hub and the unit tests, but nothing that knows of Kafka, in a folder of their own."""
    shutil.copytree(ROOT / "hub", folder / "hub", ignore=shutil.ignore_patterns("local", "demo", "gateway"))
    shutil.copytree(ROOT / "tests" / "unit", folder / "tests" / "unit")
    for path in (ROOT / "tests").glob("*.py"):
        if path.name != "conftest.py":
            shutil.copy(path, folder / "tests")
    return folder


def run(folder: Path, net: tuple[str, ...]) -> Run:
    """Those tests with few examples, always the same ones, until the first failure."""
    files = [f"tests/unit/{test}.py" for test in net]
    options = ["-x", "-q", "--rootdir", ".", "-p", "no:randomly", "-p", "no:cacheprovider", "--tb=line"]
    environ = os.environ | {"HYPOTHESIS_PROFILE": "quick", "PYTHONPATH": str(folder), "PYTEST_ADDOPTS": ""}
    command = [sys.executable, "-m", "pytest", *options, *files]
    return subprocess.run(command, cwd=folder, env=environ, text=True, capture_output=True, timeout=SECONDS)


def mutated(folder: Path, mutant: Mutant) -> Run:
    path = copied(folder) / "hub" / "core" / mutant.file
    source = path.read_text()
    assert source.count(mutant.old) == 1, f"{mutant.name}: its text stands {source.count(mutant.old)} times"
    path.write_text(source.replace(mutant.old, mutant.new))
    return run(folder, mutant.net)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Run]]]:
    """All mutants, a few at a time."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        folder = tmp_path_factory.mktemp("mutants")
        yield {m.name: pool.submit(mutated, folder / str(i), m) for i, m in enumerate(MUTANTS)}


@pytest.mark.slow
@PATIENCE
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.name)
def test_a_mutant_of_the_core_is_caught(mutant: Mutant, runs: dict[str, Future[Run]]) -> None:
    done = runs[mutant.name].result()
    assert done.returncode == 1, f"not caught, though {mutant.why}:\n{done.stdout}{done.stderr}"


@pytest.mark.slow
@PATIENCE
def test_without_a_mutant_the_same_tests_are_green(tmp_path: Path) -> None:
    net = tuple(sorted({test for mutant in MUTANTS for test in mutant.net}))
    done = run(copied(tmp_path / "sound"), net)
    assert done.returncode == 0, done.stdout + done.stderr
