"""The catalogue as a page: every kind of event, who may send it, and who gets how much of it (domain.md §2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from fastapi import APIRouter, Depends, Request, Response

from hub.core.catalogue.base import Column
from hub.core.catalogue.words import COLUMNS
from hub.monitor.catalogue_words import LEVELS, PRIVACY, ROLES, WORDS
from hub.monitor.frame import Frame, draw, frame
from hub.monitor.frame import page as as_page
from hub.monitor.viewer import GetViewer, Viewer, anybody
from hub.monitor.words import Language

Row = dict[str, Any]
COUNTED, NEVER = "C", "–"


class Words(Language):
    """The words of this page."""

    def __init__(self, code: str) -> None:
        super().__init__(code, WORDS)

    def column(self, column: str) -> str:
        return COLUMNS[Column(column)][self.place]

    def role(self, role: str) -> str:
        return ROLES[role][self.place] if role in ROLES else role

    def level(self, level: str) -> str:
        return LEVELS[level][self.place]

    def privacy(self, privacy: str) -> str:
        return PRIVACY[privacy][self.place]


def router(rows: Sequence[Row], viewer: GetViewer = anybody) -> APIRouter:
    """Mounts the page at `/catalogue`. `rows` are those of `hub.core.contracts.catalogue`. The page is open to all:
    `viewer` only says which others are offered beside it."""
    pages = APIRouter(include_in_schema=False)

    @pages.get("/catalogue")
    async def page(request: Request, who: Viewer = Depends(viewer)) -> Response:  # noqa: B008
        return as_page(render(rows, frame(request, who)), request)

    return pages


def render(rows: Sequence[Row], around: Frame) -> str:
    """The whole page."""
    words = Words(around.lang)
    return draw(
        "catalogue",
        around,
        words,
        rows=rows,
        columns=[column.value for column in Column],
        levels=LEVELS,
        privacies=PRIVACY,
        cell=cell,
        told=told,
        what=lambda cell: what(cell, words),
        example=_example,
    )


def cell(row: Row, column: str) -> str:
    """What stands in the matrix: F, R, C, or a dash for never."""
    return next((str(one["level"]) for one in row["cells"] if one["column"] == column), NEVER)


def told(row: Row) -> list[Row]:
    """Cells of those who get this kind as a message, in the order of the matrix."""
    return [one for one in row["cells"] if one["level"] != COUNTED]


def what(cell: Row, words: Words) -> str:
    """How much of it, on which condition, and what is left out; a reduction says itself that it is a part."""
    condition, reduction = cell["condition"][words.code], cell["reduction"][words.code]
    level = "" if cell["level"] == "R" and (condition or reduction) else words.level(cell["level"])
    return "; ".join(text for text in (level, condition, reduction) if text)


def _example(row: Row) -> str:
    given = row.get("example")
    return orjson.dumps(given, option=orjson.OPT_INDENT_2).decode() if given else ""
