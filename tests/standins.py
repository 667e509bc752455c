"""`hub up` with stand-ins for its parts: `python -m tests.standins [seconds]`."""

from __future__ import annotations

import asyncio
import os
import sys

from hub.errors import OperatorError
from hub.local import supervisor
from hub.settings import read


async def no_partners() -> None:
    print("partners loaded", flush=True)


async def a_while(stopping: asyncio.Event) -> int:
    try:
        await asyncio.wait_for(stopping.wait(), float(sys.argv[1]))
    except TimeoutError:
        return 7
    return 0


def stand_in(part: str) -> list[str]:
    return [sys.executable, "-m", "tests.part", part]


def main() -> int:
    work = a_while if len(sys.argv) > 1 else None
    try:
        return supervisor.run(read(os.environ), os.environ, no_partners, work, stand_in)
    except OperatorError as error:
        print(f"hub: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
