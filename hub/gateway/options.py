"""What a partner may write in `config` of a subscription. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_args

from hub.core.codes import Basis
from hub.core.event import Fault
from hub.core.purposes import FLOWS
from hub.core.retry import DAY

MODES = ("structured", "binary")
SIGNATURES = ("hmac", "ed25519")
MOST_ATTEMPTS = 20
LEAST_WAIT = 1.0
MOST_WAIT = 7 * DAY
MOST_RATE = 60_000
LEAST_HEARTBEAT = 10
MOST_HEARTBEAT = 7 * DAY
MOST_BATCH = 100
MOST_COLLECTING = 60
AT = "/config"

SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "purpose": {
            "description": "What it is for; with basis. Left out: the legal task of the partner",
            "type": "array",
            "items": {"enum": list(FLOWS)},
            "minItems": 1,
        },
        "basis": {
            "description": "Legal basis of its purposes, one that the role of the partner may claim",
            "enum": list(get_args(Basis)),
        },
        "mode": {"enum": list(MODES), "default": MODES[0]},
        "signature": {
            "description": "hmac: a secret you share with the hub. ed25519: a key of the hub, you have its public half",
            "enum": list(SIGNATURES),
            "default": SIGNATURES[0],
        },
        "retry": {
            "description": "Seconds before attempt 1, 2, 3, ...; after the last a refused event is a dead letter",
            "type": "array",
            "items": {"type": "number", "minimum": 0, "maximum": MOST_WAIT},
            "minItems": 2,
            "maxItems": MOST_ATTEMPTS,
        },
        "rate": {
            "description": "Requests per minute at most",
            "type": "integer",
            "minimum": 1,
            "maximum": MOST_RATE,
        },
        "heartbeat": {
            "description": "Seconds of quiet after which the hub tells its last number; 0 = never",
            "type": "number",
            "minimum": 0,
            "maximum": MOST_HEARTBEAT,
        },
        "batch": {
            "description": "Events in one request (application/cloudevents-batch+json), collected for some seconds",
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "size": {"type": "integer", "minimum": 1, "maximum": MOST_BATCH, "default": MOST_BATCH},
                "seconds": {"type": "number", "minimum": 0, "maximum": MOST_COLLECTING, "default": 0},
            },
        },
    },
}
"""For the OpenAPI document; `check` says more."""


def check(config: object) -> Iterator[Fault]:
    """Everything wrong with `config`, each at its place; `hub.core.purposes` says it of purpose and basis."""
    if not isinstance(config, dict) or set(config) - _OPTIONS.keys():
        yield Fault(AT, "config", f"may hold {', '.join(_OPTIONS)}")
        return
    for name, given in config.items():
        yield from _OPTIONS[name](given)
    if config.get("mode") == "binary" and "batch" in config:
        yield _fault("/mode", "must be structured when events come in batches")


def _mode(given: object) -> Iterator[Fault]:
    if given not in MODES:
        yield _fault("/mode", f"must be {' or '.join(MODES)}")


def _signature(given: object) -> Iterator[Fault]:
    if given not in SIGNATURES:
        yield _fault("/signature", f"must be {' or '.join(SIGNATURES)}")


def _retry(given: object) -> Iterator[Fault]:
    if not isinstance(given, list) or not 2 <= len(given) <= MOST_ATTEMPTS:
        yield _fault(
            "/retry", f"must be an array of the seconds before attempt 1, 2, ... ({MOST_ATTEMPTS} at most)"
        )
        return
    for place, seconds in enumerate(given):
        least = LEAST_WAIT if place else 0
        if not _number(seconds, least, MOST_WAIT):
            yield _fault(f"/retry/{place}", f"must be {least:g} to {MOST_WAIT:g} seconds")


def _rate(given: object) -> Iterator[Fault]:
    if not _whole(given, 1, MOST_RATE):
        yield _fault("/rate", f"must be a whole number of requests per minute, 1 to {MOST_RATE}")


def _heartbeat(given: object) -> Iterator[Fault]:
    if given is False or (given != 0 and not _number(given, LEAST_HEARTBEAT, MOST_HEARTBEAT)):
        yield _fault("/heartbeat", f"must be 0 (none) or {LEAST_HEARTBEAT} to {MOST_HEARTBEAT:g} seconds")


def _batch(given: object) -> Iterator[Fault]:
    if not isinstance(given, dict) or set(given) - {"size", "seconds"}:
        yield _fault("/batch", "may hold size and seconds only")
        return
    if not _whole(given.get("size", MOST_BATCH), 1, MOST_BATCH):
        yield _fault("/batch/size", f"must be a whole number of events, 1 to {MOST_BATCH}")
    if not _number(given.get("seconds", 0), 0, MOST_COLLECTING):
        yield _fault("/batch/seconds", f"must be 0 to {MOST_COLLECTING} seconds")


def _elsewhere(given: object) -> Iterator[Fault]:
    yield from ()


_OPTIONS: Mapping[str, Callable[[Any], Iterator[Fault]]] = {
    "purpose": _elsewhere,
    "basis": _elsewhere,
    "mode": _mode,
    "signature": _signature,
    "retry": _retry,
    "rate": _rate,
    "heartbeat": _heartbeat,
    "batch": _batch,
}


def _fault(below: str, detail: str) -> Fault:
    return Fault(AT + below, "config", detail)


def _whole(given: object, least: int, most: int) -> bool:
    return isinstance(given, int) and _number(given, least, most)


def _number(given: object, least: float, most: float) -> bool:
    """NaN and infinity are no numbers here; neither is true."""
    return isinstance(given, int | float) and not isinstance(given, bool) and least <= given <= most
