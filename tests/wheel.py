"""`make wheel`: the hub as a wheel whose core is compiled, in dist/ once it does the same as plain Python.

Built from a source archive in a temporary folder: a compiled module beside its source would hide every later edit.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests import sbom
from tests.bench import compiled
from tests.bench.compiled import DIST, ROOT, Said, ask, unpacked

EVENTS, RUNS, TURNS = 10_000, 2, 2


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        wheel = build(Path(folder))
        compare(wheel)
        DIST.mkdir(exist_ok=True)
        for old in (*DIST.glob("*.whl"), *DIST.glob("*.cdx.json")):
            old.unlink()
        kept = Path(shutil.move(wheel, DIST))
    bill = kept.with_suffix(".cdx.json")
    sbom.write(bill)
    print(f"[wheel] {kept.relative_to(ROOT)}, made of what {bill.name} lists")


def build(folder: Path) -> Path:
    """Builds the wheel in a folder. Ends the program when that fails, with what the builder said."""
    begun = time.monotonic()
    print("[wheel] compiling the core: some minutes on one core", flush=True)
    _run("hatchling", "build", "-t", "sdist", "-d", str(folder))
    source = next(folder.glob("*.tar.gz"))
    switched_on = {**os.environ, "HATCH_BUILD_HOOK_ENABLE_MYPYC": "true"}
    pip = ("pip", "wheel", "--disable-pip-version-check", "--no-deps", "--no-build-isolation")
    _run(*pip, "-w", str(folder), str(source), environment=switched_on)
    wheel = next(folder.glob("*.whl"))
    print(f"[wheel] {wheel.stat().st_size / 1e6:.1f} MB in {time.monotonic() - begun:.0f} s", flush=True)
    return wheel


def _run(*module: str, environment: dict[str, str] | None = None) -> None:
    command = [sys.executable, "-m", *module]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        raise SystemExit(f"{done.stdout}\n`python -m {' '.join(module)}` failed; the reason stands above")


def compare(wheel: Path) -> None:
    """Ends the program when the compiled core does not do the same; else tells how fast both are."""
    said: dict[str, list[Said]] = {"plain": [], "compiled": []}
    with unpacked(wheel) as folder:
        # In turns, as the clock of a machine wanders.
        for _ in range(TURNS):
            said["plain"].append(ask(ROOT, EVENTS, RUNS))
            said["compiled"].append(ask(folder, EVENTS, RUNS))
    if not all(one.compiled for one in said["compiled"]):
        raise SystemExit("the wheel has no compiled core")
    if len({one.digest for turns in said.values() for one in turns}) > 1:
        raise SystemExit("the compiled core does not write what plain Python writes: no wheel")
    print(f"[wheel] {compiled.CHECKED:,} events: the same bytes from both")
    rates = {name: max(rate for one in turns for rate in one.rates) for name, turns in said.items()}
    told = ", ".join(f"{name} {rate:,.0f}" for name, rate in rates.items())
    print(f"[wheel] steps/s: {told} ({rates['compiled'] / rates['plain']:.2f} times)")


if __name__ == "__main__":
    main()
