"""The pages of troubles over HTTP: who may see them, what a form needs, and that it goes through the API."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html import unescape

import httpx
import pytest

from hub.core import redelivery, subscription
from hub.core.contact import Act
from hub.core.delivery import to_record
from hub.core.journal import Replayed
from hub.core.letters import Group
from hub.core.people import Person, PersonRole
from hub.core.redelivery import Progress
from hub.gateway.sessions import Sessions
from hub.monitor.troubles import Lane, Reading
from tests.contract.test_http_replay import delivery, letter
from tests.gateway_fakes import NOW
from tests.peoplekit import SECRET, URL, Browser, Stage, stage

OWN, OTHER = "sub-school", "sub-vo"
HERE = f"/troubles/{OWN}"
SAID = "class ended"
WHO = {"school": OWN, "vo": OTHER}


@pytest.fixture
async def hub() -> AsyncIterator[Stage]:
    async with stage() as made:
        for partner, id in WHO.items():
            own = subscription.Subscription(
                id=id, partner=partner, sink="https://x.example/in", secret="whsec_AAAA"
            )
            made.hub.known.apply_subscription(id.encode(), subscription.dump(own))
            found = [letter(n, said=SAID, source="/s", id=f"e{n}") for n in (2, 3, 5)]
            made.hub.letters.kept += [(partner, id, "server", one) for one in found]
        await made.hub.kafka.publish([to_record(OWN, delivery(n, OWN)) for n in range(1, 7)])
        made.troubles.reading = Reading(
            NOW,
            [
                Lane(id, partner, "breaker-open", open=7, oldest=NOW - 999_999, answer="connect")
                for partner, id in WHO.items()
            ],
            [Group(partner, id, "server", 3, NOW, NOW) for partner, id in WHO.items()],
        )
        made.troubles.done = [
            Act(at=NOW, who="school", what="subscription-paused", subscription=OWN),
            Act(
                at=NOW - 1,
                who="operator",
                what="replay-ordered",
                subscription=OTHER,
                why="data-lost",
                number=3,
            ),
        ]
        yield made


PEOPLE = {
    "sub-regie": Person(PersonRole.PROCESREGISSEUR),
    "sub-beheer": Person(PersonRole.OPERATOR),
    "sub-fg": Person(PersonRole.FG),
    "sub-school": Person(PersonRole.PARTNER_ADMINISTRATOR, "school"),
}


def logged_in(hub: Stage, subject: str) -> Browser:
    """Somebody with a session; how one is got is a matter of other tests."""
    sessions, browser = Sessions(SECRET, True, lambda: hub.now), hub.browser()
    cookie = sessions.cookie(sessions.begin(PEOPLE[subject], subject))
    browser.hub.cookies.set(sessions.name, cookie.partition(";")[0].partition("=")[2])
    return browser


async def send(browser: Browser, path: str, **fields: str) -> httpx.Response:
    """A form of one of the hub's own pages."""
    headers = {"Sec-Fetch-Site": "same-origin", "Origin": URL}
    return await browser.hub.post(path, data={"csrf": await browser.csrf(), **fields}, headers=headers)


PAGES = ["/troubles", HERE, "/monitor/troubles", f"/monitor/troubles?subscription={OWN}", "/partners"]


@pytest.mark.parametrize("subject", ["sub-regie", "sub-beheer", "sub-fg", "sub-school"])
@pytest.mark.parametrize("path", PAGES)
async def test_everybody_with_a_role_sees_what_is_wrong(hub: Stage, subject: str, path: str) -> None:
    answer = await logged_in(hub, subject).hub.get(path)
    assert answer.status_code == 200, answer.text
    assert (OTHER in answer.text) == (subject != "sub-school" and "sub-school" not in path)


@pytest.mark.parametrize("path", [*PAGES, "/acts", f"{HERE}/replay"])
async def test_nobody_sees_anything_without_logging_in(hub: Stage, path: str) -> None:
    assert (await hub.browser().hub.get(path, headers={"Accept": "*/*"})).status_code == 401


