"""What became of every number of one feed, so that a receiver can prove that it missed nothing. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

DELIVERED = "delivered"
WITHDRAWN = "withdrawn"
WITHHELD = "withheld"
PULLED = "pulled"
DEAD = "dead"
HANDLED = "handled"
EXPIRED = "expired"
WAITING = "waiting"

STATES = {
    DELIVERED: "its webhook answered 2xx",
    WITHDRAWN: "taken back before you got it; it will not come",
    WITHHELD: "your right to it ended before you got it; it will not come",
    PULLED: "you acknowledged it, or a later number, from the feed",
    DEAD: "refused for good; it stands in your dead letters",
    HANDLED: "the courier is done with it, but the books do not say how: they are behind (`complete`), or the same "
    "event has a later number too, with the same webhook-id",
    EXPIRED: "no longer kept, and nothing tells that you got it",
    WAITING: "still to be delivered or fetched",
}
"""Every number is in exactly one of these, the first that fits."""


class Run(NamedTuple):
    """Numbers `first` to `last`, both included, that are in one state."""

    state: str
    first: int
    last: int


class Marks(NamedTuple):
    """What Kafka says of one feed: `first` is the oldest number kept, `last` the newest; the courier is done with all
    up to `done`; the reader acknowledged all up to `acknowledged`."""

    first: int
    last: int
    done: int = 0
    acknowledged: int = 0


def account(low: int, high: int, known: Iterable[Run], marks: Marks) -> list[Run]:
    """The state of every number from `low` to `high`, in order and without a gap or an overlap. `known` are runs that
    the books tell of, in order: delivered, withdrawn, withheld or dead."""
    found: list[Run] = []
    for run in _filled(low, high, known):
        for piece in _pieces(run, marks):
            _join(found, piece)
    return found


def _filled(low: int, high: int, known: Iterable[Run]) -> Iterator[Run]:
    """The runs within the bounds, with what lies between them as runs of no state."""
    at = low
    for run in known:
        first, last = max(run.first, at), min(run.last, high)
        if first > last:
            continue
        if first > at:
            yield Run("", at, first - 1)
        yield Run(run.state, first, last)
        at = last + 1
    if at <= high:
        yield Run("", at, high)


def _pieces(run: Run, marks: Marks) -> Iterator[Run]:
    """The run, cut where Kafka's word changes what becomes of its numbers."""
    edges = sorted({marks.first - 1, marks.done, marks.acknowledged})
    at = run.first
    for edge in [edge for edge in edges if run.first <= edge < run.last] + [run.last]:
        yield Run(_state(run.state, at, marks), at, edge)
        at = edge + 1


def _state(known: str, number: int, marks: Marks) -> str:
    if known in (DELIVERED, WITHDRAWN, WITHHELD):
        return known
    if number <= marks.acknowledged:
        return PULLED
    if known:
        return known
    if number < marks.first:
        return EXPIRED
    return HANDLED if number <= marks.done else WAITING


def _join(found: list[Run], piece: Run) -> None:
    if found and found[-1].state == piece.state:
        found[-1] = found[-1]._replace(last=piece.last)
    else:
        found.append(piece)
