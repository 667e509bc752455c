"""The pages of the city over HTTP: each role sees what the API gives it, and nothing else."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest

from hub.core.people import Person, PersonRole
from hub.core.views import Cell, Published
from hub.gateway.app import build
from hub.monitor.city import City, read
from hub.monitor.viewer import Viewer
from hub.wiring.pages import Inside
from tests.gateway_fakes import Hub
from tests.pagekit import quiet_pages
from tests.peoplekit import Browser, Stage, stage
from tests.unit.test_monitor import text
from tests.unit.test_newcomers import asks, gives, places

GROUP = (asks(b4_5=14, b6_11=38), gives(free=40), gives("b", 25, "2027-03-01"), asks("b", "haven", vo=3))
PUBLISHED = [
    Published("M6", "2026-2027", "2026-11-01", 5, "pooled", [Cell(["certificates/zorg/open"], "<5")]),
    Published("M6", "2025-2026", "2026-11-01", 5, "pooled", [Cell(["certificates/zorg/open"], 40)]),
]
WATCHERS = ("sub-regie", "sub-beheer", "sub-fg")


def fill(hub: Hub) -> None:
    hub.queries.places = places(*GROUP)
    hub.queries.published = list(PUBLISHED)


@pytest.fixture
async def made() -> AsyncIterator[Stage]:
    async with stage() as found:
        fill(found.hub)
        yield found


async def logged_in(made: Stage, subject: str) -> Browser:
    browser = made.browser()
    await browser.log_in(subject)
    return browser


@pytest.mark.parametrize("subject", WATCHERS)
async def test_who_watches_the_flows_sees_everything_as_the_api_masks_it(made: Stage, subject: str) -> None:
    browser = await logged_in(made, subject)
    for path in ("/city", "/city/M6", "/city/report", "/city/M2"):
        answer = await browser.hub.get(path)
        assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store", path
    overview = (await browser.hub.get("/city")).text
    assert "ten hoogste 55" in overview and "te weinig om te tonen" in overview
    assert "52" not in text(overview) and "De Boot" in overview
    assert re.search(r"<h2[^>]*>Schooljaar 2025-2026", (await browser.hub.get("/city/M6")).text)


async def test_a_partner_sees_what_its_roles_give_it_and_no_city_figures(made: Stage) -> None:
    browser = await logged_in(made, "sub-school")
    answer = await browser.hub.get("/city")
    assert answer.status_code == 200 and "ten hoogste 55" in answer.text
    assert "Modulecertificaten" not in answer.text and "wie loopt achter" not in answer.text
    assert (await browser.hub.get("/city/M2")).status_code == 200
    assert (await browser.hub.get("/city/M6")).status_code == 403
    assert (await browser.hub.get("/city/M6.csv")).status_code == 403
    assert (await browser.hub.get("/city/report")).status_code == 200


@pytest.mark.parametrize("path", ["/city", "/city/M6", "/city/M6.csv", "/city/report"])
async def test_nobody_sees_it_without_a_role(made: Stage, path: str) -> None:
    browser = made.browser()
    answer = await browser.hub.get(path)
    assert answer.status_code == 303 and answer.headers["location"].startswith("/login")


async def test_the_csv_is_a_file_with_a_header_and_hides_what_the_api_hides(made: Stage) -> None:
    browser = await logged_in(made, "sub-regie")
    answer = await browser.hub.get("/city/M6.csv")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="M6-2026-11-01.csv"'
    head, newest, before = answer.text.splitlines()
    assert head.startswith("metric,period,on,categories,name,value")
    assert newest.endswith(",,,,yes,pooled,5") and before.endswith(",40,40,40,no,pooled,5")


@pytest.mark.parametrize("path", ["/city/M99", "/city/M99.csv", "/city/x"])
async def test_a_metric_that_is_not_there_is_not_found(made: Stage, path: str) -> None:
    assert (await (await logged_in(made, "sub-regie")).hub.get(path)).status_code == 404


async def test_a_school_year_that_is_not_there_is_the_newest(made: Stage) -> None:
    browser = await logged_in(made, "sub-regie")
    for period in ("1999-2000", "<script>", "2025-2026"):
        answer = await browser.hub.get("/city", params={"period": period})
        assert answer.status_code == 200 and "<script>" not in answer.text
        assert ("Schooljaar 2025-2026" in answer.text) is (period == "2025-2026")


async def test_from_the_home_page_it_is_one_click_to_who_is_behind_and_whether_a_group_finds_places(
    made: Stage,
) -> None:
    browser = await logged_in(made, "sub-regie")
    home = (await browser.hub.get("/")).text
    assert 'href="/city"' in home
    found = (await browser.hub.get("/city")).text
    assert re.search(r'<th scope="row">De Boot</th>\s*<td>.*?1-4', found, re.S)
    row = next(text(r) for r in re.findall(r"<tr>.*?</tr>", found, re.S) if "1 december 2026" in r)
    assert "Plaats voor allen" in row and "40 vanaf 11 januari 2027" in row
    for path in re.findall(r'href="(/city[^"#]*)"', found):
        assert (await browser.hub.get(path)).status_code == 200, path


async def seen(hub: Hub, person: Person) -> City:
    url = "https://hub.example.nl"
    inside = Inside(url)
    inside.app = build(hub.gateway(url=url), pages=quiet_pages(inside))
    return await read(inside, Viewer(person), "nl")


async def test_the_narrow_circle_sees_the_exact_numbers_that_its_systems_see() -> None:
    hub = Hub()
    fill(hub)
    gemeente = await seen(hub, Person(PersonRole.PARTNER_ADMINISTRATOR, "almere"))
    assert gemeente.newcomers is not None and gemeente.newcomers["exact"]
    assert "M6" in gemeente.metrics and gemeente.late is None
    school = await seen(hub, Person(PersonRole.PARTNER_ADMINISTRATOR, "school"))
    assert school.newcomers is not None and not school.newcomers["exact"]
    assert school.metrics == {} and school.late is None


async def test_no_page_reads_a_signal_about_a_person() -> None:
    hub = Hub()
    fill(hub)
    await seen(hub, Person(PersonRole.PARTNER_ADMINISTRATOR, "school"))
    assert hub.kafka.journal() == [], "a partner's own signals are for its systems, and journaled"
