"""Subscriptions over HTTP: written to `hub.subscriptions`, which every part reads."""

from __future__ import annotations

import secrets
import uuid
from typing import Any

import msgspec
import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from hub.core import journal, redelivery
from hub.core.delivery import Delivery, delivery_id, to_record
from hub.core.event import Attribute, Event, moment
from hub.core.partners import Partner
from hub.core.records import Out
from hub.core.subscription import Subscription, dump, status_key
from hub.core.topics import SUBSCRIPTIONS
from hub.gateway import keys, openapi, subscription_form
from hub.gateway.auth import Caller, Door
from hub.gateway.bodies import read_json, store
from hub.gateway.context import Gateway
from hub.gateway.problems import Problem, not_found

router = APIRouter(tags=["subscriptions"])

TESTED = "nl.onderwijsloopbanen.subscription.tested.v1"


@router.get("/v1/subscriptions", **openapi.SUBSCRIPTIONS)
async def list_subscriptions(caller: Caller, door: Door) -> Response:
    """Your own subscriptions; the inbox that every partner always has comes first."""
    return _json(200, [_shown(one, door) for one in door.known.of(caller)])


@router.post("/v1/subscriptions", **openapi.SUBSCRIBE)
async def create_subscription(request: Request, caller: Caller, door: Door) -> Response:
    """Subscribe. The answer shows the signing secret (`whsec_`, Standard Webhooks) once, and never again; with
    `config.signature` `ed25519` there is none, and `publicKey` (`whpk_`) verifies.

    Without `sink` the subscription is pulled only. A sink gets an OPTIONS handshake before its first delivery.
    """
    if len(door.known.of(caller)) > door.limits.subscriptions:
        most = door.limits.subscriptions
        raise Problem(409, "too-many-subscriptions", f"you have {most}; delete one first")
    now = door.now()
    blank = Subscription(id=f"sub-{secrets.token_hex(6)}", partner=caller.id, created=now)
    asked = await _read(request, blank, caller, door)
    key = keys.draw(asked.signature)
    made = asked.rekeyed(*key, now, now)
    await _write(made, door, "created")
    return _json(201, _shown(made, door) | key.told, {"Location": f"/v1/subscriptions/{made.id}"})


@router.get("/v1/subscriptions/{id}", **openapi.SUBSCRIPTION)
async def get_subscription(id: str, caller: Caller, door: Door) -> Response:
    """One of your subscriptions, with the state of its webhook."""
    return _json(200, _shown(_own(id, caller, door), door))


@router.put("/v1/subscriptions/{id}", **openapi.SUBSCRIPTION_WRITE)
async def replace_subscription(id: str, request: Request, caller: Caller, door: Door) -> Response:
    """Replace what you may choose; id and key stay. Writing it again also lifts a stop (410) or a refused handshake.

    When this gives the inbox its first sink, or changes `config.signature`, the answer shows its new secret, once; a
    key of the other kind signs too for another day.
    """
    await request.body()
    async with door.changing(id):
        after, told = await _read(request, _own(id, caller, door), caller, door), {}
        if after.sink and not keys.has_right_key(after):
            key, now = keys.draw(after.signature), door.now()
            after = after.rekeyed(*key, now, now + keys.OVERLAP_HOURS * keys.HOUR_MS)
            after, told = msgspec.structs.replace(after, created=after.created or now), key.told
        await _write(after, door, "replaced")
    return _json(200, _shown(after, door) | told)


@router.delete("/v1/subscriptions/{id}", **openapi.SUBSCRIPTION_DELETE)
async def delete_subscription(id: str, caller: Caller, door: Door) -> Response:
    """Stop and forget. The answer is the subscription as it was. The inbox cannot be deleted, only be given other
    fields."""
    async with door.changing(id):
        gone = _own(id, caller, door)
        if gone.inbox:
            raise Problem(409, "inbox", "the inbox always exists; PUT it without a sink to stop its webhook")
        shown = _shown(gone, door)
        replays = redelivery.forget(door.known.replays.of(id))
        nothing = (Out(SUBSCRIPTIONS, key, None) for key in (id.encode(), status_key(id)))
        await store(door, *nothing, *replays, _entry(gone, door, "deleted"))
    return _json(200, shown)


@router.post("/v1/subscriptions/{id}/_pause", **openapi.SUBSCRIPTION)
async def pause_subscription(id: str, caller: Caller, door: Door) -> Response:
    """Hold webhook deliveries back. Nothing is lost: events wait for 28 days, and can be pulled meanwhile."""
    return await _set_paused(id, caller, door, True)


@router.post("/v1/subscriptions/{id}/_resume", **openapi.SUBSCRIPTION)
async def resume_subscription(id: str, caller: Caller, door: Door) -> Response:
    """Deliver again, from where it was held back; also lifts a stop (410) or a refused handshake."""
    return await _set_paused(id, caller, door, False)


@router.post("/v1/subscriptions/{id}/_test", **openapi.SUBSCRIPTION_TEST)
async def test_subscription(id: str, caller: Caller, door: Door) -> Response:
    """Send yourself a test event, whatever your filters: it takes the whole way, signature included."""
    own = _own(id, caller, door)
    event = _test_event(own, door)
    delivery = delivery_id(event.source, event.id, id)
    at = door.now()
    await door.ensure_outbox(id)
    sent = to_record(id, Delivery(delivery, event.subject, at, event.structured()))
    await store(door, sent, _entry(own, door, "tested"))
    return _json(202, {"id": event.id, "source": event.source, "type": event.type, "deliveryId": delivery})


def _test_event(given: Subscription, door: Gateway) -> Event:
    attributes: dict[str, Attribute] = {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": door.source,
        "type": TESTED,
        "subject": f"subscription/{given.id}",
        "time": moment(door.now()),
        "datacontenttype": "application/json",
        "privacyclass": "G0",
    }
    return Event(attributes, {"subscription": given.id})


def _own(id: str, caller: Partner, door: Gateway) -> Subscription:
    found = door.known.find(caller, id)
    if found is None:
        raise not_found("subscription")
    return found


async def _set_paused(id: str, caller: Partner, door: Gateway, paused: bool) -> Response:
    async with door.changing(id):
        changed = msgspec.structs.replace(_own(id, caller, door), paused=paused)
        await _write(changed, door, "paused" if paused else "resumed")
    return _json(200, _shown(changed, door))


async def _read(request: Request, base: Subscription, caller: Partner, door: Gateway) -> Subscription:
    read = subscription_form.read(await read_json(request), base, door.reach, caller.roles)
    if isinstance(read, list):
        raise Problem(400, "invalid-subscription", "nothing was changed; errors lists everything wrong", read)
    return read


async def _write(given: Subscription, door: Gateway, change: str) -> None:
    """The outbox first: from the moment the subscription is known, events are written there."""
    await door.ensure_outbox(given.id)
    stored = Out(SUBSCRIPTIONS, given.id.encode(), dump(door.seal(given)))
    await store(door, stored, _entry(given, door, change))


def _entry(given: Subscription, door: Gateway, change: str) -> Out:
    # A partner changes its own subscriptions only.
    entry = journal.Arranged(at=door.now(), subscription=given.id, by=given.partner, change=change)
    return journal.record(entry)


def _shown(given: Subscription, door: Gateway) -> dict[str, Any]:
    return subscription_form.show(given, door.known.status(given), door.url)


def _json(status: int, content: Any, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(content), status, headers, "application/json")
