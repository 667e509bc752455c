"""The pages keep to the strict policy they are sent with: nothing inline, nothing from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hub.monitor import site

PAGES = sorted((Path(site.__file__).parent / "templates").glob("*.html"))
FILES = sorted((Path(site.__file__).parent / "static").iterdir())
INLINE = re.compile(
    r"\sstyle=|<style|\son[a-z]+=|<script(?![^>]* src=)|javascript:|srcdoc|<base|<iframe|https?://", re.I
)


def test_the_policy_lets_in_nothing_but_our_own_files() -> None:
    policy = dict(
        part.strip().partition(" ")[::2] for part in site.HEADERS["Content-Security-Policy"].split(";")
    )
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self'",
        "connect-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_a_page_holds_nothing_inline_and_nothing_from_elsewhere(page: Path) -> None:
    assert not INLINE.search(page.read_text())


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_what_pages_are_made_of_is_served_and_asks_for_nothing_elsewhere(file: Path) -> None:
    text = file.read_text().replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert site.asset(file.name) and file.name in site._STATIC
    assert not re.search(r"https?://|url\(|@import|\beval\(|\.style\b", text)


@pytest.mark.parametrize(
    "bad", ['<p style="x">', "<script>x</script>", '<a onclick="x">', '<a href="http://x">']
)
def test_a_fault_in_a_page_would_be_seen(bad: str) -> None:
    assert INLINE.search(bad)
