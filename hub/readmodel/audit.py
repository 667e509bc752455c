"""What the journal says about one learner, who is known there by a hash alone. Blocks: call it in a thread."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from hub.core.access import Look, Telling
from hub.core.journal import Read
from hub.readmodel.schema import deliveries, entries, events


class Audit:
    """Reads only; safe to call from several threads at once."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def told(self, marks: Sequence[str]) -> list[Telling]:
        query = _TOLD.where(events.c.about.in_(marks)).order_by(deliveries.c.routed_at, deliveries.c.delivery)
        with self._engine.connect() as connection:
            rows = connection.execute(query).mappings().all()
        return [
            Telling(**{**row, "removed": row["removed"].split("\n") if row["removed"] else []})
            for row in rows
        ]

    def looks(self, lines: Sequence[str]) -> list[Look]:
        with self._engine.connect() as connection:
            bodies = connection.execute(_READS).all()
        found = (_read(body, at) for at, body in bodies)
        return sorted((look for line, look in found if line in lines), key=lambda look: look.at)


_TOLD = sa.select(
    events.c.type,
    events.c.source,
    events.c.id,
    deliveries.c.partner,
    deliveries.c.column,
    deliveries.c.subscription,
    deliveries.c.removed,
    deliveries.c.routed_at,
    deliveries.c.outcome,
    deliveries.c.delivered_at,
    deliveries.c.pulled_at,
).join(deliveries, deliveries.c.event == events.c.event)

# A range of the key: look-ups are about no event, and their names begin with their kind.
_READS = sa.select(entries.c.at, entries.c.body).where(
    entries.c.event == "", entries.c.key >= "read/", entries.c.key < "read0"
)
_decode = msgspec.json.Decoder(Read).decode


def _read(body: str, at: int) -> tuple[str, Look]:
    entry = _decode(body)
    return entry.line, Look(at, entry.partner, entry.purpose)
