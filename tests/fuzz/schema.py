"""Schemathesis on the OpenAPI document of the gateway, as several callers. Its own output, which is huge, stays in a
file."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path

CALLERS = ("fuzz-school-token", "fuzz-regie-token", "fuzz-beheer-token", "fuzz-fg-token", "")
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance"
REQUESTS_PER_EXAMPLE = 1.5
"""About: some operations have more to try than they have examples."""
_QUICK = '[parameters]\n"query.wait" = 0\n'
"""Nobody gains from waiting for a feed to grow."""

_FAILED = re.compile(r"^_{3,} (.+?) _{3,}$", re.MULTILINE)


async def attack(url: str, folder: Path, seed: int, examples: int, token: str) -> list[str]:
    """What it found as the caller with this token, a line each; `examples` per operation."""
    return await asyncio.to_thread(_one, url, folder, seed, examples, token)


def _one(url: str, folder: Path, seed: int, examples: int, token: str) -> list[str]:
    (folder / "schemathesis.toml").write_text(_QUICK)
    out = folder / f"schemathesis-{token or 'nobody'}.txt"
    command = [
        sys.executable,
        "-m",
        "schemathesis.cli",
        "--config-file",
        str(folder / "schemathesis.toml"),
        "run",
    ]
    command += [f"{url}/v1/openapi.json", "--url", url, "--seed", str(seed), "--max-examples", str(examples)]
    command += ["--checks", CHECKS, "--mode", "all", "--phases", "examples,coverage,fuzzing", "--no-color"]
    command += ["--request-timeout", "40", "--max-failures", "20"]
    command += ["--header", f"Authorization: Bearer {token}"] if token else []
    with out.open("wb") as file:
        code = subprocess.run(command, stdout=file, stderr=file, cwd=folder).returncode
    if code == 0:
        return []
    found = sorted(set(_FAILED.findall(out.read_text(errors="replace"))))
    return [
        f"schemathesis as {token or 'nobody'}: {one[:120]}" for one in found or [f"ended with code {code}"]
    ]
