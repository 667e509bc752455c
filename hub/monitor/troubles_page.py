"""The pages of what is wrong: all troubles by cause, one subscription with what was refused for good, and everybody's
last contact."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, HTTPException, Request, Response

from hub.core.letters import STATES
from hub.monitor import live
from hub.monitor.figures import Naming
from hub.monitor.frame import Frame, draw, frame
from hub.monitor.frame import page as as_page
from hub.monitor.page import SIGNS
from hub.monitor.replays import CHOICE, Replay, chosen, shown
from hub.monitor.troubles import Reading, Scope, Standing, board, partners, scope, standing
from hub.monitor.troubles_words import Words
from hub.monitor.viewer import Api, GetViewer, Viewer, anybody

LETTERS = 50
"""On one page."""

Read = Callable[[], Awaitable[Reading]]
Context = dict[str, Any]


def router(read: Read, naming: Callable[[], Naming], api: Api, viewer: GetViewer = anybody) -> APIRouter:
    """Mounts `/troubles`, `/troubles/{subscription}` and `/partners`, and their live parts at `/monitor/troubles`."""
    pages = APIRouter(include_in_schema=False)
    looking = Depends(viewer)

    async def found(who: Viewer, subscription: str) -> Standing:
        one = standing(await read(), naming().partner, scope(who), subscription)
        if one is None:
            raise HTTPException(404)
        return one

    @pages.get("/troubles")
    async def troubles(request: Request, who: Viewer = looking, partner: str = "") -> Response:
        around, names = frame(request, who), naming()
        given = {
            "f": board(await read(), names.partner, scope(who), partner),
            "live": f"/monitor/troubles?{urlencode({'partner': partner})}",
        }
        return as_page(_draw("troubles", around, given | {"names": names}), request)

    @pages.get("/troubles/{subscription}")
    async def trouble(
        subscription: str,
        request: Request,
        who: Viewer = looking,
        cause: str = "",
        state: str = "open",
        after: int = 0,
    ) -> Response:
        around, one = frame(request, who), await found(who, subscription)
        state = state if state in STATES else STATES[0]
        given = {
            "f": one,
            "names": naming(),
            "live": f"/monitor/troubles?{urlencode({'subscription': subscription})}",
            "states": STATES,
            "state": state,
            "after": after,
            "replays": await _replays(api, who, subscription),
            "can": who.may("POST", "/troubles/{subscription}/replay"),
            "choice": chosen(request.query_params),
            "options": CHOICE,
        }
        given |= await _letters(api, who, scope(who), subscription, state, cause, after)
        return as_page(_draw("trouble", around, given), request)

    @pages.get("/monitor/troubles")
    async def live_parts(
        request: Request, who: Viewer = looking, partner: str = "", subscription: str = ""
    ) -> Response:
        around = frame(request, who)
        if subscription:
            one = await found(who, subscription)
            around = around._replace(path=f"/troubles/{subscription}", query=())
            context = _context(around, {"f": one, "names": naming()})
            parts = live.fragments(("standing",), context)
            for replay in await _replays(api, who, subscription):
                drawn = live.fragments(("progress",), context | {"one": replay})
                parts[f"progress-{replay.id}"] = drawn["progress"]
            at = one.at
        else:
            f = board(await read(), naming().partner, scope(who), partner)
            around = around._replace(path="/troubles", query=())
            parts, at = live.fragments(("troubles",), _context(around, {"f": f, "names": naming()})), f.at
        return live.as_json({"at": Words(around.lang).clock(at), "parts": parts})

    @pages.get("/partners")
    async def contacts(request: Request, who: Viewer = looking) -> Response:
        reading = await read()
        given = {"rows": partners(reading, naming().partner, scope(who)), "now": reading.at}
        return as_page(_draw("partners", frame(request, who), given), request)

    return pages


async def _letters(
    api: Api, who: Viewer, given: Scope, subscription: str, state: str, cause: str, after: int
) -> Context:
    """Groups of letters by cause, and those of one cause; neither for who may only know how many there are."""
    nothing: Context = {"groups": None, "cause": "", "letters": (), "next": None}
    if given.rough:
        return nothing
    told = await api(who, "GET", "/v1/dead-letters", {"state": state})
    groups = [one for one in told.body["groups"] if one["subscription"] == subscription] if told.well else []
    causes = [one["cause"] for one in groups]
    cause = cause if cause in causes else next(iter(causes), "")
    if not cause:
        return nothing | {"groups": groups}
    asked = {"subscription": subscription, "cause": cause, "state": state, "after": str(max(0, after))}
    page = await api(who, "GET", "/v1/dead-letters", asked | {"limit": str(LETTERS)})
    found = page.body if page.well else {"letters": (), "next": None}
    return {"groups": groups, "cause": cause, "letters": found["letters"], "next": found["next"]}


async def _replays(api: Api, who: Viewer, subscription: str) -> list[Replay]:
    if not who.may("GET", "/v1/subscriptions/{id}/replays"):
        return []
    told = await api(who, "GET", f"/v1/subscriptions/{subscription}/replays")
    return [shown(one) for one in told.body] if told.well else []


def _draw(name: str, around: Frame, given: Context) -> str:
    return draw(name, around, Words(around.lang), signs=SIGNS, **given)


def _context(around: Frame, given: Context) -> Context:
    return given | {"t": Words(around.lang), "frame": around, "signs": SIGNS}
