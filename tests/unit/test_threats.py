"""The threats of deploy/security/README.md name tests that exist: one that is renamed leaves its threat bare."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from tests.broker import ROOT

DOCUMENT = (ROOT / "deploy" / "security" / "README.md").read_text()
ROW = re.compile(r"^\| (.+?) \| (.+?) \| (`tests/.+`) \|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[a-z_/]+\.py)::(test_\w+)`")
LEAST = 30


def threats() -> dict[str, list[tuple[str, str]]]:
    """File and name of the tests of each threat."""
    return {threat: TEST.findall(tests) for threat, _, tests in ROW.findall(DOCUMENT)}


@cache
def names(path: str) -> frozenset[str]:
    """Every test that a file has, also inside a class."""
    tree = ast.parse((ROOT / path).read_text())
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(one.name for one in functions if one.name.startswith("test_"))


def missing(path: str, test: str) -> bool:
    return not (ROOT / path).is_file() or test not in names(path)


def test_every_row_of_the_tables_is_read() -> None:
    rows = [line for line in DOCUMENT.splitlines() if "`tests/" in line]
    assert len(rows) == len(threats()) >= LEAST


@pytest.mark.parametrize("threat", threats())
def test_each_threat_names_tests_that_exist_and_each_once(threat: str) -> None:
    found = threats()[threat]
    assert found and len(found) == len(set(found))
    assert [f"{path}::{test}" for path, test in found if missing(path, test)] == []


def test_nothing_else_stands_among_the_tests_of_a_threat() -> None:
    for threat, _, tests in ROW.findall(DOCUMENT):
        assert TEST.sub("", tests).replace("<br>", "") == "", threat


def test_a_test_that_was_renamed_is_missed() -> None:
    assert missing("tests/unit/test_threats.py", "test_a_test_that_has_another_name_now")
    assert missing("tests/unit/test_gone.py", "test_a_test_that_was_renamed_is_missed")
    assert not missing("tests/unit/test_threats.py", "test_a_test_that_was_renamed_is_missed")
