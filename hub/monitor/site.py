"""What the pages share: templates, their own files, and the headers that keep everything else out."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, HTTPException, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_HERE = Path(__file__).parent
_STATIC = {
    "monitor.css": "text/css; charset=utf-8",
    "catalogue.css": "text/css; charset=utf-8",
    "journeys.css": "text/css; charset=utf-8",
    "city.css": "text/css; charset=utf-8",
    "troubles.css": "text/css; charset=utf-8",
    "subscriptions.css": "text/css; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "monitor.js": "text/javascript; charset=utf-8",
}


def files() -> APIRouter:
    """Serves what pages are made of, below `/monitor/static`; open, for it says nothing of anybody."""
    made = APIRouter(include_in_schema=False)
    made.add_api_route("/monitor/static/{name}", _static, include_in_schema=False)
    return made


async def _static(name: str) -> Response:
    if name not in _STATIC:
        raise HTTPException(404)
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
    return Response(_file(name), media_type=_STATIC[name], headers=headers)


@lru_cache(maxsize=len(_STATIC))
def _file(name: str) -> bytes:
    return (_HERE / "static" / name).read_bytes()


def asset(name: str) -> str:
    """The address changes with the content, so that it may be cached for ever."""
    return f"/monitor/static/{name}?v={hashlib.blake2b(_file(name), digest_size=4).hexdigest()}"


def template(name: str) -> Template:
    return _environment().get_template(f"{name}.html")


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
