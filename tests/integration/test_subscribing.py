"""A person makes a subscription in a form and runs it: pages, the real Kafka, a courier and a receiver over HTTP."""

from __future__ import annotations

import asyncio
import re
import time

import httpx
import pytest

from connectors.webhook.receiver import Receiver
from hub.core import sinks
from hub.gateway.access_form import Reach
from hub.wiring.pages import Inside
from tests import peoplekit
from tests.broker import Broker
from tests.integration.gatewaykit import application
from tests.integration.partners import LOOPBACK, Partner, Stage, until
from tests.pagekit import quiet_pages

pytestmark = pytest.mark.kafka


async def send(browser: peoplekit.Browser, path: str, **fields: str) -> httpx.Response:
    own = {"Sec-Fetch-Site": "same-origin", "Origin": "null"}
    return await browser.hub.post(path, data={"csrf": await browser.csrf(), **fields}, headers=own)


async def shows(browser: peoplekit.Browser, path: str, words: str) -> str:
    """Looks at a page until it says so."""
    deadline = time.monotonic() + 40
    while words not in (page := (await browser.hub.get(path)).text):
        assert time.monotonic() < deadline, page
        await asyncio.sleep(0.1)
    return page


def secret(page: httpx.Response) -> str:
    (found,) = re.findall(r"whsec_[A-Za-z0-9+/=]+", page.text)
    return str(found)


def verified(partner: Partner, count: int) -> bool:
    return len(partner.delivered) == count and partner.unverified == 0


async def test_from_the_form_to_a_signed_message_and_on_through_rotation_pause_and_resume(
    kafka: Broker,
) -> None:
    async with Stage(kafka) as courier_stage, peoplekit.stage() as people:
        partner = await courier_stage.partner(rate=120)
        inside = Inside(peoplekit.URL)
        reach = Reach(sinks.networks(LOOPBACK))
        app = inside.app = await application(
            kafka,
            people.hub,
            pages=quiet_pages(inside),
            login=people.login(),
            loopback=False,
            reach=reach,
        )
        async with app.router.lifespan_context(app):
            browser = people.browser(app)
            await browser.log_in("sub-school")
            fields = {"kind.E13": "on", "how": "webhook", "sink": partner.sink, "signature": "hmac"}

            looked = await send(browser, "/subscriptions/new", **fields, look="1")
            assert looked.status_code == 200 and "voorbeeld-e13" in looked.text, looked.text

            made = await send(browser, "/subscriptions/new", **fields, make="1")
            assert made.status_code == 200, made.text
            id = re.findall(r'href="/subscriptions/(sub-[0-9a-f]+)"', made.text)[0]
            own, first = f"/subscriptions/{id}", secret(made)
            partner.receiver = Receiver(first, rate=120)

            courier_stage.prefix = f"outbox.{id}"
            async with courier_stage.courier():
                assert "120" in await shows(browser, own, "Akkoord")

                assert (await send(browser, f"{own}/test")).status_code == 303
                await until(lambda: verified(partner, 1))

                second = secret(await send(browser, f"{own}/rotate", overlap="24"))
                await shows(browser, own, "Oude sleutel geldt tot")
                partner.receiver = Receiver(second, rate=120)
                await send(browser, f"{own}/test")
                await until(lambda: verified(partner, 2))
                partner.receiver = Receiver(first, rate=120)
                await send(browser, f"{own}/test")
                await until(lambda: verified(partner, 3))

                await send(browser, f"{own}/pause")
                await shows(browser, own, "Stilgezet")
                await asyncio.sleep(1)
                await send(browser, f"{own}/test")
                await asyncio.sleep(1)
                assert len(partner.hits) == 3
                await send(browser, f"{own}/resume")
                await until(lambda: verified(partner, 4))
                assert "Akkoord" in await shows(browser, own, "Akkoord")
