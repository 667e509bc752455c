"""What the alarm looks at. Blocks: call it in a thread."""

from __future__ import annotations

import sqlalchemy as sa

from hub.core.flows import HOUR_MS
from hub.core.watch import Books
from hub.readmodel.flowing import Flowing
from hub.readmodel.letters import Letters
from hub.readmodel.queries import Queries
from hub.readmodel.schema import hourly


class Watching:
    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._queries = Queries(engine)
        self._flowing = Flowing(engine)
        self._letters = Letters(engine)

    def books(self, now: int) -> Books:
        with self._engine.connect() as connection:
            rows = connection.execute(_REFUSED, {"first": now - now % HOUR_MS - HOUR_MS}).all()
        return Books(
            letters=tuple(self._letters.groups(None, "open")),
            deliveries=self._queries.delivery_flows(),
            refused={row.publisher: row.n for row in sorted(rows, key=lambda row: int(row.n))},
            rhythms=self._flowing.rhythms(now),
            signals=self._queries.signals_by_org(),
        )


_REFUSED = sa.select(hourly.c.publisher, hourly.c.n).where(
    hourly.c.what == "refused", hourly.c.hour >= sa.bindparam("first"), hourly.c.publisher != ""
)
