"""The pages of the flows: the matrix of the city (home), leg by leg, and the figures of today. Counts per organisation,
never a learner (domain.md D8)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from markupsafe import Markup, escape

from hub.core.flows import Flows, SignalFlow
from hub.core.matrix import Matrix
from hub.monitor import live
from hub.monitor.figures import Naming, figures, standing
from hub.monitor.frame import Frame, draw, frame
from hub.monitor.frame import page as as_page
from hub.monitor.matrix import ALL, LIGHTS, Lanes, board, legs
from hub.monitor.shown import Shown
from hub.monitor.site import files
from hub.monitor.viewer import GetViewer, Viewer, anybody
from hub.monitor.words import FLOWS, GROUPS, Language

LIVE = {
    "home": ("tiles", "attention", "lanes", "grid", "arrivals", "signals"),
    "numbers": ("deliveries", "refusals", "events", "hours"),
}
"""By page the pieces that are replaced while it is looked at; each has its own template."""

SIGNS = {
    "stuck": "■", "late": "▲", "quiet": "○", "ended": "◆", "slow": "◔", "well": "✓", "none": "·"
}  # fmt: skip
"""A shape per light, for those who cannot tell its colour."""

ATTENTION = 8
"""So many places that ask for attention stand on the first page."""

LEGS = 200
"""So many legs stand on one page; the worst."""

BAR_HEIGHT = 24


class Reading(NamedTuple):
    """All that a page of the flows shows, as it is before it is masked; `matrix` is None for one that has none."""

    flows: Flows
    matrix: Matrix | None = None


class Reads(NamedTuple):
    """How each of the two is read."""

    flows: Callable[[], Awaitable[Flows]]
    matrix: Callable[[], Awaitable[Matrix]]


class Known(NamedTuple):
    """How things are called and taken together."""

    naming: Naming
    lanes: Lanes


Know = Callable[[], Known]


def render(name: str, read: Reading, known: Known, around: Frame, now: int, flow: str = ALL) -> str:
    """A whole page of LIVE. `now` is milliseconds since 1970."""
    address = f"/monitor/live?{urlencode({'page': name, 'flow': flow})}"
    given = _context(read, known, now, flow) | {"live": address}
    return draw(name, around, Language(around.lang), **given)


def fragments(
    name: str, read: Reading, known: Known, around: Frame, now: int, flow: str = ALL
) -> dict[str, str]:
    """HTML of every live part of a page, as it stands there."""
    context = _context(read, known, now, flow) | {"t": Language(around.lang), "frame": around}
    return live.fragments(LIVE[name], context)


def as_json(flows: Flows, now: int, naming: Naming) -> dict[str, Any]:
    """The figures of today for machines; a number that may be about persons is a text such as `1-4`."""
    return _plain(figures(flows, naming, now))  # type: ignore[no-any-return]


def signals_as_json(signals: Iterable[SignalFlow], naming: Naming) -> list[dict[str, Any]]:
    """Of those figures the signals alone."""
    return _plain(standing(signals, naming))  # type: ignore[no-any-return]


def router(
    read: Reads,
    know: Know,
    now: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    viewer: GetViewer = anybody,
) -> APIRouter:
    """Mounts the home page at `/`, the others beside it, live parts and figures below `/monitor`. `viewer` guards
    everything but the static files."""
    pages = APIRouter(include_in_schema=False)
    looking = Depends(viewer)

    async def reading(name: str) -> Reading:
        if name != "home":
            return Reading(await read.flows())
        return Reading(*await asyncio.gather(read.flows(), read.matrix()))

    async def live_page(name: str, request: Request, who: Viewer, flow: str) -> Response:
        around = frame(request, who)
        return as_page(render(name, await reading(name), know(), around, now(), _flow(flow)), request)

    @pages.get("/")
    async def home(request: Request, who: Viewer = looking, flow: str = ALL) -> Response:
        return await live_page("home", request, who, flow)

    @pages.get("/numbers")
    async def numbers(request: Request, who: Viewer = looking) -> Response:
        return await live_page("numbers", request, who, ALL)

    @pages.get("/legs")
    async def each_leg(request: Request, who: Viewer = looking, flow: str = ALL) -> Response:
        asked = request.query_params
        publisher, receiver = (_group(asked.get(name, ALL)) for name in ("from", "to"))
        matrix, flow = await read.matrix(), _flow(flow)
        around = frame(request, who)
        rows = legs(matrix, know().lanes, flow, publisher, receiver)
        shown = {
            "rows": rows[:LEGS],
            "left_out": len(rows[LEGS:]),
            "flow": flow,
            "publisher": publisher,
            "receiver": receiver,
            "signs": SIGNS,
        }
        return as_page(draw("legs", around, Language(around.lang), **shown), request)

    @pages.get("/monitor/live")
    async def live_parts(
        request: Request, who: Viewer = looking, page: str = "home", flow: str = ALL
    ) -> Response:
        at, name = now(), page if page in LIVE else "home"
        # The addresses within the parts are those of the page that they stand in.
        path = "/" if name == "home" else f"/{name}"
        around = frame(request, who)._replace(path=path, query=())
        parts = fragments(name, await reading(name), know(), around, at, _flow(flow))
        return live.as_json({"at": Language(around.lang).clock(at), "parts": parts})

    @pages.get("/monitor/figures", dependencies=[looking])
    async def all_figures() -> Response:
        return live.as_json(as_json(await read.flows(), now(), know().naming))

    whole = APIRouter(include_in_schema=False)
    whole.include_router(pages)
    whole.include_router(files())
    return whole


def _flow(asked: str) -> str:
    return asked if asked in FLOWS else ALL


def _group(asked: str) -> str:
    return asked if asked in GROUPS else ALL


def _context(read: Reading, known: Known, now: int, flow: str) -> dict[str, Any]:
    groups: Sequence[str] = tuple(GROUPS)
    order = [name for name in FLOWS if name]
    return {
        "f": figures(read.flows, known.naming, now),
        "b": board(read.matrix, known.lanes, order, groups, flow) if read.matrix else None,
        "bars": _bars,
        "cells": _cells,
        "signs": SIGNS,
        "lights": LIGHTS,
        "attention": ATTENTION,
    }


# The two loops that a template would go through thousands of times for one page.


def _cells(hours: list[Shown], words: Language) -> Markup:
    """A cell of a table per hour."""
    named = ((words.shown(hour), "" if hour.high else " zero") for hour in hours)
    return Markup("".join(f'<td class="n{zero}">{escape(text)}</td>' for text, zero in named))


def _bars(hours: list[Shown]) -> Markup:
    """A bar per hour in a box of BAR_HEIGHT; one that stands for a range looks rough."""
    highest = max((hour.high for hour in hours), default=0) or 1
    drawn = []
    for place, hour in enumerate(hours):
        if hour.high:
            height = max(2, round(hour.high / highest * BAR_HEIGHT))
            rough = "" if hour.exact else ' class="rough"'
            at = f'x="{place * 8}" y="{BAR_HEIGHT - height}" width="6" height="{height}" rx="1"'
            drawn.append(f"<rect {at}{rough}/>")
    return Markup("".join(drawn))


def _plain(value: object) -> Any:
    if isinstance(value, Shown):
        return value.low if value.exact else f"{value.low}-{value.high}"
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: _plain(given) for name, given in value._asdict().items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return msgspec.to_builtins(value)
