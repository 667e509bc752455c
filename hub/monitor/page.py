"""The page of the procesregisseur: counts per organisation, never a learner (domain.md D8)."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import orjson
from fastapi import APIRouter, Depends, Request, Response

from hub.core.flows import Flows
from hub.monitor.figures import Naming, figures
from hub.monitor.frame import Frame, draw, frame
from hub.monitor.frame import page as as_page
from hub.monitor.shown import Shown
from hub.monitor.site import HEADERS, files, template
from hub.monitor.viewer import GetViewer, Viewer, anybody
from hub.monitor.words import Language

PARTS = ("tiles", "events", "hours", "deliveries", "refusals", "arrivals", "signals")
"""Pieces of the page that are replaced while it is looked at; each has its own template."""

BUILT = frozenset({"/", "/catalogue"})
"""Paths of the pages that there are."""

BAR_HEIGHT = 24
GetFlows = Callable[[], Awaitable[Flows]]


def render(flows: Flows, around: Frame, now: int, naming: Naming) -> str:
    """The whole page. `now` is milliseconds since 1970."""
    shown = figures(flows, naming, now)
    return draw("page", around, Language(around.lang), f=shown, bars=_bars)


def fragments(flows: Flows, lang: str, now: int, naming: Naming) -> dict[str, str]:
    """HTML of every part in PARTS, as it stands in the page."""
    context = {"f": figures(flows, naming, now), "t": Language(lang), "bars": _bars}
    return {part: template(f"_{part}").render(context) for part in PARTS}


def as_json(flows: Flows, now: int, naming: Naming) -> dict[str, Any]:
    """The same figures for machines; a number that may be about persons is a text such as `1-4`, as on the page."""
    return _plain(figures(flows, naming, now))  # type: ignore[no-any-return]


def router(
    flows: GetFlows,
    naming: Callable[[], Naming],
    now: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    viewer: GetViewer = anybody,
    built: frozenset[str] = BUILT,
) -> APIRouter:
    """Mounts the page at `/`, its live parts and figures below `/monitor`. `viewer` guards everything but the static
    files."""
    pages = APIRouter(include_in_schema=False)
    looking = Depends(viewer)

    @pages.get("/")
    async def page(request: Request, who: Viewer = looking) -> Response:
        around = frame(request, who, built)
        return as_page(render(await flows(), around, now(), naming()), request)

    @pages.get("/monitor/live", dependencies=[looking])
    async def live(request: Request) -> Response:
        at, lang = now(), frame(request, anybody(), built).lang
        parts = fragments(await flows(), lang, at, naming())
        return _json({"at": Language(lang).clock(at), "parts": parts})

    @pages.get("/monitor/figures", dependencies=[looking])
    async def numbers() -> Response:
        return _json(as_json(await flows(), now(), naming()))

    whole = APIRouter(include_in_schema=False)
    whole.include_router(pages)
    whole.include_router(files())
    return whole


def _json(value: object) -> Response:
    return Response(orjson.dumps(value), media_type="application/json", headers=HEADERS)


def _bars(hours: list[Shown]) -> list[tuple[int, int, bool]]:
    """Per hour: top and height of its bar in a box of BAR_HEIGHT, and whether it stands for a range."""
    highest = max((hour.high for hour in hours), default=0) or 1
    heights = [max(2, round(hour.high / highest * BAR_HEIGHT)) if hour.high else 0 for hour in hours]
    return [(BAR_HEIGHT - h, h, not hour.exact) for h, hour in zip(heights, hours, strict=True)]


def _plain(value: object) -> Any:
    if isinstance(value, Shown):
        return value.low if value.exact else f"{value.low}-{value.high}"
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: _plain(given) for name, given in value._asdict().items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return msgspec.to_builtins(value)
