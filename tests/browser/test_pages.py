"""Every page in a real browser: it can be used by everybody, in every look, and asks nobody but the hub."""

from __future__ import annotations

import re

import pytest

from hub.core.people import PersonRole
from tests.browser.conftest import Open
from tests.browser.look import LOOKS, PHONE, Look
from tests.browser.table import FILLED, OPEN, ROUTES, address, first_role, routes
from tests.browser.town import Town

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

each_page = pytest.mark.parametrize("route", ROUTES)


async def test_no_page_has_a_name_in_its_path_that_nothing_fills() -> None:
    assert [route for route in ROUTES if "{" in route and route not in FILLED] == []


@each_page
async def test_a_page_is_accessible_and_whole_in_every_look(opened: Open, town: Town, route: str) -> None:
    for look in LOOKS:
        window = await opened(first_role(route), look)

        assert await window.go(address(route, town.fill, first_role(route))) == 200
        assert await window.page.locator("main h1, header h1").count() == 1
        await window.shoot(route.strip("/").replace("/", "-").replace("{", "").replace("}", "") or "home")
        assert await window.faults_of_access() == [], look
        assert (await window.too_wide() if look.width == PHONE else []) == [], look
        assert (window.faults, window.strays) == ([], []), look


@each_page
async def test_the_keyboard_reaches_everything_and_one_sees_where_it_is(
    opened: Open, town: Town, route: str
) -> None:
    window = await opened(first_role(route))
    # What is replaced meanwhile would have to be counted anew.
    await window.page.route("**/monitor/live?**", lambda asked: asked.abort())
    await window.go(address(route, town.fill, first_role(route)))
    wanted: int = await window.page.evaluate(_MARK)

    await window.page.keyboard.press("Tab")
    assert await window.page.evaluate("document.activeElement.className") == "skip"
    assert await window.page.locator(".skip").evaluate(_VISIBLE)
    reached, unseen = {0}, []
    for _ in range(4 * wanted + 1):  # a day has three fields and a button
        await window.page.keyboard.press("Tab")
        at = await window.page.evaluate(_AT)
        if at is None:
            break
        reached.add(at["number"])
        if not at["seen"]:
            unseen.append(at["html"])

    assert unseen == []
    assert [
        one for number, one in enumerate(await window.page.evaluate(_MARKED)) if number not in reached
    ] == []


@each_page
async def test_the_skip_link_leads_to_the_content(opened: Open, town: Town, route: str) -> None:
    window = await opened(first_role(route))
    await window.go(address(route, town.fill, first_role(route)))

    await window.page.keyboard.press("Tab")
    await window.page.keyboard.press("Enter")

    assert await window.page.evaluate("document.activeElement.id") == "content"


@each_page
async def test_a_page_says_the_same_without_javascript(opened: Open, town: Town, route: str) -> None:
    role = first_role(route)
    with_it, without = await opened(role), await opened(role, script=False)
    await with_it.go(address(route, town.fill, role))
    await without.go(address(route, town.fill, role))

    headings = [
        await window.page.locator("h1, h2, th[scope=col]").all_text_contents()
        for window in (with_it, without)
    ]
    assert headings[0] == headings[1] and headings[0]
    assert without.faults == []


@each_page
async def test_the_other_language_is_one_click_away_and_stays(opened: Open, town: Town, route: str) -> None:
    window = await opened(first_role(route))
    await window.go(address(route, town.fill, first_role(route)))
    dutch = await window.page.locator("main").inner_text()

    await window.page.get_by_role("link", name="English").click()
    assert await window.page.locator("html").get_attribute("lang") == "en"
    assert await window.page.locator("main").inner_text() != dutch
    await window.go(OPEN)
    assert await window.page.locator("html").get_attribute("lang") == "en"
    assert window.faults == []


@each_page
async def test_a_page_can_be_printed(opened: Open, town: Town, route: str) -> None:
    window = await opened(first_role(route), Look(scheme="dark"))
    await window.go(address(route, town.fill, first_role(route)))
    await window.page.emulate_media(media="print", color_scheme="dark")

    for gone in (".places", ".actions", ".skip"):
        assert not any([await one.is_visible() for one in await window.page.locator(gone).all()]), gone
    assert await window.page.evaluate(_PAPER) == {"paper": "rgb(255, 255, 255)", "cut": []}
    assert (await window.page.pdf(format="A4")).startswith(b"%PDF")


@pytest.mark.parametrize("role", list(PersonRole))
async def test_somebody_sees_the_pages_of_their_role_and_no_other(
    opened: Open, town: Town, role: PersonRole
) -> None:
    window = await opened(role)
    for route in ROUTES:
        status = await window.go(address(route, town.fill, role))
        assert status == (200 if route in routes(role) else 403), route
    await window.go(OPEN)
    for link in await window.page.locator("nav.places a").all():
        assert await link.get_attribute("href") in routes(role)


async def test_the_back_button_leads_back_and_an_address_is_a_page(opened: Open, town: Town) -> None:
    window = await opened(PersonRole.PROCESREGISSEUR)
    await window.go("/")
    await window.page.locator(".lanes a").nth(2).click()
    chosen = window.page.url
    assert re.search(r"\?flow=\w+", chosen) and await window.page.locator(".chosen").count() == 1
    await window.page.locator(".grid td a, .places a").first.click()
    assert window.page.url != chosen

    await window.page.go_back()
    assert window.page.url == chosen and await window.page.locator(".chosen").count() == 1
    other = await opened(PersonRole.PROCESREGISSEUR)
    await other.page.goto(chosen)
    assert (
        await other.page.locator(".chosen").inner_text() == await window.page.locator(".chosen").inner_text()
    )


async def test_every_link_of_the_home_page_leads_to_a_page(opened: Open) -> None:
    window = await opened(PersonRole.PROCESREGISSEUR)
    await window.go("/")
    links = await window.page.locator('a[href^="/"]').evaluate_all(
        "all => all.map(a => a.getAttribute('href'))"
    )

    assert len(set(links)) > 15
    for link in sorted(set(links)):
        assert await window.go(link) == 200, link


_REACHABLE = "a[href], button, input, select, textarea, summary, [tabindex]"
_MARK = f"""() => {{
  const all = [...document.querySelectorAll({_REACHABLE!r})].filter((e) =>
    e.tabIndex >= 0 && !e.disabled && e.type !== "hidden" && e.checkVisibility({{visibilityProperty: true}})
    // Tab goes to a group of choices; within it arrows do.
    && (e.type !== "radio" || e.checked));
  all.forEach((e, n) => {{ e.dataset.reached = n; }});
  return all.length;
}}"""
_MARKED = "[...document.querySelectorAll('[data-reached]')].map((e) => e.outerHTML.slice(0, 120))"
_AT = """() => {
  const e = document.activeElement;
  if (e === document.body || e.dataset.reached === undefined) return null;
  const style = getComputedStyle(e), box = e.getBoundingClientRect();
  const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  return {number: Number(e.dataset.reached), html: e.outerHTML.slice(0, 120),
          seen: outlined && box.width > 0 && box.height > 0};
}"""
_VISIBLE = """e => { const box = e.getBoundingClientRect();
  return box.left >= 0 && box.top >= 0 && box.width > 24 && box.height >= 24; }"""
_PAPER = """() => ({
  paper: getComputedStyle(document.body).backgroundColor,
  cut: [...document.querySelectorAll(".scroll")].filter((e) => getComputedStyle(e).overflowX !== "visible")
    .map((e) => e.outerHTML.slice(0, 80)),
})"""
