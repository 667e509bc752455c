"""Which parts of a subscription are secret, and how a sealed text is told apart. Pure: the keys are elsewhere.

Sealed is what stands in Kafka and in memory; the courier opens it for the one request that needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from hub.core.subscription import Subscription

SEALED = "sealed:"
"""How a sealed text begins. Nothing that a partner gives may begin so."""

SECRET_SETTINGS = {"authorization": ("clientsecret", "privatekey"), "tls": ("privatekey",)}
"""Of `protocolsettings`; so are the values of `headers`."""

Change = Callable[[str, str], str]


class Unsealable(ValueError):
    """A secret was sealed with a key that is not there, or for another place; the message shows nothing of it."""


def changed(given: Subscription, change: Change) -> Subscription:
    """With every secret replaced by what `change` makes of its place and text. A place names the subscription too:
    what was sealed for one opens in no other."""

    def at(place: str, text: str) -> str:
        return change(f"{given.id}/{place}", text) if text else ""

    return msgspec.structs.replace(
        given,
        secret=at("secret", given.secret),
        retiring=tuple(
            msgspec.structs.replace(one, secret=at("secret", one.secret)) for one in given.retiring
        ),
        protocolsettings=_settings(given.protocolsettings, at),
    )


def _settings(given: Mapping[str, Any], at: Change) -> dict[str, Any]:
    settings = dict(given)
    if headers := given.get("headers"):
        settings["headers"] = {
            name: at(f"headers/{name.lower()}", value) if isinstance(value, str) else value
            for name, value in headers.items()
        }
    for part, names in SECRET_SETTINGS.items():
        if part in given:
            secret = {name: at(f"{part}/{name}", given[part][name]) for name in names if name in given[part]}
            settings[part] = {**given[part], **secret}
    return settings
