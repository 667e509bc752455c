"""`make check`: are there known vulnerabilities in the pinned packages? Asks the advisory service of PyPI.

Exit code 1 when there are. Where no service can be reached it says so, and the check goes on: that is no answer.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from tests.broker import ROOT

PINS = ROOT / "deploy" / "local" / "constraints.txt"
SECONDS = 45
_NOTHING = "NOT DONE, so nothing is known of vulnerabilities"


def main() -> int:
    code, told = verdict(*_asked())
    print(f"[audit] {told}")
    return code


def _asked() -> tuple[str, str]:
    command = [sys.executable, "-m", "pip_audit", "-r", str(PINS), "--no-deps", "--disable-pip", "-f", "json"]
    try:
        done = subprocess.run(
            [*command, "--progress-spinner", "off", "--timeout", "10"],
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired:
        return "", f"no answer within {SECONDS} s"
    return done.stdout, done.stderr


def verdict(output: str, errors: str) -> tuple[int, str]:
    """Exit code and what to tell, from what pip-audit wrote; without a report the audit was not done."""
    try:
        report: dict[str, Any] = json.loads(output)
    except ValueError:
        return 0, f"{_NOTHING}: {_reason(errors)}"
    packages = report["dependencies"]
    known = [
        f"{one['name']} {one['version']}: {bug['id']}" for one in packages for bug in one.get("vulns", ())
    ]
    skipped = [one for one in packages if "skip_reason" in one]
    if known:
        return 1, "known vulnerabilities: " + "; ".join(known)
    if len(skipped) == len(packages):
        return 0, f"{_NOTHING}: the advisory service answered for none of the packages"
    beside = f"; {len(skipped)} were not looked up" if skipped else ""
    return 0, f"no known vulnerability in {len(packages) - len(skipped)} packages{beside}"


def _reason(errors: str) -> str:
    words = ("connect", "resolve", "proxy", "timed out", "unavailable", "forbidden", "not found")
    if any(word in errors.lower() for word in words):
        return "no advisory service can be reached from here"
    return (errors.strip().splitlines() or ["pip-audit said nothing"])[-1][:200]


if __name__ == "__main__":
    sys.exit(main())
