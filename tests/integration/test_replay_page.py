"""Sending again by the forms of a page, on a real Kafka with a real courier: count, start, follow, stop."""

from __future__ import annotations

import asyncio
import re
import time

import httpx
import pytest

from hub.core.journal import Replayed
from hub.core.journal import load as load_entry
from hub.core.topics import JOURNAL
from hub.monitor.troubles import Lane, Reading
from hub.wiring.pages import Inside
from tests.broker import Broker
from tests.gateway_fakes import NOW, Hub
from tests.integration.gatewaykit import application
from tests.integration.partners import Stage, until
from tests.integration.test_replay import again
from tests.pagekit import NoTroubles, quiet_pages

pytestmark = pytest.mark.kafka

URL = "https://hub.example.nl"
FROM_HERE = {"Sec-Fetch-Site": "same-origin", "Origin": URL}
COUNT = 60


def hidden(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))


async def progress(browser: httpx.AsyncClient, id: str, replay: str) -> int:
    parts = (await browser.get("/monitor/troubles", params={"subscription": id})).json()["parts"]
    (done,) = re.findall(r'<progress max="\d+" value="(\d+)"', parts[f"progress-{replay}"])
    return int(done)


async def test_a_replay_is_counted_started_followed_and_stopped_on_its_page(kafka: Broker) -> None:
    hub, inside, troubles = Hub(), Inside(URL), NoTroubles()
    async with Stage(kafka) as stage:
        partner = await stage.partner()
        mine = await stage.subscribe("almere", partner)
        troubles.reading = Reading(NOW, [Lane(mine.id, "almere", "delivering")])
        await stage.publish(mine, COUNT, subjects=20)
        app = await application(kafka, hub, pages=quiet_pages(inside, troubles), loopback=True)
        inside.app = app
        browser = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=URL, timeout=60)
        here = f"/troubles/{mine.id}"
        async with app.router.lifespan_context(app), browser, stage.courier():
            await until(lambda: len(partner.hits) == COUNT)

            asked = {"cause": "range", "from": "1", "why": "rehearsal", "pace": "120"}
            counted = await browser.get(f"{here}/replay", params=asked)
            assert f"<dd>{COUNT}</dd>" in counted.text and not again(partner)

            started = await browser.post(f"{here}/replay", data=hidden(counted.text), headers=FROM_HERE)
            assert (started.status_code, started.headers["location"]) == (303, f"{here}#replays")
            page = (await browser.get(here)).text
            (stop,) = re.findall(r'action="(/troubles/[^"]+/stop)"', page)
            replay = stop.split("/")[-2]
            deadline = time.monotonic() + 60
            while not (done := await progress(browser, mine.id, replay)):
                assert time.monotonic() < deadline, "no progress was shown"
                await asyncio.sleep(0.1)

            stopped = await browser.post(stop, data=hidden(page), headers=FROM_HERE)
            assert stopped.status_code == 303
            await asyncio.sleep(1.5)
            sent = len(again(partner))
            await asyncio.sleep(1.5)
            assert done <= len(again(partner)) == sent < COUNT
            assert "Gestopt" in (await browser.get(here)).text
        told = [load_entry(value) for _, value in await stage.everything(JOURNAL) if value]
    acts = [(one.by, one.change, one.why) for one in told if isinstance(one, Replayed) and one.id == replay]
    assert acts == [("operator", "ordered", "rehearsal"), ("operator", "stopped", "rehearsal")]
