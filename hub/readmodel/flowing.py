"""The matrix of flows as it is read: exact numbers, before the small-cell rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import msgspec
import sqlalchemy as sa

from hub.core.journal import ENDS
from hub.core.matrix import Leg, Matrix, Rhythm
from hub.core.topics import DAY_MS
from hub.readmodel.legs import COLUMNS
from hub.readmodel.schema import deliveries, hourly, legs, subscriptions

DAYS = 28
"""As long as events are kept: so far back go the rhythm of a flow and the legs that were counted."""


class Flowing:
    """Reads publishers against receivers. Blocks: call it in a thread."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def matrix(self, now: int, days: int = 7, rhythms: tuple[Rhythm, ...] | None = None) -> Matrix:
        """Legs of what was routed on the last `days` days, today among them, with `rhythms`, or those of now."""
        today = now - now % DAY_MS
        first = today - (days - 1) * DAY_MS
        with self._engine.connect() as connection:
            pushed = {row.partner for row in connection.execute(_PUSHED)}
            rows = connection.execute(_LEGS.where(legs.c.day >= first)).all()
        # Whoever has a webhook gets its inbox filled as well, and need not empty it.
        watched = [row for row in rows if bool(row.push) or row.partner not in pushed]
        known = self.rhythms(now) if rhythms is None else rhythms
        return Matrix(at=now, first_day=first, legs=_legs(watched), rhythms=known)

    def rhythms(self, now: int) -> tuple[Rhythm, ...]:
        """Of every publisher and kind, over DAYS until today."""
        today = now - now % DAY_MS
        with self._engine.connect() as connection:
            counted = connection.execute(_DAILY.where(hourly.c.hour > today - DAYS * DAY_MS)).all()
        return _rhythms(counted, today)


_PUSHED = sa.select(subscriptions.c.partner).where(subscriptions.c.push).distinct()
_OLDEST = (
    sa.select(sa.func.min(deliveries.c.routed_at))
    .where(
        deliveries.c.subscription == legs.c.subscription,
        deliveries.c.publisher == legs.c.publisher,
        deliveries.c.type == legs.c.type,
        deliveries.c.delivered_at.is_(None),
        deliveries.c.pulled_at.is_(None),
        deliveries.c.routed_at.is_not(None),
        deliveries.c.outcome.not_in(ENDS),
    )
    .scalar_subquery()
)
_SUMS = [sa.cast(sa.func.sum(legs.c[name]), sa.BigInteger).label(name) for name in COLUMNS]
_BY = (legs.c.publisher, legs.c.type, legs.c.subscription, legs.c.partner, subscriptions.c.push)
_ARRIVED = legs.c.delivered + legs.c.pulled + legs.c.ended
_LEGS = (
    sa.select(
        *_BY,
        *_SUMS,
        sa.case((sa.func.sum(legs.c.told) > sa.func.sum(_ARRIVED), _OLDEST)).label("oldest"),
    )
    .select_from(legs.outerjoin(subscriptions, subscriptions.c.id == legs.c.subscription))
    .group_by(*_BY)
)
_DAY = (hourly.c.hour - hourly.c.hour % DAY_MS).label("day")
_DAILY = (
    sa.select(
        hourly.c.publisher,
        hourly.c.name,
        _DAY,
        sa.func.sum(hourly.c.n).label("n"),
        sa.func.max(hourly.c.hour).label("last"),
    )
    .where(hourly.c.what == "accepted")
    .group_by(hourly.c.publisher, hourly.c.name, _DAY)
    .order_by(hourly.c.publisher, hourly.c.name, _DAY)
)


def _legs(rows: Iterable[Any]) -> tuple[Leg, ...]:
    """One leg per publisher, kind and partner, over all its subscriptions."""
    found: dict[tuple[str, str, str], Leg] = {}
    # There are thousands of them: to take a row apart as a whole costs a third of asking it for each column.
    for publisher, type, subscription, partner, push, told, delivered, pulled, ended, *within, oldest in rows:
        named, arrived = (publisher, partner, type), delivered if push else pulled
        waits_in = "" if oldest is None else subscription
        leg = Leg(*named, told, arrived, ended, tuple(within), oldest, waits_in)
        found[named] = _both(found[named], leg) if named in found else leg
    return tuple(found[named] for named in sorted(found))


def _both(one: Leg, other: Leg) -> Leg:
    """Two subscriptions of one partner; what waits longest, waits in one of them."""
    waiting = [(leg.oldest, leg.subscription) for leg in (one, other) if leg.oldest is not None]
    oldest, subscription = min(waiting, default=(None, ""))
    return msgspec.structs.replace(
        one,
        told=one.told + other.told,
        arrived=one.arrived + other.arrived,
        ended=one.ended + other.ended,
        within=tuple(map(sum, zip(one.within, other.within, strict=True))),
        oldest=oldest,
        subscription=subscription,
    )


def _rhythms(rows: Iterable[Any], today: int) -> tuple[Rhythm, ...]:
    found: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0] * DAYS)
    last: dict[tuple[str, str], int] = {}
    for row in rows:
        place = DAYS - 1 - (today - int(row.day)) // DAY_MS
        if 0 <= place < DAYS:
            found[row.publisher, row.name][place] += int(row.n)
            last[row.publisher, row.name] = int(row.last)
    return tuple(Rhythm(*named, tuple(days), last[named]) for named, days in found.items())
