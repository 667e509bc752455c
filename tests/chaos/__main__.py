"""`python -m tests.chaos --seed 1 --faults 100`: hurts a real hub under load, and says whether anything came of it.

Exit code 0: nothing lost, nothing out of order, every repeat explained. Ctrl-C ends it early, and still checks;
a second one gives up.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from tests.chaos.hub import HubFailed
from tests.chaos.run import Wish, run


def main() -> int:
    chosen = _parser().parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    keep: Path | None = chosen.keep
    folder = keep or Path(tempfile.mkdtemp(prefix="hub-chaos-"))
    folder.mkdir(parents=True, exist_ok=True)
    wish = Wish(
        chosen.seed,
        chosen.faults,
        chosen.rate,
        chosen.spacing,
        chosen.brokers,
        chosen.processors,
        chosen.couriers,
    )
    try:
        well = asyncio.run(_run(wish, folder))
    except HubFailed as error:
        print(f"chaos: {error}", file=sys.stderr)
        return 2
    except asyncio.CancelledError:
        print(f"chaos: given up, nothing was checked; data and logs of the hub: {folder}", file=sys.stderr)
        return 130
    if well and keep is None:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        print(f"data and logs of the hub: {folder}")
    return 0 if well else 1


async def _run(wish: Wish, folder: Path) -> bool:
    stopping, whole = asyncio.Event(), asyncio.current_task()

    def stop() -> None:
        if stopping.is_set() and whole is not None:
            whole.cancel()
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    outcome = await run(wish, folder, lambda line: print(line, flush=True), stopping)
    return outcome.verdict.ok


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    made.add_argument("--seed", type=int, default=1, help="the same seed gives the same plan of faults")
    made.add_argument("--faults", type=int, default=100, metavar="N")
    made.add_argument("--rate", type=float, default=15.0, metavar="N", help="events per second (default 15)")
    made.add_argument(
        "--spacing",
        type=float,
        default=4.0,
        metavar="S",
        help="seconds between faults, on average (default 4)",
    )
    made.add_argument("--brokers", type=int, choices=(1, 3), default=1)
    made.add_argument("--processors", type=int, default=1, metavar="N")
    made.add_argument("--couriers", type=int, default=1, metavar="N")
    made.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="an empty folder for the hub's data and logs"
    )
    return made


if __name__ == "__main__":
    sys.exit(main())
