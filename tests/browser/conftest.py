"""One hub and one real Chromium for all tests of the pages."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from hub.core.people import PersonRole
from tests.browser.look import Look, Window
from tests.browser.town import Town

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
MISSING = "the pages are looked at with Chromium: install `chromium`"

Open = Callable[..., Awaitable[Window]]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """These come last and together: no other test runs beside this hub."""
    items.sort(key=lambda item: item.path.parent.name == "browser")


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    if CHROMIUM is None:
        pytest.skip(MISSING)
    with Town(tmp_path_factory.mktemp("town")) as made:
        yield made


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        # Who runs this in a container is root there, for whom Chromium has no sandbox.
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def sessions(town: Town, chromium: Browser) -> dict[PersonRole, str]:
    """By role the cookie of somebody who logged in by clicking."""
    found: dict[PersonRole, str] = {}
    for role in PersonRole:
        window = await Window.open(chromium, town, Look())
        await window.log_in(role)
        cookies = await window.page.context.cookies(town.url)
        found[role] = next(cookie["value"] for cookie in cookies if cookie["name"] == "hub-session")
        await window.close()
    return found


@pytest_asyncio.fixture(loop_scope="session")
async def opened(town: Town, chromium: Browser, sessions: dict[PersonRole, str]) -> AsyncIterator[Open]:
    """Opens a window: `role` is logged in (None: nobody), `look` how it looks."""
    windows: list[Window] = []

    async def one(role: PersonRole | None = None, look: Look | None = None, script: bool = True) -> Window:
        window = await Window.open(chromium, town, look or Look(), script)
        if role is not None:
            await window.come_as(sessions[role])
        windows.append(window)
        return window

    yield one
    for window in windows:
        await window.close()
