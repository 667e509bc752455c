"""`hub year` and `hub replay` from the command line: what they read, write, print and return."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import orjson
import pytest

from hub.__main__ import main
from hub.core import views

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("year") / "year.jsonl"
    assert main(["year", "--events", "600", "--out", str(path)]) == 0
    return path


def lines(path: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def replayed(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    assert main(["replay", *map(str, arguments), "--json"]) == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


def test_a_line_says_when_who_and_what(file: Path) -> None:
    for one in lines(file):
        assert set(one) <= {"at", "partner", "event", "refused"}
        assert one["event"]["specversion"] == "1.0"
    moments = [one["at"] for one in lines(file)]
    assert moments == sorted(moments)


def test_a_year_is_folded_and_summed_up(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = replayed(capsys, file, "--until", "2027-08-20")
    hostile = [one for one in lines(file) if "refused" in one]
    assert told["read"] == len(lines(file))
    assert sum(told["refused"].values()) == len(hostile)
    assert told["admitted"] == told["read"] - len(hostile)
    assert told["outcomes"]["told"] > 0.9 * told["admitted"]
    assert told["outcomes"]["told"] + told["outcomes"]["duplicate"] < told["admitted"]
    assert told["day"] == "2027-08-20"
    assert told["nextSnapshot"] == "2027-09-01"
    assert {one["metric"] for one in told["aggregates"]} >= {"M1", "M3", "M10"}
    assert told["lines"]["active"] > 50


def test_people_get_words_and_never_an_id(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(file), "--signals", "--census"]) == 0
    said = capsys.readouterr()
    for word in ("at the door", "folded", "lines", "signals", "T04", "aggregates", "M1 2026-2027"):
        assert word in said.out
    assert not UUID.search(said.out + said.err)
    assert "events/s" in said.err


def test_lines_are_written_only_where_it_is_asked(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "lines.jsonl"
    told = replayed(capsys, file, "--lines", path)
    written = [views.load(orjson.dumps(one["view"])) for one in lines(path)]
    shown = [one for one in written if isinstance(one, views.Line)]
    assert len(shown) == sum(told["lines"].values()) + told["merged"]
    assert [one["key"] for one in lines(path)] == sorted(one["key"] for one in lines(path))


def test_the_order_within_a_day_changes_nothing(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = replayed(capsys, file, "--until", "2027-08-20")
    mixed = replayed(capsys, file, "--until", "2027-08-20", "--shuffle-within", "24", "7")
    for name in ("read", "admitted", "refused", "lines", "merged", "groups", "offers", "signals"):
        assert mixed[name] == told[name]


def test_plain_cloudevents_come_from_whoever_owns_their_source(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "plain.jsonl"
    honest = [one["event"] for one in lines(file) if "refused" not in one][:200]
    honest.sort(key=lambda event: event["time"])
    path.write_bytes(b"\n\n".join(map(orjson.dumps, honest)))
    told = replayed(capsys, path)
    assert told["read"] == told["admitted"] == 200


def test_nobody_may_speak_for_a_source_that_is_not_known(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "stranger.jsonl"
    event = {**lines(file)[0]["event"], "source": "urn:nld:kvknr:00000099:systeem:niemand"}
    path.write_bytes(orjson.dumps(event))
    assert replayed(capsys, path)["refused"] == {"unknown-publisher": 1}


def test_it_stops_on_the_day_that_is_asked(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = replayed(capsys, file, "--until", "2026-09-30")
    assert told["day"] == "2026-09-30"
    assert 0 < told["read"] < len(lines(file))


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"{", "is not JSON"),
        (b"[]", "must be a JSON object"),
        (b'{"event": 5, "at": "2026-08-01T08:00:00Z"}', "`event` must be a JSON object"),
        (b'{"event": {}, "at": "gisteren"}', "`at` must be a moment"),
        (b'{"specversion": "1.0"}', "`time` must be a moment"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(
    line: bytes, why: str, tmp_path: Path, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "broken.jsonl"
    path.write_bytes(file.read_bytes().splitlines()[0] + b"\n" + line + b"\n")
    assert main(["replay", str(path)]) == 1
    said = capsys.readouterr().err
    assert "line 2: " in said
    assert why in said


def test_a_file_that_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(tmp_path / "none.jsonl")]) == 1
    assert "none.jsonl cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [["--until", "morgen"], ["--shuffle-within", "veel", "1"], ["--shuffle-within", "-1", "1"]],
)
def test_a_wrong_option_is_usage(
    arguments: list[str], file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", str(file), *arguments]) == 2
    assert arguments[0] in capsys.readouterr().err


def test_wrong_rules_are_refused_before_anything_is_read(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text("small_cell: 2\n")
    assert main(["replay", str(file), "--rules", str(path)]) == 2
    assert "small_cell" in capsys.readouterr().err


def test_other_rules_give_other_signals(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text("enrolment_gap_warn_days: 900\nenrolment_gap_breach_days: 901\n")
    rules = {one["rule"] for one in replayed(capsys, file, "--rules", path)["signals"]}
    assert "T04" in {one["rule"] for one in replayed(capsys, file)["signals"]}
    assert "T04" not in rules
