"""What goes over the wire for one attempt: CloudEvents over HTTP and Standard Webhooks at once. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote

import orjson

from hub.core.delivery import Delivery
from hub.core.event import Attribute, Event
from hub.core.subscription import Subscription
from hub.courier.signing import sign

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


class Request(NamedTuple):
    headers: dict[str, str]
    body: bytes


def build(
    delivery: Delivery, subscription: Subscription, number: int, origin: str, now: int, withdrawn: str = ""
) -> Request:
    """The request of one attempt at `now` (seconds since 1970). `number` is the place of the record in this
    feed, `withdrawn` names places (`5,7-9`) of records that will not be sent.

    Raises BadSecret when the subscription cannot sign.
    """
    binary = subscription.config.get("mode") == "binary"
    body, content = _binary(delivery.event()) if binary else (delivery.body, {"Content-Type": STRUCTURED})
    ours = content | {
        "webhook-id": delivery.id,
        "webhook-timestamp": str(now),
        "webhook-signature": sign(subscription.secret, delivery.id, now, body),
        "WebHook-Request-Origin": origin,
        "Hub-Sequence": str(number),
        "Hub-Subscription": subscription.id,
    }
    if withdrawn:
        ours["Hub-Withdrawn"] = withdrawn
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
