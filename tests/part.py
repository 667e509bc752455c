"""A stand-in for a part of the hub, so that `hub up` can be tested alone: `python -m tests.part <name>`.

Waits for the topics as real parts do, then serves its port. `HUB_LOG_LEVEL=error` makes it refuse to start.
"""

from __future__ import annotations

import asyncio
import os
import sys

from hub.core.topics import manifest
from hub.errors import OperatorError
from hub.kafka import wait_for_kafka
from hub.local.children import port_of
from hub.settings import read
from hub.telemetry import log, service
from hub.telemetry.health import HealthServer


def main(name: str) -> int:
    settings = read(os.environ)
    log.configure(name, "info")

    async def work(stopping: asyncio.Event) -> None:
        if settings.log_level == "error":
            raise OperatorError("this part refuses to start")
        await wait_for_kafka(settings.bootstrap, 60, [t.name for t in manifest(settings.partitions)])
        server = HealthServer(settings.host, port_of(name, settings), lambda: (True, "serving"))
        await server.start()
        await stopping.wait()
        await server.stop()

    try:
        return service.run(work)
    except OperatorError as error:
        print(f"hub: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
