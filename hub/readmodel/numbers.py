"""What the books say of the numbers of one feed. Blocks: call it in a thread."""

from __future__ import annotations

import sqlalchemy as sa

from hub.core.journal import ENDS
from hub.core.numbers import DELIVERED, Run
from hub.core.topics import JOURNAL
from hub.readmodel.schema import deliveries, positions


class Numbers:
    """Reads only; safe to call from several threads at once."""

    def __init__(self, engine: sa.Engine, journal: str = JOURNAL) -> None:
        self._engine = engine
        self._journal = journal

    def numbers(self, subscription: str, low: int, high: int) -> tuple[dict[int, int], list[Run]]:
        """How far the journal was read (next offset per partition), and the runs between `low` and `high` that were
        delivered, withdrawn, withheld or dead by then, in order."""
        wanted = {"subscription": subscription, "low": low, "high": high}
        with self._engine.connect() as connection:
            # Positions first: rows may be newer than what they are said to be complete up to, never older.
            read = connection.execute(_READ, {"topic": self._journal}).all()
            found = connection.execute(_RUNS, wanted).all()
        return {row.partition: row.next for row in read}, [Run(*row) for row in found]


_READ = sa.select(positions.c.partition, positions.c.next).where(positions.c.topic == sa.bindparam("topic"))

_state = sa.case(
    (deliveries.c.delivered_at.is_not(None), DELIVERED),
    (deliveries.c.outcome.in_(ENDS), deliveries.c.outcome),
)
_ended = (
    sa.select(deliveries.c.number, _state.label("state"))
    .where(
        deliveries.c.subscription == sa.bindparam("subscription"),
        deliveries.c.number.between(sa.bindparam("low"), sa.bindparam("high")),
        sa.or_(deliveries.c.delivered_at.is_not(None), deliveries.c.outcome.in_(ENDS)),
    )
    .subquery()
)
# Numbers that follow one another in one state differ as much from their rank among those of that state.
_rank = sa.func.row_number().over(partition_by=_ended.c.state, order_by=_ended.c.number)
_islands = sa.select(_ended, (_ended.c.number - _rank).label("island")).subquery()
_first = sa.func.min(_islands.c.number)
_RUNS = (
    sa.select(_islands.c.state, _first, sa.func.max(_islands.c.number))
    .group_by(_islands.c.state, _islands.c.island)
    .order_by(_first)
)
