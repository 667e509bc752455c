"""What a new procesregisseur asks, answered within three clicks of the home page."""

from __future__ import annotations

import asyncio
import time

import pytest
from playwright.async_api import Locator

from hub.core.people import PersonRole
from tests.browser.conftest import Open
from tests.browser.look import Window
from tests.browser.town import BROKEN, SLACK, WELL, Town

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

SIGNAL_SECONDS = 60.0
"""Within so long the clocks of the day were heard."""


async def home(opened: Open) -> Window:
    window = await opened(PersonRole.PROCESREGISSEUR)
    await window.go("/")
    return window


def card(window: Window, heading: str) -> Locator:
    return window.page.locator(
        "section.card", has=window.page.get_by_role("heading", name=heading, exact=True)
    )


async def test_which_school_is_behind_with_acknowledging_handovers(opened: Open, town: Town) -> None:
    window = await home(opened)
    await window.page.get_by_role("link", name="Leerlijn van de stad").click()

    table = card(window, "Overdrachten: wie loopt achter").locator("table")
    deadline = time.monotonic() + SIGNAL_SECONDS
    while not await table.count():
        assert time.monotonic() < deadline, await window.page.locator("main").inner_text()
        await asyncio.sleep(1)
        await window.page.reload()
    assert "Ontvangst niet bevestigd" in await table.locator("thead").inner_text()
    assert town.directory.partners[SLACK].name in await table.locator("tbody").inner_text()


async def test_whether_there_are_places_for_a_group_on_its_day(opened: Open, town: Town) -> None:
    window = await home(opened)
    await window.page.get_by_role("link", name="Leerlijn van de stad").click()

    days = card(window, "Nieuwkomers en plaatsen").locator("tbody tr")
    told = await days.all_inner_texts()
    assert told and all("Tekort" in day or "Plaats voor allen" in day for day in told), told
    assert any(town.directory.partners[WELL].name in day for day in told), told


async def test_why_a_partner_did_not_get_an_event(opened: Open, town: Town) -> None:
    for partner in ("oke-op-school", "de-ontdekking"):
        window = await home(opened)
        await window.page.get_by_role("link", name="Reis van een bericht").click()
        await window.page.get_by_label("Bericht-id").fill(town.fill.id)
        await window.page.get_by_role("button", name="Zoek").click()
        await window.page.locator("select[name=partner]").select_option(partner)
        await window.page.get_by_role("button", name="Leg uit").click()

        name, why = (await window.page.locator(".answer").inner_text()).split("\n", 1)
        assert name == town.directory.partners[partner].name
        assert "Heeft volgens de gegevens van dat moment met deze zaak niets te maken" in why, why


async def test_what_to_do_about_the_partner_that_is_down(opened: Open, town: Town) -> None:
    window = await home(opened)
    await window.until("!!document.querySelector('.attention .act')", 90)
    name = town.directory.partners[BROKEN].name
    await window.page.locator(".attention li", has_text=name).locator(".act").click()

    assert name in await window.page.locator("h1").inner_text()
    assert "Volgende stap" in await window.page.locator("main").inner_text()
