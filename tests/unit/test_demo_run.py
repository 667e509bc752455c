"""The demo while it runs: its pace, what it keeps, and its summary."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest

from hub.core import journal
from hub.core.journal import Quarantined, Repeat, Routed, Told
from hub.demo import run, story, summary
from hub.demo.folder import Folder
from hub.demo.receipts import Receipt, Receipts
from hub.demo.summary import Figures
from hub.demo.watch import Waiting, Watch


def options(**given: object) -> run.Options:
    defaults = {"headless": False, "seconds": None, "speed": None, "rate": None, "seed": 1}
    return SimpleNamespace(**{**defaults, **given})  # type: ignore[return-value]


def test_a_school_year_takes_five_minutes() -> None:
    pace = run.pace(options())
    assert pace.seconds is None
    assert story.DAYS / pace.days == pytest.approx(300)
    assert pace.events == 2400


def test_headless_a_whole_school_year_fits_in_the_time_given() -> None:
    pace = run.pace(options(headless=True, seconds=20.0, rate=10.0))
    assert pace.seconds == 20.0
    assert story.DAYS / pace.days == pytest.approx(20)
    assert pace.events == 200


def test_a_speed_that_is_asked_for_is_kept() -> None:
    assert run.pace(options(headless=True, seconds=20.0, speed=2.0)).days == 2.0


def watched(*entries: journal.Entry) -> Watch:
    watch = Watch()
    for entry in entries:
        out = journal.record(entry)
        watch.apply(out.key or b"", out.value)
    return watch


ROUTED = Routed(
    at=1000,
    source="urn:a",
    id="1",
    publisher="a",
    order=1,
    told=(
        Told("prisma", "BRD", {"inbox-prisma": "d1"}),
        Told("asg", "BRD", {"inbox-asg": "d2", "sub": "d3"}),
    ),
)


def test_what_was_decided_waits_until_it_is_received() -> None:
    watch = watched(ROUTED)
    assert watch.waiting({"d1"}) == [Waiting("asg", 2, 1000)]
    assert watch.waiting({"d1", "d2", "d3"}) == []


def test_a_journal_that_is_read_twice_changes_nothing() -> None:
    assert watched(ROUTED, ROUTED).waiting(set()) == watched(ROUTED).waiting(set())


@pytest.mark.parametrize(
    "entry",
    [
        ROUTED,
        Repeat(at=1, source="urn:a", id="1", publisher="a", order=2, outcome="stale"),
        Quarantined(at=1, source="urn:a", id="1", reason="x", where="t/0/0"),
    ],
)
def test_an_event_is_handled_once_the_journal_says_what_was_done_with_it(entry: journal.Entry) -> None:
    assert not Watch().handled({("urn:a", "1")})
    assert watched(entry).handled({("urn:a", "1")})


def test_receipts_are_kept_over_runs_and_a_half_line_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "receipts"
    first = Receipts(path)
    one = Receipt("inbox-prisma", "d1", 1, {"id": "1"})
    assert first.add(one)
    assert not first.add(one)
    first.close()
    with path.open("ab") as file:
        file.write(b'["inbox-prisma","d2"')
    again = Receipts(path)
    assert again.all == [one, one]
    assert again.repeats == 1
    assert again.reached("inbox-prisma") == 1
    assert again.add(one._replace(delivery="d2", number=2))
    again.close()
    assert len(Receipts(path).all) == 3


def test_a_folder_gives_the_same_tokens_again_and_each_folder_its_own(tmp_path: Path) -> None:
    assert Folder(tmp_path / "a").token("prisma") == Folder(tmp_path / "a").token("prisma")
    assert Folder(tmp_path / "a").token("prisma") != Folder(tmp_path / "b").token("prisma")
    assert Folder(tmp_path / "a").token("prisma") != Folder(tmp_path / "a").token("asg")


def test_secrets_are_for_their_owner_alone(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    tokens = folder.write_tokens(["prisma"])
    folder.remember({"prisma": ["inbox-prisma", "whsec_x"]})
    for path in (tokens, tmp_path / "secret", tmp_path / "subscriptions.json"):
        assert path.stat().st_mode & 0o077 == 0
    assert folder.known() == {"prisma": ["inbox-prisma", "whsec_x"]}


def test_runs_are_counted(tmp_path: Path) -> None:
    assert [Folder(tmp_path).next_run() for _ in range(3)] == [1, 2, 3]


def test_the_summary_says_who_waits_how_long_and_why() -> None:
    figures = Figures(12.3, date(2026, 9, 1), 96, 3, 512, 2, 41.5, 14)
    assert "01-09-2026  published    96  refused   3  delivered    512  open   14" in summary.line(figures)
    given = [Waiting("vo", 9, 1000), *(Waiting(f"p{i}", 1, 2000) for i in range(5))]
    told = summary.waiting(given, 13_000, {"vo": "down"})
    assert "vo 9 (oldest 12.0 s, down)" in told
    assert told.endswith("and 2 more")
    assert summary.waiting([], 0, {}) == ""
