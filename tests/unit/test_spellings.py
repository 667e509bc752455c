"""Forbidden addresses in every spelling: refused on sight, and again by the courier, whatever a name server answers."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from ipaddress import ip_address
from typing import Any

import pytest

from hub.core.delivery import Delivery
from hub.core.sinks import PORTS, forbidden, networks, refusal
from hub.core.subscription import Subscription
from hub.courier import guard
from hub.courier.access import Access
from hub.courier.crew import Crew
from hub.courier.guard import Forbidden, Lookup, Names
from hub.courier.post import Post
from hub.courier.sender import Sender
from hub.courier.tls import Contexts
from hub.courier.tokens import Tokens
from tests.spellings import ADDRESSES, FINE, SPELLINGS

ALLOWED = "127.0.0.77"
"""The one address the operator allows here; the server that counts listens there and everywhere else."""

EVENT = b'{"specversion": "1.0", "source": "urn:nld:oin:1", "id": "1", "type": "t"}'


def test_there_are_more_of_them_than_fifty() -> None:
    assert len(set(SPELLINGS)) > 100 and len(set(ADDRESSES)) >= 40


@pytest.mark.parametrize("url", SPELLINGS)
def test_no_spelling_of_a_forbidden_address_may_be_subscribed(url: str) -> None:
    assert refusal(url)


@pytest.mark.parametrize("url", [url for url in SPELLINGS if "://" in url])
def test_to_allow_one_network_lets_no_other_address_in(url: str) -> None:
    """Names and their ports are judged when they are looked up, once there is a network they may lead to."""
    assert refusal(url, networks([f"{ALLOWED}/32"])) or url.partition("://")[2][0].isalpha()


@pytest.mark.parametrize("url", FINE)
def test_what_only_looks_alike_may(url: str) -> None:
    assert refusal(url) is None


def test_the_operator_names_further_ports() -> None:
    assert refusal("https://school.example.org:9443/hub")
    assert refusal("https://school.example.org:9443/hub", ports=PORTS | {9443}) is None
    assert refusal("https://127.0.0.77:22/", networks([f"{ALLOWED}/32"])) is None
    assert forbidden(ip_address("93.184.215.14"), (), True, 9443)
    assert forbidden(ip_address("93.184.215.14"), (), True, 9443, PORTS | {9443}) is None


class Counter:
    """A server on every address of this machine that counts who comes in."""

    def __init__(self) -> None:
        self.visits: list[str] = []
        self.port = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.visits.append(writer.get_extra_info("sockname")[0])
        with contextlib.suppress(asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
            await writer.drain()
        writer.close()


@pytest.fixture
async def counter() -> AsyncIterator[Counter]:
    made = Counter()
    listening = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    server = await asyncio.start_server(made.answer, sock=listening)
    made.port = listening.getsockname()[1]
    yield made
    server.close()


class Dns:
    """A name server that answers as it is told, to the question for any name."""

    def __init__(self) -> None:
        self.answer = ALLOWED

    def __call__(self, host: str, port: int) -> list[tuple[Any, ...]]:
        family = socket.AF_INET6 if ":" in self.answer else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (self.answer, port))]


@contextlib.asynccontextmanager
async def courier(lookup: Lookup, *allow: str) -> AsyncIterator[Access]:
    sender = Sender(networks(allow), 3.0, lookup)
    try:
        yield Access(sender, Contexts(), Tokens(sender.send, lambda: 0.0, lambda: 0.0), lambda to: to)
    finally:
        await sender.close()


def post(access: Access, sink: str, **settings: Any) -> Post:
    async def never(*_: Any) -> None:
        raise AssertionError

    crew = Crew(
        send=access.send,
        open=lambda to: to,
        write=never,
        look=never,
        origin="hub.example",
        schedule=(0.0, 1.0),
        consent_days=30,
        now=lambda: 1_795_000_000_000,
        steady=lambda: 0.0,
        draw=lambda: 0.0,
        fail=lambda error: None,
    )
    return Post(Subscription("s", "p", sink=sink, secret="whsec_MfKQ", protocolsettings=settings), crew)


async def outcome(of: Post) -> str:
    reply = await of.one(Delivery("d", "subject", 0, EVENT), 1, {})
    return reply.answer.label


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(guard, "DNS_CACHE_SECONDS", 0)
    yield


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_name_that_changes_its_answer_takes_no_delivery_to_a_forbidden_address(
    counter: Counter, forgetful: None, scheme: str
) -> None:
    dns = Dns()
    async with courier(dns, f"{ALLOWED}/32") as access:
        mine = post(access, f"http://school.example.org:{counter.port}/hook")
        assert await outcome(mine) == "204" and counter.visits == [f"::ffff:{ALLOWED}"]
        mine = post(access, f"{scheme}://school.example.org:{counter.port}/hook")
        for address in ADDRESSES:
            dns.answer = address
            assert await outcome(mine) == "forbidden", address
            question = await access.send(mine.to, "OPTIONS", {})
            assert question.answer.failure == "forbidden", address
        assert len(counter.visits) == 1


async def test_no_token_is_fetched_from_a_forbidden_address(counter: Counter, forgetful: None) -> None:
    dns = Dns()
    asks = {
        "tokenendpoint": f"https://login.example.org:{counter.port}/",
        "clientid": "a",
        "clientsecret": "b",
    }
    async with courier(dns, f"{ALLOWED}/32") as access:
        for number, address in enumerate(ADDRESSES):
            dns.answer = address
            url = asks["tokenendpoint"] + str(number)
            mine = post(
                access, f"http://127.0.0.77:{counter.port}/", authorization=asks | {"tokenendpoint": url}
            )
            assert await outcome(mine) == "auth", address
        for url in SPELLINGS:
            mine = post(
                access, f"http://127.0.0.77:{counter.port}/", authorization=asks | {"tokenendpoint": url}
            )
            dns.answer = "127.0.0.1"
            assert await outcome(mine) == "auth", url
        assert counter.visits == []


async def test_a_subscription_with_a_forbidden_spelling_is_not_called_by_whatever_way_it_got_there(
    counter: Counter,
) -> None:
    """With the system's own idea of what the host means, and with a name server that says loopback to everything."""
    told = Dns()
    told.answer = "127.0.0.1"
    for lookup in (None, told):
        async with courier(lookup or guard._system) as access:
            for url in SPELLINGS:
                assert await outcome(post(access, url)) == "forbidden", url
    assert counter.visits == []


