"""The door of a part without an HTTP API of its own: `/metrics`, `/healthz` and `/readyz`."""

from __future__ import annotations

import errno
from collections.abc import Callable

import orjson
from aiohttp import web

from hub.errors import OperatorError
from hub.telemetry import metrics
from hub.telemetry.gate import Gate, anybody

Check = Callable[[], tuple[bool, str]]
"""Answers whether all is well, and in a few words why not (or how it is); called on every request, must not
block.
"""


class PortTaken(OperatorError):
    """Another process listens on a port that a part needs."""


def well() -> tuple[bool, str]:
    return True, "ok"


class HealthServer:
    """Answers 200 or 503 with `{"ready": ..., "reason": ...}`.

    Not healthy means: restart me. Not ready means: I cannot do my work now, wait. `gate` says who gets the metrics.
    """

    def __init__(
        self, host: str, port: int, ready: Check, healthy: Check = well, gate: Gate = anybody
    ) -> None:
        self.host = host
        self.port = port
        self._ready = ready
        self._healthy = healthy
        self._gate = gate
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Raises PortTaken when another process listens there already."""
        app = web.Application()
        app.router.add_get("/metrics", self._answer_metrics)
        app.router.add_get("/healthz", self._answer_healthy)
        app.router.add_get("/readyz", self._answer_ready)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self.host, self.port).start()
        except OSError as error:
            await self.stop()
            raise taken(self.host, self.port, "HUB_METRICS_PORT", error) from None

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer_ready(self, _: web.Request) -> web.Response:
        return _answer("ready", *self._ready())

    async def _answer_metrics(self, request: web.Request) -> web.Response:
        if (status := self._gate(request.headers)) != 200:
            return web.Response(status=status, text="the metrics are for the operator")
        metrics.READY.set(self._ready()[0])
        return web.Response(body=metrics.render(), headers={"Content-Type": metrics.CONTENT_TYPE})

    async def _answer_healthy(self, _: web.Request) -> web.Response:
        return _answer("healthy", *self._healthy())


def taken(host: str, port: int, setting: str, error: OSError) -> OperatorError:
    """What to tell the operator when listening on `port` failed; `setting` is the variable that moves it."""
    if error.errno == errno.EADDRINUSE:
        return PortTaken(f"port {port} of {host} is taken: stop what listens there, or set {setting}")
    return PortTaken(
        f"cannot listen on {host}:{port} ({error.strerror or error}): correct {setting} or HUB_HOST"
    )


def _answer(name: str, well: bool, reason: str) -> web.Response:
    body = orjson.dumps({name: well, "reason": reason})
    return web.Response(body=body, status=200 if well else 503, content_type="application/json")
