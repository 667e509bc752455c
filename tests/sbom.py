"""The bill of materials that goes with a wheel: every package that the hub runs on, as CycloneDX."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.broker import ROOT

NAME = "onderwijshub"


def runtime() -> dict[str, str]:
    """Name and version of every package that an installation without extras brings along, here and now."""
    found: dict[str, str] = {}
    wanted = [(NAME, frozenset[str]())]
    seen: set[tuple[str, frozenset[str]]] = set()
    while wanted:
        name, extras = wanted.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        here = distribution(name)
        found[canonicalize_name(name)] = here.version
        for line in here.requires or ():
            one = Requirement(line)
            if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in extras | {""}):
                wanted.append((one.name, frozenset(one.extras)))
    del found[NAME]
    return found


def write(out: Path) -> None:
    """Raises CalledProcessError when the bill cannot be made."""
    pins = "".join(f"{name}=={version}\n" for name, version in sorted(runtime().items()))
    command = [
        sys.executable,
        "-m",
        "cyclonedx_py",
        "requirements",
        "-",
        "--pyproject",
        str(ROOT / "pyproject.toml"),
    ]
    command += ["--output-reproducible", "--of", "JSON", "-o", str(out)]
    subprocess.run(command, input=pins, text=True, check=True, capture_output=True)
