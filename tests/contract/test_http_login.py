"""People log in at a real issuer (that of the demo, over HTTP): who gets in, and what does not."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import jwt
import pytest

from hub.demo.issuer import Account, Client, Issuer, draw_key
from hub.errors import OperatorError
from hub.private_key_jwt import ClientKey
from tests.peoplekit import CLIENT, MACHINE, SCOPE, URL, Stage, stage


@pytest.fixture
async def hub() -> AsyncIterator[Stage]:
    async with stage() as made:
        yield made


def refused(answer: httpx.Response, status: int = 400) -> bool:
    """Told on a page in both languages; no session came of it, and the login under way is over."""
    cookies = answer.headers.get_list("set-cookie")
    return (
        answer.status_code == status
        and "Aanmelden is niet gelukt" in answer.text
        and 'lang="en"' in answer.text
        and [cookie.partition("=")[0] for cookie in cookies] == ["__Host-hub-login"]
        and "Max-Age=0" in cookies[0]
    )


async def test_a_browser_is_sent_to_the_login_comes_back_with_a_session_and_sees_the_page(hub: Stage) -> None:
    browser = hub.browser()
    sent = await browser.hub.get("/")
    assert (sent.status_code, sent.headers["location"]) == (303, "/login?next=%2F")
    done = await browser.log_in("sub-regie")
    assert (done.status_code, done.headers["location"]) == (303, "/")
    assert (await browser.hub.get("/")).status_code == 200
    assert (await browser.hub.get("/v1/flows")).json() == {"refused": 0}


async def test_the_issuer_is_asked_for_a_code_with_pkce_state_and_nonce(hub: Stage) -> None:
    first, second = [dict((await hub.browser().to_issuer()).params) for _ in range(2)]
    assert first["response_type"] == "code" and first["code_challenge_method"] == "S256"
    assert first["redirect_uri"] == f"{URL}/login/callback" and first["scope"] == "openid"
    assert all(
        len(first[name]) >= 43 != first[name] != second[name] for name in ("state", "nonce", "code_challenge")
    )


async def test_the_session_cookie_is_for_this_host_https_and_no_script(hub: Stage) -> None:
    browser = hub.browser()
    cookies = (await browser.log_in("sub-regie")).headers.get_list("set-cookie")
    made = next(cookie for cookie in cookies if cookie.startswith("__Host-hub="))
    assert set(made.split("; ")[1:]) == {"Path=/", "HttpOnly", "SameSite=Lax", "Secure"}


async def test_a_session_holds_role_partner_and_a_keyed_hash_and_nobody_can_read_it(hub: Stage) -> None:
    browser = hub.browser()
    await browser.log_in("sub-school")
    assert browser.cookie is not None
    for told in (browser.cookie, (await browser.hub.get("/login/session")).text):
        assert "sub-school" not in told and "De Boot" not in told
    shown = (await browser.hub.get("/login/session")).json()
    assert shown.keys() == {"role", "partner", "until", "csrf"}
    assert (shown["role"], shown["partner"]) == ("partner-administrator", "school")


async def test_a_login_that_another_browser_began_is_not_finished_here(hub: Stage) -> None:
    theirs = await hub.browser().choose("sub-beheer", await hub.browser().to_issuer())
    assert refused(await hub.browser().hub.get(theirs))
    begun = hub.browser()
    await begun.to_issuer()
    assert refused(await begun.hub.get(theirs))
    assert begun.cookie is None


@pytest.mark.parametrize("state", ["", "x", "ü", None])
async def test_a_wrong_state_opens_nothing(hub: Stage, state: str | None) -> None:
    browser = hub.browser()
    back = await browser.choose("sub-regie", await browser.to_issuer())
    wrong = back.copy_remove_param("state") if state is None else back.copy_set_param("state", state)
    assert refused(await browser.hub.get(wrong))
    assert browser.cookie is None


async def test_a_code_is_good_for_one_session(hub: Stage) -> None:
    browser = hub.browser()
    back = await browser.choose("sub-regie", await browser.to_issuer())
    kept = browser.hub.cookies["__Host-hub-login"]
    assert (await browser.hub.get(back)).status_code == 303
    assert refused(await browser.hub.get(back))
    thief = hub.browser()
    thief.hub.cookies.set("__Host-hub-login", kept, domain="hub.example.nl", path="/")
    assert refused(await thief.hub.get(back))


async def test_a_code_that_was_got_elsewhere_does_not_fit_this_login(hub: Stage) -> None:
    """PKCE: the verifier of this browser does not go with the challenge of the other, though the nonce did."""
    mine, theirs = hub.browser(), hub.browser()
    asked = await mine.to_issuer()
    hub.issuer.bent = {"nonce": asked.params["nonce"]}
    here = await mine.choose("sub-regie", asked)
    there = await theirs.choose("sub-beheer", await theirs.to_issuer())
    assert refused(await mine.hub.get(here.copy_set_param("code", there.params["code"])))


async def test_who_takes_longer_than_ten_minutes_begins_again(hub: Stage) -> None:
    browser = hub.browser()
    back = await browser.choose("sub-regie", await browser.to_issuer())
    hub.pass_(10)
    assert refused(await browser.hub.get(back))


async def test_a_code_that_expired_at_the_issuer_opens_nothing(hub: Stage) -> None:
    browser = hub.browser()
    back = await browser.choose("sub-regie", await browser.to_issuer())
    hub.later = 61
    assert refused(await browser.hub.get(back))


NOW = int(time.time())


@pytest.mark.parametrize(
    "bent",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"nonce": ["x"]},
        {"aud": "another-client"},
        {"aud": [CLIENT, "another-client"], "azp": None},
        {"aud": [CLIENT, "another-client"], "azp": "another-client"},
        {"azp": "another-client"},
        {"iss": "https://login.example.org"},
        {"exp": NOW - 60},
        {"exp": None},
        {"iat": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
    ],
    ids=str,
)
async def test_an_id_token_that_is_not_for_this_login_opens_nothing(hub: Stage, bent: dict[str, Any]) -> None:
    hub.issuer.bent = bent
    browser = hub.browser()
    assert refused(await browser.log_in("sub-regie"))
    assert browser.cookie is None


async def test_an_id_token_that_another_key_signed_opens_nothing(hub: Stage) -> None:
    hub.issuer.signer = ClientKey(draw_key())
    assert refused(await hub.browser().log_in("sub-regie"))


async def test_an_answer_that_says_it_is_of_another_issuer_is_not_used(hub: Stage) -> None:
    browser = hub.browser()
    back = await browser.choose("sub-regie", await browser.to_issuer())
    assert refused(await browser.hub.get(back.copy_set_param("iss", "https://login.example.org")))


async def test_who_says_no_at_the_issuer_is_told_so(hub: Stage) -> None:
    browser = hub.browser()
    back = await browser.choose("nobody", await browser.to_issuer())
    assert back.params["error"] == "access_denied"
    assert refused(await browser.hub.get(back), 403)


@pytest.mark.parametrize("subject", ["sub-geen", "sub-elders"])
async def test_somebody_without_a_role_or_of_no_partner_gets_no_session(hub: Stage, subject: str) -> None:
    browser = hub.browser()
    assert refused(await browser.log_in(subject), 403)
    assert browser.cookie is None


async def test_while_the_issuer_is_away_nobody_gets_in_and_it_is_said(hub: Stage) -> None:
    browser = hub.browser()
    back = await browser.choose("sub-regie", await browser.to_issuer())
    await hub.issuer.stop()
    assert refused(await browser.hub.get(back), 503)
    other = hub.browser(hub.gateway())
    assert refused(await other.hub.get("/login"), 503)


@pytest.mark.parametrize(
    ("then", "lands"),
    [
        ("/monitor/figures", "/monitor/figures"),
        ("//evil.example", "/"),
        ("https://evil.example/", "/"),
        ("/\\evil.example", "/"),
        (
            "/journeys/one?source=urn%3Anld%3Aoin%3A1&id=a-1",
            "/journeys/one?source=urn%3Anld%3Aoin%3A1&id=a-1",
        ),
        ("/a?b=c#//evil.example", "/"),
        ("?b=c", "/"),
        ("/a\r\nSet-Cookie: x=y", "/"),
    ],
)
async def test_after_the_login_one_comes_to_a_page_of_the_hub_alone(
    hub: Stage, then: str, lands: str
) -> None:
    assert (await hub.browser().log_in("sub-regie", then)).headers["location"] == lands


async def test_who_may_not_see_the_first_page_comes_to_its_own_subscriptions(hub: Stage) -> None:
    assert (await hub.browser().log_in("sub-school")).headers["location"] == "/subscriptions"


async def test_the_hub_proves_who_it_is_with_its_own_key(hub: Stage) -> None:
    hub.issuer.clients[CLIENT] = Client(ClientKey(draw_key()).public, home=URL)
    assert refused(await hub.browser().log_in("sub-regie"))


async def test_without_an_issuer_there_is_no_login(hub: Stage) -> None:
    async with hub.hub.client(None) as client:
        for path in ("/login", "/login/callback", "/login/session", "/logout"):
            assert (await client.get(path)).status_code == 404


# What the issuer itself refuses: whoever tries against it what the hub would never do, learns that it would not work.

Ask = Callable[[dict[str, str]], dict[str, str]]


async def ask(hub: Stage, **form: str) -> httpx.Response:
    return await hub.http.post(f"{hub.issuer.url}/token", data=form)


def machine(hub: Stage, **more: str) -> dict[str, str]:
    key = hub.machine.form(MACHINE, f"{hub.issuer.url}/token", int(time.time()))
    return {"grant_type": "client_credentials", "scope": SCOPE, **key, **more}


async def test_a_machine_gets_a_token_for_the_hub_with_its_scope_for_ten_minutes(hub: Stage) -> None:
    answer = await ask(hub, **machine(hub))
    assert answer.status_code == 200 and answer.headers["cache-control"] == "no-store"
    token = answer.json()["access_token"]
    keys = (await hub.http.get(f"{hub.issuer.url}/jwks")).json()["keys"]
    claims = jwt.decode(token, jwt.PyJWK(keys[0]), ["ES256"], audience=URL, issuer=hub.issuer.url)
    assert (claims["client_id"], claims["azp"], claims["scope"]) == (MACHINE, MACHINE, SCOPE)
    assert claims["exp"] - claims["iat"] == 600 and claims["jti"]
    assert jwt.get_unverified_header(token) == {"alg": "ES256", "kid": keys[0]["kid"], "typ": "at+jwt"}
    assert "d" not in keys[0]


async def test_an_assertion_is_good_for_once(hub: Stage) -> None:
    form = machine(hub)
    assert (await ask(hub, **form)).status_code == 200
    again = await ask(hub, **form)
    assert (again.status_code, again.json()) == (401, {"error": "invalid_client"})


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"scope": "events.publish:elders."}, "invalid_scope"),
        ({"scope": ""}, "invalid_scope"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code", "code": "x"}, "invalid_grant"),
        ({"client_assertion": "x"}, "invalid_client"),
        ({"client_assertion_type": "x"}, "invalid_client"),
        ({"client_id": CLIENT}, "invalid_client"),
        ({"client_id": "unknown"}, "invalid_client"),
    ],
)
async def test_the_issuer_gives_no_more_than_was_agreed(hub: Stage, more: dict[str, str], error: str) -> None:
    assert (await ask(hub, **machine(hub) | more)).json() == {"error": error}


async def test_an_assertion_for_another_audience_or_of_another_time_proves_nothing(hub: Stage) -> None:
    now = int(time.time())
    for audience, at in ((hub.issuer.url, now), (f"{hub.issuer.url}/token", now - 600)):
        form = machine(hub) | hub.machine.form(MACHINE, audience, at)
        assert (await ask(hub, **form)).json() == {"error": "invalid_client"}


async def test_the_client_that_people_use_gets_no_token_for_itself(hub: Stage) -> None:
    key = hub.key.form(CLIENT, f"{hub.issuer.url}/token", int(time.time()))
    answer = await ask(hub, grant_type="client_credentials", scope=SCOPE, **key)
    assert answer.json() == {"error": "unauthorized_client"}


@pytest.mark.parametrize(
    "changed",
    [
        {"redirect_uri": "https://evil.example/login/callback"},
        {"client_id": MACHINE},
        {"code_challenge_method": "plain"},
        {"code_challenge": ""},
        {"nonce": ""},
        {"response_type": "token"},
        {"scope": "email"},
    ],
    ids=str,
)
async def test_the_issuer_sends_nobody_to_where_no_client_is(hub: Stage, changed: dict[str, str]) -> None:
    where = (await hub.browser().to_issuer()).copy_merge_params(changed)
    assert (await hub.http.get(where)).status_code == 400


@pytest.mark.parametrize("url", ["http://0.0.0.0:18099", "http://10.0.0.1:18099", "https://127.0.0.1:18099"])
async def test_an_issuer_without_passwords_listens_on_loopback_only(url: str) -> None:
    issuer = Issuer(url, [Account("x", "X", "operator")], {}, URL)
    with pytest.raises(OperatorError, match="loopback"):
        await issuer.start()
