"""The page of who did what: choices of people and partners, as the journal has them. Never whom it was about."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from fastapi import APIRouter, Depends, Request, Response

from hub.core.contact import Act
from hub.core.people import PersonRole
from hub.monitor.figures import Naming
from hub.monitor.frame import Frame, draw, frame
from hub.monitor.frame import page as as_page
from hub.monitor.troubles_words import ACTS, ActWords
from hub.monitor.viewer import GetViewer, Viewer

SHOWN = 100

ReadActs = Callable[[str | None, int, int], Awaitable[Sequence[Act]]]
"""Of one partner, or of all: what was done before a moment (milliseconds since 1970), the newest first, at most so
many."""


def router(
    read: ReadActs, naming: Callable[[], Naming], now: Callable[[], int], viewer: GetViewer
) -> APIRouter:
    """Mounts `/acts`."""
    pages = APIRouter(include_in_schema=False)

    @pages.get("/acts")
    async def acts(request: Request, who: Viewer = Depends(viewer), before: int = 0) -> Response:  # noqa: B008
        found = await read(who.partner or None, before or now() + 1, SHOWN)
        return as_page(render(found, naming(), frame(request, who), bool(before)), request)

    return pages


def render(acts: Sequence[Act], naming: Naming, around: Frame, older: bool = False) -> str:
    """The whole page. `older` tells whether it is not the first."""
    words = ActWords(around.lang)

    def called(who: str) -> str:
        return words(f"role_{who}") if who in set(PersonRole) else naming.partner(who)

    def what(act: str) -> str:
        return words(f"what_{act}") if f"what_{act}" in ACTS else act

    given: dict[str, Any] = {"called": called, "what": what, "older": older}
    return draw("acts", around, words, acts=acts, more=len(acts) == SHOWN, **given)
