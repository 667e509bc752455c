"""Several deliveries in one request: how it is made, and which of them the reply refuses. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from hub.core.cloudevents import BATCH
from hub.core.dead_letters import clean
from hub.courier.item import Item

CONTENT = f"{BATCH}; charset=UTF-8"
MOST_BYTES = 1024 * 1024
"""Of one batch; a single larger event still goes, by itself."""


class Unreadable(ValueError):
    """The reply claims to be JSON and is not: whether it refuses anything cannot be known."""


def batch_id(ids: Sequence[str]) -> str:
    """The webhook-id: of one delivery its own, of several derived, so that the same batch has the same again."""
    if len(ids) == 1:
        return ids[0]
    return "batch-" + hashlib.blake2b("\n".join(ids).encode(), digest_size=16).hexdigest()


def body(bodies: Iterable[bytes]) -> bytes:
    """A JSON array of the events, each byte for byte as it would go by itself."""
    return b"[" + b",".join(bodies) + b"]"


def refused(kind: str, reply: bytes, items: Sequence[Item]) -> dict[int, str]:
    """Numbers of `items` that a 2xx reply with Content-Type `kind` refuses, with the reason it gives, cleaned: those
    that `{"refused": [{"id": ..., "reason": ...}]}` names by event id or delivery id, or by `number`.

    Raises Unreadable.
    """
    if "json" not in kind.lower() or not reply.strip():
        return {}
    try:
        given = orjson.loads(reply)
    except orjson.JSONDecodeError:
        raise Unreadable from None
    named = given.get("refused") if isinstance(given, dict) else None
    if not isinstance(named, list | None):
        raise Unreadable
    reasons: dict[str | int, str] = {}
    for one in named or ():
        if isinstance(one, Mapping):
            named_by = (one.get("id"), one.get("number"))
            reasons |= {name: _reason(one) for name in named_by if isinstance(name, str | int)}
    names = {item.number: next((name for name in _names(item) if name in reasons), None) for item in items}
    return {number: reasons[name] for number, name in names.items() if name is not None}


def _names(item: Item) -> tuple[str | int, ...]:
    return item.delivery.id, item.event.id, item.number


def _reason(one: Mapping[str, Any]) -> str:
    reason = one.get("reason")
    return clean(reason) if isinstance(reason, str) else ""
