"""The keys that sign the webhooks of a subscription: made, followed up, and their public halves told."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from hub.core import journal
from hub.core.event import Fault
from hub.core.partners import Partner
from hub.core.records import Out
from hub.core.subscription import Subscription, dump
from hub.core.topics import SUBSCRIPTIONS
from hub.gateway import openapi_keys, subscription_form
from hub.gateway.auth import Caller, Door
from hub.gateway.bodies import answer, read_json, store
from hub.gateway.context import Gateway
from hub.gateway.problems import Problem, not_found
from hub.telemetry import log

router = APIRouter(tags=["subscriptions"])

HOUR_MS = 3_600_000
OVERLAP_HOURS = 24
MOST_HOURS = 168
MOST_RETIRING = 4
"""Keys that may sign beside the newest; each makes a header longer."""
LOOK_SECONDS = 60.0


class Key(NamedTuple):
    """`secret` signs. `public` (`whpk_...`) is its public half, empty for one that is shared with the partner."""

    secret: str
    public: str = ""

    @property
    def told(self) -> dict[str, str]:
        """What of it the partner is shown, this once."""
        return {} if self.public else {"secret": self.secret}


def draw(signature: str) -> Key:
    """A new key, `hmac` or `ed25519`."""
    if signature == "hmac":
        return Key(f"whsec_{_text(secrets.token_bytes(32))}")
    private = Ed25519PrivateKey.generate()
    public = _text(private.public_key().public_bytes_raw())
    return Key(f"whsk_{_text(private.private_bytes_raw())}", f"whpk_{public}")


def has_right_key(given: Subscription) -> bool:
    """Whether it signs in the way it asks for."""
    return bool(given.secret) and bool(given.public) == (given.signature == "ed25519")


@router.get("/v1/subscriptions/{id}/keys", **openapi_keys.KEYS)
async def get_keys(id: str, caller: Caller, door: Door) -> Response:
    """The public keys that sign your webhooks now, newest first, as a JWK set (RFC 7517, RFC 8037); empty when you
    share a secret with the hub. `webhook` is the same key as `whpk_...` of Standard Webhooks."""
    own = _own(id, caller, door)
    public = [own.public, *(one.public for one in own.without_retired(door.now()).retiring)]
    return answer(200, {"keys": [_jwk(one) for one in public if one]})


@router.post("/v1/subscriptions/{id}/_rotate", **openapi_keys.ROTATE)
async def rotate_key(id: str, request: Request, caller: Caller, door: Door) -> Response:
    """Sign with a new key. The answer shows its secret once, or its public half.

    For `overlap` hours (24 when you do not say, 168 at most) every delivery is signed with both, newest first; 0: the
    keys before it end at once.
    """
    hours = _overlap(await read_json(request) if await request.body() else {})
    async with door.changing(id):
        own, now = _own(id, caller, door), door.now()
        if len(own.without_retired(now).retiring) >= MOST_RETIRING and hours:
            raise Problem(
                409, "rotating", f"{MOST_RETIRING} older keys sign still; wait, or end them by overlap 0"
            )
        key, until = draw(own.signature), now + int(hours * HOUR_MS)
        changed = door.seal(own.rekeyed(*key, now, until))
        entry = journal.Rekeyed(at=now, subscription=id, by=caller.id, signature=own.signature, until=until)
        await store(door, Out(SUBSCRIPTIONS, id.encode(), dump(changed)), journal.record(entry))
    log.event("subscription.rekeyed", subscription=id, by=caller.id)
    shown = subscription_form.show(changed, door.known.status(changed), door.url)
    return answer(200, shown | key.told)


class Retirement:
    """Takes keys that have had their time out of what is stored. A service of the app."""

    def __init__(self, door: Gateway) -> None:
        self._door = door
        self._working: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._working = asyncio.create_task(self._work(), name="retirement of keys")

    async def stop(self) -> None:
        if self._working is not None:
            self._working.cancel()
            await asyncio.gather(self._working, return_exceptions=True)

    async def look(self) -> None:
        for one in self._door.known.subscriptions():
            if one.without_retired(self._door.now()) is not one:
                await self._retire(one.id)

    async def _retire(self, id: str) -> None:
        async with self._door.changing(id):
            known = next((one for one in self._door.known.subscriptions() if one.id == id), None)
            if known is not None:
                left = self._door.seal(known.without_retired(self._door.now()))
                await store(self._door, Out(SUBSCRIPTIONS, id.encode(), dump(left)))
                log.event("subscription.key_retired", subscription=id)

    async def _work(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.look()
            except Problem as problem:  # Kafka is away; the next look does it
                log.event("subscription.key_kept", "warning", reason=problem.code)


def _own(id: str, caller: Partner, door: Gateway) -> Subscription:
    found = door.known.find(caller, id)
    if found is None or not found.secret:
        raise not_found("subscription with a key")
    return found


def _overlap(given: Any) -> float:
    if not isinstance(given, dict) or set(given) - {"overlap"}:
        raise _fault("", "may hold overlap only")
    hours = given.get("overlap", OVERLAP_HOURS)
    if not isinstance(hours, int | float) or isinstance(hours, bool) or not 0 <= hours <= MOST_HOURS:
        raise _fault("/overlap", f"must be 0 to {MOST_HOURS} hours")
    return hours


def _fault(pointer: str, detail: str) -> Problem:
    faults = [Fault(pointer, "overlap", detail)]
    return Problem(400, "invalid-rotation", "nothing was changed; see errors", faults)


def _jwk(public: str) -> dict[str, str]:
    raw = base64.b64decode(public.removeprefix("whpk_"))
    return {
        "kty": "OKP",
        "crv": "Ed25519",
        "alg": "EdDSA",
        "use": "sig",
        "kid": hashlib.sha256(raw).hexdigest()[:16],
        "x": base64.urlsafe_b64encode(raw).rstrip(b"=").decode(),
        "webhook": public,
    }


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
