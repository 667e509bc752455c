"""Every refusal in one shape: RFC 9457 problem details, a superset that fits ADR, ZGW and OOAPI (standards.md §5)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match

from hub.core.event import Fault

MEDIA_TYPE = "application/problem+json"
_UNKNOWN = "no such path; see /v1/openapi.json (paths have no trailing slash)"


class Problem(Exception):
    """Ends a request with this answer. `detail` says what the caller should do and repeats nothing it sent."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        faults: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.detail = detail
        self.faults = faults
        self.headers = headers


def body(status: int, code: str, detail: str, faults: Sequence[Fault] = ()) -> dict[str, Any]:
    return {
        "type": f"urn:problem:onderwijshub:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": f"urn:uuid:{uuid.uuid4()}",
        "code": code,
        "errors": [{"pointer": f.pointer, "code": f.code, "detail": f.detail} for f in faults],
        "invalidParams": [{"name": f.pointer, "code": f.code, "reason": f.detail} for f in faults],
    }


def respond(content: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    """`content` is what `body` made, with or without more members."""
    return Response(orjson.dumps(content), content["status"], headers, MEDIA_TYPE)


def not_found(what: str) -> Problem:
    """Also for what exists but is not the caller's to see: both look the same."""
    return Problem(404, "not-found", f"no such {what}, or not yours to see")


def not_stored(detail: str) -> Problem:
    return Problem(
        503,
        "not-stored",
        f"Kafka did not confirm ({detail}): it may or may not be stored. Send the same again, with the same ids.",
        headers={"Retry-After": "5"},
    )


def install(app: FastAPI) -> None:
    """Makes every error of the framework a problem, and schema errors a 400 instead of a 422."""
    app.add_exception_handler(Problem, _of_problem)
    app.add_exception_handler(HTTPException, _of_framework)
    app.add_exception_handler(RequestValidationError, _of_parameters)


async def _of_problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return respond(body(error.status, error.code, error.detail, error.faults), error.headers)


async def _of_framework(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
    detail = _UNKNOWN if error.status_code == 404 else f"{error.detail}; see /v1/openapi.json"
    headers = {**(error.headers or {}), **({"Allow": _allowed(request)} if error.status_code == 405 else {})}
    return respond(body(error.status_code, code, detail), headers)


def _allowed(request: Request) -> str:
    """Every method of this path; the framework names those of its first route only."""
    here = (one for one in _routes(request.app) if one.matches(request.scope)[0] != Match.NONE)
    return ", ".join(sorted({method for one in here for method in getattr(one, "methods", None) or ()}))


def _routes(router: Any) -> Iterator[BaseRoute]:
    """Those of routers within it as well; none of ours has a prefix."""
    for route in router.routes:
        inner = getattr(route, "original_router", None)
        yield from [route] if inner is None else _routes(inner)


async def _of_parameters(_: Request, error: Exception) -> Response:
    # Messages of pydantic may quote the input, which may be a learner id: only the kind of fault is told.
    assert isinstance(error, RequestValidationError)
    faults = [Fault(f"/{e['loc'][-1]}", e["type"].replace("_", "-"), _words(e)) for e in error.errors()]
    return respond(body(400, "invalid-parameters", "parameters are missing or wrong, see errors", faults))


def _words(error: Mapping[str, Any]) -> str:
    limits = {k: v for k, v in error.get("ctx", {}).items() if k in ("ge", "le", "pattern", "max_length")}
    allowed = ", ".join(f"{name} {limit}" for name, limit in limits.items())
    where = "header" if error["loc"][0] == "header" else "query parameter"
    return f"{where} is {'missing' if error['type'] == 'missing' else 'wrong'}" + (
        f": {allowed}" if allowed else ""
    )
