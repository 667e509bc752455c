"""Replays: deliveries of one subscription that are sent once more, on somebody's order. Pure.

An order and its progress stand in `hub.subscriptions` under keys below that of the subscription. The gateway writes
orders, the courier that has the lane writes progress.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple, TypeVar

import msgspec

from hub.core.delivery import Delivery
from hub.core.records import Out
from hub.core.topics import DAY_MS, SUBSCRIPTIONS
from hub.core.withdrawal import mark, ranges

HEADER = "Hub-Replay"
"""Header of every request of a replay; its value is the id of the replay."""

PACE = 600
PACE_MOST = 6000
"""Requests per minute, unless the order says otherwise, and at most."""

MOST_RANGES = 5000
"""Runs of numbers in one order, so that it stays a small record."""

K = TypeVar("K")
V = TypeVar("V")

_MARK = "/replay/"
_PROGRESS = "/progress"


class Words(NamedTuple):
    nl: str
    en: str


WHY: dict[str, Words] = {
    "endpoint-mended": Words("het eindpunt werkt weer", "the endpoint works again"),
    "access-mended": Words("toegang of certificaat is hersteld", "access or certificate was mended"),
    "processing-mended": Words("een fout in de verwerking is hersteld", "a fault in processing was mended"),
    "data-lost": Words("de ontvanger is gegevens kwijt", "the receiver lost data"),
    "new-system": Words("de ontvanger heeft een nieuw systeem", "the receiver has a new system"),
    "gap-found": Words("de ontvanger mist nummers", "the receiver misses numbers"),
    "rehearsal": Words("oefening of test", "rehearsal or test"),
}
"""Why somebody orders a replay: a code, so that no reason can name a person."""


class Selection(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which deliveries of one subscription; every criterion that is given must hold, 0 and "" are not given.

    `first` and `last` are numbers of the feed, both included; `since` and `until` when the hub took the event
    (milliseconds since 1970, `until` excluded); `cause` takes open dead letters only (`ANY`: of whatever cause);
    `subject` is the subject of the event, or the aggregate it is about (`learner/...`).
    """

    first: int = 0
    last: int = 0
    since: int = 0
    until: int = 0
    cause: str = ""
    subject: str = ""

    @property
    def criteria(self) -> tuple[str, ...]:
        """Names of what is given, never its content."""
        return tuple(name for name in self.__struct_fields__ if getattr(self, name))

    def wants(self, number: int, delivery: Delivery, dead: Collection[int]) -> bool:
        """`dead` are the numbers of the open dead letters of that cause."""
        if self.cause and number not in dead:
            return False
        if number < self.first or (self.last and number > self.last):
            return False
        if delivery.accepted < self.since or (self.until and delivery.accepted >= self.until):
            return False
        return not self.subject or self._about(delivery)

    def _about(self, delivery: Delivery) -> bool:
        return delivery.subject == self.subject or mark(self.subject) in delivery.about


ANY = "any"


