"""What goes over the wire for one attempt: CloudEvents over HTTP and Standard Webhooks at once. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import quote

import orjson

from hub.core import traces
from hub.core.delivery import Delivery
from hub.core.event import Attribute, Event
from hub.core.subscription import Subscription
from hub.core.withdrawal import ranges
from hub.courier import batch
from hub.courier.signing import signatures

STRUCTURED = "application/cloudevents+json; charset=UTF-8"
_PRINTABLE = "!#$&'()*+,/:;<=>?@[]^`{|}\\"
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE = re.compile(r"[\x20-\x7e]*")
_OF_THE_CONNECTION = frozenset(
    (
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)
NOTHING: Mapping[str, str] = MappingProxyType({})


class Request(NamedTuple):
    headers: dict[str, str]
    body: bytes


class Stamp(NamedTuple):
    """What is the same whatever is sent: `origin` of the hub, moment (seconds since 1970), `extra` headers of ours."""

    origin: str
    at: int
    extra: Mapping[str, str] = NOTHING


def build(delivery: Delivery, subscription: Subscription, number: int, stamp: Stamp) -> Request:
    """The request of one attempt at one delivery. `number` is its place in this feed, 0 when it has none.

    Raises BadSecret when the subscription cannot sign.
    """
    if subscription.batching is not None:
        return together([delivery], subscription, [number], stamp)
    binary = subscription.config.get("mode") == "binary"
    body, content = _binary(delivery.event()) if binary else (delivery.body, {"Content-Type": STRUCTURED})
    content |= _sequence([number]) | {traces.ATTRIBUTE: traces.of_delivery(delivery)}
    return _signed(subscription, delivery.id, body, content, stamp)


def together(
    deliveries: Sequence[Delivery], subscription: Subscription, numbers: Sequence[int], stamp: Stamp
) -> Request:
    """The request of one attempt at a batch, in the order given. Raises BadSecret."""
    id = batch.batch_id([one.id for one in deliveries])
    trace = traces.of_delivery(deliveries[0]) if len(deliveries) == 1 else traces.of_batch(id)
    content = {"Content-Type": batch.CONTENT, traces.ATTRIBUTE: trace} | _sequence(numbers)
    return _signed(subscription, id, batch.body(one.body for one in deliveries), content, stamp)


def _sequence(numbers: Sequence[int]) -> dict[str, str]:
    said, _ = ranges([one for one in numbers if one], len(numbers))
    return {"Hub-Sequence": said} if said else {}


def _signed(
    subscription: Subscription, id: str, body: bytes, content: Mapping[str, str], stamp: Stamp
) -> Request:
    ours = {
        **content,
        "webhook-id": id,
        "webhook-timestamp": str(stamp.at),
        "webhook-signature": signatures(subscription.secrets(stamp.at * 1000), id, stamp.at, body),
        "WebHook-Request-Origin": stamp.origin,
        "Hub-Subscription": subscription.id,
        **stamp.extra,
    }
    return Request(_theirs(subscription, ours) | ours, body)


def custom(subscription: Subscription) -> dict[str, str]:
    """The headers the subscriber asked for (`protocolsettings.headers`), without those that cannot be
    sent."""
    given = subscription.protocolsettings.get("headers")
    pairs = given.items() if isinstance(given, Mapping) else ()
    return {name: value for name, value in pairs if _sendable(name, value)}


def escape(value: Attribute) -> str:
    """A context attribute as a header value (CloudEvents HTTP binding §3.1.3.2): space, quote, percent and
    all outside printable ASCII are percent-encoded as UTF-8."""
    text = ("false", "true")[value] if isinstance(value, bool) else str(value)
    return quote(text, safe=_PRINTABLE)


def _binary(event: Event) -> tuple[bytes, dict[str, str]]:
    attributes = dict(event.attributes)
    content_type = str(attributes.pop("datacontenttype", "application/json"))
    headers = {f"ce-{name}": escape(value) for name, value in attributes.items()}
    return orjson.dumps(event.data), headers | {"Content-Type": content_type}


def _theirs(subscription: Subscription, ours: Mapping[str, str]) -> dict[str, str]:
    taken = {name.lower() for name in ours}
    return {name: value for name, value in custom(subscription).items() if name.lower() not in taken}


def _sendable(name: object, value: object) -> bool:
    """Also keeps line breaks out, with which a header could smuggle in others."""
    if not isinstance(name, str) or not isinstance(value, str) or name.lower() in _OF_THE_CONNECTION:
        return False
    return bool(_NAME.fullmatch(name) and _VALUE.fullmatch(value))
