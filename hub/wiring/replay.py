"""`hub year` and `hub replay`: a school year of Almere as a file, and what the hub would make of such a file."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date
from pathlib import Path
from typing import IO

import orjson

from hub import directory, replay
from hub.core import views
from hub.core.directory import Directory
from hub.core.offline import Offline
from hub.core.policy import Policy
from hub.demo import story
from hub.demo.teller import Happening
from hub.errors import OperatorError
from hub.settings import Settings, SettingsError
from hub.wiring import rules as rulebook
from hub.wiring import summary

STDOUT = Path("-")
DIRECTORY = Path(story.__file__).with_name("directory.yaml")


def year(_: Settings, chosen: argparse.Namespace) -> int:
    """Writes a school year as JSON lines, in order of arrival: `at` (when it came), `partner` (who sent it), `event`,
    and for what the hub must refuse `refused` (the reason that must be among the faults)."""
    partners = Directory(directory.load(DIRECTORY))
    with _writing(chosen.out) as out, _Meter("written") as meter:
        for one in story.school_year(partners, str(chosen.seed), chosen.year, chosen.events, answers=True):
            out.write(line(one))
            meter.step()
    return 0


def line(one: Happening) -> bytes:
    """One line of the file."""
    at = one.at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    refused = {"refused": one.refused} if one.refused else {}
    return orjson.dumps({"at": at, "partner": one.partner, "event": one.event, **refused}) + b"\n"


def run(settings: Settings, chosen: argparse.Namespace) -> int:
    """Folds a file, and prints what came of it. 1 when a line cannot be read."""
    hub, door = _hub(settings, chosen)
    until = _day(chosen.until)
    with _reading(chosen.file) as lines, _Meter("read") as meter:
        given = replay.arrivals(lines)
        if chosen.shuffle_within:
            hours, seed = chosen.shuffle_within
            given = replay.shuffled(given, _hours(hours), seed)
        replay.fold(given, door, hub, until, meter.at)
        meter.at(door.read)
    if chosen.lines:
        _write_lines(chosen.lines, hub)
    told = summary.of(hub, door, meter.seconds)
    if chosen.json:
        print(orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode())
    else:
        print("\n".join(summary.text(told, signals=chosen.signals, census=chosen.census)))
    return 0


def _hub(settings: Settings, chosen: argparse.Namespace) -> tuple[Offline, replay.Door]:
    chosen_rules = settings.model_copy(update={"rules": chosen.rules}) if chosen.rules else settings
    partners = Directory(directory.load(chosen.directory or settings.partners or DIRECTORY))
    return Offline(Policy(partners, rules=rulebook.load(chosen_rules))), replay.Door(partners)


def _day(given: str | None) -> str:
    try:
        return date.fromisoformat(given).isoformat() if given else ""
    except ValueError:
        raise SettingsError(f"--until: {given} is no day such as 2027-07-31") from None


def _hours(given: str) -> float:
    try:
        found = float(given)
    except ValueError:
        found = -1.0
    if not 0 <= found <= 24 * 366:
        raise SettingsError(f"--shuffle-within: {given} is no number of hours")
    return found


def _write_lines(path: Path, hub: Offline) -> None:
    """The only way by which a learner id leaves a replay, and only to where it was asked for."""
    with _writing(path) as out:
        for key, view in sorted(hub.views(), key=lambda pair: pair[0]):
            out.write(b'{"key":' + orjson.dumps(key.decode()) + b',"view":' + views.dump(view) + b"}\n")


@contextmanager
def _reading(path: Path) -> Iterator[IO[bytes]]:
    if path == STDOUT:
        yield sys.stdin.buffer
        return
    try:
        opened = path.open("rb")
    except OSError as error:
        raise OperatorError(f"{path} cannot be read: {error.strerror}") from None
    with opened:
        yield opened


@contextmanager
def _writing(path: Path) -> Iterator[IO[bytes]]:
    if path == STDOUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        opened = path.open("wb")
    except OSError as error:
        raise OperatorError(f"{path} cannot be written: {error.strerror}") from None
    with opened:
        yield opened


class _Meter:
    """Says on stderr how far it is: every second on a terminal, else at the end only."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._begun = self._said = time.monotonic()
        self._count = 0

    def __enter__(self) -> _Meter:
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        if failed is None:
            self._say("\n")

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._begun

    def step(self) -> None:
        self.at(self._count + 1)

    def at(self, count: int) -> None:
        self._count = count
        if count % replay.EVERY == 0 and sys.stderr.isatty() and time.monotonic() - self._said > 1:
            self._said = time.monotonic()
            self._say("\r")

    def _say(self, end: str) -> None:
        rate = self._count / max(self.seconds, 1e-6)
        print(
            f"{self._count:,} events {self._what}, {rate:,.0f} events/s", end=end, file=sys.stderr, flush=True
        )
