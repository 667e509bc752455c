"""What stands in an outbox: one event as one subscription may see it, ready to send."""

from __future__ import annotations

from typing import NamedTuple

from hub.core.event import Event, from_structured
from hub.core.identity import identity
from hub.core.records import Headers, Out
from hub.core.topics import outbox

ABOUT = "about"
WITHDRAWS = "withdraws"
COLUMN = "column"


class Delivery(NamedTuple):
    """One record of an outbox. `id` is the webhook-id: the same over retries, restarts and replays. `accepted` is
    the Kafka timestamp (milliseconds) of the event that led to it; `subject` orders (same subject, same order).
    `about` are marks of what it is about, `withdraws` marks of what it takes back from this receiver
    (`hub.core.withdrawal`); `column` is the one of the routing matrix that it was given by. None of them is ever sent.
    """

    id: str
    subject: str
    accepted: int
    body: bytes
    about: tuple[str, ...] = ()
    withdraws: tuple[str, ...] = ()
    column: str = ""

    def event(self) -> Event:
        return from_structured(self.body)

    def headers(self) -> Headers:
        made = [("delivery", self.id.encode()), ("accepted", str(self.accepted).encode())]
        if self.about:
            made.append((ABOUT, ",".join(self.about).encode()))
        if self.withdraws:
            made.append((WITHDRAWS, ",".join(self.withdraws).encode()))
        if self.column:
            made.append((COLUMN, self.column.encode()))
        return tuple(made)


def delivery_id(source: str, id: str, subscription: str) -> str:
    """Derived, never drawn: deciding again after a crash gives the same id. Holds no dot (Standard Webhooks)."""
    return f"{identity(source, id)}-{subscription}"


def to_record(subscription: str, delivery: Delivery) -> Out:
    return Out(outbox(subscription), delivery.subject.encode(), delivery.body, delivery.headers())


def from_record(key: bytes | None, value: bytes, headers: Headers) -> Delivery:
    """Reads what `to_record` wrote; raises KeyError or ValueError on anything else."""
    given = dict(headers)
    return Delivery(
        id=given["delivery"].decode(),
        subject=(key or b"").decode(),
        accepted=int(given["accepted"]),
        body=value,
        about=marks(given.get(ABOUT, b"")),
        withdraws=marks(given.get(WITHDRAWS, b"")),
        column=given.get(COLUMN, b"").decode(),
    )


def marks(header: bytes) -> tuple[str, ...]:
    return tuple(header.decode().split(",")) if header else ()
