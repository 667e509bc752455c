"""One core or another on the same year, each in a process of its own: all that it writes, and how fast it steps.

`python -m tests.bench.compiled EVENTS RUNS` says it, as JSON, of the core that comes first on the path.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from hub.core import batch, step
from hub.core.policy import Policy
from hub.stream import garbage
from tests.bench.steps import Fed, prepared, rate, steps
from tests.pure import PureHub, day_ms

ROOT = Path(__file__).parent.parent.parent
DIST = ROOT / "dist"
CORE = "hub/core/"
CHECKED = 1_500
"""Events whose outcome is compared byte for byte, and `LAST` the day up to which their clocks run."""
LAST = "2027-12-31"


class Said(NamedTuple):
    """Of one core: `digest` is over all that it writes, `rates` are steps per second of processor time."""

    compiled: bool
    digest: str
    rates: list[float]


def ask(core: Path, events: int, runs: int) -> Said:
    """Asks the core in a folder. Raises CalledProcessError when that fails; its words are on the terminal."""
    # Without -P the folder that we are in, with a core of its own, would come before the path.
    command = [sys.executable, "-P", "-m", "tests.bench.compiled", str(events), str(runs)]
    path = os.pathsep.join((str(core), str(ROOT)))
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE, text=True, check=True
    )
    return Said(**json.loads(done.stdout))


@contextmanager
def unpacked(wheel: Path) -> Iterator[Path]:
    """A wheel in a folder that goes away."""
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
        yield Path(folder)


def current() -> Path | None:
    """The wheel in dist/, if its core was made from the sources as they are now."""
    return next((wheel for wheel in sorted(DIST.glob("*.whl")) if _as_now(wheel)), None)


def _as_now(wheel: Path) -> bool:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if name.startswith(CORE) and name.endswith(".py")}
        now = {str(path.relative_to(ROOT)) for path in (ROOT / CORE).rglob("*.py")}
        return names == now and all(archive.read(name) == (ROOT / name).read_bytes() for name in names)


def digest(fed: Sequence[Fed], policy: Policy) -> str:
    """Over every record, count, state and view of these events, with commands and clocks, in the order they came."""
    hub = PureHub(policy)
    for admitted, origin in fed:
        hub.publish([admitted], origin.accepted)
    hub.tick_all(day_ms(LAST))
    views = [(key, batch.view(key, value, policy.rules)) for key, value in hub.states.items()]
    said = repr((hub.out, hub.counts, hub.states, views))
    return hashlib.sha256(said.encode()).hexdigest()


def main(events: int, runs: int) -> None:
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    checked, policy = prepared(CHECKED)
    fed, policy = prepared(events)
    told = digest(checked, policy)
    garbage.settle()
    rates = [rate(lambda: steps(fed, policy)) for _ in range(runs)]
    print(json.dumps(Said(not step.__file__.endswith(".py"), told, rates)._asdict()))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
