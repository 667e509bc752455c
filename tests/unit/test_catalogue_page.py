"""The catalogue as a page: everything of the table is on it, in both languages, with no files of others."""

from __future__ import annotations

import re

import fastapi
import httpx
import pytest

from hub.core.catalogue import KINDS
from hub.core.catalogue.base import COUNTED, Column
from hub.core.contracts import catalogue
from hub.monitor import catalogue as page
from hub.monitor.frame import Frame
from hub.monitor.site import files
from tests.unit.test_monitor import Tags, text

ROWS = catalogue()


@pytest.fixture(scope="module", params=["nl", "en"])
def html(request: pytest.FixtureRequest) -> str:
    return page.render(ROWS, Frame("/catalogue", request.param))


def test_the_matrix_on_the_page_is_the_one_that_routes(html: str) -> None:
    matrix = re.search(r'<table class="matrix">.*?</table>', html, re.S)
    assert matrix is not None
    rows = re.findall(r'href="#(\w+)".*?</th>(.*?)</tr>', matrix.group(0), re.S)
    shown = {code: re.findall(r'class="level [^>]*>(.)<', cells) for code, cells in rows}

    expected = {
        kind.code: [kind.cells[column].level if column in kind.cells else "–" for column in Column]
        for kind in KINDS.values()
    }
    assert shown == expected


def test_every_kind_has_a_section_that_the_matrix_leads_to(html: str) -> None:
    sections = re.findall(r'<section class="card kind" id="(\w+)"', html)

    assert sections == [kind.code for kind in KINDS.values()]
    assert set(sections) <= set(re.findall(r'href="#(\w+)"', html))
    for kind in KINDS.values():
        section = re.search(rf'id="{kind.code}" .*?</section>', html, re.S)
        assert section is not None and kind.type in section.group(0)
        for name, field in kind.data.model_fields.items():
            assert f"<code>{field.alias or name}</code>" in section.group(0), (kind.code, name)


def test_who_is_only_counted_is_not_among_those_who_get_it() -> None:
    for row, kind in zip(ROWS, KINDS.values(), strict=True):
        told = {cell["column"] for cell in page.told(row)}
        assert told == {column.value for column, cell in kind.cells.items() if cell is not COUNTED}


def test_the_page_is_well_formed_and_needs_nothing_but_its_own_files(html: str) -> None:
    found = Tags(html)

    assert found.open == []
    for tag, attributes in found.tags:
        assert "style" not in attributes and not any(name.startswith("on") for name in attributes), tag
        address = attributes.get("src") or attributes.get("href") or "/"
        assert address.startswith(("/", "#", "data:,")), address
        assert tag not in ("style", "script")


def test_tables_can_be_read_aloud(html: str) -> None:
    for table in re.findall(r"<table.*?</table>", html, re.S):
        assert "<caption" in table
        assert all("scope=" in head for head in re.findall(r"<th[ >][^>]*", table))


def test_dutch_comes_first() -> None:
    dutch, english = page.render(ROWS, Frame(lang="nl")), page.render(ROWS, Frame(lang="en"))

    assert '<html lang="nl">' in dutch and "Wie krijgt wat" in text(dutch)
    assert '<html lang="en">' in english and "Who gets what" in text(english)


async def test_the_door_serves_it_with_its_files() -> None:
    app = fastapi.FastAPI()
    app.include_router(page.router(ROWS))
    app.include_router(files())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://hub") as door:
        whole = await door.get("/catalogue")
        assert whole.status_code == 200 and "default-src 'none'" in whole.headers["content-security-policy"]
        for address in re.findall(r'href="(/monitor/static/[^"]+)"', whole.text):
            assert (await door.get(address)).status_code == 200