class Order(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """`numbers` of the feed as text (`5,7-9`), `total` how many they are. `pace` is requests per minute. `by` is who
    ordered (partner id), `why` a code of WHY, `criteria` names what was selected by, `content` stands for all that
    was asked. `at` and `stopped_at` are milliseconds since 1970, 0 = not stopped."""

    id: str
    subscription: str
    by: str
    why: str
    pace: int
    at: int
    numbers: str
    total: int
    criteria: tuple[str, ...]
    content: str
    stopped_at: int = 0
    stopped_by: str = ""


class Progress(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """How far a replay has got: everything below number `next` is done, and the numbers `ahead` (`5,7-9`).

    `delivered`, `failed` (refused for good), `withdrawn` (taken back meanwhile, not sent), `gone` (no longer in the
    log), `live` (still waiting for its first delivery, so left to that). Moments are milliseconds since 1970, 0 = not
    yet.
    """

    next: int = 1
    ahead: str = ""
    delivered: int = 0
    failed: int = 0
    withdrawn: int = 0
    gone: int = 0
    live: int = 0
    started: int = 0
    at: int = 0
    ended: int = 0

    @property
    def done(self) -> int:
        return self.delivered + self.failed + self.withdrawn + self.gone + self.live


def state(order: Order, progress: Progress) -> str:
    """waiting, running, finished or stopped."""
    if progress.ended:
        return "finished"
    if order.stopped_at:
        return "stopped"
    return "running" if progress.started else "waiting"


def digest(*parts: str) -> str:
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=8).hexdigest()


def ids(subscription: str, content: str, key: str, at: int) -> tuple[str, ...]:
    """Ids that the same order may have, the one it gets first: of its idempotency `key`, for ever; without one of its
    content, for a day. Derived, so that an order that is sent twice, to whichever gateway, is one replay."""
    if key:
        return (f"rp-{digest(subscription, 'key', key)}",)
    day = at // DAY_MS
    return tuple(f"rp-{digest(subscription, 'content', content, str(one))}" for one in (day, day - 1))


def content(selection: Selection, pace: int, why: str) -> str:
    """Stands for what was asked. A digest, for the selection may name a learner."""
    return digest(msgspec.json.encode(selection).decode(), str(pace), why)


def numbered(numbers: Iterable[int]) -> str | None:
    """Numbers as text; None when they lie in more than MOST_RANGES runs."""
    wanted = set(numbers)
    text, named = ranges(wanted, MOST_RANGES)
    return text if len(named) == len(wanted) else None


def spans(numbers: str) -> Iterator[range]:
    """What `ranges` or `numbered` wrote."""
    for run in filter(None, numbers.split(",")):
        first, _, last = run.partition("-")
        yield range(int(first), int(last or first) + 1)


def left(order: Order, progress: Progress) -> Iterator[range]:
    """The numbers still to be done, in order."""
    ahead = {number for span in spans(progress.ahead) for number in span}
    for span in spans(order.numbers):
        start = max(span.start, progress.next)
        for number in sorted(ahead.intersection(range(start, span.stop))):
            yield range(start, number)
            start = number + 1
        yield range(start, span.stop)


def order_key(subscription: str, replay: str) -> bytes:
    return f"{subscription}{_MARK}{replay}".encode()


def progress_key(subscription: str, replay: str) -> bytes:
    return f"{subscription}{_MARK}{replay}{_PROGRESS}".encode()


def is_replay(key: str) -> bool:
    """Whether a key of `hub.subscriptions` is that of an order or its progress."""
    return _MARK in key


def dump(value: Order | Progress) -> bytes:
    return msgspec.json.encode(value)


class Replays:
    """All replays, as `hub.subscriptions` tells of them; applying a record again changes nothing."""

    def __init__(self) -> None:
        self._orders: dict[str, dict[str, Order]] = {}
        self._progress: dict[tuple[str, str], Progress] = {}

    def apply(self, key: str, value: bytes | None) -> None:
        """`key` is one of which `is_replay` holds. Raises msgspec.ValidationError on a value that is neither."""
        subscription, _, rest = key.partition(_MARK)
        replay = rest.removesuffix(_PROGRESS)
        if rest == replay:
            orders = self._orders.setdefault(subscription, {})
            _put(orders, replay, None if value is None else msgspec.json.decode(value, type=Order))
        else:
            given = None if value is None else msgspec.json.decode(value, type=Progress)
            self._take_progress((subscription, replay), given)

    def _take_progress(self, at: tuple[str, str], given: Progress | None) -> None:
        # Whoever lost the lane may write late: what is done does not become undone.
        known = self._progress.get(at, Progress())
        if given is None or given.ended or (not known.ended and given.done >= known.done):
            _put(self._progress, at, given)

    def of(self, subscription: str) -> list[Order]:
        """Oldest first."""
        return sorted(self._orders.get(subscription, {}).values(), key=lambda one: (one.at, one.id))

    def find(self, subscription: str, replay: str) -> Order | None:
        return self._orders.get(subscription, {}).get(replay)

    def progress(self, order: Order) -> Progress:
        return self._progress.get((order.subscription, order.id), Progress())

    def ended(self, order: Order) -> bool:
        return bool(order.stopped_at or self.progress(order).ended)

    def due(self, subscription: str) -> Order | None:
        """The oldest that has not ended: replays of one subscription run one after the other."""
        return next((one for one in self.of(subscription) if not self.ended(one)), None)


def _put(known: dict[K, V], key: K, value: V | None) -> None:
    if value is None:
        known.pop(key, None)
    else:
        known[key] = value


def forget(orders: Iterable[Order]) -> list[Out]:
    """Records that take orders and their progress out of `hub.subscriptions`."""
    keys = [make(one.subscription, one.id) for one in orders for make in (order_key, progress_key)]
    return [Out(SUBSCRIPTIONS, key, None) for key in keys]
