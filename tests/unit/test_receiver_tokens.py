"""Access tokens at receivers: fetched once, kept as long as they are good, and how the hub says who it is."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import jwt
import orjson
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from hub.core.dead_letters import cause
from hub.core.retry import Answer
from hub.courier.sender import Reply
from hub.courier.tokens import ASSERTION, FAILED_SECONDS, MOST_SECONDS, UNSAID_SECONDS, NoToken, Tokens
from tests.certificates import private_key

URL = "https://login.example.nl/token"
BASIC = {"tokenendpoint": URL, "clientid": "hub:a", "clientsecret": "g+h m", "scope": "events.write x"}
SEALED = {"clientsecret": "sealed:..."}
NOW = 1_795_000_000


class Endpoint:
    """What a token endpoint would answer, and everything it was asked."""

    def __init__(self, **answer: Any) -> None:
        self.answer: Any = {"access_token": "t", "token_type": "Bearer", "expires_in": 60} | answer
        self.status = 200
        self.asked: list[tuple[str, Mapping[str, str], dict[str, str]]] = []
        self.steady = 0.0
        self.tokens = Tokens(self._ask, lambda: NOW, lambda: self.steady)

    async def get(self, stale: str = "", sealed: Any = SEALED, given: Any = BASIC, id: str = "s") -> str:
        return await self.tokens.get(id, sealed, given, stale)

    async def _ask(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        await asyncio.sleep(0)
        assert method == "POST"
        self.asked.append((url, headers, dict(parse_qsl(body.decode()))))
        given = self.answer if isinstance(self.answer, bytes) else orjson.dumps(self.answer)
        return Reply(Answer(self.status), {}, 0.0, given)


async def test_a_secret_goes_in_the_header_as_the_standard_says_and_nowhere_else() -> None:
    endpoint = Endpoint()
    assert await endpoint.get() == "t"
    ((url, headers, form),) = endpoint.asked
    assert url == URL and form == {"grant_type": "client_credentials", "scope": "events.write x"}
    assert base64.b64decode(headers["Authorization"].removeprefix("Basic ")) == b"hub%3Aa:g%2Bh+m"


async def test_a_private_key_proves_the_client_by_a_short_lived_assertion_used_once() -> None:
    pem, endpoint = private_key(), Endpoint(expires_in=0)
    given = {"tokenendpoint": URL, "clientid": "hub", "privatekey": pem, "keyid": "k1"}
    await endpoint.get(given=given)
    await endpoint.get(given=given)
    said = []
    for _, headers, form in endpoint.asked:
        assert "Authorization" not in headers and form["client_assertion_type"] == ASSERTION
        assert jwt.get_unverified_header(form["client_assertion"]) == {
            "typ": "JWT",
            "alg": "ES256",
            "kid": "k1",
        }
        public: Any = load_pem_private_key(pem.encode(), None).public_key()
        said.append(
            jwt.decode(
                form["client_assertion"],
                public,
                ["ES256"],
                audience=URL,
                options={"verify_exp": False, "verify_iat": False},
            )
        )
    assert {(one["iss"], one["sub"], one["exp"] - one["iat"], one["iat"]) for one in said} == {
        ("hub", "hub", 60, NOW)
    }
    assert said[0]["jti"] != said[1]["jti"] and len(said[0]["jti"]) >= 22


async def test_everybody_who_wants_a_token_waits_for_one_request() -> None:
    endpoint = Endpoint()
    assert await asyncio.gather(*(endpoint.get() for _ in range(20))) == ["t"] * 20
    assert len(endpoint.asked) == 1


@pytest.mark.parametrize(
    ("lasts", "kept"), [(60, 50), ("60", 50), (None, UNSAID_SECONDS), (10**9, MOST_SECONDS), (5, 0), (-1, 0)]
)
async def test_a_token_is_kept_until_shortly_before_its_end(lasts: Any, kept: float) -> None:
    endpoint = Endpoint(expires_in=lasts)
    await endpoint.get()
    endpoint.steady = max(0.0, kept - 0.1)
    await endpoint.get()
    assert len(endpoint.asked) == (1 if kept else 2)
    endpoint.steady = kept
    await endpoint.get()
    assert len(endpoint.asked) == (2 if kept else 3)


async def test_a_token_that_the_receiver_does_not_take_is_asked_for_anew_once_for_all() -> None:
    endpoint = Endpoint()
    await endpoint.get()
    endpoint.answer |= {"access_token": "new"}
    assert await asyncio.gather(*(endpoint.get(stale="t") for _ in range(5))) == ["new"] * 5
    assert len(endpoint.asked) == 2


async def test_other_credentials_and_other_subscriptions_have_tokens_of_their_own() -> None:
    endpoint = Endpoint()
    for sealed, id in ((SEALED, "s"), ({"clientsecret": "sealed:2"}, "s"), (SEALED, "other")):
        await endpoint.get(sealed=sealed, id=id)
    assert len(endpoint.asked) == 3


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (401, {}),
        (302, {}),
        (200, b""),
        (200, b"[]"),
        (200, b"{}"),
        (200, {"access_token": 7}),
        (200, {"access_token": ""}),
        (200, {"access_token": "a\r\nX: b"}),
        (200, {"token_type": "mac"}),
        (200, {"expires_in": "soon"}),
    ],
)
async def test_without_a_usable_token_there_is_none_and_nobody_asks_again_at_once(
    status: int, answer: Any
) -> None:
    endpoint = Endpoint()
    endpoint.status = status
    endpoint.answer = answer if isinstance(answer, bytes) else endpoint.answer | answer
    for _ in range(3):
        with pytest.raises(NoToken):
            await endpoint.get()
    assert len(endpoint.asked) == 1
    endpoint.steady, endpoint.status = FAILED_SECONDS, 200
    endpoint.answer = {"access_token": "t", "token_type": "bearer"}
    assert await endpoint.get() == "t"


def test_no_way_in_is_a_cause_of_its_own_among_dead_letters() -> None:
    assert cause("auth") == "auth"
