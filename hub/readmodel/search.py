"""Finding events in the journal, newest first, page by page (keyset: no page costs more than the first).

Every query is driven by one index that has the order already, so that a page reads about as many rows as it shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from hub.core.journeys import Asked, Course, Found, Sight
from hub.core.topics import EVENTS_P1, EVENTS_P2
from hub.readmodel.queries import course, event_row
from hub.readmodel.schema import deliveries, events

_NONE: sa.ColumnElement[str] = sa.literal_column("''")
"""Written out: SQLite takes a partial index only for a condition that it can read."""

_earlier = deliveries.alias("earlier")

Conditions = list[sa.ColumnElement[bool]]


class Search:
    """Blocks: call it in a thread."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def events(self, asked: Asked, sight: Sight) -> list[Found]:
        """What may be seen of what was asked for: at most `asked.limit`. No event stands on two pages."""
        if sight.types is not None and asked.type and asked.type not in sight.types:
            return []
        found = sa.union_all(*(sa.select(one.subquery()) for one in _branches(asked, sight))).subquery()
        newest = (
            sa.select(found.c.found_at, events)
            .join(events, events.c.event == found.c.event)
            .order_by(found.c.found_at.desc(), found.c.event.desc())
            .limit(asked.limit)
        )
        with self._engine.connect() as connection:
            rows = connection.execute(newest).all()
            told = _courses(connection, [row.event for row in rows], sight)
        return [Found(row.found_at, event_row(row), tuple(told.get(row.event, ()))) for row in rows]


def _courses(connection: sa.Connection, ids: Sequence[str], sight: Sight) -> dict[str, list[Course]]:
    query = sa.select(deliveries).where(deliveries.c.event.in_(ids), deliveries.c.routed_at.is_not(None))
    if sight.partner is not None:
        query = query.where(sa.or_(*_mine(sight.partner)))
    made: dict[str, list[Course]] = {}
    for row in connection.execute(query.order_by(deliveries.c.routed_at, deliveries.c.delivery)):
        made.setdefault(row.event, []).append(course(row))
    return made


def _mine(partner: str) -> Conditions:
    return [deliveries.c.partner == partner, deliveries.c.publisher == partner]


def _branches(asked: Asked, sight: Sight) -> list[sa.Select[Any]]:
    """Queries that find no event twice, together: each with the newest of its own index."""
    if asked.id:
        return [_of_events(asked, sight, [events.c.id == asked.id, *_part(asked, sight)])]
    if asked.correlation:
        return _correlated(asked, sight)
    if asked.subscription:
        to = [deliveries.c.subscription == asked.subscription]
        if asked.partner:
            to.append(sa.or_(*_mine(asked.partner)))
        if sight.partner is not None:
            to.append(sa.or_(*_mine(sight.partner)))
        return [_of_deliveries(asked, sight, to)]
    partners = [one for one in (sight.partner, asked.partner) if one]
    if len(set(partners)) == 2:
        return [
            _of_deliveries(asked, sight, [deliveries.c.publisher == one, deliveries.c.partner == other])
            for one, other in (partners, partners[::-1])
        ]
    if partners:
        (own, *_) = partners
        told = [deliveries.c.partner == own, deliveries.c.publisher != own]
        return [
            _of_events(asked, sight, [events.c.publisher == own]),
            _of_deliveries(asked, sight, told),
        ]
    if asked.type or sight.types is None:
        return [_of_events(asked, sight, [])]
    return [_of_events(asked, sight, [events.c.type == type]) for type in sight.types]


def _correlated(asked: Asked, sight: Sight) -> list[sa.Select[Any]]:
    """By the attribute, by the trace it came with, or by the one that follows from its identity."""
    given, part = asked.correlation, _part(asked, sight)
    by_attribute = events.c.correlation == given
    by_trace = sa.and_(events.c.trace == given, events.c.correlation != given)
    return [
        _of_events(asked, sight, [by_attribute, events.c.correlation != _NONE, *part]),
        _of_events(asked, sight, [by_trace, events.c.trace != _NONE, *part]),
        _of_events(asked, sight, [events.c.event == given, events.c.trace == "", ~by_attribute, *part]),
    ]


def _part(asked: Asked, sight: Sight) -> Conditions:
    """Conditions for what is found by what it is, not by who had to do with it."""
    wanted: Conditions = []
    if asked.subscription:
        wanted.append(_told(sight, deliveries.c.subscription, asked.subscription))
    for partner, seen in ((asked.partner, sight), (sight.partner, Sight())):
        if partner:
            told = _told(seen, deliveries.c.partner, partner)
            wanted.append(sa.or_(events.c.publisher == partner, told))
    return wanted


def _told(sight: Sight, column: Any, value: str) -> sa.ColumnElement[bool]:
    """Whether there is such a delivery of the event that may be seen."""
    to = [_looked_at(column) == value]
    if sight.partner is not None:
        mine = [_looked_at(one) == sight.partner for one in (deliveries.c.partner, deliveries.c.publisher)]
        to.append(sa.or_(*mine))
    return sa.exists().where(deliveries.c.event == events.c.event, deliveries.c.routed_at.is_not(None), *to)


def _looked_at(column: Any) -> Any:
    """A column by whose index no planner shall go: of one event there are few deliveries, of one partner all."""
    return sa.func.coalesce(column, _NONE)


def _of_events(asked: Asked, sight: Sight, wanted: Conditions) -> sa.Select[Any]:
    query = sa.select(events.c.at.label("found_at"), events.c.event).where(*wanted, *_shown(asked, sight))
    return _newest(query, asked, events.c.at, events.c.event)


def _of_deliveries(asked: Asked, sight: Sight, wanted: Conditions) -> sa.Select[Any]:
    """By when it was told. To one subscription an event goes once, to one partner perhaps by several: the first of
    those counts."""
    again = sa.exists().where(
        _earlier.c.event == deliveries.c.event,
        _looked_at(_earlier.c.partner) == deliveries.c.partner,
        _earlier.c.routed_at.is_not(None),
        sa.tuple_(_earlier.c.routed_at, _earlier.c.delivery)
        < sa.tuple_(deliveries.c.routed_at, deliveries.c.delivery),
    )
    query = sa.select(deliveries.c.routed_at.label("found_at"), deliveries.c.event).where(
        *wanted, deliveries.c.routed_at.is_not(None)
    )
    if not asked.subscription:
        query = query.where(~again)
    if asked.type:
        query = query.where(deliveries.c.type == asked.type)
    if sight.types is not None:
        seen = sa.exists().where(events.c.event == deliveries.c.event, *_shown(asked, sight))
        query = query.where(deliveries.c.type.in_(sight.types), seen)
    return _newest(query, asked, deliveries.c.routed_at, deliveries.c.event)


def _shown(asked: Asked, sight: Sight) -> Conditions:
    made: Conditions = []
    if asked.type:
        made.append(events.c.type == asked.type)
    if sight.types is not None:
        made += [events.c.type.in_(sight.types), events.c.topic.not_in((EVENTS_P1, EVENTS_P2))]
    return made


def _newest(query: sa.Select[Any], asked: Asked, at: Any, event: Any) -> sa.Select[Any]:
    if asked.since is not None:
        query = query.where(at >= asked.since)
    if asked.until is not None:
        query = query.where(at < asked.until)
    if asked.before is not None:
        # The first of the two is what an index of one column can begin at.
        query = query.where(at <= asked.before.at)
        query = query.where(sa.tuple_(at, event) < sa.tuple_(asked.before.at, asked.before.event))
    return query.order_by(at.desc(), event.desc()).limit(asked.limit)
