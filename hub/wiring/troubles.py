"""What the pages of troubles read: what the couriers say of each subscription, beside what the read model counts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from hub.core.contact import Act, Contact, Waiting
from hub.core.known import Known
from hub.core.subscription import LAST_ANSWER, Subscription, inbox, stands
from hub.wiring import clock as clocks
from hub.wiring.shared import Views


class Troubles:
    """All of it, as it is before it is decided who may see what."""

    def __init__(self, engine: Any, views: Views) -> None:
        from hub.readmodel.letters import Letters
        from hub.readmodel.standings import Standings

        self._standings = Standings(engine)
        self._letters = Letters(engine)
        self._known = views.known

    async def read(self) -> Any:
        from hub.monitor.troubles import Reading

        def asked() -> tuple[Any, ...]:
            given = self._standings
            return given.waiting(), given.contacts(), self._letters.groups(None, "open")

        waiting, contacts, letters = await asyncio.to_thread(asked)
        lanes = _lanes(self._known, {one.subscription: one for one in waiting}, contacts)
        published = {id: contact.published for (id, lane), contact in contacts.items() if not lane}
        return Reading(clocks.wall(), lanes, letters, published)

    async def acts(self, partner: str | None, before: int, limit: int) -> Sequence[Act]:
        return await asyncio.to_thread(self._standings.acts, partner, before, limit)


def _lanes(known: Known, waiting: dict[str, Waiting], contacts: dict[tuple[str, str], Contact]) -> list[Any]:
    own = {one.id: one for one in map(inbox, known.directory.partners)}
    own |= {one.id: one for one in known.subscriptions()}
    pushed = {one.partner for one in own.values() if one.sink}
    return [
        _lane(
            one,
            known,
            waiting.get(one.id) or Waiting(subscription=one.id, partner=one.partner),
            contacts.get((one.partner, one.id), Contact()),
            one.partner not in pushed,
        )
        for one in own.values()
    ]


def _lane(one: Subscription, known: Known, waits: Waiting, contact: Contact, fetched: bool) -> Any:
    from hub.monitor.troubles import Lane

    status = known.status(one)
    arrived = waits.delivered if one.sink else waits.pulled
    return Lane(
        subscription=one.id,
        partner=one.partner,
        state=stands(one, status),
        reason=status.reason,
        since=status.at if one.sink else 0,
        next_at=status.next_at,
        open=max(0, waits.routed - arrived),
        oldest=waits.oldest,
        attempts=waits.attempts,
        answer=status.reason.partition(LAST_ANSWER)[2] or waits.answer,
        contact=contact,
        fetched=fetched,
    )
