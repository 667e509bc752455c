"""Requests as bytes, each drawn from a seed and its number alone, so that one can be sent again by itself."""

from __future__ import annotations

import base64
import copy
import json
import random
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, get_args
from urllib.parse import quote

from hub.core.catalogue import KINDS
from hub.core.catalogue.lifecycle import RequestedBy
from hub.core.cloudevents import BATCH, STRUCTURED, to_http_binary
from hub.core.event import Event
from tests.fuzz import values
from tests.fuzz.stage import PUBLISHERS, READERS, SOURCE

Json = dict[str, Any]


class Attack(NamedTuple):
    """`pieces` are written one after another; with `hang_up` nobody waits for an answer, with `dawdle` the rest of the
    request never comes. `body` and `headers` are what an event was sent with, `token` who sent it."""

    number: int
    what: str
    pieces: tuple[bytes, ...]
    hang_up: bool = False
    dawdle: bool = False
    head: bool = False
    token: str = ""
    headers: Mapping[str, str] = MappingProxyType({})
    body: bytes = b""


class Plan:
    """`document` is the OpenAPI document of the door."""

    def __init__(self, seed: int, document: Json) -> None:
        self._seed = seed
        self._routes = [
            (method.upper(), path, operation)
            for path, operations in document["paths"].items()
            for method, operation in operations.items()
        ]

    def attack(self, number: int) -> Attack:
        of = random.Random(f"{self._seed}:{number}")
        draw = of.random()
        if draw < 0.5:
            return _event(number, of)
        if draw < 0.88:
            return self._route(number, of)
        return _wire(number, of)

    def _route(self, number: int, of: random.Random) -> Attack:
        if of.random() < 0.15:
            return _page(number, of)
        method, path, operation = of.choice(self._routes)
        for name in ("id", "replayId", "learnerId", "metric"):
            path = path.replace("{" + name + "}", of.choice(_PLACES))
        if of.random() < 0.15:
            method = of.choice(_METHODS)
        query = _query(operation, of)
        headers = _headers(of)
        body = b""
        if method in ("POST", "PUT", "PATCH") or of.random() < 0.05:
            body, headers["Content-Type"] = _form(path, operation, of)
        token = _token(of)
        return Attack(
            number,
            f"{method} {path[:40]}",
            (_request(method, path + query, token, headers, body),),
            hang_up=of.random() < 0.02,
            head=method == "HEAD",
        )


_METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "PROPFIND")
_PLACES = (
    *(f"inbox-{one.id}" for one in READERS), "inbox-fuzz-e1", "sub-000000000000", "M1", "M14", "_replay",
    "..", "%2e%2e",
    "5f3e7c1a-9d42-4b7e-8f60-0f5be4c5a008", "%00", "%ff", "a" * 300, "x%2Fy", "%F0%9F%98%80", "123456782",
)  # fmt: skip
_LEARNERS = (
    "5f3e7c1a-9d42-4b7e-8f60-0f5be4c5a008", "00000000-0000-0000-0000-000000000000", "f" * 32,
    "urn:uuid:5F3E7C1A-9D42-4B7E-8F60-0F5BE4C5A008", "{00000000-0000-1000-8000-000000000001}",
)  # fmt: skip
_PAGES = (
    "/", "/catalogue", "/monitor/live", "/monitor/figures", "/monitor/static/monitor.js",
    "/monitor/static/..%2fpage.html",
    "/metrics", "/healthz", "/readyz", "/asyncapi.json", "/schemas/..%2f..%2fpyproject.toml", "/schemas/%00",
    "/schemas/" + "a/" * 200, "/v1/openapi.json", "/v1/catalogue", "/v1", "//", "/v1/events/",
    "/%", "/?lang=" + "x" * 90,
)  # fmt: skip


def _token(of: random.Random) -> str:
    return of.choice(
        (*(f"{one.id}-token" for one in READERS), "fuzz-e1-token", "", "nobody", "é", "x" * 5000)
    )


def _headers(of: random.Random) -> dict[str, str]:
    hostile = {
        "Purpose": of.choice(("WPO-OKR", "NONE", "", "é", "x" * 3000)),
        "Idempotency-Key": of.choice(("a", "x" * 300, "a b", "123456782")),
        "Accept": of.choice(("text/html", "*/*;q=x", "")),
        "Range": "bytes=0-18446744073709551615",
        "If-Match": "*",
        "X-Forwarded-For": of.choice(("127.0.0.1", "::1", "<x>")),
        "Origin": "https://evil.example",
        "Content-Encoding": of.choice(("gzip", "br", "identity", "deflate, gzip")),
        "Expect": "100-continue",
        "Cookie": "a=" + "b" * 2000,
        "Upgrade": "websocket",
        "traceparent": of.choice(("00-" + "0" * 32 + "-" + "0" * 16 + "-01", "x")),
        "Access-Control-Request-Method": "PUT",
        "Transfer-Encoding": "identity",
    }
    return {name: hostile[name] for name in of.sample(list(hostile), of.choice((0, 0, 1, 1, 2, 4)))}


