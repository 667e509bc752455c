"""The page of the procesregisseur: counts per organisation, never a learner (domain.md D8)."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import orjson
from fastapi import APIRouter, HTTPException, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from hub.core.flows import Flows
from hub.monitor.figures import Figures, Naming, figures
from hub.monitor.shown import Shown
from hub.monitor.words import Language

PARTS = ("tiles", "events", "hours", "deliveries", "refusals", "arrivals", "signals")
"""Pieces of the page that are replaced while it is looked at; each has its own template."""

BAR_HEIGHT = 24
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_HERE = Path(__file__).parent
_STATIC = {"monitor.css": "text/css; charset=utf-8", "monitor.js": "text/javascript; charset=utf-8"}

GetFlows = Callable[[], Awaitable[Flows]]


def render(flows: Flows, lang: str, now: int, naming: Naming) -> str:
    """The whole page. `now` is milliseconds since 1970; an unknown language is Dutch."""
    return _template("page").render(_context(figures(flows, naming, now), lang))


def fragments(flows: Flows, lang: str, now: int, naming: Naming) -> dict[str, str]:
    """HTML of every part in PARTS, as it stands in the page."""
    context = _context(figures(flows, naming, now), lang)
    return {part: _template(f"_{part}").render(context) for part in PARTS}


def as_json(flows: Flows, now: int, naming: Naming) -> dict[str, Any]:
    """The same figures for machines; a number about persons below five is the text `1-4`, as on the page."""
    return _plain(figures(flows, naming, now))  # type: ignore[no-any-return]


def router(
    flows: GetFlows,
    naming: Callable[[], Naming],
    now: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    dependencies: Sequence[Any] = (),
) -> APIRouter:
    """Mounts the page at `/`, its live parts and figures below `/monitor`.

    `dependencies` are FastAPI's and guard everything but the static files.
    """
    pages = APIRouter(dependencies=list(dependencies), include_in_schema=False)

    @pages.get("/")
    async def page(lang: str = "nl") -> Response:
        html = render(await flows(), lang, now(), naming())
        return Response(html, media_type="text/html; charset=utf-8", headers=HEADERS)

    @pages.get("/monitor/live")
    async def live(lang: str = "nl") -> Response:
        at = now()
        parts = fragments(await flows(), lang, at, naming())
        return _json({"at": Language(lang).clock(at), "parts": parts})

    @pages.get("/monitor/figures")
    async def numbers() -> Response:
        return _json(as_json(await flows(), now(), naming()))

    whole = APIRouter(include_in_schema=False)
    whole.include_router(pages)
    whole.add_api_route("/monitor/static/{name}", _static, include_in_schema=False)
    return whole


def _json(value: object) -> Response:
    return Response(orjson.dumps(value), media_type="application/json", headers=HEADERS)


async def _static(name: str) -> Response:
    if name not in _STATIC:
        raise HTTPException(404)
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
    return Response(_file(name), media_type=_STATIC[name], headers=headers)


@lru_cache(maxsize=len(_STATIC))
def _file(name: str) -> bytes:
    return (_HERE / "static" / name).read_bytes()


def _asset(name: str) -> str:
    """The address changes with the content, so that it may be cached for ever."""
    return f"/monitor/static/{name}?v={hashlib.blake2b(_file(name), digest_size=4).hexdigest()}"


def _context(shown: Figures, lang: str) -> dict[str, Any]:
    return {"f": shown, "t": Language(lang), "asset": _asset, "bars": _bars, "live_parts": PARTS}


def _bars(hours: list[Shown]) -> list[tuple[int, int, bool]]:
    """Per hour: top and height of its bar in a box of BAR_HEIGHT, and whether it stands for a range."""
    highest = max((hour.high for hour in hours), default=0) or 1
    heights = [max(2, round(hour.high / highest * BAR_HEIGHT)) if hour.high else 0 for hour in hours]
    return [(BAR_HEIGHT - h, h, not hour.exact) for h, hour in zip(heights, hours, strict=True)]


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _template(name: str) -> Template:
    return _environment().get_template(f"{name}.html")


def _plain(value: object) -> Any:
    if isinstance(value, Shown):
        return value.low if value.exact else f"{value.low}-{value.high}"
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: _plain(given) for name, given in value._asdict().items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return msgspec.to_builtins(value)
