"""Publishes events to the hub over HTTP, and tries again for as long as that makes sense."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

import httpx

CONTENT_TYPE = "application/cloudevents+json; charset=UTF-8"
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 30.0


class Fault(NamedTuple):
    """What to change: `pointer` says where in the event (JSON pointer), `code` is fixed, `detail` is for people."""

    pointer: str
    code: str
    detail: str


class Accepted(NamedTuple):
    """Durable at the hub. `journey` is where one can see what becomes of it; `warnings` should be looked into."""

    journey: str
    warnings: tuple[Fault, ...]


class Refused(NamedTuple):
    """Never send this again as it is; nothing of it was stored."""

    status: int
    faults: tuple[Fault, ...]


class HubUnavailable(Exception):
    """The hub did not take the event in all that time. It may have it or not: send the same again later."""


class Publisher:
    """One publishing system. Safe to use from several tasks at once.

    `http` is opened and closed by the caller. `patience` is in seconds per event; `sleep` and `draw` (a number from
    [0, 1)) are there to be replaced in tests.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        url: str,
        token: str,
        patience: float = 300.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._http = http
        self._events = url.rstrip("/") + "/v1/events"
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": CONTENT_TYPE}
        self._patience = patience
        self._sleep = sleep
        self._draw = draw

    async def publish(self, event: Mapping[str, Any]) -> Accepted | Refused:
        """Sends one structured CloudEvent, the same bytes at every attempt, so that a repeat is known as one.

        Raises HubUnavailable when patience has run out.
        """
        request = self._http.build_request("POST", self._events, headers=self._headers, json=dict(event))
        deadline = time.monotonic() + self._patience
        attempt = 0
        while True:
            response, trouble = await self._send(request)
            if response is not None and not _busy(response.status_code):
                return _outcome(response)
            pause = self._pause(attempt, response)
            if time.monotonic() + pause > deadline:
                raise HubUnavailable(f"gave up after {attempt + 1} attempts: {trouble}")
            await self._sleep(pause)
            attempt += 1

    async def _send(self, request: httpx.Request) -> tuple[httpx.Response | None, str]:
        try:
            response = await self._http.send(request)
        except httpx.TransportError as error:
            return None, type(error).__name__
        return response, f"HTTP {response.status_code}"

    def _pause(self, attempt: int, response: httpx.Response | None) -> float:
        """Seconds: what the hub asks for (Retry-After), else twice as long each time; never exactly, so that
        publishers that failed together do not come back together."""
        asked = response.headers.get("Retry-After", "") if response is not None else ""
        if asked.isascii() and asked.isdecimal():
            return float(asked) * (1 + 0.2 * self._draw())
        longest = min(FIRST_PAUSE * 2.0 ** min(attempt, 16), LONGEST_PAUSE)
        return longest * (0.5 + 0.5 * self._draw())


def _busy(status: int) -> bool:
    return status == 429 or status >= 500


def _outcome(response: httpx.Response) -> Accepted | Refused:
    body = _json(response)
    if response.status_code == 202:
        return Accepted(str(body.get("journey", "")), _faults(body.get("warnings")))
    return Refused(response.status_code, _faults(body.get("errors")) or _as_fault(body))


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _faults(given: Any) -> tuple[Fault, ...]:
    entries = given if isinstance(given, list) else []
    return tuple(Fault(str(e["pointer"]), str(e["code"]), str(e["detail"])) for e in entries)


def _as_fault(body: Mapping[str, Any]) -> tuple[Fault, ...]:
    """A refusal of the whole request, such as an unknown token, lists no faults: it is one."""
    return (
        Fault("", str(body.get("code", "unknown")), str(body.get("detail", "the answer was not understood"))),
    )
