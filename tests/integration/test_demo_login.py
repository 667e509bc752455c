"""`hub demo --login` as somebody tries it: people log in, and a system publishes with tokens of the issuer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from hub.demo.logins import SYSTEM
from hub.local.folder import Folder
from tests.up import Up

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Up]:
    up = Up(tmp_path, ["hub", "demo"])
    up.folder = Folder(up.folder.data / "demo")
    yield up
    up.clean()


def choose(browser: httpx.Client, account: str) -> httpx.Response:
    """From the page of the hub by way of the issuer to where one lands."""
    asked = browser.get("/", headers={"Accept": "text/html"})
    form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', asked.text))
    there = str(asked.url.copy_with(path="/authorize", query=None))
    return browser.post(there, data={**form, "account": account})


def test_a_person_clicks_through_and_everybody_gets_what_the_policy_names(demo: Up) -> None:
    running = demo.start("--login", "--headless", "--seconds", "15")
    demo.wait(lambda: "the page asks you to log in" in demo.said)
    url = demo.settings.url
    with httpx.Client(base_url=url, follow_redirects=True, timeout=30, trust_env=False) as browser:
        page = choose(browser, "demo-regie")
        assert (page.status_code, page.url.path) == (200, "/"), page.text
        assert browser.get("/v1/flows").status_code == 200
        assert browser.get("/v1/subscriptions").status_code == 403
    with httpx.Client(base_url=url, follow_redirects=True, timeout=30, trust_env=False) as browser:
        assert choose(browser, "demo-taalcentrum").url.path == "/subscriptions"
        assert len(browser.get("/v1/subscriptions").json()) >= 1
    # Taalcentrum has no other way to publish here than the tokens of the issuer.
    assert running.wait(150) == 0, demo.said
    assert SYSTEM in (demo.folder.data / "partner-systems" / "directory.yaml").read_text()
