"""The register of processing activities says all that the catalogue lets happen, and nothing else."""

from __future__ import annotations

from collections import Counter
from typing import get_args

import pytest

from hub.__main__ import main
from hub.core import processing
from hub.core.catalogue import KINDS
from hub.core.catalogue.base import COUNTED, Kind
from hub.core.catalogue.words import COLUMNS
from hub.core.codes import Basis
from hub.core.processing import ACTIVITIES, LOOKUP, Activity
from hub.core.register import Lang, markdown
from hub.core.rules import Rules

SOURCE = "urn:nld:oin:00000099000000000000:systeem:onderwijshub"


def section(activity: Activity, lang: Lang) -> str:
    place = ("nl", "en").index(lang)
    _, _, rest = markdown(lang, SOURCE, Rules()).partition(f"\n## {activity.name[place]}\n")
    return rest.partition("\n## ")[0]


def test_each_kind_is_in_exactly_one_activity() -> None:
    named = Counter(name for one in ACTIVITIES for name in one.kinds)
    assert named == Counter(kind.name for kind in KINDS.values())


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.code)
@pytest.mark.parametrize(("lang", "place"), [("nl", 0), ("en", 1)])
def test_every_recipient_and_field_of_a_kind_is_named(kind: Kind, lang: Lang, place: int) -> None:
    page = section(processing.of_type(kind.type), lang)
    for column, cell in kind.cells.items():
        if cell is COUNTED:
            assert COLUMNS[column][place] in page
        else:
            of = [
                line
                for line in page.splitlines()
                if line.startswith(f"| {COLUMNS[column][place]} ({column}) |")
            ]
            assert any(kind.code in line.split("|")[-2].replace(",", " ").split() for line in of), column
    for name, field in kind.data.model_fields.items():
        assert f"(`{field.alias or name}`)" in page


def test_no_recipient_is_named_that_the_matrix_does_not_give_it() -> None:
    for activity in ACTIVITIES:
        given = {
            f"({c})" for kind in activity.of_kinds() for c, cell in kind.cells.items() if cell is not COUNTED
        }
        named = {f"({column})" for column in COLUMNS if f"({column}) |" in section(activity, "nl")}
        assert named == given, activity.id


def test_what_is_about_a_person_rests_on_a_basis_and_nothing_else_does() -> None:
    for activity in ACTIVITIES:
        about = {"learner_id" in kind.data.model_fields for kind in activity.of_kinds()}
        assert bool(activity.bases) == (activity.persons and activity is not processing.RIGHTS)
        assert activity.persons or about <= {False}
    assert {*processing.BASES} == {*get_args(Basis)} - {"NONE"}


def test_a_later_version_of_a_kind_is_the_same_activity() -> None:
    assert processing.of_type("nl.onderwijsloopbanen.handover.prepared.v2").id == "handovers"
    assert processing.of_type("") is LOOKUP


def test_the_term_follows_the_rules() -> None:
    assert "tot 60 maanden na sluiting" in markdown("nl", SOURCE, Rules(retention_months=60))


def test_the_command_prints_it_in_both_languages(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["register"]) == 0
    assert capsys.readouterr().out == markdown("nl", SOURCE, Rules())
    assert main(["register", "--lang", "en"]) == 0
    assert capsys.readouterr().out == markdown("en", SOURCE, Rules())
