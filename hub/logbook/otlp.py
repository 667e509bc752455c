"""Spans over OTLP/HTTP, as JSON (OpenTelemetry protocol 1.x): the wire format, and one request that is taken or not."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx
import orjson

from hub import __version__
from hub.core.processing_log import Span
from hub.errors import OperatorError
from hub.settings import SettingsError

PATH = "/v1/traces"
RETRIED = frozenset({408, 429, 502, 503, 504})
"""Statuses after which the same is sent again; any other but a 2xx is an answer for good."""

TIMEOUT = 30.0
_INTERNAL, _SERVER = 1, 2
_SCOPE = "nl.onderwijsloopbanen.hub.journal"


class Refused(OperatorError):
    """The collector does not take what it is sent, and never will."""


class Later(Exception):
    """The collector does not take it now. `after` is how long it asks to wait in seconds, 0 when it does not say."""

    def __init__(self, reason: str, after: float = 0.0) -> None:
        super().__init__(reason)
        self.after = after


class Taken(NamedTuple):
    """What became of a batch: a collector may take it and yet drop some of it."""

    dropped: int = 0
    said: str = ""


def address(url: str) -> str:
    """Where to send to, by the address of a collector. Raises SettingsError: over a network only by TLS."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
        raise SettingsError(
            f"--otlp {url}: give the address of a collector, such as https://collector.example:4318"
        )
    if parts.scheme == "http" and not _here(parts.hostname):
        raise SettingsError(f"--otlp {url}: a log of processing goes over the network by https only")
    return url if parts.path.rstrip("/").endswith(PATH) else f"{url.rstrip('/')}{PATH}"


def body(spans: Sequence[Span], source: str) -> bytes:
    """An ExportTraceServiceRequest. `source` is the CloudEvents source of the hub."""
    resource = {"service.name": "onderwijshub", "service.version": __version__, "service.instance.id": source}
    scope = {"scope": {"name": _SCOPE}, "spans": [_span(one, source) for one in spans]}
    return orjson.dumps(
        {"resourceSpans": [{"resource": {"attributes": _pairs(resource)}, "scopeSpans": [scope]}]}
    )


async def send(client: httpx.AsyncClient, url: str, content: bytes) -> Taken:
    """One request. Raises Later or Refused."""
    try:
        answer = await client.post(url, content=content, headers={"Content-Type": "application/json"})
    except httpx.HTTPError as error:
        raise Later(type(error).__name__) from None
    if answer.is_success:
        return _taken(answer)
    if answer.status_code in RETRIED:
        raise Later(f"status {answer.status_code}", _seconds(answer.headers.get("Retry-After", "")))
    raise Refused(f"the collector at {url} refuses with status {answer.status_code}")


def _span(one: Span, source: str) -> dict[str, Any]:
    made = {
        "traceId": one.trace,
        "spanId": one.id,
        "name": one.name,
        "kind": _SERVER if one.called_by else _INTERNAL,
        "startTimeUnixNano": str(one.start * 1_000_000),
        "endTimeUnixNano": str(one.end * 1_000_000),
        "attributes": _pairs(one.attributes(source)),
        "status": {"code": one.status},
    }
    return made | ({"parentSpanId": one.parent} if one.parent else {})


def _pairs(given: dict[str, str]) -> list[dict[str, Any]]:
    return [{"key": key, "value": {"stringValue": value}} for key, value in given.items()]


def _taken(answer: httpx.Response) -> Taken:
    try:
        partial = answer.json().get("partialSuccess") or {}
        return Taken(int(partial.get("rejectedSpans", 0)), str(partial.get("errorMessage", ""))[:200])
    except (ValueError, AttributeError, TypeError):
        return Taken()


def _seconds(header: str) -> float:
    return min(float(header), 300.0) if header.isascii() and header.isdecimal() else 0.0


def _here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