def _query(operation: Json, of: random.Random) -> str:
    names = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"]
    given = [(name, of.choice(values.QUERIES)) for name in names if of.random() < 0.6]
    if of.random() < 0.1:
        given.append((of.choice(("access_token", "x", "after", "%00")), of.choice(values.QUERIES)))
    return (
        "?" + "&".join(f"{name}={value}" for name, value in given if (name, value) != ("wait", "1"))
        if given
        else ""
    )


_REPLAY = {"from": 1, "to": 9, "why": "lost", "cause": "any", "subject": "x", "pace": 60, "dryRun": True,
           "since": "2026-11-21T09:12:44Z"}  # fmt: skip
_SUBSCRIPTION = {
    "protocol": "HTTP", "sink": "http://127.0.0.1:9/x", "types": ["nl.onderwijsloopbanen.handover.prepared.v1"],
    "filters": [{"all": [{"prefix": {"subject": "handover/"}}, {"not": {"exact": {"privacyclass": "P2"}}}]}],
    "config": {"mode": "structured", "retry": [0, 60, 300], "rate": 600, "batch": {"size": 10, "seconds": 1}},
    "protocolsettings": {"method": "POST", "headers": {"X-Key": "abc"}},
    "sinkcredential": {"credentialtype": "ACCESSTOKEN", "accesstoken": "abc"},
}  # fmt: skip


def _form(path: str, operation: Json, of: random.Random) -> tuple[bytes, str]:
    shapes: dict[str, Json] = {
        "_replay": _REPLAY,
        "position": {"number": 0},
        "_dry-run": {"filters": _SUBSCRIPTION["filters"], "types": [], "source": SOURCE},
        "_rotate": {"overlap": 24},
        "access-requests": {"learnerId": of.choice(_LEARNERS)},
        "erasures": {"learnerId": of.choice(_LEARNERS), "requestedBy": of.choice(get_args(RequestedBy))},
        "restrictions": {"learnerId": of.choice(_LEARNERS), "restricted": True},
    }
    given: Any = copy.deepcopy(shapes.get(path.rpartition("/")[2], _SUBSCRIPTION))
    for _ in range(of.choice((0, 1, 1, 2, 3))):
        given = values.spoil(given, of)
    kind = of.choice(
        ("application/json",) * 8
        + ("application/json; charset=utf-16", "text/plain", "", "multipart/form-data")
    )
    return _raw(given, of), kind


def _raw(given: Any, of: random.Random) -> bytes:
    """JSON, now and then with what `json` would not write, or not quite JSON."""
    raw = json.dumps(given).encode()
    way = of.randrange(40)
    if way == 0:
        return raw[: of.randrange(len(raw) + 1)]
    if way == 1:
        return raw + of.choice((b"x", b"{}", b"\x00", b",", b"\xff"))
    if way == 2:
        return of.choice((b"\xef\xbb\xbf", b" ", b"\xff\xfe")) + raw
    if way == 3 and raw[:1] == b"{" and len(raw) > 2:
        return b'{"id": "twice", ' + raw[1:]
    if way == 4:
        return b"[" * of.choice((40, 5000, 60_000))
    if way == 5:
        return raw.replace(b"a", b"\xc3", 1)
    if way == 6:
        return json.dumps(given).encode("utf-16")
    if way == 7:
        return raw[:-1] + b', "pad": "' + b"p" * of.choice((70_000, 1_100_000)) + b'"}'
    return raw


def _event(number: int, of: random.Random) -> Attack:
    type = of.choice(list(PUBLISHERS))
    token = f"{PUBLISHERS[type].id}-token"
    event: Json = _sound(type, f"fz-{number}")
    for _ in range(of.choice((0, 1, 1, 1, 2, 3))):
        spoilt = _spoilt(event, of)
        event = spoilt if isinstance(spoilt, dict) else event
    if of.random() < 0.03:
        token = _token(of)
    headers, body = _encoded(event, type, number, of)
    headers |= _headers(of) if of.random() < 0.1 else {}
    request = _request("POST", "/v1/events", token, headers, body, chunked=of.random() < 0.1)
    hang_up = of.random() < 0.03
    cut = of.randrange(1, len(request)) if hang_up and of.random() < 0.5 else len(request)
    return Attack(number, "event", (request[:cut],), hang_up, False, False, token, headers, body)


def _sound(type: str, id: str) -> Json:
    data = copy.deepcopy(dict(KINDS[type].example))
    given = {"specversion": "1.0", "type": type, "source": SOURCE, "id": id, "time": "2027-01-01T00:00:00Z"}
    return {**given, "data": data}


