"""How long a partner whose system was well got nothing, though there was something for it. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from tests.chaos.faults import Done
from tests.chaos.ledger import Hit

RECOVERY_SECONDS = 10.0
"""So long after a fault of its own a partner's waiting is its own affair."""

Span = tuple[float, float]


class Stall(NamedTuple):
    """`faults` are the names of those that were on meanwhile."""

    seconds: float
    began: float
    subscription: str
    faults: tuple[str, ...] = ()


def longest(
    accepted: Mapping[tuple[str, str], float],
    hits: Iterable[Hit],
    faults: Sequence[Done],
    links: Mapping[str, str],
) -> Stall | None:
    """`accepted` says per subscription and delivery when the event behind it was accepted; `links` maps the targets of
    partners' faults to subscriptions."""
    received: dict[tuple[str, str], float] = {}
    for hit in (hit for hit in hits if hit.well):
        received.setdefault((hit.subscription, hit.delivery), hit.at)
    work: dict[str, list[Span]] = defaultdict(list)
    for name, since in accepted.items():
        if name in received:
            work[name[0]].append((since, received[name]))
    own = _own(faults, links)
    found = [
        Stall(end - begin, begin, subscription)
        for subscription, spans in work.items()
        for begin, end in waits(spans)
        if not any(_meet((begin, end), span) for span in own.get(subscription, ()))
    ]
    worst = max(found, default=None)
    return worst and worst._replace(faults=_during(faults, (worst.began, worst.began + worst.seconds), links))


def waits(spans: Iterable[Span]) -> Iterator[Span]:
    """From one receipt to the next, or from the moment there was something to wait for; `spans` are (accepted,
    received)."""
    # At one moment what begins goes before what ends.
    moments = sorted([(begin, 0) for begin, _ in spans] + [(max(b, e), 1) for b, e in spans])
    open_, since = 0, 0.0
    for at, ends in moments:
        if ends:
            yield since, at
            open_ -= 1
            since = at
        else:
            since = since if open_ else at
            open_ += 1


def _own(faults: Iterable[Done], links: Mapping[str, str]) -> dict[str, list[Span]]:
    found: dict[str, list[Span]] = defaultdict(list)
    for done in faults:
        if done.fault.target in links:
            found[links[done.fault.target]].append((done.began, done.ended + RECOVERY_SECONDS))
    return found


def _during(faults: Iterable[Done], span: Span, links: Mapping[str, str]) -> tuple[str, ...]:
    """Faults of one partner's system concern nobody else."""
    common = [d for d in faults if d.fault.target not in links]
    return tuple(sorted({d.fault.name for d in common if _meet((d.began, d.ended), span)}))


def _meet(one: Span, other: Span) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]
