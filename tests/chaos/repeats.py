"""Deliveries that came more than once: that is promised, but each time for a reason that can be named. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from hub.core.journal import Attempted, Entry
from tests.chaos import plan
from tests.chaos.faults import Done
from tests.chaos.ledger import FEED, Hit

NEAR_SECONDS = 30.0
"""A repeat comes so soon after the fault that explains it, at most."""
IN_FLIGHT_SECONDS = 5.0
"""A request of the courier takes so long at most: its timeout in these runs, and somewhat more."""
CLOCKS_SECONDS = 1.0
"""By so much may two moments be apart that were taken by two processes."""

_HURT = (plan.KILL, plan.PAUSE, plan.RESTART, plan.CUT_KAFKA)
DELIVERING = {f"{kind} {part}" for kind in _HURT for part in ("courier", plan.KAFKA)}
"""What may keep the courier from writing down that a delivery is done: it is made again."""
DECIDING = {f"{kind} {part}" for kind in _HURT for part in ("processor", plan.KAFKA)}
"""What may keep the processor from writing down that it decided: it decides again, under a new number."""


class Repeat(NamedTuple):
    """`why` names the fault that explains it; empty when nothing does."""

    subscription: str
    delivery: str
    numbers: tuple[int, int]
    at: float
    why: str


class Known(NamedTuple):
    """What may explain a repeat. `links` maps the target of a partner's faults to its subscription, `retries` the
    subscription and number to when the courier noted that it must try again, and why; `written` when the record of
    that number was written."""

    faults: Sequence[Done]
    links: Mapping[str, str]
    retries: Mapping[tuple[str, int], Sequence[tuple[float, str]]] = {}
    written: Mapping[tuple[str, int], float] = {}


def retries(entries: Iterable[Entry]) -> dict[tuple[str, int], list[tuple[float, str]]]:
    """As `Known` wants them, from the journal."""
    found: dict[tuple[str, int], list[tuple[float, str]]] = defaultdict(list)
    for one in entries:
        if isinstance(one, Attempted) and one.outcome == "retry":
            found[one.subscription, one.number].append((one.at / 1000, one.status))
    return found


def repeats(hits: Iterable[Hit], known: Known) -> Iterator[Repeat]:
    """Every time that a delivery was taken in again, in order."""
    before: dict[tuple[str, str], Hit] = {}
    for hit in (hit for hit in hits if hit.taken):
        name = (hit.subscription, hit.delivery)
        if earlier := before.get(name):
            numbers = (earlier.number, hit.number)
            yield Repeat(hit.subscription, hit.delivery, numbers, hit.at, explain(earlier, hit, known))
        before[name] = hit


def altered(hits: Iterable[Hit]) -> Iterator[Hit]:
    """Repeats with another body than the first, which may never be."""
    first: dict[tuple[str, str], str] = {}
    for hit in (hit for hit in hits if hit.taken and hit.answer != FEED):
        if first.setdefault((hit.subscription, hit.delivery), hit.body) != hit.body:
            yield hit


def explain(earlier: Hit, again: Hit, known: Known) -> str:
    if earlier.number != again.number:
        return _decided_again(again, known)
    if again.answer == FEED:
        return ""
    if earlier.mood:
        return f"{earlier.mood} partner"
    return _link(earlier, again, known) or _noted(earlier, again, known) or _died(earlier, again, known)


def _link(earlier: Hit, again: Hit, known: Known) -> str:
    """The answer was under way when the link was cut, or came too late by it."""
    for done in known.faults:
        kind, at = done.fault.kind, earlier.at
        if known.links.get(done.fault.target) != again.subscription:
            continue
        in_flight = kind == plan.CUT and at - CLOCKS_SECONDS <= done.began <= at + IN_FLIGHT_SECONDS
        late = kind == plan.DELAY and done.began - IN_FLIGHT_SECONDS <= at <= done.ended + CLOCKS_SECONDS
        if in_flight or late:
            return done.fault.name
    return ""


def _noted(earlier: Hit, again: Hit, known: Known) -> str:
    """The courier did not hear the answer: it says so itself, and what it met."""
    noted = known.retries.get((again.subscription, again.number), ())
    since, until = earlier.at - CLOCKS_SECONDS, again.at + CLOCKS_SECONDS
    unheard = [why for at, why in noted if since <= at <= until and not why.isdecimal()]
    near = _died(earlier, again, known)
    return f"{unheard[-1]} noted by courier ({near or 'no fault near'})" if unheard else ""


def _died(earlier: Hit, again: Hit, known: Known) -> str:
    return _nearest([d for d in known.faults if d.fault.name in DELIVERING], earlier.at, again.at)


def _decided_again(again: Hit, known: Known) -> str:
    """Judged at the moment at which the second record was written, for it may have waited long."""
    at = known.written.get((again.subscription, again.number), again.at)
    return _nearest([d for d in known.faults if d.fault.name in DECIDING], at - CLOCKS_SECONDS, at)


def _nearest(faults: Iterable[Done], since: float, until: float) -> str:
    """Name of the last fault that lasted, or had not long ended, at some moment between the two."""
    met = [d for d in faults if d.began <= until + CLOCKS_SECONDS and d.ended + NEAR_SECONDS >= since]
    near = [d for d in met if until - d.ended <= NEAR_SECONDS]
    return max(near, key=lambda d: d.began).fault.name if near else ""