def _spoilt(event: Json, of: random.Random) -> Any:
    if of.random() < 0.65:
        return {**event, "data": values.spoil(event.get("data", {}), of)}
    if of.random() < 0.5:
        name = of.choice(
            ("subject", "correlationid", "partitionkey", "sequence", "bsn", "traceparent", "schoolyear", "é")
        )
        return {**event, name: values.value(of)}
    return values.spoil(event, of)


def _encoded(event: Json, type: str, number: int, of: random.Random) -> tuple[dict[str, str], bytes]:
    way = of.random()
    if way < 0.6:
        kinds = (STRUCTURED,) * 12 + (
            "application/json",
            "application/cloudevents+xml",
            f"{STRUCTURED}; charset=latin-1",
        )
        return {"Content-Type": of.choice(kinds)}, _raw(event, of)
    if way < 0.75:
        others = [_sound(type, f"fz-{number}-{n}") for n in range(of.choice((0, 1, 3, 120)))]
        return {"Content-Type": BATCH}, _raw([*others, event], of)
    if way < 0.8:
        data = base64.b64encode(_raw(event.get("data"), of)).decode()
        wrapped = {k: v for k, v in event.items() if k != "data"} | {
            "data_base64": of.choice((data, data[1:], 7))
        }
        return {"Content-Type": STRUCTURED}, _raw(wrapped, of)
    texts = {k: v for k, v in event.items() if isinstance(v, str) and k != "data"}
    try:
        headers, _ = to_http_binary(Event(texts, {}))
    except UnicodeEncodeError:
        headers = {}
    if of.random() < 0.1:
        headers["ce-id"] = of.choice(('"quoted\\"', "%zz", "%c3%28", "é", values.PLANTED[0]))
    return headers, _raw(event.get("data"), of)


def _request(
    method: str, target: str, token: str, headers: Json, body: bytes, chunked: bool = False
) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", "Host: hub.example"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if chunked:
        lines.append("Transfer-Encoding: chunked")
        half = len(body) // 2
        parts = [part for part in (body[:half], body[half:]) if part]
        sent = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    else:
        lines += [f"Content-Length: {len(body)}"] if body or method in ("POST", "PUT") else []
        sent = body
    # A line break inside a value would end the header, as it would for any client that does not look.
    return "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + sent


def _page(number: int, of: random.Random) -> Attack:
    method, path = of.choice(("GET", "GET", "GET", "POST", "HEAD")), of.choice(_PAGES)
    return Attack(
        number,
        f"{method} {path[:30]}",
        (_request(method, path, _token(of), _headers(of), b""),),
        head=method == "HEAD",
    )


_LINES = (
    b"GET / HTTP/1.1\r\n\r\n", b"GET /\r\n\r\n", b"GET / HTTP/0.9\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET http://evil.example/ HTTP/1.1\r\nHost: x\r\n\r\n", b"GET  / HTTP/1.1\r\n\r\n", b"G\x00T / HTTP/1.1\r\n\r\n",
    b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HTTP/1.1\r\nHost x\r\n\r\n",
    b"GET / HTTP/1.1\r\n: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", b"POST /v1/events HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    b"POST /v1/events HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
    b"\r\n\r\n\r\n\r\nGET /healthz HTTP/1.1\r\n\r\n",
    b"POST /v1/events HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /",
    b"POST /v1/events HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", b"GET / HTTP/1.1\r\nA: \x00\r\n\r\n",
    b"POST /v1/events HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n", b"\x00" * 64,
    b"\xff" * 4096,
    b"GET /healthz HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
    b"QUERY /v1/partners HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n",
    b"GET / HTTP/1.1\r\nX: " + b"y" * 110_000 + b"\r\n\r\n", b"GET / HTTP/1.1\r\nX: " + b"y" * 200_000,
)  # fmt: skip


def _wire(number: int, of: random.Random) -> Attack:
    way = of.random()
    if way < 0.6:
        return Attack(number, "wire", (of.choice(_LINES),))
    sound = _request("GET", "/v1/partners", "fuzz-school-token", {}, b"")
    if way < 0.8:
        many = of.choice(
            (sound * 20, sound + of.choice(_LINES), sound + sound[: of.randrange(1, len(sound))])
        )
        return Attack(number, "pipelined", (many,), hang_up=True)
    event = _sound(of.choice(list(PUBLISHERS)), f"fz-{number}")
    body = json.dumps(event).encode()
    token, headers = f"{PUBLISHERS[event['type']].id}-token", {"Content-Type": STRUCTURED}
    request = _request("POST", "/v1/events", token, headers, body)
    cut = of.randrange(1, len(request))
    if way < 0.82:
        return Attack(number, "slow", (request[:cut],), dawdle=True)
    pieces = tuple(request[n : n + 40] for n in range(0, len(request), 40))
    return Attack(number, "pieces", pieces, token=token, headers=headers, body=body)


def shown(attack: Attack) -> str:
    """For a report: enough to see what it was."""
    return quote(b"".join(attack.pieces)[:600].decode("latin-1"), safe=' /:{}[],"=&?%-_.@+')
