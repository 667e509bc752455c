"""What day it is: by the machine, or by a file that somebody sets (tests, rehearsals, the demo)."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from hub.core.event import moment
from hub.core.records import Headers
from hub.core.work import DAY
from hub.settings import Settings, SettingsError
from hub.telemetry import log


def wall() -> int:
    """Milliseconds since 1970 by the machine's clock: for journals and measurements, whatever the hub's clock says."""
    return time.time_ns() // 1_000_000


class SetClock:
    """Milliseconds since 1970 as a file says, which holds an ISO instant or date (UTC) and may change at any time.

    Raises SettingsError when it says nothing of the kind from the start; later the last good value stays.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._text: str | None = None
        self._at = 0
        self._good = True
        try:
            self._look()
        except (OSError, ValueError) as error:
            said = "is no ISO instant or date, such as 2027-03-01" if isinstance(error, ValueError) else error
            raise SettingsError(f"HUB_CLOCK: {path}: {said}") from None

    def __call__(self) -> int:
        try:
            self._look()
            self._good = True
        except (OSError, ValueError) as error:
            if self._good:
                log.event("clock.unreadable", "warning", error=type(error).__name__)
            self._good = False
        return self._at

    def _look(self) -> None:
        text = self._path.read_text(encoding="utf-8").strip()
        if text != self._text:
            self._at, self._text = _ms(text), text


def _ms(text: str) -> int:
    given = datetime.fromisoformat(text)
    return int((given if given.tzinfo else given.replace(tzinfo=UTC)).timestamp() * 1000)


def clock(settings: Settings) -> Callable[[], int]:
    """The hub's clock, in milliseconds since 1970. Raises SettingsError for a `HUB_CLOCK` that says nothing."""
    return SetClock(settings.clock) if settings.clock else wall


def stamp(now: Callable[[], int]) -> Callable[[], Headers]:
    """Headers that give an event record its day by the clock `now`; none while that is the machine's own."""
    if now is wall:
        return tuple
    return lambda: ((DAY, moment(now())[:10].encode()),)
