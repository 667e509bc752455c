"""What a session opens, for how long, and how it ends."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator

import httpx
import pytest

from hub.core.partners import Partner
from hub.gateway.sessions import Session, Sessions
from hub.telemetry import log
from tests.peoplekit import SECRET, URL, Browser, Stage, stage

SINK = {"protocol": "HTTP", "sink": "https://example.nl/hook"}
EVENTS = "/v1/subscriptions/inbox-school/events"


@pytest.fixture
async def hub() -> AsyncIterator[Stage]:
    async with stage() as made:
        yield made


async def logged_in(hub: Stage, subject: str) -> Browser:
    browser = hub.browser()
    await browser.log_in(subject)
    return browser


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def alive(browser: Browser) -> bool:
    answer = await browser.hub.get("/v1/partners")
    assert answer.status_code in (200, 401)
    return answer.status_code == 200


@pytest.mark.parametrize(
    ("subject", "path", "status"),
    [
        ("sub-regie", "/", 200),
        ("sub-regie", "/v1/flows", 200),
        ("sub-regie", "/v1/learning-lines/5f3e7c1a-9d42-4b7e-8f60-0f5be4c5a008", 403),
        ("sub-regie", "/v1/journeys?source=a&id=b", 404),
        ("sub-regie", "/v1/subscriptions", 403),
        ("sub-beheer", "/", 200),
        ("sub-beheer", "/v1/journeys?source=a&id=b", 404),
        ("sub-beheer", "/v1/subscriptions/inbox-school/replays", 200),
        ("sub-beheer", "/v1/learning-lines/5f3e7c1a-9d42-4b7e-8f60-0f5be4c5a008", 403),
        ("sub-fg", "/", 200),
        ("sub-fg", "/v1/flows", 200),
        ("sub-fg", "/v1/subscriptions/inbox-school/replays", 403),
        ("sub-school", "/", 403),
        ("sub-school", "/v1/flows", 403),
        ("sub-school", "/v1/subscriptions", 200),
        ("sub-school", "/v1/subscriptions/inbox-school", 200),
        ("sub-school", "/v1/subscriptions/inbox-almere", 404),
        ("sub-school", "/v1/newcomers", 200),
        ("sub-school", "/v1/signals", 403),
        ("sub-school", EVENTS, 403),
        ("sub-school", "/v1/learning-lines/5f3e7c1a-9d42-4b7e-8f60-0f5be4c5a008", 403),
    ],
)
async def test_a_role_opens_what_the_table_names_and_nothing_else(
    hub: Stage, subject: str, path: str, status: int
) -> None:
    browser = await logged_in(hub, subject)
    answer = await browser.hub.get(path, headers={"Purpose": "WPO-OKR"})
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize("subject", ["sub-regie", "sub-beheer", "sub-fg", "sub-school"])
async def test_nobody_publishes_by_a_session(hub: Stage, subject: str) -> None:
    browser = await logged_in(hub, subject)
    answer = await browser.change("POST", "/v1/events", json={})
    assert code(answer) == (403, "not-your-role")


async def test_a_partner_administrator_makes_and_ends_subscriptions_of_the_partner(hub: Stage) -> None:
    browser = await logged_in(hub, "sub-school")
    made = await browser.change("POST", "/v1/subscriptions", json=SINK)
    assert made.status_code == 201, made.text
    path = f"/v1/subscriptions/{made.json()['id']}"
    async with hub.hub.client("school", hub.app) as system:
        assert (await system.get(path)).status_code == 200
    assert (await browser.change("DELETE", path)).is_success
    assert (await browser.hub.get(path)).status_code == 404


CHANGES = {"Sec-Fetch-Site": "same-origin", "Origin": URL}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        CHANGES,
        {**CHANGES, "X-CSRF-Token": ""},
        {**CHANGES, "X-CSRF-Token": "0" * 64},
        {**CHANGES, "X-CSRF-Token": "ü".encode()},
        {"X-CSRF-Token": "own"},
        {"X-CSRF-Token": "own", "Sec-Fetch-Site": "cross-site"},
        {"X-CSRF-Token": "own", "Sec-Fetch-Site": "same-site", "Origin": URL},
        {"X-CSRF-Token": "own", "Sec-Fetch-Site": "none"},
        {"X-CSRF-Token": "own", "Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
        {"X-CSRF-Token": "own", "Origin": "https://evil.example"},
        {"X-CSRF-Token": "own", "Origin": "null"},
        {"X-CSRF-Token": "own", "Origin": f"{URL}.evil.example"},
        {"X-CSRF-Token": "another's", **CHANGES},
    ],
    ids=str,
)
@pytest.mark.parametrize(("method", "path"), [("POST", "/v1/subscriptions"), ("POST", "/logout")])
async def test_what_another_site_has_a_browser_send_changes_nothing(
    hub: Stage, method: str, path: str, headers: dict[str, str]
) -> None:
    browser, other = await logged_in(hub, "sub-school"), await logged_in(hub, "sub-school")
    known = {"own": await browser.csrf(), "another's": await other.csrf()}
    sent = {name: known.get(value, value) for name, value in headers.items()}
    answer = await browser.hub.request(method, path, headers=sent, json=SINK)
    assert code(answer) == (403, "csrf")
    assert len(hub.hub.known.subscriptions()) == 0
    assert await alive(browser)


@pytest.mark.parametrize(
    "headers", [CHANGES, {"Origin": URL}, {"Sec-Fetch-Site": "same-origin", "Origin": "null"}]
)
async def test_what_a_page_of_the_hub_sends_is_taken(hub: Stage, headers: dict[str, str]) -> None:
    browser = await logged_in(hub, "sub-school")
    sent = headers | {"X-CSRF-Token": await browser.csrf()}
    assert (await browser.hub.post("/v1/subscriptions", headers=sent, json=SINK)).status_code == 201


async def test_a_token_goes_before_a_session(hub: Stage) -> None:
    browser = await logged_in(hub, "sub-regie")
    mine = {"Authorization": "Bearer school-token"}
    assert (await browser.hub.get("/v1/flows", headers=mine)).status_code == 403
    assert (await browser.hub.get("/v1/flows", headers={"Authorization": "Bearer x"})).status_code == 401


async def test_the_token_of_a_partner_is_no_password_of_the_page_any_more(hub: Stage) -> None:
    browser = hub.browser()
    assert (await browser.hub.get("/", auth=("", "regie-token"))).status_code == 303


async def test_a_script_on_the_page_is_told_that_nobody_is_logged_in(hub: Stage) -> None:
    answer = await hub.browser().hub.get("/monitor/live", headers={"Accept": "application/json"})
    assert code(answer) == (401, "no-session")


async def test_half_an_hour_of_quiet_ends_a_session(hub: Stage) -> None:
    browser = await logged_in(hub, "sub-regie")
    hub.pass_(29.9)
    assert await alive(browser)
    hub.pass_(29.9)
    assert await alive(browser)
    hub.pass_(30)
    assert not await alive(browser)


async def test_after_eight_hours_a_session_ends_however_busy(hub: Stage) -> None:
    browser = await logged_in(hub, "sub-regie")
    for _ in range(23):
        hub.pass_(20)
        assert await alive(browser)
    hub.pass_(19.9)
    assert await alive(browser)
    hub.pass_(0.1)
    assert not await alive(browser)


async def test_an_old_cookie_does_not_come_alive_because_a_newer_one_does(hub: Stage) -> None:
    browser = await logged_in(hub, "sub-regie")
    first = browser.cookie
    hub.pass_(20)
    assert await alive(browser) and browser.cookie != first
    hub.pass_(20)
    assert await alive(browser)
    assert first is not None
    assert not await alive(with_cookie(hub, first))


def with_cookie(hub: Stage, value: str) -> Browser:
    browser = hub.browser()
    browser.hub.cookies.set("__Host-hub", value, domain="hub.example.nl", path="/")
    return browser


async def test_a_session_that_a_browser_was_given_before_is_not_the_one_it_gets(hub: Stage) -> None:
    """Session fixation: who planted a session does not share the one after the login, and loses the planted one."""
    attacker = await logged_in(hub, "sub-school")
    assert attacker.cookie is not None
    victim = with_cookie(hub, attacker.cookie)
    await victim.log_in("sub-beheer")
    assert victim.cookie not in (None, attacker.cookie)
    assert (await victim.hub.get("/login/session")).json()["role"] == "operator"
    assert not await alive(attacker)


async def test_a_cookie_that_was_changed_or_made_up_opens_nothing(hub: Stage) -> None:
    browser = await logged_in(hub, "sub-regie")
    good = browser.cookie
    assert good is not None and await alive(with_cookie(hub, good))
    for at in (0, 10, len(good) // 2, len(good) - 5):
        assert not await alive(
            with_cookie(hub, good[:at] + ("A" if good[at] != "A" else "B") + good[at + 1 :])
        )
    for wrong in ("", "x", good[:-4], "A" + good, "%00", "."):
        assert not await alive(with_cookie(hub, wrong))
    forged = Sessions(b"t" * 32, True, lambda: hub.now)
    session = Session("x", "y", "operator", "", hub.now, hub.now)  # type: ignore[arg-type]
    assert not await alive(with_cookie(hub, forged.cookie(session).partition("=")[2].partition(";")[0]))


async def test_the_cookie_of_a_login_under_way_is_no_session(hub: Stage) -> None:
    browser = hub.browser()
    await browser.to_issuer()
    assert not await alive(with_cookie(hub, browser.hub.cookies["__Host-hub-login"]))


async def test_logging_out_ends_the_session_also_of_who_kept_the_cookie(hub: Stage) -> None:
    browser = await logged_in(hub, "sub-regie")
    kept = browser.cookie
    assert kept is not None
    form = await browser.hub.get("/logout")
    assert await browser.csrf() in form.text
    answer = await browser.hub.post("/logout", data={"csrf": await browser.csrf()}, headers=CHANGES)
    assert answer.status_code == 303
    there = httpx.URL(answer.headers["location"])
    assert str(there).startswith(f"{hub.issuer.url}/logout?")
    back = await hub.http.get(there)
    assert (back.status_code, back.headers["location"]) == (303, f"{URL}/logout")
    assert "U bent afgemeld" in (await browser.hub.get("/logout")).text
    assert browser.cookie is None
    assert not await alive(with_cookie(hub, kept))


async def test_the_form_of_the_logout_may_be_sent_on_to_the_issuer_and_nowhere_else(hub: Stage) -> None:
    browser = await logged_in(hub, "sub-regie")
    policy = (await browser.hub.get("/logout")).headers["content-security-policy"]
    assert f"form-action 'self' {hub.issuer.url};" in policy + ";"


async def test_gateways_with_one_key_know_each_others_sessions_but_not_each_others_logouts(
    hub: Stage,
) -> None:
    """As the docstring of the sessions says: a copied cookie lives on at the others until its limits end it."""
    browser = await logged_in(hub, "sub-regie")
    kept = browser.cookie
    assert kept is not None
    other = Browser(hub, hub.gateway())
    other.hub.cookies.set("__Host-hub", kept, domain="hub.example.nl", path="/")
    assert await alive(other)
    assert not await alive(Browser(hub, hub.gateway(b"t" * 32)))
    await browser.change("POST", "/logout")
    assert not await alive(with_cookie(hub, kept))
    assert await alive(other)
    hub.pass_(30)
    assert not await alive(other)


async def test_who_gets_another_role_has_it_from_the_next_login_on(hub: Stage) -> None:
    browser = await logged_in(hub, "sub-regie")
    hub.issuer.bent = {"role": "fg"}
    assert (await browser.hub.get("/login/session")).json()["role"] == "procesregisseur"
    await browser.log_in("sub-regie")
    assert (await browser.hub.get("/login/session")).json()["role"] == "fg"


async def test_when_a_partner_leaves_the_directory_its_administrator_can_do_nothing_any_more(
    hub: Stage,
) -> None:
    browser = await logged_in(hub, "sub-school")
    assert (await browser.hub.get("/v1/subscriptions")).status_code == 200
    hub.hub.known.apply_partner(b"school", None)
    assert code(await browser.hub.get("/v1/subscriptions")) == (403, "no-partner")


async def test_no_log_line_holds_a_code_a_state_a_cookie_a_token_or_who_somebody_is(hub: Stage) -> None:
    said = io.StringIO()
    log.configure("gateway", "debug", stream=said)
    browser = hub.browser()
    back = await browser.choose("sub-school", await browser.to_issuer())
    await browser.hub.get(back)
    csrf, cookie = await browser.csrf(), browser.cookie
    await browser.change("POST", "/v1/subscriptions", json=SINK)
    await browser.hub.get(back)
    await browser.change("POST", "/logout")
    lines = said.getvalue()
    assert cookie is not None
    for secret in (
        back.params["code"],
        back.params["state"],
        cookie,
        csrf,
        "sub-school",
        "De Boot",
        SECRET.hex(),
    ):
        assert secret not in lines
    assert '"route":"/login/callback"' in lines
    for event in ("login.done", "login.failed", "login.ended", "session.acted"):
        assert f'"event":"{event}"' in lines


async def test_who_did_what_can_be_told_apart_by_a_hash_that_does_not_say_who(hub: Stage) -> None:
    said = io.StringIO()
    log.configure("gateway", "info", stream=said)
    for subject in ("sub-regie", "sub-fg", "sub-regie"):
        await logged_in(hub, subject)
    whose = [line.split('"who":"')[1][:32] for line in said.getvalue().splitlines() if "login.done" in line]
    assert whose[0] == whose[2] != whose[1]


def test_partners_know_no_people() -> None:
    assert {"who", "subject", "email", "person"}.isdisjoint(Partner.__struct_fields__)
