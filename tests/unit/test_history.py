"""No kind changes without a line that says so to whoever builds on it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from hub.core.catalogue import KINDS
from hub.core.catalogue.base import Column, Kind
from hub.core.catalogue.history import CHANGES, history
from hub.core.contracts import row
from hub.core.partners import Role
from tests.unit.promises import promise, recorded

EACH = pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.code)
ONE = next(kind for kind in KINDS.values() if kind.code == "E8")


@EACH
def test_a_kind_that_changes_has_a_line_of_history_for_it(kind: Kind) -> None:
    """When this fails: add the line in hub/core/catalogue/history.py, then `python -m tests.unit.promises`."""
    assert promise(kind) == recorded()[kind.code]


@EACH
def test_a_history_begins_with_the_release_the_kind_came_in_and_goes_on_in_order(kind: Kind) -> None:
    releases = [tuple(map(int, change.release.split("."))) for change in history(kind)]

    assert history(kind)[0].release == kind.since and releases == sorted(releases)
    assert [one["release"] for one in row(kind)["history"]] == [change.release for change in history(kind)]


def test_every_history_is_of_a_kind_and_in_both_languages() -> None:
    assert CHANGES.keys() <= {kind.code for kind in KINDS.values()}
    for change in (one for kind in KINDS.values() for one in history(kind)):
        assert (
            change.nl.endswith(".")
            and change.en.endswith(".")
            and re.fullmatch(r"\d+\.\d+\.\d+", change.release)
        )


@pytest.mark.parametrize(
    "changed",
    [
        replace(ONE, data=KINDS["nl.onderwijsloopbanen.enrolment.ended.v1"].data),
        replace(ONE, publishers=ONE.publishers | {Role.JGZ}),
        replace(ONE, cells={column: cell for column, cell in ONE.cells.items() if column is not Column.LP}),
    ],
    ids=["schema", "publishers", "receivers"],
)
def test_another_schema_publisher_or_receiver_is_a_change(changed: Kind) -> None:
    assert promise(changed)[1] != promise(ONE)[1]


def test_other_words_for_people_are_not() -> None:
    assert promise(replace(ONE, nl="Anders gezegd", en="In other words")) == promise(ONE)
