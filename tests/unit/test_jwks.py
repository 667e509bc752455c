"""What an issuer signed is believed, and nothing else; its keys are read from a real port."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import jwt
import pytest

from hub.gateway import jwks
from hub.gateway.jwks import Issuer, Unreachable, Untrusted, issuer_of
from tests.token_issuer import AUDIENCE, SigningKey, TokenIssuer


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


async def refused(issuer: Issuer, token: str) -> str:
    with pytest.raises(Untrusted) as caught:
        await issuer.claims(token, AUDIENCE)
    assert str(caught.value) == caught.value.code
    return caught.value.code


def unsigned(claims: dict[str, Any], header: dict[str, Any]) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part(header)}.{part(claims)}."


@pytest.mark.parametrize("algorithm", jwks.ALGORITHMS)
async def test_the_claims_of_what_it_signed_are_believed(http: httpx.AsyncClient, algorithm: str) -> None:
    async with TokenIssuer(SigningKey(algorithm)) as at:
        claims = await Issuer(at.url, http).claims(at.token(scope="events.read"), AUDIENCE)
    assert (claims["azp"], claims["scope"]) == ("client-1", "events.read")


@pytest.mark.parametrize("rfc8414", [False, True])
async def test_both_ways_of_discovery_are_found_also_below_a_path(
    http: httpx.AsyncClient, rfc8414: bool
) -> None:
    async with TokenIssuer(path="/realms/almere", rfc8414=rfc8414) as at:
        issuer = Issuer(at.url, http)
        assert await issuer.claims(at.token(), AUDIENCE)
        assert (await issuer.metadata())["jwks_uri"] == f"{at.url}/jwks"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"exp": timedelta(seconds=-60)}, "expired-token"),
        ({"exp": None}, "missing-claim"),
        ({"exp": "soon"}, "malformed-token"),
        ({"exp": float("inf")}, "malformed-token"),
        ({"nbf": timedelta(seconds=6000)}, "early-token"),
        ({"iat": timedelta(seconds=6000)}, "early-token"),
        ({"aud": "https://other.example.nl"}, "foreign-audience"),
        ({"aud": [f"{AUDIENCE}.example.org"]}, "foreign-audience"),
        ({"aud": None}, "missing-claim"),
        ({"iss": "https://other.example.nl"}, "foreign-issuer"),
        ({"iss": None}, "missing-claim"),
        ({"jti": 7}, "malformed-token"),
    ],
)
async def test_a_token_that_says_something_else_than_it_must_is_refused(
    http: httpx.AsyncClient, changes: dict[str, Any], why: str
) -> None:
    async with TokenIssuer() as at:
        assert await refused(Issuer(at.url, http), at.token(**changes)) == why


async def test_a_clock_that_is_a_little_off_is_forgiven(http: httpx.AsyncClient) -> None:
    async with TokenIssuer() as at:
        now = int(time.time())
        assert await Issuer(at.url, http).claims(at.token(iat=now + 5, exp=now - 5), AUDIENCE)


async def test_a_required_claim_may_not_be_missing(http: httpx.AsyncClient) -> None:
    async with TokenIssuer() as at:
        with pytest.raises(Untrusted, match="missing-claim"):
            await Issuer(at.url, http).claims(at.token(jti=None), AUDIENCE, require=("jti",))


async def test_no_algorithm_but_those_of_the_profile_opens_anything(http: httpx.AsyncClient) -> None:
    key = SigningKey("RS256")
    async with TokenIssuer(key) as at:
        issuer = Issuer(at.url, http)
        for alg in ("none", "None", "nOnE", ""):
            assert (
                await refused(issuer, unsigned(at.claims(), {"alg": alg, "kid": key.kid}))
                == "refused-algorithm"
            )
        text = unsigned(at.claims(), {"alg": "HS256", "kid": key.kid})
        public = json.dumps(key.jwk()).encode()
        mac = hmac.digest(public, text[:-1].encode(), "sha256")
        confused = text + base64.urlsafe_b64encode(mac).rstrip(b"=").decode()
        assert await refused(issuer, confused) == "refused-algorithm"
        other = jwt.encode(at.claims(), key.private, "RS512", {"kid": key.kid})
        assert await refused(issuer, other) == "refused-algorithm"
        meant_for_another = jwt.encode(at.claims(), key.private, "PS256", {"kid": key.kid})
        assert await refused(issuer, meant_for_another) == "refused-algorithm"


async def test_a_key_that_is_no_public_signing_key_is_left_out(http: httpx.AsyncClient) -> None:
    key = SigningKey("ES256")
    private = jwt.get_algorithm_by_name("ES256").to_jwk(key.private, as_dict=True)
    secret = {"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA", "kid": key.kid}
    other = SigningKey("ES256", key.kid).jwk()
    for keys in (
        [{**key.jwk(), "use": "enc"}],
        [{**private, "kid": key.kid}],
        [secret],
        [{**key.jwk(), "kid": 7}],
        [key.jwk(), other],
        ["text"],
        [],
    ):
        async with TokenIssuer(key) as at:
            at.jwks = json.dumps({"keys": keys}).encode()
            assert await refused(Issuer(at.url, http), at.token()) == "unknown-key"


async def test_a_signature_of_another_key_with_the_same_kid_is_refused(http: httpx.AsyncClient) -> None:
    key = SigningKey()
    async with TokenIssuer(key) as at:
        forged = at.token(key=SigningKey("ES256", key.kid))
        assert await refused(Issuer(at.url, http), forged) == "bad-signature"
        signed, _, _ = at.token().rpartition(".")
        assert await refused(Issuer(at.url, http), f"{signed}.AAAA") == "bad-signature"


@pytest.mark.parametrize("text", ["", "x", "a.b", "a.b.c", "....", "é.é.é", "a" * 9000, "e30.e30.e30"])
async def test_what_is_no_jwt_is_refused_without_asking_anyone(http: httpx.AsyncClient, text: str) -> None:
    async with TokenIssuer() as at:
        await refused(Issuer(at.url, http), text)
        assert at.asked == []


async def test_a_hostile_header_or_payload_is_a_refusal_and_no_crash(http: httpx.AsyncClient) -> None:
    deep = base64.urlsafe_b64encode(b"[" * 3000).rstrip(b"=").decode()
    head = unsigned({}, {"alg": "ES256", "kid": "x"}).split(".")[0]
    for token in (f"{deep}.e30.AA", f"{head}.{deep}.AA", unsigned({"iss": {}}, {"alg": "ES256", "kid": [1]})):
        with pytest.raises(Untrusted):
            issuer_of(token)
    assert issuer_of(unsigned({"iss": 7}, {"alg": "ES256"})) == ""


async def test_keys_are_read_once_and_again_when_a_new_one_is_used(http: httpx.AsyncClient) -> None:
    clock = Clock()
    async with TokenIssuer() as at:
        issuer = Issuer(at.url, http, clock)
        old, new = at.published[0], SigningKey()
        for _ in range(5):
            await issuer.claims(at.token(), AUDIENCE)
        assert at.asked.count("/jwks") == 1
        at.published = [new, old]
        clock.seconds += jwks.FLOOR
        assert await issuer.claims(at.token(key=new), AUDIENCE)
        assert await issuer.claims(at.token(key=old), AUDIENCE)
        assert at.asked.count("/jwks") == 2


async def test_tokens_with_invented_keys_do_not_make_it_ask_all_the_time(http: httpx.AsyncClient) -> None:
    clock = Clock()
    async with TokenIssuer() as at:
        issuer = Issuer(at.url, http, clock)
        strange = [at.token(key=SigningKey()) for _ in range(10)]
        for second in range(10):
            clock.seconds = 1000.0 + second * 0.9
            assert await refused(issuer, strange[second]) == "unknown-key"
        assert at.asked.count("/jwks") == 1
        clock.seconds = 1000.0 + jwks.FLOOR
        codes = await asyncio.gather(*(refused(issuer, token) for token in strange))
        assert set(codes) == {"unknown-key"} and at.asked.count("/jwks") == 2


async def test_a_key_that_was_taken_back_is_of_no_use_after_a_while(http: httpx.AsyncClient) -> None:
    clock = Clock()
    async with TokenIssuer() as at:
        issuer = Issuer(at.url, http, clock)
        old = at.published[0]
        await issuer.claims(at.token(), AUDIENCE)
        at.published = [SigningKey()]
        clock.seconds += jwks.FRESH
        assert await refused(issuer, at.token(key=old)) == "unknown-key"


async def test_an_issuer_that_is_away_is_believed_for_an_hour_on_what_it_said(
    http: httpx.AsyncClient,
) -> None:
    clock = Clock()
    async with TokenIssuer() as at:
        issuer = Issuer(at.url, http, clock)
        await issuer.claims(at.token(), AUDIENCE)
        at.down = True
        clock.seconds += jwks.STALE - 1
        assert await issuer.claims(at.token(), AUDIENCE)
        clock.seconds += 1
        with pytest.raises(Unreachable):
            await issuer.claims(at.token(), AUDIENCE)
        at.down = False
        clock.seconds += jwks.FLOOR
        assert await issuer.claims(at.token(), AUDIENCE)


@pytest.mark.parametrize(
    "wrong",
    [
        {"discovery": {"issuer": "https://other.example.nl"}},
        {"discovery": {"jwks_uri": "http://169.254.169.254/latest"}},
        {"discovery": {"jwks_uri": "file:///etc/passwd"}},
        {"discovery": {"jwks_uri": None}},
        {"jwks": b"[]"},
        {"jwks": b"{"},
        {"jwks": b'{"keys": {}}'},
        {"jwks": json.dumps({"keys": [{}] * 65}).encode()},
        {"jwks": b" " * (jwks.MAX_DOCUMENT + 1)},
    ],
)
async def test_an_issuer_that_sends_something_unsound_is_not_believed(
    http: httpx.AsyncClient, wrong: dict[str, Any]
) -> None:
    async with TokenIssuer() as at:
        vars(at).update(wrong)
        with pytest.raises(Unreachable):
            await Issuer(at.url, http).claims(at.token(), AUDIENCE)


async def test_an_issuer_that_hangs_costs_a_bounded_time(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jwks, "PATIENCE", 0.2)

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    try:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        began = time.monotonic()
        with pytest.raises(Unreachable):
            await Issuer(url, http).metadata()
        assert time.monotonic() - began < 3
    finally:
        server.close()
