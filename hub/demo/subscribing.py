"""Which partners have a webhook and what they subscribe to; puts that into the hub over its HTTP interface."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import httpx

from connectors.http.mapping import PREFIX
from hub.core.subscription import GRANTED, INBOX, Subscription
from hub.demo import cast
from hub.demo.folder import Folder
from hub.demo.partners import Systems, Webhook
from hub.errors import OperatorError

DOWN = "oostvaarders-college"
"""Its system refuses connections for a time."""
SLOW = "jgz-almere"
SLOW_SECONDS = 1.5

WEBHOOKS = (
    cast.GEMEENTE, "leerplicht-almere", "doorstroompunt-flevoland", cast.TAALCENTRUM, cast.SWV, "asg", "prisma",
    "sko-flevoland", "baken-almere", "asg-school-a", cast.ONTDEKKING, "prisma-school-a", "de-delta", "echnaton",
    DOWN, "de-meergronden", "baken-stad-college", cast.ROC, cast.WINDESHEIM, cast.OPVANG, SLOW,
)  # fmt: skip
"""Their inbox is delivered by webhook; everybody else reads it as a feed."""

VALIDATED_SECONDS = 15.0


class Wish(NamedTuple):
    """A subscription that a partner wants. `path` names its webhook; an inbox exists by itself, others are made."""

    partner: str
    path: str
    inbox: bool
    fields: Mapping[str, Any] = {}


EXTRA = (
    Wish(cast.TAALCENTRUM, "taalcentrum-groepen", False, {
        "filters": [{"prefix": {"type": f"{PREFIX}arrival-group."}}], "config": {"mode": "binary"},
    }),
    Wish(cast.ROC, "roc-certificaten", False, {
        "types": [f"{PREFIX}certificate.recognised.v1", f"{PREFIX}onboard.enrolled.v1"],
        "filters": [{"not": {"exact": {"privacyclass": "P2"}}}],
    }),
)  # fmt: skip
"""Next to their inbox: with filters, and one in binary mode."""

WISHES = (*(Wish(partner, partner, True) for partner in WEBHOOKS), *EXTRA)


class NotSubscribed(OperatorError):
    """The hub did not take a subscription of the demo."""


async def subscribe(
    http: httpx.AsyncClient, url: str, folder: Folder, systems: Systems, wishes: Iterable[Wish] = WISHES
) -> list[Subscription]:
    """Every wish as a subscription, made or found again, its webhook ready to verify what comes."""
    known = folder.known()

    async def one(wish: Wish) -> Subscription:
        hub = _Hub(http, url, folder.token(wish.partner))
        sink = systems.url(wish.path, fragile=wish.partner == DOWN)
        id, secret = await _one(hub, wish, sink, known.get(wish.path))
        known[wish.path] = [id, secret]
        folder.remember(known)
        delay = SLOW_SECONDS if wish.partner == SLOW else 0.0
        systems.add(wish.path, Webhook(wish.partner, id, secret, delay))
        return _as_policy(wish, id, sink, secret)

    return await asyncio.gather(*map(one, wishes))


async def validated(http: httpx.AsyncClient, url: str, folder: Folder, given: Iterable[Subscription]) -> bool:
    """Waits until the hub has the consent of every webhook; False when some did not get that far in time."""

    async def agreed(one: Subscription) -> None:
        hub = _Hub(http, url, folder.token(one.partner))
        while (await hub.call("GET", f"/{one.id}"))["status"]["state"] not in GRANTED:
            await asyncio.sleep(0.2)

    try:
        async with asyncio.timeout(VALIDATED_SECONDS):
            await asyncio.gather(*map(agreed, given))
    except TimeoutError:
        return False
    return True


class _Hub:
    """The subscriptions of one partner."""

    def __init__(self, http: httpx.AsyncClient, url: str, token: str) -> None:
        self._http = http
        self._url = f"{url}/v1/subscriptions"
        self._headers = {"Authorization": f"Bearer {token}"}

    async def call(self, method: str, path: str = "", body: Mapping[str, Any] | None = None) -> Any:
        response = await self._http.request(method, self._url + path, json=body, headers=self._headers)
        if response.status_code == 404:
            return None
        if response.is_error:
            raise NotSubscribed(f"the hub answered {response.status_code} to {method} of a subscription")
        return response.json()


async def _one(hub: _Hub, wish: Wish, sink: str, known: list[str] | None) -> tuple[str, str]:
    """Id and secret."""
    body = {"protocol": "HTTP", "sink": sink, **wish.fields}
    if wish.inbox:
        return await _inbox(hub, wish, body, known)
    if known and (found := await hub.call("GET", f"/{known[0]}")):
        if found.get("sink") != sink:
            await hub.call("PUT", f"/{known[0]}", body)
        return known[0], known[1]
    made = await hub.call("POST", "", body)
    return made["id"], made["secret"]


async def _inbox(hub: _Hub, wish: Wish, body: Mapping[str, Any], known: list[str] | None) -> tuple[str, str]:
    id = INBOX + wish.partner
    found = await hub.call("GET", f"/{id}") or {}
    shown = {} if known and found.get("sink") == body["sink"] else await hub.call("PUT", f"/{id}", body)
    secret = shown.get("secret") or (known[1] if known else "")
    if not secret:
        raise NotSubscribed(
            f"the webhook secret of {wish.partner} was lost with the demo's own files: remove the data folder"
        )
    return id, secret


def _as_policy(wish: Wish, id: str, sink: str, secret: str) -> Subscription:
    """What the policy must make of it, for the check."""
    return Subscription(
        id=id,
        partner=wish.partner,
        sink=sink,
        types=tuple(wish.fields.get("types", ())),
        filters=tuple(wish.fields.get("filters", ())),
        config=dict(wish.fields.get("config", {})),
        secret=secret,
    )
