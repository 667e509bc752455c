"""Which web pages of others may call the API from a browser (CORS): those the operator named, by default none."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp

from hub.gateway import problems

METHODS = ("GET", "POST", "PUT", "DELETE")
ASKED = ("Authorization", "Content-Type", "Purpose", "Idempotency-Key")
TOLD = ("API-Version", "Location", "Retry-After", "WWW-Authenticate")


class Origins(CORSMiddleware):
    """No cookie crosses origins: such a page sends a token. What anybody may read stays open to all."""

    def __init__(self, app: ASGIApp, allowed: Sequence[str]) -> None:
        super().__init__(
            app,
            allow_origins=allowed,
            allow_methods=METHODS,
            allow_headers=ASKED,
            expose_headers=TOLD,
            max_age=600,
        )

    def preflight_response(self, request_headers: Headers) -> Response:
        made = super().preflight_response(request_headers)
        if made.status_code < 400:
            return made
        refusal = problems.body(403, "origin", "no page of this origin may do this; ask the operator")
        return problems.respond(refusal, {"Vary": "Origin"})