async def test_what_is_anothers_is_not_there(hub: Stage) -> None:
    browser = logged_in(hub, "sub-school")
    for path in (
        f"/troubles/{OTHER}",
        f"/troubles/{OTHER}/replay?cause=any",
        f"/monitor/troubles?subscription={OTHER}",
    ):
        assert (await browser.hub.get(path)).status_code == 404, path
    sent = await send(browser, f"/troubles/{OTHER}/replay", cause="any", why="data-lost", pace="600")
    assert sent.status_code == 404 and not hub.hub.kafka.journal()


@pytest.mark.parametrize("subject", ["sub-regie", "sub-fg"])
async def test_who_watches_sees_the_step_and_ranges_but_no_letter_no_word_and_no_form(
    hub: Stage, subject: str
) -> None:
    browser = logged_in(hub, subject)
    page = unescape((await browser.hub.get(HERE)).text)
    assert "Bel de systeembeheerder" in page and "1-4" in page and "5-9" in page
    assert SAID not in page and "/replay" not in page and "id=e2" not in page
    assert (await browser.hub.get(f"{HERE}/replay?cause=any")).status_code == 403
    assert (await send(browser, f"{HERE}/replay", cause="any", why="data-lost")).status_code == 403
    assert (await send(browser, f"{HERE}/replays/rp-1/stop")).status_code == 403


@pytest.mark.parametrize("subject", ["sub-beheer", "sub-school"])
async def test_the_partner_and_the_operator_see_each_letter_with_the_receivers_words(
    hub: Stage, subject: str
) -> None:
    page = unescape((await logged_in(hub, subject).hub.get(HERE)).text)
    assert page.count(f">{SAID}<") == 3 and ">500<" in page


async def test_letters_are_shown_page_by_page(hub: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.monitor.troubles_page.LETTERS", 2)
    browser = logged_in(hub, "sub-school")
    first = unescape((await browser.hub.get(HERE)).text)
    (more,) = re.findall(r'<a href="([^"]+)" rel="next">', first)
    second = unescape((await browser.hub.get(more)).text)
    assert (first.count(f">{SAID}<"), second.count(f">{SAID}<")) == (2, 1)
    assert 'rel="next"' not in second


async def test_a_replay_is_counted_started_followed_and_stopped_by_forms(hub: Stage) -> None:
    browser = logged_in(hub, "sub-school")
    counted = unescape(
        (await browser.hub.get(f"{HERE}/replay", params={"cause": "any", "why": "data-lost"})).text
    )
    assert "<dd>3</dd>" in counted and not hub.hub.kafka.journal()

    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', counted))
    for _ in range(2):
        hidden |= {"csrf": await browser.csrf()}
        sent = await send(browser, f"{HERE}/replay", **hidden)
        assert (sent.status_code, sent.headers["location"]) == (303, f"{HERE}#replays")
    (ordered,) = [one for one in hub.hub.kafka.journal() if isinstance(one, Replayed)]
    assert (ordered.by, ordered.change, ordered.count, ordered.why) == ("school", "ordered", 3, "data-lost")

    told = redelivery.dump(Progress(delivered=1, started=NOW))
    hub.hub.known.apply_subscription(redelivery.progress_key(OWN, ordered.id), told)
    page = unescape((await browser.hub.get(HERE)).text)
    assert '<progress max="3" value="1"' in page and f"{HERE}/replays/{ordered.id}/stop" in page
    parts = (await browser.hub.get("/monitor/troubles", params={"subscription": OWN})).json()["parts"]
    assert 'value="1"' in parts[f"progress-{ordered.id}"] and "stuck" in parts["standing"]

    stopped = await send(browser, f"{HERE}/replays/{ordered.id}/stop")
    assert stopped.status_code == 303
    page = unescape((await browser.hub.get(HERE)).text)
    assert "Gestopt" in page and "/stop" not in page


async def test_the_same_choice_made_anew_is_another_replay(hub: Stage) -> None:
    browser = logged_in(hub, "sub-beheer")
    for _ in range(2):
        counted = (await browser.hub.get(f"{HERE}/replay", params={"cause": "any", "why": "data-lost"})).text
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', counted))
        await send(
            browser, f"{HERE}/replay", **{name: value for name, value in hidden.items() if name != "csrf"}
        )
    found = [one for one in hub.hub.kafka.journal() if isinstance(one, Replayed)]
    assert len({one.id for one in found}) == 2 and {one.by for one in found} == {"operator"}


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"cause": "range"}, 400, "Kies een oorzaak of geef een reeks op."),
        ({"cause": "range", "from": "x"}, 400, "Van nummer: een getal vanaf 1."),
        ({"cause": "any", "pace": "0"}, 400, "Tempo: een getal"),
        ({"cause": "dns", "why": "data-lost", "pace": "600"}, 409, "Er is niets dat bij uw keuze hoort."),
        ({"cause": "any", "why": "omdat het moet"}, 400, "Kies waarom"),
    ],
)
async def test_what_cannot_be_done_is_said_in_words_and_the_form_keeps_what_was_chosen(
    hub: Stage, fields: dict[str, str], status: int, words: str
) -> None:
    browser = logged_in(hub, "sub-school")
    sent = await send(browser, f"{HERE}/replay", **fields)
    page = unescape(sent.text)
    assert (sent.status_code, words in page) == (status, True), page
    assert f'value="{fields["cause"]}" selected' in page and not hub.hub.kafka.journal()


