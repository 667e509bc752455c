"""A window of the browser, and all that went wrong in it."""

from __future__ import annotations

import asyncio
import os
import re
import time
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, Request

from hub.core.people import PersonRole
from tests.browser.table import PEOPLE
from tests.browser.town import Town

WIDE, PHONE = 1440, 390
AA = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
RULES = {"runOnly": {"type": "tag", "values": AA}, "resultTypes": ["violations"]}


async def sign_in(town: Town, role: PersonRole) -> httpx.AsyncClient:
    """Somebody who logged in, without a browser."""
    client = httpx.AsyncClient(base_url=town.url, follow_redirects=True, timeout=60, trust_env=False)
    asked = await client.get("/login", params={"next": "/catalogue"})
    form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', asked.text))
    there = asked.url.copy_with(path="/authorize", query=None)
    (await client.post(there, data={**form, "account": PEOPLE[role]})).raise_for_status()
    return client


class Look(NamedTuple):
    width: int = WIDE
    scheme: str = "light"


LOOKS = [Look(width, scheme) for width in (WIDE, PHONE) for scheme in ("light", "dark")]


class Window:
    """One page with a cookie jar of its own. `faults` are errors on the console and answers of 400 and above,
    `strays` requests to others than the hub."""

    def __init__(self, page: Page, town: Town, look: Look) -> None:
        self.page, self.town, self.look = page, town, look
        self.faults: list[str] = []
        self.strays: list[str] = []
        page.on("console", lambda said: said.type == "error" and self.faults.append(said.text))
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("request", self._asked)

    @classmethod
    async def open(cls, chromium: Browser, town: Town, look: Look, script: bool = True) -> Window:
        size: Any = {"width": look.width, "height": 900}
        scheme: Any = look.scheme
        context = await chromium.new_context(
            viewport=size, color_scheme=scheme, java_script_enabled=script, reduced_motion="reduce"
        )
        return cls(await context.new_page(), town, look)

    async def close(self) -> None:
        await self.page.context.close()

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((f"{self.town.url}/", "data:")):
            self.strays.append(request.url)

    async def go(self, address: str) -> int:
        """Status of the answer."""
        answer = await self.page.goto(f"{self.town.url}{address}")
        # To another place of the page that is open nothing is asked.
        return 200 if answer is None else answer.status

    async def log_in(self, role: PersonRole, address: str = "/catalogue") -> None:
        """From a page by way of the issuer and back."""
        await self.page.goto(f"{self.town.url}/login?next={address}")
        await self.page.locator(f'button[value="{PEOPLE[role]}"]').click()
        await self.page.wait_for_url(f"{self.town.url}/**")

    async def come_as(self, session: str) -> None:
        await self.page.context.add_cookies([{"name": "hub-session", "value": session, "url": self.town.url}])

    async def until(self, script: str, seconds: float = 20.0) -> None:
        """Until the script is true. (That of Playwright evaluates text within the page, which its policy forbids.)"""
        deadline = time.monotonic() + seconds
        while not await self.page.evaluate(script):
            assert time.monotonic() < deadline, script
            await asyncio.sleep(0.02)

    async def faults_of_access(self) -> list[str]:
        """What axe-core finds against WCAG 2.2 AA, as rule and place."""
        found = await Axe().run(self.page, options=RULES)
        return [
            f"{one['id']}: {' '.join(map(str, node['target']))} {node['html'][:120]}"
            for one in found.response["violations"]
            for node in one["nodes"]
        ]

    async def too_wide(self) -> list[str]:
        """Where the page itself must be scrolled sideways: what sticks out."""
        found: list[str] = await self.page.evaluate(_STICKS_OUT)
        return found

    async def shoot(self, name: str) -> None:
        """A picture of the whole page, into the folder named by SCREENSHOTS."""
        if folder := os.environ.get("SCREENSHOTS"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            path = Path(folder) / f"{name}-{self.look.width}-{self.look.scheme}.png"
            await self.page.screenshot(path=path, full_page=True)


_STICKS_OUT = """() => {
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= wide) return [];
  return [...document.querySelectorAll("body *")]
    .filter((e) => e.getBoundingClientRect().right > wide + 1)
    .map((e) => e.outerHTML.slice(0, 100)).slice(0, 5);
}"""
