"""The forms by which something is sent again: count first, then start; and stop."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from hub.monitor.figures import Naming
from hub.monitor.frame import draw, frame
from hub.monitor.frame import page as as_page
from hub.monitor.replays import CHOICE, chosen, order
from hub.monitor.site import HEADERS
from hub.monitor.troubles import Reading, scope, standing
from hub.monitor.troubles_words import Words
from hub.monitor.viewer import Api, Change, GetChange, GetViewer, Reply, Viewer


def router(
    read: Callable[[], Awaitable[Reading]],
    naming: Callable[[], Naming],
    api: Api,
    viewer: GetViewer,
    change: GetChange,
    draw_key: Callable[[], str] = secrets.token_urlsafe,
) -> APIRouter:
    """Below `/troubles/{subscription}`. `draw_key` makes what tells two orders apart that ask for the same: a form that
    is sent twice is one replay, the same form filled in anew another."""
    pages = APIRouter(include_in_schema=False)

    async def page(
        request: Request, who: Viewer, subscription: str, given: dict[str, Any], status: int
    ) -> Response:
        one = standing(await read(), naming().partner, scope(who), subscription)
        if one is None:
            raise HTTPException(404)
        around = frame(request, who)
        drawn = draw("replay", around, Words(around.lang), f=one, options=CHOICE, **given)
        return as_page(drawn, request, status)

    @pages.get("/troubles/{subscription}/replay")
    async def count(subscription: str, request: Request, who: Viewer = Depends(viewer)) -> Response:  # noqa: B008
        choice = chosen(request.query_params)
        told = await api(who, "POST", _at(subscription), body=order(choice) | {"dryRun": True})
        given = _told(told, choice) | {"key": draw_key()}
        return await page(request, who, subscription, given, told.status)

    @pages.post("/troubles/{subscription}/replay")
    async def start(subscription: str, request: Request, sent: Change = Depends(change)) -> Response:  # noqa: B008
        choice = chosen(sent.fields)
        key = sent.fields.get("key", "")
        told = await api(
            sent.viewer,
            "POST",
            _at(subscription),
            body=order(choice) | {"dryRun": False},
            headers={"Idempotency-Key": key} if key else {},
        )
        if told.well:
            return _back(subscription)
        given = _told(told, choice) | {"key": draw_key()}
        return await page(request, sent.viewer, subscription, given, told.status)

    @pages.post("/troubles/{subscription}/replays/{replay}/stop")
    async def stop(subscription: str, replay: str, sent: Change = Depends(change)) -> Response:  # noqa: B008
        path = f"/v1/subscriptions/{quote(subscription)}/replays/{quote(replay)}/_stop"
        told = await api(sent.viewer, "POST", path)
        if not told.well:
            raise HTTPException(told.status)
        return _back(subscription)

    return pages


def _at(subscription: str) -> str:
    return f"/v1/subscriptions/{quote(subscription)}/_replay"


def _told(told: Reply, choice: dict[str, str]) -> dict[str, Any]:
    """The count, or why there is none."""
    if told.status == 404:
        raise HTTPException(404)
    if told.well:
        return {"choice": choice, "count": told.body, "faults": (), "problem": ""}
    faults = [fault["pointer"] for fault in told.body.get("errors", ())]
    return {"choice": choice, "count": None, "faults": faults, "problem": told.body.get("code", "")}


def _back(subscription: str) -> Response:
    return RedirectResponse(f"/troubles/{quote(subscription)}#replays", 303, dict(HEADERS))
