"""The question put to a sink before the first delivery (CloudEvents webhook 1.0.2 §4, abuse protection)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from hub.core.retry import Answer

REQUEST_RATE = 6000
"""Requests per minute that the hub asks for. A receiver that names no rate is held to it."""


class Consent(NamedTuple):
    """The sink agreed to `rate` requests per minute, 0 = as many as you like."""

    rate: int


class Refusal(NamedTuple):
    """The sink did not agree. `answered` is false when nobody was there to ask."""

    reason: str
    answered: bool = True


def question(origin: str) -> dict[str, str]:
    """Headers of the OPTIONS request."""
    return {"WebHook-Request-Origin": origin, "WebHook-Request-Rate": str(REQUEST_RATE)}


def read(answer: Answer, headers: Mapping[str, str], origin: str) -> Consent | Refusal:
    """What the reply means. Only its headers count: a status code is not consent."""
    if not answer.status:
        return Refusal(f"the sink could not be asked for its consent: {answer.failure}", answered=False)
    named = _lower(headers)
    allowed = named.get("webhook-allowed-origin", "")
    if not allowed:
        return Refusal("the sink answered OPTIONS without WebHook-Allowed-Origin")
    if allowed not in ("*", origin):
        return Refusal(f"WebHook-Allowed-Origin of the sink is neither * nor {origin}")
    rate = _rate(named.get("webhook-allowed-rate", str(REQUEST_RATE)))
    return (
        Refusal("WebHook-Allowed-Rate of the sink is neither * nor a whole number above 0")
        if rate is None
        else rate
    )


def _rate(given: str) -> Consent | None:
    if given == "*":
        return Consent(0)
    whole = given.isascii() and given.isdecimal() and int(given) > 0
    return Consent(int(given)) if whole else None


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value.strip() for name, value in headers.items()}
