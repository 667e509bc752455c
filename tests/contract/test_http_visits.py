"""Who looks at the pages where nobody logs in, and what a page may ask of the API for whoever looks."""

from __future__ import annotations

import httpx
import pytest

from hub.core.people import Person, PersonRole
from hub.gateway.app import build
from hub.gateway.people import ACTING
from hub.monitor.viewer import NOBODY, Viewer
from hub.wiring.pages import Inside
from tests.gateway_fakes import Hub
from tests.pagekit import quiet_pages

HERE, AWAY = "http://127.0.0.1:8080", "https://hub.example.nl"
OPERATOR = Viewer(Person(PersonRole.OPERATOR))
SCHOOL = Viewer(Person(PersonRole.PARTNER_ADMINISTRATOR, "school"))


def pages(url: str) -> tuple[httpx.AsyncClient, Inside]:
    inside = Inside(url)
    inside.app = build(Hub().gateway(url=url, loopback=url == HERE), pages=quiet_pages(inside))
    return httpx.AsyncClient(transport=httpx.ASGITransport(inside.app), base_url=url), inside


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:8080", "[::1]:8080"])
async def test_on_its_own_machine_the_pages_are_open(host: str) -> None:
    browser, _ = pages(HERE)
    assert (await browser.get("/", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.7"])
async def test_a_name_of_somebody_else_for_this_machine_shows_nothing(host: str) -> None:
    browser, _ = pages(HERE)
    answer = await browser.get("/", headers={"Host": host})
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign-host")


async def test_elsewhere_the_token_of_who_watches_is_the_password() -> None:
    browser, _ = pages(AWAY)
    assert (await browser.get("/")).headers["WWW-Authenticate"].startswith("Basic")
    assert (await browser.get("/", auth=("", "regie-token"))).status_code == 200
    assert (await browser.get("/", auth=("", "school-token"))).status_code == 403


async def test_the_catalogue_is_open_and_offers_only_what_the_visitor_may_see() -> None:
    browser, _ = pages(AWAY)
    answer = await browser.get("/catalogue")
    assert answer.status_code == 200 and 'href="/numbers"' not in answer.text
    here, _ = pages(HERE)
    assert 'href="/numbers"' in (await here.get("/catalogue")).text


async def test_a_page_has_at_the_api_the_rights_of_whoever_looks_and_no_others() -> None:
    _, inside = pages(AWAY)
    assert (await inside(OPERATOR, "GET", "/v1/partners")).well
    assert (await inside(SCHOOL, "GET", "/v1/subscriptions")).well
    refused = await inside(OPERATOR, "POST", "/v1/subscriptions", body={})
    assert (refused.status, refused.body["code"]) == (403, "not-your-role")
    assert (await inside(SCHOOL, "GET", "/v1/flows")).status == 403


async def test_a_page_asks_nothing_for_nobody() -> None:
    _, inside = pages(AWAY)
    with pytest.raises(ValueError):
        await inside(NOBODY, "GET", "/v1/partners")


async def test_no_request_from_outside_can_say_for_whom_it_acts() -> None:
    browser, _ = pages(AWAY)
    for name in (ACTING, "hub-acting", "acting"):
        assert (await browser.get("/v1/partners", headers={name: "operator"})).status_code == 401
