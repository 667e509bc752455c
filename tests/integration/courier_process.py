"""A courier as a process of its own, to be killed: `python -m tests.integration.courier_process <settings as JSON>`."""

from __future__ import annotations

import asyncio
import signal
import sys

import orjson
import uvloop

from hub.courier.runner import Courier
from hub.settings import Settings
from hub.telemetry import log


async def main(given: dict[str, object]) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    names = {name: given.pop(name) for name in ("instance", "group", "prefix")}
    await Courier(Settings.model_validate(given), **names).run(stop)  # type: ignore[arg-type]


if __name__ == "__main__":
    log.configure("courier", "info")
    uvloop.run(main(orjson.loads(sys.argv[1])))
