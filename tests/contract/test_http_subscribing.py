"""A partner administrator makes and runs subscriptions in a browser: forms over HTTP, on a Kafka in memory."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from hub.core.delivery import from_record
from hub.core.subscription import Status, dump, status_key
from hub.core.topics import outbox
from tests.peoplekit import Browser, Stage, stage

SINK = "https://las.example.nl/hub"
HANDOVER = "nl.onderwijsloopbanen.handover.prepared.v1"
DRAFT = {"kind.E13": "on", "how": "webhook", "sink": SINK, "signature": "hmac"}


@pytest.fixture
async def hub() -> AsyncIterator[Stage]:
    async with stage() as made:
        yield made


async def school(hub: Stage) -> Browser:
    browser = hub.browser()
    await browser.log_in("sub-school")
    return browser


async def send(browser: Browser, path: str, fields: dict[str, str], **headers: str) -> httpx.Response:
    """As the browser sends a form of ours."""
    own = {"Sec-Fetch-Site": "same-origin", "Origin": "null"}
    form = {"csrf": await browser.csrf(), **fields}
    return await browser.hub.post(path, data=form, headers=own | headers)


async def made(browser: Browser, fields: dict[str, str] = DRAFT) -> tuple[str, httpx.Response]:
    """A subscription made through the form: its id, and the page that came."""
    answer = await send(browser, "/subscriptions/new", {**fields, "make": "1"})
    listed = (await browser.hub.get("/v1/subscriptions")).json()
    assert len(listed) == 2, answer.text
    return listed[1]["id"], answer


def status(hub: Stage, id: str, **more: Any) -> None:
    """What a courier would say of it."""
    hub.hub.known.apply_subscription(status_key(id), dump(Status(**{"sink": SINK, **more})))


async def test_the_list_shows_the_inbox_that_every_partner_has_and_the_way_to_a_new_one(hub: Stage) -> None:
    page = await (await school(hub)).hub.get("/subscriptions")
    assert page.status_code == 200 and page.headers["cache-control"] == "no-store"
    assert 'href="/subscriptions/inbox-school"' in page.text and 'href="/subscriptions/new"' in page.text


async def test_only_kinds_that_the_matrix_may_give_this_partner_can_be_chosen(hub: Stage) -> None:
    page = (await (await school(hub)).hub.get("/subscriptions/new")).text
    assert 'name="kind.E13"' in page and 'name="kind.E1"' not in page and 'name="kind.H3"' not in page


async def test_looking_shows_examples_and_a_trial_and_makes_nothing(hub: Stage) -> None:
    browser = await school(hub)
    page = await send(browser, "/subscriptions/new", {**DRAFT, "look": "1"})
    assert page.status_code == 200 and "voorbeeld-e13" in page.text and "voorbeeld-e14" not in page.text
    assert "Proef op de afgelopen week" in page.text and 'name="make"' in page.text
    assert len((await browser.hub.get("/v1/subscriptions")).json()) == 1


async def test_making_one_shows_its_secret_once_and_in_no_address(hub: Stage) -> None:
    browser = await school(hub)
    id, page = await made(browser)
    (secret,) = re.findall(r"whsec_[A-Za-z0-9+/=]+", page.text)
    assert page.headers["cache-control"] == "no-store" and secret not in str(page.url)
    shown = await browser.hub.get(f"/subscriptions/{id}")
    assert shown.status_code == 200 and "whsec_" not in shown.text
    own = (await browser.hub.get(f"/v1/subscriptions/{id}")).json()
    assert (own["types"], own["sink"]) == ([HANDOVER], SINK)


async def test_one_that_is_pulled_needs_no_secret(hub: Stage) -> None:
    browser = await school(hub)
    id, page = await made(browser, {"all": "on", "how": "pull"})
    assert (page.status_code, page.headers["location"]) == (303, f"/subscriptions/{id}")
    assert "Zelf ophalen" in (await browser.hub.get(f"/subscriptions/{id}")).text


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"sink": "http://10.0.0.1/x"}, "sink", "Het adres moet met https:// beginnen."),
        ({"sink": "geen adres"}, "sink", "Dit is geen webadres"),
        ({"batch": "on", "size": "veel", "seconds": "1"}, "batch_size", "Geef een heel getal van 1 tot en met 100."),
        ({"basis": "WEB-DSP"}, "basis", "Kies een grondslag die uw organisatie mag gebruiken."),
        ({"basis": "LPW"}, "purpose", "Dit doel past niet bij de grondslag."),
        ({"basis": "LPW", "purpose.placement": "on"}, "kinds", "Deze soort hoort bij geen van de gekozen doelen:"),
    ],
)  # fmt: skip
async def test_a_fault_stands_beside_the_field_that_it_is_about_and_what_was_filled_in_stays(
    hub: Stage, fields: dict[str, str], field: str, words: str
) -> None:
    page = await send(await school(hub), "/subscriptions/new", {**DRAFT, **fields, "make": "1"})
    assert page.status_code == 400
    at = re.search(rf'<p class="wrong" id="wrong-{field}">(.*?)</p>', page.text, re.S)
    assert at and words in at[1]
    assert 'name="kind.E13" checked' in page.text and 'name="make"' not in page.text


async def test_to_choose_nothing_is_not_to_choose_everything(hub: Stage) -> None:
    browser = await school(hub)
    page = await send(browser, "/subscriptions/new", {"how": "pull", "make": "1"})
    assert page.status_code == 400 and "Kies ten minste één soort" in page.text
    assert len((await browser.hub.get("/v1/subscriptions")).json()) == 1


async def test_a_form_that_no_page_of_ours_sent_changes_nothing(hub: Stage) -> None:
    browser = await school(hub)
    forged = [
        await send(browser, "/subscriptions/new", {**DRAFT, "make": "1", "csrf": "x"}),
        await send(browser, "/subscriptions/new", {**DRAFT, "make": "1"}, **{"Sec-Fetch-Site": "cross-site"}),
    ]
    assert [answer.status_code for answer in forged] == [403, 403]
    assert len((await browser.hub.get("/v1/subscriptions")).json()) == 1


async def test_the_subscription_of_another_partner_is_not_there(hub: Stage) -> None:
    async with hub.hub.client("vo", hub.app) as other:
        theirs = (await other.post("/v1/subscriptions", json={"types": [HANDOVER]})).json()["id"]
    browser = await school(hub)
    for path in (
        f"/subscriptions/{theirs}",
        f"/subscriptions/{theirs}/change",
        f"/subscriptions/{theirs}/delete",
    ):
        assert (await browser.hub.get(path)).status_code == 404
    for act in ("pause", "resume", "test", "rotate", "delete", "change"):
        assert (await send(browser, f"/subscriptions/{theirs}/{act}", {})).status_code == 404
    assert theirs not in (await browser.hub.get("/subscriptions")).text


@pytest.mark.parametrize("account", ["sub-regie", "sub-beheer", "sub-fg"])
async def test_the_pages_are_for_the_staff_of_partners_alone(hub: Stage, account: str) -> None:
    browser = hub.browser()
    await browser.log_in(account)
    for path in ("/subscriptions", "/subscriptions/new", "/subscriptions/inbox-school"):
        assert (await browser.hub.get(path)).status_code == 403
    assert (await send(browser, "/subscriptions/inbox-school/pause", {})).status_code == 403


async def test_it_is_paused_and_resumed_and_says_so(hub: Stage) -> None:
    browser = await school(hub)
    id, _ = await made(browser)
    for act, words in (("pause", "Stilgezet"), ("resume", "Nog niet gevraagd")):
        answer = await send(browser, f"/subscriptions/{id}/{act}", {})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/subscriptions/{id}")
        assert words in (await browser.hub.get(f"/subscriptions/{id}")).text


async def test_a_test_message_lies_in_the_outbox_and_the_page_follows_it(hub: Stage) -> None:
    browser = await school(hub)
    id, _ = await made(browser)
    answer = await send(browser, f"/subscriptions/{id}/test", {})
    assert answer.status_code == 303
    (record,) = hub.hub.kafka.topics[outbox(id)]
    assert (
        from_record(record.key, record.value or b"", record.headers)
        .event()
        .type.endswith("subscription.tested.v1")
    )
    page = await browser.hub.get(answer.headers["location"])
    assert page.status_code == 200 and "Onderweg." in page.text


async def test_a_new_key_is_shown_once_and_the_old_one_still_holds(hub: Stage) -> None:
    browser = await school(hub)
    id, first = await made(browser)
    page = await send(browser, f"/subscriptions/{id}/rotate", {"overlap": "24"})
    old, new = (re.findall(r"whsec_[A-Za-z0-9+/=]+", one.text) for one in (first, page))
    assert old and new and old != new and page.headers["cache-control"] == "no-store"
    shown = (await browser.hub.get(f"/subscriptions/{id}")).text
    assert "Oude sleutel geldt tot" in shown and "whsec_" not in shown
    assert (await send(browser, f"/subscriptions/{id}/rotate", {"overlap": "x"})).status_code == 400


async def test_what_the_form_does_not_ask_stays_when_it_is_changed(hub: Stage) -> None:
    browser = await school(hub)
    filters = [{"exact": {"privacyclass": "P1"}}]
    asked = {
        "protocol": "HTTP",
        "sink": SINK,
        "types": [HANDOVER],
        "filters": filters,
        "config": {"rate": 60},
    }
    asked["protocolsettings"] = {"headers": {"X-Key": "abc"}}
    id = (await browser.change("POST", "/v1/subscriptions", json=asked)).json()["id"]
    form = (await browser.hub.get(f"/subscriptions/{id}/change")).text
    assert 'name="kind.E13" checked' in form and SINK in form and "abc" not in form
    fields = {**DRAFT, "kind.E14": "on", "make": "1"}
    assert (await send(browser, f"/subscriptions/{id}/change", fields)).status_code == 303
    now = (await browser.hub.get(f"/v1/subscriptions/{id}")).json()
    assert (len(now["types"]), now["filters"], now["config"]) == (2, filters, {"rate": 60})
    assert now["protocolsettings"] == {"headers": {"X-Key": "***"}}
    elsewhere = await send(
        browser, f"/subscriptions/{id}/change", {**fields, "sink": "https://ander.example.nl/"}
    )
    assert elsewhere.status_code == 400 and "kopregels" in elsewhere.text


async def test_it_is_deleted_only_after_a_question(hub: Stage) -> None:
    browser = await school(hub)
    id, _ = await made(browser)
    asked = await browser.hub.get(f"/subscriptions/{id}/delete")
    assert asked.status_code == 200 and "verwijderen?" in asked.text
    assert (await browser.hub.get(f"/v1/subscriptions/{id}")).status_code == 200
    answer = await send(browser, f"/subscriptions/{id}/delete", {})
    assert (answer.status_code, answer.headers["location"]) == (303, "/subscriptions")
    assert (await browser.hub.get(f"/subscriptions/{id}")).status_code == 404


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"state": "validated", "allowed_rate": 120}, ("Akkoord", "120")),
        (
            {"state": "refused", "reason": "the sink answered OPTIONS without WebHook-Allowed-Origin"},
            ("Uw systeem weigert", "zonder de kopregel WebHook-Allowed-Origin", "Hervat"),
        ),
        (
            {"reason": "the sink could not be asked for its consent: dns"},
            ("Niet bereikbaar", "de naam is niet gevonden", "firewall"),
        ),
    ],
)
async def test_what_came_of_the_handshake_is_told_with_what_to_do(
    hub: Stage, told: dict[str, Any], words: tuple[str, ...]
) -> None:
    browser = await school(hub)
    id, _ = await made(browser)
    status(hub, id, **told)
    page = (await browser.hub.get(f"/subscriptions/{id}")).text
    assert [word for word in words if word not in page] == []


async def test_machines_too_can_ask_what_a_subscription_would_bring(hub: Stage) -> None:
    async with hub.hub.client("school", hub.app) as school:
        found = (await school.post("/v1/subscriptions/_preview", json={"types": [HANDOVER]})).json()
        assert (await school.post("/v1/subscriptions/_preview", json={"sink": "x"})).status_code == 400
    samples = {one["code"]: one["samples"] for one in found["kinds"]}
    assert samples["E13"][0]["event"]["type"] == HANDOVER and samples["E14"] == [
        {"column": "FROM", "level": "F", "why": "filtered"}
    ]
    assert "WPO-OKR" in found["bases"] and "WEB-DSP" not in found["bases"]
