"""What the journal keeps of a feed: what a reader was shown, what it acknowledged, and what it never got."""

from __future__ import annotations

from collections.abc import Sequence

from hub.core import journal, persons, traces
from hub.core.catalogue import KINDS
from hub.core.delivery import Delivery
from hub.gateway.context import Gateway
from hub.gateway.feedlog import Page
from hub.gateway.problems import not_stored
from hub.gateway.publisher import NotStored


async def write(
    door: Gateway,
    partner: str,
    subscription: str,
    page: Page,
    kind: type[journal.Shown] | type[journal.Pulled],
    trace: str = "",
) -> None:
    """Says of the deliveries on a page that they were shown or acknowledged, and of those taken back that they ended
    so. `trace` is the traceparent of the request. Returns when that is safe in Kafka; raises Problem 503 otherwise."""
    told = [delivery for number, delivery in page.deliveries if number not in page.withdrawn]
    entries: list[journal.Entry] = [
        _ended(door, partner, subscription, number, delivery)
        for number, delivery in page.deliveries
        if number in page.withdrawn
    ]
    if told:
        marks = tuple(persons.of_delivery(delivery, door.line_key) for delivery in told)
        entries.append(
            kind(
                at=door.now(),
                trace=trace,
                partner=partner,
                subscription=subscription,
                deliveries=tuple(delivery.id for delivery in told),
                persons=marks if any(marks) else (),
                kinds=tuple(_code(delivery) for delivery in told) if any(marks) else (),
            )
        )
    if entries:
        await _publish(door, entries)


async def _publish(door: Gateway, entries: Sequence[journal.Entry]) -> None:
    try:
        await door.publisher.publish([journal.record(entry) for entry in entries])
    except NotStored as error:
        raise not_stored(str(error)) from None


def _code(delivery: Delivery) -> str:
    kind = KINDS.get(delivery.event().type)
    return kind.code if kind else ""


def _ended(
    door: Gateway, partner: str, subscription: str, number: int, delivery: Delivery
) -> journal.Attempted:
    event, at = delivery.event(), door.now()
    return journal.Attempted(
        at=at,
        source=event.source,
        id=event.id,
        type=event.type,
        person=persons.of_delivery(delivery, door.line_key),
        trace=str(event.attributes.get(traces.ATTRIBUTE, "")),
        partner=partner,
        subscription=subscription,
        delivery=delivery.id,
        number=number,
        attempt=0,
        outcome=journal.WITHDRAWN,
        status="",
        took=0,
        waited=max(0, at - delivery.accepted),
    )
