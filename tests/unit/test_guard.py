from __future__ import annotations

import asyncio
import socket
import time
from ipaddress import ip_address
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from hub.core.sinks import forbidden, networks, refusal
from hub.courier import guard
from hub.courier.sender import Sender

LOCAL = networks(["127.0.0.0/8", "fd00:1::/32"])

PRIVATE = [
    "127.0.0.1",
    "127.8.9.10",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "100.100.100.200",
    "169.254.169.254",
    "168.63.129.16",
    "0.0.0.0",
    "224.0.0.1",
    "239.1.2.3",
    "240.0.0.1",
    "255.255.255.255",
    "192.0.2.1",
    "198.18.0.1",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:a9fe:a9fe",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "fe80::1",
    "fec0::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "2001:db8::1",
]
PUBLIC = ["93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::ffff:8.8.8.8"]


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_that_are_not_public_are_refused(address: str) -> None:
    assert forbidden(ip_address(address), (), secure=True)
    host = f"[{address}]" if ":" in address else address
    assert refusal(f"https://{host}/hook")


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_fine_over_https_only(address: str) -> None:
    assert forbidden(ip_address(address), (), secure=True) is None
    assert forbidden(ip_address(address), LOCAL, secure=False) == "https is required"


@pytest.mark.parametrize("address", ["127.0.0.1", "127.255.0.1", "::ffff:127.0.0.1", "fd00:1::9"])
def test_an_allowed_network_may_be_reached_over_http_too(address: str) -> None:
    assert forbidden(ip_address(address), LOCAL, secure=False) is None
    assert forbidden(ip_address(address), LOCAL, secure=True) is None


def test_allowing_one_network_allows_no_other() -> None:
    assert forbidden(ip_address("10.0.0.1"), LOCAL, secure=True)
    assert forbidden(ip_address("169.254.169.254"), LOCAL, secure=True)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hook",
        "ftp://example.org/",
        "file:///etc/passwd",
        "https://",
        "https:///path",
        "https://example.org:0/",
        "https://example.org:99999/",
        "https://[::1",
        "https://user@example.org/",
        "https://user:word@example.org/",
        "https://example.org/#part",
        "http://example.org/",
        "https://127.0.0.1/",
        "https://[::ffff:127.0.0.1]:8443/",
        "https://[fe80::1%25eth0]/",
    ],
)
def test_sinks_that_can_be_refused_on_sight(url: str) -> None:
    assert refusal(url)


def test_sinks_that_look_fine() -> None:
    assert refusal("https://school.example.org/hub?x=1") is None
    assert refusal("https://93.184.215.14:8443/hub") is None
    assert refusal("http://127.0.0.1:9000/hub", LOCAL) is None
    assert refusal("http://localhost:9000/hub", LOCAL) is None


@given(st.text(alphabet="htps:/@[]%.1x0#?a ", max_size=30))
def test_no_text_makes_the_judgement_fail(url: str) -> None:
    assert refusal(url) is None or isinstance(refusal(url), str)


def answers(*addresses: str) -> guard.Lookup:
    """A name server that knows one answer."""

    def lookup(host: str, port: int) -> list[tuple[Any, ...]]:
        return [
            (socket.AF_INET6 if ":" in a else socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port))
            for a in addresses
        ]

    return lookup


async def post(url: str, lookup: guard.Lookup | None = None, allow: tuple[str, ...] = ()) -> str:
    sender = Sender(networks(allow), 3.0, lookup)
    try:
        return (await sender.send("POST", url, {}, b"{}")).answer.label
    finally:
        await sender.close()


@pytest.fixture
async def listener() -> Any:
    """A web server on loopback that counts its visitors: (port, visits)."""
    visits: list[str] = []

    async def visit(request: web.Request) -> web.Response:
        visits.append(request.host)
        return web.Response()

    app = web.Application()
    app.router.add_post("/hook", visit)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][1], visits
    await runner.cleanup()


@pytest.mark.parametrize("address", ["127.0.0.1", "::ffff:127.0.0.1", "169.254.169.254", "10.1.2.3", "::1"])
async def test_a_name_that_resolves_to_a_forbidden_address_is_not_called(listener: Any, address: str) -> None:
    port, visits = listener
    assert await post(f"https://school.example.org:{port}/hook", answers(address)) == "forbidden"
    assert visits == []


async def test_a_name_with_only_forbidden_addresses_is_not_called(listener: Any) -> None:
    port, _ = listener
    found = await post(f"https://school.example.org:{port}/hook", answers("127.0.0.1", "10.0.0.1", "::1"))
    assert found == "forbidden"


async def test_allowed_addresses_are_called_by_name_and_by_number(listener: Any) -> None:
    port, visits = listener
    allow = ("127.0.0.0/8",)
    assert await post(f"http://127.0.0.1:{port}/hook", allow=allow) == "200"
    assert await post(f"http://school.example.org:{port}/hook", answers("127.0.0.1"), allow) == "200"
    assert visits == [f"127.0.0.1:{port}", f"school.example.org:{port}"]


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "localhost", "0177.0.0.1"])
async def test_other_spellings_of_loopback_are_seen_through(listener: Any, host: str) -> None:
    port, visits = listener
    assert await post(f"https://{host}:{port}/hook") in ("forbidden", "dns", "bad-url")
    assert visits == []


async def test_http_reaches_no_address_outside_the_allowed_networks(listener: Any) -> None:
    assert (
        await post("http://school.example.org/hook", answers("93.184.215.14"), ("127.0.0.0/8",))
        == "forbidden"
    )


async def test_an_unknown_name_is_a_dns_failure() -> None:
    def unknown(host: str, port: int) -> list[tuple[Any, ...]]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    assert await post("https://school.example.org/hook", unknown) == "dns"


async def test_a_dead_name_server_delays_nobody_else(listener: Any) -> None:
    port, _ = listener

    def lookup(host: str, port: int) -> Any:
        if host.startswith("dead"):
            time.sleep(2)
        return answers("127.0.0.1")(host, port)

    sender = Sender(LOCAL, 1.0, lookup)
    dead = [
        asyncio.create_task(sender.send("POST", f"http://dead{n}.example.org/", {}, b"")) for n in range(20)
    ]
    await asyncio.sleep(0.05)
    start = time.monotonic()
    alive = await sender.send("POST", f"http://alive.example.org:{port}/hook", {}, b"")
    assert alive.answer.status == 200
    assert time.monotonic() - start < 1.0, "sooner than the dead names are given up"
    assert {reply.answer.label for reply in await asyncio.gather(*dead)} == {"timeout"}
    await sender.close()


async def test_a_refused_connection_and_a_closed_one_have_names(listener: Any) -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    assert await post(f"http://127.0.0.1:{port}/", allow=("127.0.0.0/8",)) == "closed"
    assert await post(f"https://127.0.0.1:{listener[0]}/hook", allow=("127.0.0.0/8",)) == "tls"
    server.close()
    await server.wait_closed()
    assert await post(f"http://127.0.0.1:{port}/", allow=("127.0.0.0/8",)) == "connect"
