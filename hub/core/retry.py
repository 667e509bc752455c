"""What one delivery attempt means, and when to try again (Standard Webhooks 1.0.0, CloudEvents webhook
1.0.2 §2.2)."""

from __future__ import annotations

from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from typing import NamedTuple

MINUTE = 60.0
HOUR = 3600.0
DAY = 24 * HOUR

SCHEDULE: tuple[float, ...] = (
    0.0,
    5.0,
    5 * MINUTE,
    30 * MINUTE,
    2 * HOUR,
    5 * HOUR,
    10 * HOUR,
    14 * HOUR,
    20 * HOUR,
    DAY,
)
"""Seconds to wait before attempt 1, 2, 3, ...; the last one repeats for as long as the record is kept."""

JITTER = 0.2
"""Largest part of a wait that is added to it, so that records that failed together do not come back
together."""

RETRY_AFTER_LEAST = 1.0
RETRY_AFTER_MOST = HOUR
_THROTTLES = (429, 503)
_UNREACHED = frozenset({"dns", "connect", "tls"})
_OF_THE_MOMENT = frozenset({408, 410, 425, 429})
_OF_THE_DOOR = frozenset({401, 403, 404, 405, 407, 421, 426}) | _OF_THE_MOMENT
REFUSED = "refused"
"""Failure of one event of a batch that was taken otherwise."""


class Answer(NamedTuple):
    """What came back from one attempt: an HTTP `status`, or 0 and the name of the `failure` (dns, connect,
    tls, first-byte, timeout, closed, ...). `retry_after` is that header as it came."""

    status: int
    failure: str = ""
    retry_after: str = ""

    @property
    def label(self) -> str:
        """The HTTP status or the failure's name; few values, so it may be a metric label."""
        return str(self.status) if self.status else self.failure

    @property
    def taken(self) -> bool:
        """Any 2xx."""
        return 200 <= self.status < 300


class Delivered(NamedTuple):
    """Any 2xx, 202 included: the receiver took responsibility."""


class Retry(NamedTuple):
    """Try again `after` so many seconds.

    `hold`: the receiver asked for quiet, so nothing at all may go to it before then. `unreached`: nobody
    was there, so any later success shows that trying again makes sense at once.
    """

    after: float
    hold: bool = False
    unreached: bool = False


class Stop(NamedTuple):
    """Send this subscription nothing more until it is written again."""

    reason: str


Verdict = Delivered | Retry | Stop


def judge(answer: Answer, attempt: int, schedule: Sequence[float], now: float, jitter: float) -> Verdict:
    """The verdict on attempt number `attempt` (from 1) at `now` (seconds since 1970); `jitter` is drawn from
    [0, 1).

    A redirect is a failure: following one would send personal data to an address that nobody registered.
    """
    if answer.taken:
        return Delivered()
    if answer.status == 410:
        return Stop("the receiver answered 410 Gone")
    asked = _retry_after(answer.retry_after, now) if answer.status in _THROTTLES else None
    if asked is not None:
        return Retry(_with_jitter(asked, jitter), hold=True)
    return Retry(delay(attempt, schedule, jitter), unreached=answer.failure in _UNREACHED)


def refuses(answer: Answer) -> bool:
    """Whether the receiver said no, rather than not now or nothing at all."""
    return answer.failure == REFUSED or (400 <= answer.status < 500 and answer.status not in _OF_THE_MOMENT)


def refuses_event(answer: Answer) -> bool:
    """Whether it is this event that the receiver does not want: one that is there, and knows us."""
    return refuses(answer) and answer.status not in _OF_THE_DOOR


def dead(answer: Answer, attempt: int, schedule: Sequence[float], proven: bool) -> bool:
    """Whether a delivery is given up that failed at place `attempt` (from 1) of its schedule.

    Never before the schedule is at its end; then when the receiver refuses, or when it is `proven` that it takes
    others: it took one since the first attempt at this one. A receiver that is down loses nothing.
    """
    return attempt >= len(schedule) and (refuses(answer) or proven)


def delay(attempt: int, schedule: Sequence[float], jitter: float) -> float:
    """Seconds to wait after attempt number `attempt` failed: never less than the schedule says."""
    return _with_jitter(schedule[min(attempt, len(schedule) - 1)], jitter)


def _with_jitter(seconds: float, jitter: float) -> float:
    return seconds * (1 + JITTER * jitter)


def _retry_after(given: str, now: float) -> float | None:
    """Seconds that a Retry-After (RFC 9110 §10.2.3) asks for, within bounds; None when it cannot be read."""
    seconds = float(given) if given.isascii() and given.isdecimal() else _until(given, now)
    if seconds is None:
        return None
    return min(max(seconds, RETRY_AFTER_LEAST), RETRY_AFTER_MOST)


def _until(date: str, now: float) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp() - now
    except (ValueError, OverflowError):
        return None
