"""`POST /v1/subscriptions/_preview`: what a subscription would bring, before it is made."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from hub.core import preview
from hub.core.directory import Directory
from hub.core.partners import Partner
from hub.core.policy import Policy
from hub.core.preview import Sample
from hub.core.purposes import GROUNDS, flow_of
from hub.core.subscription import Subscription
from hub.gateway import openapi_replays, subscription_form
from hub.gateway.auth import Caller, Door
from hub.gateway.bodies import answer, read_json
from hub.gateway.problems import Problem

router = APIRouter(tags=["subscriptions"])


@router.post("/v1/subscriptions/_preview", **openapi_replays.PREVIEW)
async def preview_subscription(request: Request, caller: Caller, door: Door) -> Response:
    """What a subscription with these fields would bring you, and everything that is wrong with them. Nothing is made.

    Per kind of event that your roles may get: its example, in each shape in which you may get it (`samples`), through
    the same reduction, purpose and reference of learners as a delivery; `why` says which rule keeps it from you when
    there is no `event`. `bases` are those that you may claim. An empty object asks for all kinds.
    """
    blank = Subscription(id=f"sub-{'0' * 12}", partner=caller.id)
    draft = subscription_form.read(await read_json(request), blank, door.reach, caller.roles)
    if isinstance(draft, list):
        raise Problem(
            400, "invalid-subscription", "this would not be made; errors lists everything wrong", draft
        )
    policy = Policy(Directory([caller]), [draft], door.rules, references=door.references)
    kinds = [
        {
            "code": kind.code,
            "type": kind.type,
            "nl": kind.nl,
            "en": kind.en,
            "flow": flow_of(kind.type),
            "samples": [_shown(one) for one in samples],
        }
        for kind, samples in preview.offers(caller, draft, policy)
    ]
    return answer(200, {"kinds": kinds, "bases": _bases(caller)})


def _shown(sample: Sample) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "column": sample.column,
        "level": sample.level,
        "event": None if sample.event is None else orjson.loads(sample.event.structured()),
        "removed": sample.removed,
        "why": sample.why,
    }
    return {name: value for name, value in shown.items() if value}


def _bases(partner: Partner) -> list[str]:
    return [basis for basis, ground in GROUNDS.items() if not ground.roles.isdisjoint(partner.roles)]
