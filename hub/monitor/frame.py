"""What every page is drawn in: its language, its navigation, and who looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

from fastapi import Request, Response

from hub.monitor.site import HEADERS, asset, template
from hub.monitor.viewer import Place, Viewer, anybody, places
from hub.monitor.words import LANGUAGES, Language

LANGUAGE = "lang"
"""Names the query parameter that switches the language, and the cookie that keeps it (`nl` or `en`)."""

KEPT_SECONDS = 365 * 86_400


class Frame(NamedTuple):
    """One look at one page. `query` is what was asked for beside the language, by name."""

    path: str = "/"
    lang: str = LANGUAGES[0]
    viewer: Viewer = anybody()
    query: Sequence[tuple[str, str]] = ()

    @property
    def places(self) -> list[Place]:
        return places(self.viewer)

    def here(self, place: Place) -> bool:
        """Whether this page is the place, or below it."""
        return self.path == place.path or (place.path != "/" and self.path.startswith(f"{place.path}/"))

    def address(self, **changes: Any) -> str:
        """This page with other words in its query; None takes one out."""
        kept = [(name, value) for name, value in self.query if name not in changes]
        given = [*kept, *((name, str(value)) for name, value in changes.items() if value is not None)]
        return f"{self.path}?{urlencode(given)}" if given else self.path


def frame(request: Request, viewer: Viewer) -> Frame:
    """The frame of a request. An unknown language is Dutch."""
    asked = request.query_params.get(LANGUAGE) or request.cookies.get(LANGUAGE) or LANGUAGES[0]
    query = tuple((name, value) for name, value in request.query_params.multi_items() if name != LANGUAGE)
    return Frame(request.url.path, asked if asked in LANGUAGES else LANGUAGES[0], viewer, query)


def draw(name: str, around: Frame, words: Language, **context: Any) -> str:
    """The whole page `name`."""
    return template(name).render(context | {"t": words, "frame": around, "asset": asset})


def page(html: str, request: Request, status: int = 200, headers: Mapping[str, str] = HEADERS) -> Response:
    """A page as an answer; a language that was asked for is kept for the next page."""
    made = Response(html, status, media_type="text/html; charset=utf-8", headers=dict(headers))
    chosen = request.query_params.get(LANGUAGE)
    if chosen in LANGUAGES:
        secure = request.url.scheme == "https"
        made.set_cookie(LANGUAGE, chosen, max_age=KEPT_SECONDS, secure=secure, httponly=True, samesite="lax")
    return made
