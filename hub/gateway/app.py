"""The HTTP door as one FastAPI app. Everything it needs is handed in; importing it does nothing."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import orjson
from fastapi import APIRouter, Depends, FastAPI
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from hub.core import contracts
from hub.gateway import (
    bounds,
    counted,
    dead_letters,
    dry_run,
    feeds,
    ingest,
    journeys,
    keys,
    learners,
    login,
    lookups,
    openapi,
    position,
    preview,
    problems,
    redelivery,
    report,
    subscriptions,
)
from hub.gateway.auth import metrics_guard
from hub.gateway.bounds import Bounds
from hub.gateway.context import Gateway, Once
from hub.gateway.origins import Origins
from hub.gateway.problems import Problem
from hub.gateway.sessions import Renewing
from hub.gateway.shell import Shell
from hub.telemetry.metrics import READY

Check = Callable[[], Awaitable[str]]
"""Answers why this part of the gateway is not ready; an empty text when it is."""


Note = Callable[[], str]
"""What an operator should know though the door can do its work; empty when there is nothing."""

Parts = Callable[[], Awaitable[Mapping[str, Any]]]
"""Answers, by name of each process of this hub on this machine, `ready`, `reason` and `port`."""


async def _no_parts() -> Mapping[str, Any]:
    return {}


class Service(Protocol):
    """Something that runs as long as the app does."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


def build(
    gateway: Gateway | None,
    *,
    services: Sequence[Service] = (),
    checks: Mapping[str, Check] | None = None,
    metrics: tuple[str, Callable[[], bytes]] = ("text/plain", lambda: b""),
    schemas: Path | None = None,
    pages: Sequence[APIRouter] = (),
    notes: Sequence[Note] = (),
    parts: Parts = _no_parts,
    origins: Sequence[str] = (),
    body_bytes: int = bounds.BODY,
) -> FastAPI:
    """`services` start in order and stop in reverse. `checks` by name make up readiness; `notes` are told with it and
    change nothing. `metrics` is a content type and what renders it. `schemas` is the folder with asyncapi.json and the
    event schemas. `pages` are other rooms'. `parts` asks the processes on this machine how they are.
    `origins` are those of web pages that may call the API; no body may have more than `body_bytes`.

    Without a `gateway` the app can only be asked for its OpenAPI document.
    """
    app = FastAPI(
        title=openapi.TITLE,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lambda _: _running([*services, *([keys.Retirement(gateway)] if gateway else [])]),
        middleware=[
            Middleware(Shell),
            *([Middleware(Origins, allowed=origins)] if origins else []),
            Middleware(Bounds, body=body_bytes),
            Middleware(Renewing),
        ],
    )
    app.state.gateway = gateway and replace(gateway, ensure_outbox=Once(gateway.ensure_outbox))
    problems.install(app)
    told = (subscriptions, preview, keys, feeds, position, report, dead_letters, redelivery, dry_run)
    for room in (ingest, *told, lookups, journeys, counted, learners, login):
        app.include_router(room.router)
    app.include_router(_documents(app, schemas))
    app.include_router(_operations(checks or {}, notes, metrics, parts))
    for page in pages:
        app.include_router(page)
    return app


@contextlib.asynccontextmanager
async def _running(services: Sequence[Service]) -> AsyncIterator[None]:
    async with contextlib.AsyncExitStack() as stack:
        for service in services:
            stack.push_async_callback(service.stop)
            await service.start()
        yield


def _documents(app: FastAPI, schemas: Path | None) -> APIRouter:
    """What anybody may read without a token."""
    router = APIRouter()
    openly = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
    made: dict[str, bytes] = {}

    @router.get("/v1/openapi.json", include_in_schema=False)
    async def openapi_document() -> Response:
        if not made:
            made["document"] = orjson.dumps(
                openapi.document(app, app.state.gateway.url), option=orjson.OPT_INDENT_2
            )
        return Response(made["document"], headers=openly, media_type="application/json")

    @router.get("/v1/catalogue", tags=["catalogue"], **openapi.CATALOGUE)
    async def get_catalogue() -> Response:
        """Every kind of event: who may send it, and who gets how much of it. Open to everyone."""
        if "catalogue" not in made:
            made["catalogue"] = orjson.dumps(contracts.catalogue())
        return Response(made["catalogue"], headers=openly, media_type="application/json")

    @router.get("/asyncapi.json", include_in_schema=False)
    async def asyncapi_document() -> Response:
        return _file(schemas, "asyncapi.json", openly)

    @router.get("/schemas/{path:path}", include_in_schema=False)
    async def schema(path: str) -> Response:
        return _file(schemas, path, openly)

    return router


_PATH = re.compile(r"[A-Za-z0-9._/-]{1,300}")


def _file(folder: Path | None, name: str, headers: Mapping[str, str]) -> Response:
    """A JSON file below `folder`, or Problem 404; nothing outside it, whatever the name says."""
    root = (folder or Path()).resolve()
    # A name that no file system knows, such as one with a zero byte, is not even looked for.
    found = (root / name).resolve() if _PATH.fullmatch(name) else root
    if folder is None or found.suffix != ".json" or not found.is_relative_to(root) or not found.is_file():
        raise Problem(404, "not-found", "no such document")
    return FileResponse(found, headers=dict(headers), media_type="application/json")


def _operations(
    checks: Mapping[str, Check],
    notes: Sequence[Note],
    metrics: tuple[str, Callable[[], bytes]],
    parts: Parts,
) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    content_type, render = metrics

    async def reasons() -> list[str]:
        return [f"{name}: {reason}" for name, check in checks.items() if (reason := await check())]

    @router.get("/metrics", dependencies=[Depends(metrics_guard)])
    async def metrics_page() -> Response:
        READY.set(not await reasons())
        return Response(render(), headers={"Content-Type": content_type})

    @router.get("/healthz")
    async def healthy() -> Response:
        return _answer(200, {"healthy": True, "reason": "ok"})

    @router.get("/readyz")
    async def ready(_: Request) -> Response:
        found = await reasons()
        told = [*found, *(said for note in notes if (said := note()))]
        content = {"ready": not found, "reason": "; ".join(told) or "ok"}
        return _answer(503 if found else 200, content)

    @router.get("/parts", dependencies=[Depends(metrics_guard)])
    async def every_part() -> Response:
        found = await parts()
        return _answer(200 if all(one["ready"] for one in found.values()) else 503, found)

    return router


def _answer(status: int, content: Mapping[str, Any]) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")
