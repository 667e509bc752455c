"""What stands in an outbox: one event as one subscription may see it, ready to send."""

from __future__ import annotations

from typing import NamedTuple

from hub.core.event import Event, from_structured
from hub.core.journal import identity
from hub.core.records import Headers, Out
from hub.core.topics import outbox


class Delivery(NamedTuple):
    """One record of an outbox. `id` is the webhook-id: the same over retries, restarts and replays. `accepted` is
    the Kafka timestamp (milliseconds) of the event that led to it; `subject` orders (same subject, same order)."""

    id: str
    subject: str
    accepted: int
    body: bytes

    def event(self) -> Event:
        return from_structured(self.body)


def delivery_id(source: str, id: str, subscription: str) -> str:
    """Derived, never drawn: deciding again after a crash gives the same id. Holds no dot (Standard Webhooks)."""
    return f"{identity(source, id)}-{subscription}"


def to_record(subscription: str, delivery: Delivery) -> Out:
    headers: Headers = (
        ("delivery", delivery.id.encode()),
        ("accepted", str(delivery.accepted).encode()),
    )
    return Out(outbox(subscription), delivery.subject.encode(), delivery.body, headers)


def from_record(key: bytes | None, value: bytes, headers: Headers) -> Delivery:
    """Reads what `to_record` wrote; raises KeyError or ValueError on anything else."""
    given = dict(headers)
    return Delivery(
        id=given["delivery"].decode(),
        subject=(key or b"").decode(),
        accepted=int(given["accepted"]),
        body=value,
    )
