"""One delivery under way, and what is said of it in the journal."""

from __future__ import annotations

from dataclasses import dataclass

from hub.core import persons
from hub.core.delivery import Delivery, from_record
from hub.core.event import Event
from hub.core.journal import Attempted
from hub.core.records import Record
from hub.core.subscription import Subscription
from hub.core.traces import ATTRIBUTE
from hub.courier.crew import Crew
from hub.courier.sender import Reply


@dataclass(slots=True, eq=False)
class Item:
    """`attempt` counts how often this courier sent it; `first` is when it did so first (steady seconds)."""

    record: Record
    delivery: Delivery
    event: Event
    attempt: int = 0
    first: float = 0.0

    @property
    def number(self) -> int:
        return self.record.offset + 1

    def sent(self, now: float) -> None:
        self.first = self.first if self.attempt else now
        self.attempt += 1

    def entry(self, of: Subscription, crew: Crew, outcome: str, reply: Reply, said: str = "") -> Attempted:
        now = crew.now()
        return Attempted(
            at=now,
            source=self.event.source,
            id=self.event.id,
            type=self.event.type,
            person=persons.of_delivery(self.delivery, crew.secret),
            trace=str(self.event.attributes.get(ATTRIBUTE, "")),
            partner=of.partner,
            subscription=of.id,
            delivery=self.delivery.id,
            number=self.number,
            attempt=self.attempt,
            outcome=outcome,
            status=reply.answer.label,
            took=round(reply.took * 1000),
            waited=max(0, now - self.delivery.accepted),
            said=said,
        )


def read(record: Record) -> Item:
    """Raises KeyError or ValueError when the record is not a delivery of a CloudEvent."""
    delivery = from_record(record.key, record.value or b"", record.headers)
    event = delivery.event()
    if missing := {"source", "id", "type"} - event.attributes.keys():
        raise KeyError(*missing)
    return Item(record, delivery, event)