@pytest.mark.parametrize("path", [f"{HERE}/replay", f"{HERE}/replays/rp-1/stop"])
@pytest.mark.parametrize(
    ("headers", "csrf"),
    [
        ({"Sec-Fetch-Site": "same-origin", "Origin": URL}, ""),
        ({"Sec-Fetch-Site": "same-origin", "Origin": URL}, "wrong"),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, None),
        ({}, None),
    ],
)
async def test_a_form_that_is_not_ours_does_nothing(
    hub: Stage, path: str, headers: dict[str, str], csrf: str | None
) -> None:
    browser = logged_in(hub, "sub-school")
    token = await browser.csrf() if csrf is None else csrf
    fields = {"csrf": token, "cause": "any", "why": "data-lost", "pace": "600"}
    sent = await browser.hub.post(path, data=fields, headers=headers)
    assert (sent.status_code, sent.json()["code"]) == (403, "csrf")
    assert not hub.hub.kafka.journal()


@pytest.mark.parametrize("odd", ["..", "sub-school%3Fx", "sub-school%2F..%2Fsub-vo", "%2e%2e"])
async def test_an_odd_name_leads_nowhere(hub: Stage, odd: str) -> None:
    browser = logged_in(hub, "sub-beheer")
    assert (await browser.hub.get(f"/troubles/{odd}/replay?cause=any")).status_code == 404
    sent = await send(browser, f"/troubles/{OWN}/replays/{odd}/stop")
    assert sent.status_code in (404, 405)


async def test_who_did_what_is_for_the_operator_the_privacy_officer_and_of_ones_own(hub: Stage) -> None:
    seen = {}
    for subject in ("sub-beheer", "sub-fg", "sub-school", "sub-regie"):
        seen[subject] = await logged_in(hub, subject).hub.get("/acts")
    assert seen["sub-regie"].status_code == 403
    for subject in ("sub-beheer", "sub-fg"):
        assert "Bezorging gepauzeerd" in seen[subject].text and "Opnieuw sturen gestart" in seen[subject].text
    assert "Bezorging gepauzeerd" in seen["sub-school"].text
    assert "Opnieuw sturen gestart" not in seen["sub-school"].text


async def test_a_change_of_a_subscription_is_journaled_with_who_did_it(hub: Stage) -> None:
    browser = logged_in(hub, "sub-school")
    for act in ("_pause", "_resume", "_test"):
        assert (await browser.change("POST", f"/v1/subscriptions/{OWN}/{act}")).status_code in (200, 202)
    assert (await browser.change("DELETE", f"/v1/subscriptions/{OWN}")).status_code == 200
    found = [(one.by, one.subscription, one.change) for one in hub.hub.kafka.journal()]  # type: ignore[union-attr]
    assert found == [("school", OWN, change) for change in ("paused", "resumed", "tested", "deleted")]
