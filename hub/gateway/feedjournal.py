"""What the journal keeps of a feed: what a reader was shown, what it acknowledged, and what it never got."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hub.core import journal, persons, recheck, traces
from hub.core.catalogue import KINDS
from hub.core.delivery import Delivery
from hub.core.subscription import Subscription
from hub.gateway.context import Gateway
from hub.gateway.feedlog import Page
from hub.gateway.problems import not_stored
from hub.gateway.publisher import NotStored

Ends = Mapping[int, tuple[str, str]]
"""By number, deliveries of which the reader gets nothing (any more): how they end, and why."""


def ends(door: Gateway, own: Subscription, page: Page) -> Ends:
    """Of a page, what was taken back, and what its reader lost the right to."""
    directory, off = door.known.directory, door.rules.off()
    found: dict[int, tuple[str, str]] = {}
    for number, delivery in page.deliveries:
        if number in page.withdrawn:
            found[number] = (journal.WITHDRAWN, "")
            continue
        type = str(delivery.event().attributes.get("type", ""))
        if why := recheck.refused(directory, off, own, type, delivery):
            found[number] = (journal.WITHHELD, why)
    return found


async def write(
    door: Gateway,
    own: Subscription,
    page: Page,
    ended: Ends,
    kind: type[journal.Shown] | type[journal.Pulled],
    trace: str = "",
) -> None:
    """Says of the deliveries on a page that they were shown or acknowledged, and of the others how they ended. `trace`
    is the traceparent of the request. Returns when that is safe in Kafka; raises Problem 503 otherwise."""
    told = [delivery for number, delivery in page.deliveries if number not in ended]
    entries: list[journal.Entry] = [
        _ended(door, own, number, delivery, *ended[number])
        for number, delivery in page.deliveries
        if number in ended
    ]
    if told:
        marks = tuple(persons.of_delivery(delivery, door.line_key) for delivery in told)
        entries.append(
            kind(
                at=door.now(),
                trace=trace,
                partner=own.partner,
                subscription=own.id,
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
    kind = KINDS.get(str(delivery.event().attributes.get("type", "")))
    return kind.code if kind else ""


def _ended(
    door: Gateway, own: Subscription, number: int, delivery: Delivery, outcome: str, why: str
) -> journal.Attempted:
    event, at = delivery.event(), door.now()
    return journal.Attempted(
        at=at,
        source=event.source,
        id=event.id,
        type=event.type,
        person=persons.of_delivery(delivery, door.line_key),
        trace=str(event.attributes.get(traces.ATTRIBUTE, "")),
        partner=own.partner,
        subscription=own.id,
        delivery=delivery.id,
        number=number,
        attempt=0,
        outcome=outcome,
        status=why,
        took=0,
        waited=max(0, at - delivery.accepted),
    )
