"""W3C Trace Context, derived and never drawn: what is done again after a crash has the same ids, and so has a retry.

An event that came without a trace has one of its own, which follows from its identity.
"""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

from hub.core.delivery import Delivery
from hub.core.event import Attribute, Event
from hub.core.identity import identity

ATTRIBUTE = "traceparent"
FORM = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
STATE = re.compile(
    r"[a-z0-9_*/@-]{1,64}=[A-Za-z0-9._~:/+-]{1,64}(,[a-z0-9_*/@-]{1,64}=[A-Za-z0-9._~:/+-]{1,64}){0,7}"
)
"""A tracestate as far as it is carried on: members of codes, no room for a sentence."""


class Trace(NamedTuple):
    """`id` is 32 hex characters; `parent` the span of the caller (16), "" where the trace begins here."""

    id: str
    parent: str = ""


def given(header: str | None) -> str:
    """A traceparent as it was given; "" when there is none, or none that is valid: then the trace begins here."""
    return header if header and FORM.fullmatch(header) else ""


def id_in(traceparent: str) -> str:
    """The id of the trace that something came with; "" when it came with none."""
    return traceparent[3:35] if FORM.fullmatch(traceparent) else ""


def of(traceparent: str, source: str, id: str) -> Trace:
    """The trace of an event. `traceparent` is what it came with, "" for nothing."""
    if FORM.fullmatch(traceparent):
        return Trace(traceparent[3:35], traceparent[36:52])
    return Trace(identity(source, id))


def traced(event: Event, traceparent: str) -> Event:
    """The event with the trace of the request that brought it, unless it has one of its own: the attribute tells of
    where an event began (CloudEvents, distributed tracing extension)."""
    if not traceparent or ATTRIBUTE in event.attributes:
        return event
    attributes: dict[str, Attribute] = {**event.attributes, ATTRIBUTE: traceparent}
    return Event(attributes, event.data)


def span(*what: str) -> str:
    """16 hex characters for one thing that is done."""
    return hashlib.blake2b("\x1f".join(what).encode(), digest_size=8).hexdigest()


def of_delivery(delivery: Delivery) -> str:
    """The traceparent with which a delivery is sent: however often, it is one step of the trace of its event."""
    attributes = delivery.event().attributes
    traceparent = str(attributes.get(ATTRIBUTE, ""))
    trace = of(traceparent, str(attributes["source"]), str(attributes["id"]))
    return f"00-{trace.id}-{span(delivery.id)}-01"


def of_batch(id: str) -> str:
    """The traceparent of a request with several deliveries: a trace of its own, for theirs may differ."""
    return f"00-{hashlib.blake2b(id.encode(), digest_size=16).hexdigest()}-{span(id)}-01"
