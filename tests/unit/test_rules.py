"""Thresholds and calendars from a YAML file: what it leaves out is the default, what is wrong is named in one line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
import yaml

from hub.core.rules import Calendar, Rules
from hub.settings import SettingsError, read
from hub.wiring import rules
from tests.broker import ROOT

ALMERE = ROOT / "deploy" / "almere.yaml"


def load(folder: Path, text: str, **environ: str) -> Rules:
    path = folder / "rules.yaml"
    path.write_text(text)
    return rules.load(read({"HUB_RULES": str(path), **environ}))


def test_without_a_file_the_defaults_hold() -> None:
    assert rules.load(read({})) == Rules()


def test_what_a_file_leaves_out_is_the_default(tmp_path: Path) -> None:
    found = load(tmp_path, "ack_school_days: 15\ncalendar:\n  count_day: 10-02\n")

    expected = msgspec.structs.replace(Calendar(), count_day="10-02")
    assert found == msgspec.structs.replace(Rules(), ack_school_days=15, calendar=expected)
    assert load(tmp_path, "# nothing\n") == Rules()


def test_a_table_is_taken_as_a_whole_so_that_a_line_can_be_left_out(tmp_path: Path) -> None:
    assert load(tmp_path, "supervisors: {T03: swv}").supervisors == {"T03": "swv"}


def test_the_source_of_the_hub_stands_in_one_place(tmp_path: Path) -> None:
    assert load(tmp_path, "", HUB_SOURCE="urn:x:hub").hub_source == "urn:x:hub"
    assert load(tmp_path, "hub_source: urn:x:hub", HUB_SOURCE="urn:x:hub").hub_source == "urn:x:hub"
    with pytest.raises(SettingsError, match="HUB_SOURCE"):
        load(tmp_path, "hub_source: urn:x:hub")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("smal_cell: 5", "smal_cell: there is no such field"),
        ("calendar: {count_dag: 10-01}", "calendar.count_dag: there is no such field"),
        ("ack_school_days: ten", "ack_school_days: expected `int`"),
        ("ack_school_days: 0", "ack_school_days: must be 1 or more"),
        ("stay_months: {isk: 0}", "stay_months.isk: must be 1 or more"),
        ("small_cell: 4", "small_cell: must be 5 or more"),
        ("public_cell: 9", "public_cell: must be 10 or more"),
        ("small_cell: 12", "public_cell: must be 10 or more"),
        ("tlv_notice: [half a year]", "tlv_notice"),
        ("supervisors: {T01: leerpicht}", "supervisors.T01: leerpicht is no role"),
        ("calendar: {snapshots: [02-29]}", "calendar.snapshots: 02-29 is no day of every year"),
        ("calendar: {year_start: 1 August}", "calendar.year_start: "),
        ("calendar: {holidays: [[2027-01-02, 2027-01-01]]}", "calendar.holidays"),
        ("calendar: {holidays: [[2027-02-30, 2027-03-01]]}", "calendar.holidays"),
        ("calendar: never", "calendar: expected `object`"),
        ("- a list", "must be fields"),
        ("{", "is not YAML"),
    ],
)
def test_a_field_that_is_unknown_or_wrong_is_named_in_one_line(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(SettingsError) as raised:
        load(tmp_path, text)

    assert str(raised.value).startswith(f"HUB_RULES: {tmp_path / 'rules.yaml'}: {named}")
    assert "\n" not in str(raised.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^HUB_RULES: cannot be read: .*none\.yaml"):
        rules.load(read({"HUB_RULES": str(tmp_path / "none.yaml")}))


def test_the_file_of_almere_says_everything_and_says_what_the_code_says() -> None:
    given = yaml.safe_load(ALMERE.read_text())

    assert rules.load(read({"HUB_RULES": str(ALMERE)})) == Rules()
    assert set(given) == set(Rules.__struct_fields__) - {"hub_source"}
    assert set(given["calendar"]) == set(Calendar.__struct_fields__)


def test_every_value_of_almere_has_a_remark() -> None:
    lines = ALMERE.read_text().splitlines()
    values = [line for line in lines if line.strip() and not line.lstrip().startswith(("#", "T", "["))]

    assert [line for line in values if "  # " not in line] == ["calendar:"]


WRONG = {"HUB_RULES": "smal_cell: 5", "HUB_CLOCK": "tomorrow"}
READ = {"HUB_RULES": ("up", "gateway", "processor", "projector"), "HUB_CLOCK": ("up", "gateway", "projector")}
"""Which parts read which file: the processor is told the day with each event."""


@pytest.mark.parametrize(("name", "part"), [(name, part) for name in READ for part in READ[name]])
def test_no_part_starts_with_a_wrong_file(tmp_path: Path, name: str, part: str) -> None:
    path = tmp_path / "given"
    path.write_text(WRONG[name])
    environ = {**os.environ, name: str(path), "HUB_DATA": str(tmp_path), "HUB_KAFKA": "127.0.0.1:9"}

    done = subprocess.run(
        [sys.executable, "-m", "hub", part], env=environ, capture_output=True, text=True, timeout=60
    )

    assert done.returncode == 2, done.stderr
    assert done.stderr.splitlines()[-1].startswith(f"hub: {name}: {path}: ")
