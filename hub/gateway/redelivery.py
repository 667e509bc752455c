"""Replays over HTTP: what was delivered, or refused, of one subscription is sent once more. The courier does it."""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Header, Path
from starlette.requests import Request
from starlette.responses import Response

from hub.core import journal, redelivery
from hub.core.event import moment
from hub.core.partners import Partner
from hub.core.records import Out
from hub.core.redelivery import WHY, Order
from hub.core.subscription import Subscription
from hub.core.topics import DAY_MS, SUBSCRIPTIONS
from hub.gateway import openapi_replays, replay_form
from hub.gateway.auth import Caller, Door
from hub.gateway.bodies import answer, read_json, store
from hub.gateway.context import Gateway
from hub.gateway.problems import Problem, not_found
from hub.gateway.replay_form import Asked
from hub.gateway.survey import Survey, survey

router = APIRouter(tags=["replays"])

WAITING = 10
"""Replays of one subscription that have not ended."""

KEPT = 20
"""Replays of one subscription that have ended and can still be looked at."""

_KEY = re.compile(r"[\x21-\x7e]{1,200}")

ReplayId = Annotated[str, Path(alias="replayId")]
Key = Annotated[
    str, Header(alias="Idempotency-Key", description="Makes the same order, sent twice, one replay")
]


@router.post("/v1/subscriptions/{id}/_replay", **openapi_replays.REPLAY)
async def order_replay(id: str, request: Request, caller: Caller, door: Door, key: Key = "") -> Response:
    """Have deliveries of one subscription sent to its sink once more, with the same webhook-id and number as the first
    time, and the header Hub-Replay. Select by numbers of the feed (`from`, `to`), by when the hub took the event
    (`since`, `until`), by `cause` (open dead letters) or by `subject`; what is given must all hold.

    Without `dryRun: false` nothing is sent and the answer is the count: `total`, of which `withdrawn` (taken back or
    erased meanwhile) and `gone` (no longer kept) are not sent. With it the replay starts. The same order within a day,
    or ever with the same Idempotency-Key, is the same replay. What is still waiting for its first delivery is left to
    that.
    """
    own = _reach(id, caller, door)
    asked = replay_form.read(await read_json(request))
    if isinstance(asked, list):
        raise Problem(400, "invalid-replay", "nothing was started; errors lists everything wrong", asked)
    if asked.dry:
        return answer(200, _counted(await survey(door, id, asked.selection), asked))
    order = await _ordered(own, asked, _checked(key), caller, door)
    return answer(202, _shown(order, door), {"Location": f"/v1/subscriptions/{id}/replays/{order.id}"})


@router.get("/v1/subscriptions/{id}/replays", **openapi_replays.REPLAYS)
async def list_replays(id: str, caller: Caller, door: Door) -> Response:
    """Replays of one subscription, the newest first; of those that ended the last 20."""
    _reach(id, caller, door)
    return answer(200, [_shown(one, door) for one in reversed(door.known.replays.of(id))])


@router.get("/v1/subscriptions/{id}/replays/{replayId}", **openapi_replays.REPLAY_ONE)
async def get_replay(id: str, replay: ReplayId, caller: Caller, door: Door) -> Response:
    """How far a replay has got. `live` were left to their first delivery, which they still waited for."""
    return answer(200, _shown(_find(id, replay, caller, door), door))


@router.post("/v1/subscriptions/{id}/replays/{replayId}/_stop", **openapi_replays.REPLAY_STOP)
async def stop_replay(id: str, replay: ReplayId, caller: Caller, door: Door) -> Response:
    """Send nothing more of this replay; what is on the wire may still arrive. To go on, order what is left anew."""
    order = _find(id, replay, caller, door)
    if not door.known.replays.ended(order):
        order = msgspec.structs.replace(order, stopped_at=door.now(), stopped_by=caller.id)
        done = door.known.replays.progress(order).done
        await store(door, _record(order), _entry(order, door, "stopped", caller.id, done))
    return answer(200, _shown(order, door))


