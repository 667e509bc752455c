"""A clock that is set by a file, for tests, rehearsals and the demo."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import pytest

from hub.core.batch import DAY
from hub.settings import SettingsError, read
from hub.wiring.clock import SetClock, clock, stamp, wall


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("2027-03-01", 1_803_859_200_000),
        ("2027-03-01T00:00:00Z\n", 1_803_859_200_000),
        ("2027-03-01T01:00:00+01:00", 1_803_859_200_000),
        ("2027-03-01T12:30:00", 1_803_904_200_000),
    ],
)
def test_a_file_holds_an_instant_or_a_date_in_utc(tmp_path: Path, text: str, ms: int) -> None:
    path = tmp_path / "clock"
    path.write_text(text)

    assert SetClock(path)() == ms


def test_it_says_at_once_what_the_file_says(tmp_path: Path) -> None:
    path = tmp_path / "clock"
    days = ("2026-08-01", "2026-08-02", "2027-07-31", "2026-12-24")
    path.write_text(days[0])
    set_clock = SetClock(path)
    said = []
    for day in days:
        path.write_text(day)
        said.append(set_clock())

    assert [time.strftime("%Y-%m-%d", time.gmtime(ms / 1000)) for ms in said] == list(days)


@pytest.mark.parametrize("text", ["", "tomorrow", "2027-02-30", None])
def test_a_file_that_says_nothing_is_told_from_the_start(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "clock"
    if text is not None:
        path.write_text(text)

    with pytest.raises(SettingsError, match=r"^HUB_CLOCK: .*clock") as raised:
        clock(read({"HUB_CLOCK": str(path)}))
    assert "\n" not in str(raised.value)


def test_while_it_runs_the_last_good_value_stays_and_it_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "clock"
    path.write_text("2027-03-01")
    set_clock = SetClock(path)
    good = set_clock()
    with caplog.at_level(logging.WARNING, "hub"):
        path.write_text("")
        bad = [set_clock(), set_clock()]
        path.unlink()
        gone = set_clock()
        path.write_text("2027-03-02")

    assert bad == [good, good] and gone == good
    assert set_clock() == good + 24 * 3600 * 1000
    assert [r.message for r in caplog.records] == ["clock.unreadable"]


def test_events_are_stamped_with_the_day_only_when_the_clock_is_set(tmp_path: Path) -> None:
    path = tmp_path / "clock"
    path.write_text("2027-03-01T23:59:59Z")
    stamped = stamp(clock(read({"HUB_CLOCK": str(path)})))

    assert stamped() == ((DAY, b"2027-03-01"),)
    path.write_text("2027-03-02")
    assert stamped() == ((DAY, b"2027-03-02"),)
    assert stamp(clock(read({})))() == () == stamp(clock(read({"HUB_CLOCK": ""})))()


def test_without_a_file_it_is_the_machine_that_says() -> None:
    assert clock(read({})) is wall
    assert abs(wall() - time.time() * 1000) < 1000
