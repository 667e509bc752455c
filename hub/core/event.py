"""A CloudEvent as a value, and what is wrong with one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
import orjson

Attribute = str | int | bool


class Fault(NamedTuple):
    """One thing wrong with what was handed in.

    `pointer` is a JSON pointer (RFC 6901) into the structured form of the event, "" for the whole. `code` is short
    and fixed (it is counted); `detail` tells the sender what to change and never repeats a value that was sent.
    """

    pointer: str
    code: str
    detail: str


class Rejected(NamedTuple):
    """Refused, with every fault found. `status` is the HTTP status that fits: 400, 403, 413 or 415."""

    faults: tuple[Fault, ...]
    status: int = 400


class Event(msgspec.Struct, frozen=True):
    """A CloudEvents 1.0.2 event. `attributes` holds every context attribute but no nulls; `data` is a JSON value."""

    attributes: dict[str, Attribute]
    data: Any = None

    @property
    def id(self) -> str:
        return str(self.attributes["id"])

    @property
    def source(self) -> str:
        return str(self.attributes["source"])

    @property
    def type(self) -> str:
        return str(self.attributes["type"])

    @property
    def subject(self) -> str:
        return str(self.attributes.get("subject", ""))

    def structured(self) -> bytes:
        """The structured JSON form. Same event, same bytes."""
        return orjson.dumps({**self.attributes, "data": self.data})


def from_structured(raw: bytes) -> Event:
    """Reads back what `Event.structured` wrote or the gateway admitted; raises ValueError on anything else.

    Not for what strangers send: that goes through `hub.core.cloudevents`.
    """
    body = orjson.loads(raw)
    if not isinstance(body, dict):
        raise ValueError("a structured event is a JSON object")
    data = body.pop("data", None)
    return Event(body, data)


def with_attributes(event: Event, changes: Mapping[str, Attribute | None]) -> Event:
    """The event with attributes replaced; None takes one away."""
    merged = {k: v for k, v in {**event.attributes, **changes}.items() if v is not None}
    return Event(merged, event.data)


def moment(ms: int) -> str:
    """RFC 3339 in UTC of milliseconds since 1970."""
    stamp = datetime.fromtimestamp(ms / 1000, UTC)
    return stamp.isoformat(timespec="milliseconds").replace("+00:00", "Z")
