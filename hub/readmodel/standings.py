"""Questions to the read model about what is stuck, last contacts, and who did what. Every method blocks: call it in a
thread."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from hub.core.contact import CONTACTS, Act, Contact, Waiting
from hub.readmodel.queries import oldest_open
from hub.readmodel.schema import acts, contacts, deliveries, subscriptions, tallies


class Standings:
    """Reads only; safe to call from several threads at once."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def waiting(self) -> list[Waiting]:
        """Every subscription for which there ever was anything."""
        with self._engine.connect() as connection:
            return [Waiting(**row._mapping) for row in connection.execute(_WAITING)]

    def contacts(self) -> Mapping[tuple[str, str], Contact]:
        """By partner and subscription; what a partner published stands under no subscription ("")."""
        with self._engine.connect() as connection:
            rows = connection.execute(sa.select(contacts)).all()
        return {
            (row.partner, row.subscription): Contact(*(row._mapping[name] for name in CONTACTS))
            for row in rows
        }

    def acts(self, partner: str | None, before: int, limit: int) -> list[Act]:
        """What was done before that moment (milliseconds since 1970), the newest first: by anybody, or by and for one
        partner."""
        query = sa.select(*(acts.c[name] for name in Act.__struct_fields__)).where(acts.c.at < before)
        if partner is not None:
            own = sa.select(subscriptions.c.id).where(subscriptions.c.partner == partner)
            query = query.where(sa.or_(acts.c.who == partner, acts.c.subscription.in_(own)))
        query = query.order_by(acts.c.at.desc(), acts.c.event, acts.c.key).limit(limit)
        with self._engine.connect() as connection:
            return [Act(**row._mapping) for row in connection.execute(query)]


_WAITING = sa.select(
    tallies.c.subscription,
    tallies.c.partner,
    tallies.c.routed,
    tallies.c.delivered,
    tallies.c.pulled,
    sa.func.coalesce(deliveries.c.routed_at, 0).label("oldest"),
    sa.func.coalesce(deliveries.c.attempts, 0).label("attempts"),
    sa.func.coalesce(deliveries.c.status, "").label("answer"),
).select_from(tallies.outerjoin(deliveries, deliveries.c.delivery == oldest_open(tallies.c.subscription)))