async def test_a_redirect_to_a_forbidden_address_is_not_followed(forgetful: None, counter: Counter) -> None:
    async def elsewhere(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        place = f"Location: http://127.0.0.1:{counter.port}/".encode()
        writer.write(b"HTTP/1.1 307 Temporary Redirect\r\nContent-Length: 0\r\n" + place + b"\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(elsewhere, ALLOWED, 0)
    async with courier(Dns(), "127.0.0.0/8") as access:
        mine = post(access, f"http://school.example.org:{server.sockets[0].getsockname()[1]}/hook")
        assert await outcome(mine) == "307" and counter.visits == []
    server.close()


async def test_what_refuses_is_the_socket_itself() -> None:
    names = Names(Dns())
    made = guard.connector((), True, names)
    factory: Any = made._socket_factory
    info = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
    for address in ADDRESSES:
        with pytest.raises(Forbidden):
            factory((*info, (address, 443)))
    with pytest.raises(Forbidden, match="port"):
        factory((*info, ("93.184.215.14", 25)))
    factory((*info, ("93.184.215.14", 443))).close()
    await made.close()
    await names.close()


def test_no_context_trusts_everybody() -> None:
    assert Contexts().default.verify_mode is ssl.CERT_REQUIRED and Contexts().default.check_hostname