async def _ordered(own: Subscription, asked: Asked, key: str, caller: Partner, door: Gateway) -> Order:
    """The replay that the same order led to before, or a new one."""
    content, now = redelivery.content(asked.selection, asked.pace, asked.why), door.now()
    ids = redelivery.ids(own.id, content, key, now)
    if found := _same(own.id, ids, key, now, door):
        if found.content != content:
            raise Problem(
                409, "idempotency-key", "this Idempotency-Key stands for another order; send a new one"
            )
        return found
    _check(own, door)
    seen = await survey(door, own.id, asked.selection)
    order = Order(
        id=ids[0],
        subscription=own.id,
        by=caller.id,
        why=asked.why,
        pace=asked.pace,
        at=now,
        numbers=_numbers(seen),
        total=len(seen.numbers),
        criteria=asked.selection.criteria,
        content=content,
    )
    entry = _entry(order, door, "ordered", caller.id, order.total)
    await store(door, _record(order), entry, *_outdated(own.id, door))
    return order


def _same(id: str, ids: tuple[str, ...], key: str, now: int, door: Gateway) -> Order | None:
    known = (door.known.replays.find(id, one) for one in ids)
    return next((one for one in known if one and (key or now - one.at < DAY_MS)), None)


def _check(own: Subscription, door: Gateway) -> None:
    if not own.sink:
        raise Problem(
            409, "no-sink", "there is no webhook to send to; read the feed again, with a lower after"
        )
    replays = door.known.replays
    if len([one for one in replays.of(own.id) if not replays.ended(one)]) >= WAITING:
        raise Problem(409, "too-many-replays", f"{WAITING} have not ended; wait, or stop one")


def _numbers(seen: Survey) -> str:
    if not seen.numbers:
        raise Problem(409, "nothing-to-replay", "nothing was selected; dryRun tells what a selection holds")
    text = redelivery.numbered(seen.numbers)
    if text is None:
        raise Problem(409, "too-much", "the selection lies too far apart; order in parts, by from and to")
    return text


def _outdated(id: str, door: Gateway) -> list[Out]:
    replays = door.known.replays
    ended = [one for one in replays.of(id) if replays.ended(one)]
    return redelivery.forget(ended[:-KEPT])


def _record(order: Order) -> Out:
    return Out(SUBSCRIPTIONS, redelivery.order_key(order.subscription, order.id), redelivery.dump(order))


def _entry(order: Order, door: Gateway, change: str, by: str, count: int) -> Out:
    entry = journal.Replayed(
        at=door.now(),
        id=order.id,
        subscription=order.subscription,
        by=by,
        change=change,
        why=order.why,
        count=count,
    )
    return journal.record(entry)


def _checked(key: str) -> str:
    if key and not _KEY.fullmatch(key):
        raise Problem(
            400, "idempotency-key", "Idempotency-Key is 1 to 200 printable characters without spaces"
        )
    return key


def _reach(id: str, caller: Partner, door: Gateway) -> Subscription:
    found = door.known.reach(caller, id)
    if found is None:
        raise not_found("subscription")
    return found


def _find(id: str, replay: str, caller: Partner, door: Gateway) -> Order:
    _reach(id, caller, door)
    found = door.known.replays.find(id, replay)
    if found is None:
        raise not_found("replay")
    return found


def _counted(seen: Survey, asked: Asked) -> dict[str, Any]:
    to_send = len(seen.numbers) - seen.withdrawn - seen.gone
    return {
        "dryRun": True,
        "total": len(seen.numbers),
        "toSend": to_send,
        "withdrawn": seen.withdrawn,
        "gone": seen.gone,
        "first": min(seen.numbers, default=None),
        "last": max(seen.numbers, default=None),
        "pace": asked.pace,
        "minutes": -(-to_send // asked.pace),
    }


def _shown(order: Order, door: Gateway) -> dict[str, Any]:
    progress = door.known.replays.progress(order)
    moments = {"ordered": order.at, "started": progress.started, "ended": progress.ended or order.stopped_at}
    return {
        "id": order.id,
        "subscription": order.subscription,
        "state": redelivery.state(order, progress),
        "selectedBy": [_CRITERIA.get(name, name) for name in order.criteria],
        "total": order.total,
        "done": progress.done,
        "left": order.total - progress.done,
        **{name: getattr(progress, name) for name in ("delivered", "failed", "withdrawn", "gone", "live")},
        "pace": order.pace,
        "by": order.by,
        "why": {"code": order.why, **WHY[order.why]._asdict()} if order.why in WHY else {"code": order.why},
        **{name: moment(at) for name, at in moments.items() if at},
        **({"stoppedBy": order.stopped_by} if order.stopped_by else {}),
    }


_CRITERIA = {"first": "from", "last": "to"}
