"""What is wrong, from what the parts answer and what the read model holds. Pure; no more than `hub.core.alerts` may
know comes out of here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from hub.core.alerts import Kind, Trouble
from hub.core.flows import DeliveryFlow, SignalFlow
from hub.core.letters import Group
from hub.core.matrix import Rhythm
from hub.core.silence import silences

DISK_LEAST = 0.1
"""Less free than this share of a disk is too little."""
NOT_SENT_TO = ("stopped", "refused", "expired")
"""States of a subscription in which nothing is sent any more until its partner does something."""
BREACH = "breach"


class Books(msgspec.Struct, frozen=True, kw_only=True):
    """What the read model holds at one moment. `letters` are open dead letters, `refused` the most messages that were
    refused in one of the last two clock hours by publisher. Exact: never to be shown."""

    letters: tuple[Group, ...] = ()
    deliveries: tuple[DeliveryFlow, ...] = ()
    refused: Mapping[str, int] = {}
    rhythms: tuple[Rhythm, ...] = ()
    signals: tuple[SignalFlow, ...] = ()


class Bounds(NamedTuple):
    """A message may wait for `backlog` milliseconds, a publisher may be refused `refusals` times in an hour."""

    backlog: int
    refusals: int


class Lens(NamedTuple):
    """How the books are read: the flow of a CloudEvents type, the silence of days of events (school days; 0 for none),
    and a number as it may be told."""

    flow: Callable[[str], str]
    silence: Callable[[Sequence[int]], int]
    rough: Callable[[int], str]


class Answer(NamedTuple):
    """Of a part: whether it answered at all, and that it can do its work."""

    alive: bool
    ready: bool


def of_parts(answers: Mapping[str, Answer]) -> list[Trouble]:
    return [
        Trouble(Kind.DOWN if not answer.alive else Kind.UNREADY, name)
        for name, answer in answers.items()
        if not answer.ready
    ]


def of_disk(free: int, size: int) -> list[Trouble]:
    return [Trouble(Kind.DISK)] if free < size * DISK_LEAST else []


def of_books(books: Books, bounds: Bounds, lens: Lens, now: int) -> list[Trouble]:
    """Everything that the books show to be wrong at `now`."""
    return [
        *_final(books, lens.rough),
        *_backlog(books.deliveries, bounds.backlog, lens.rough, now),
        *_silence(books.rhythms, lens),
        *_signals(books.signals, lens.rough),
        *_refusals(books.refused, bounds.refusals, lens.rough),
    ]


def _final(books: Books, rough: Callable[[int], str]) -> list[Trouble]:
    """One trouble per subscription, whatever came to an end there."""
    found = {
        one.subscription: Trouble(Kind.FINAL, one.subscription, one.partner, one.state)
        for one in books.deliveries
        if one.push and one.state in NOT_SENT_TO
    }
    letters: defaultdict[str, list[Group]] = defaultdict(list)
    for group in books.letters:
        letters[group.subscription].append(group)
    for subscription, groups in letters.items():
        before = found.get(subscription)
        found[subscription] = Trouble(
            Kind.FINAL,
            subscription,
            groups[0].partner,
            before.what if before else "",
            rough(sum(group.count for group in groups)),
            min(group.first_at for group in groups),
            max(group.last_at for group in groups),
        )
    return list(found.values())


def _backlog(
    deliveries: Iterable[DeliveryFlow], bound: int, rough: Callable[[int], str], now: int
) -> list[Trouble]:
    return [
        Trouble(Kind.BACKLOG, one.subscription, one.partner, amount=rough(one.open), since=one.oldest)
        for one in deliveries
        if one.push and not one.paused and one.state not in NOT_SENT_TO
        if one.oldest is not None and now - one.oldest >= bound
    ]


def _silence(rhythms: Sequence[Rhythm], lens: Lens) -> list[Trouble]:
    last: dict[tuple[str, str], int] = {}
    for rhythm in rhythms:
        lane = rhythm.publisher, lens.flow(rhythm.type)
        last[lane] = max(last.get(lane, 0), rhythm.last or 0)
    return [
        Trouble(
            Kind.SILENCE, f"{publisher}/{flow}", publisher, flow, str(quiet), last[publisher, flow] or None
        )
        for (publisher, flow), quiet in silences(rhythms, lens.flow, lens.silence).items()
        if quiet
    ]


def _signals(signals: Iterable[SignalFlow], rough: Callable[[int], str]) -> list[Trouble]:
    late: defaultdict[str, list[SignalFlow]] = defaultdict(list)
    for one in signals:
        if one.severity == BREACH:
            late[one.responsible].append(one)
    return [
        Trouble(
            Kind.SIGNALS,
            org,
            org,
            " ".join(sorted({one.rule for one in own})),
            rough(sum(one.count for one in own)),
            min((_start(one.oldest) for one in own if one.oldest), default=None),
        )
        for org, own in late.items()
    ]


def _refusals(refused: Mapping[str, int], bound: int, rough: Callable[[int], str]) -> list[Trouble]:
    return [
        Trouble(Kind.REFUSALS, publisher, publisher, amount=rough(times))
        for publisher, times in refused.items()
        if times > bound
    ]


def _start(day: str) -> int:
    return int(datetime.fromisoformat(day[:10]).replace(tzinfo=UTC).timestamp() * 1000)
