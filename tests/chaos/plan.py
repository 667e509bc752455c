"""Which faults come when, and to whom: drawn from a seed, so that the same seed gives the same plan. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import NamedTuple

KAFKA = "kafka"
PARTS = ("gateway", "processor", "courier", "projector")
DOOR = "door"
"""The link between publishers and the HTTP door."""

KILL, PAUSE, RESTART = "kill", "pause", "restart"
CUT, DELAY, CUT_KAFKA = "cut", "delay", "cut-kafka"
DISK, CLOCK = "disk", "clock"
MOODS = ("hang", "crawl", "500", "429", "302", "garbage", "half", "die")
"""What a partner's system may be like for a while; `tests.chaos.systems` says what each does."""

PARTNER = "*"
"""In the deck: some partner with a webhook, to be drawn."""

KILLS = tuple((KILL, part) for part in (*PARTS, KAFKA))
DECK = (
    *KILLS,
    *((kind, part) for kind in (PAUSE, RESTART) for part in (*PARTS, KAFKA)),
    *((CUT_KAFKA, part) for part in PARTS),
    *((kind, link) for kind in (CUT, DELAY) for link in (PARTNER, PARTNER, DOOR)),
    (DISK, "projector"),
    (CLOCK, "hub"),
    *((mood, PARTNER) for mood in MOODS),
)
"""Every kind of fault. Longer plans are dealt one deck after the other, so that each kind gets its turn."""

SECONDS: Mapping[str, tuple[float, float]] = {
    PAUSE: (1.0, 8.0),
    CUT: (0.5, 4.0),
    DELAY: (2.0, 8.0),
    DISK: (2.0, 6.0),
    **dict.fromkeys(MOODS, (2.0, 8.0)),
}
"""How long a fault lasts, at least and at most; the others are over in a moment."""


class Fault(NamedTuple):
    """Fault number `number` of a plan, `at` so many seconds after the start of the load. `target` is a part with the
    number of its worker (`courier/0`), a partner, DOOR or `hub`; it lasts `seconds`. `strength` is from [0, 1): how bad
    it is, for kinds that come in degrees."""

    number: int
    at: float
    kind: str
    target: str
    seconds: float
    strength: float

    @property
    def name(self) -> str:
        """Of its kind: what it does to what, without which one."""
        what = self.target.partition("/")[0]
        return f"{self.kind} {what if what in (*PARTS, KAFKA, DOOR, 'hub') else 'partner'}"


class Cast(NamedTuple):
    """What there is to hurt: how many workers of each part, and the partners with a webhook."""

    workers: Mapping[str, int]
    partners: Sequence[str]


def plan(seed: int, count: int, seconds: float, cast: Cast) -> list[Fault]:
    """`count` faults within `seconds`, by their moments. Killing comes before all else when there are few."""
    rng = Random(f"chaos/{seed}")
    cards = list(_dealt(rng, count))
    moments = sorted(rng.uniform(0.0, seconds) for _ in cards)
    return [
        _fault(rng, n, at, *card, cast) for n, (at, card) in enumerate(zip(moments, cards, strict=True), 1)
    ]


def _dealt(rng: Random, count: int) -> Iterator[tuple[str, str]]:
    decks, left = divmod(count, len(DECK))
    for _ in range(decks):
        yield from rng.sample(DECK, len(DECK))
    rest = [card for card in DECK if card not in KILLS]
    short = [*KILLS, *rng.sample(rest, max(0, left - len(KILLS)))]
    yield from rng.sample(short, left)


def _fault(rng: Random, number: int, at: float, kind: str, target: str, cast: Cast) -> Fault:
    if target == PARTNER:
        target = rng.choice(cast.partners)
    elif workers := cast.workers.get(target):
        target = f"{target}/{rng.randrange(workers)}"
    seconds = rng.uniform(*SECONDS.get(kind, (0.0, 0.0)))
    return Fault(number, round(at, 2), kind, target, round(seconds, 1), rng.random())
