"""Questions to the read model about dead letters. Every method blocks: call it in a thread."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from hub.core.letters import Group, Letter
from hub.readmodel.schema import dead_letters as letters
from hub.readmodel.schema import events


class Letters:
    """The reading side of `dead_letters`."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def groups(self, partner: str | None, state: str) -> list[Group]:
        """Letters of one partner, or of all, counted per subscription and cause; the largest group first."""
        by = (letters.c.partner, letters.c.subscription, letters.c.cause)
        count = sa.func.count().label("count")
        query = sa.select(*by, count, sa.func.min(letters.c.at), sa.func.max(letters.c.at)).where(
            letters.c.state == state
        )
        if partner is not None:
            query = query.where(letters.c.partner == partner)
        query = query.group_by(*by).order_by(count.desc(), *by)
        with self._engine.connect() as connection:
            return [Group(*row) for row in connection.execute(query)]

    def page(self, subscription: str, cause: str, state: str, after: int, limit: int) -> list[Letter]:
        """The letters of one group with a number above `after`, in order."""
        query = (
            _LETTERS.where(*_group(subscription, cause, state), letters.c.number > after)
            .order_by(letters.c.number)
            .limit(limit)
        )
        with self._engine.connect() as connection:
            return [Letter(**row._mapping) for row in connection.execute(query)]

    def open_numbers(self, subscription: str, cause: str) -> list[int]:
        """Numbers of the open letters of a subscription, in order; "" is any cause."""
        query = sa.select(letters.c.number).where(*_group(subscription, cause, "open"))
        with self._engine.connect() as connection:
            return list(connection.scalars(query.order_by(letters.c.number)))


_OF_EVENT = ("source", "id")
_LETTERS = sa.select(
    *(letters.c[name] for name in Letter.__struct_fields__ if name not in _OF_EVENT),
    *(sa.func.coalesce(events.c[name], "").label(name) for name in _OF_EVENT),
).select_from(letters.outerjoin(events, events.c.event == letters.c.event))


def _group(subscription: str, cause: str, state: str) -> Iterator[sa.ColumnElement[bool]]:
    yield letters.c.subscription == subscription
    yield letters.c.state == state
    if cause:
        yield letters.c.cause == cause
