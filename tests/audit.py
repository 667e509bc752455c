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
        return 0, f"NOT DONE, so nothing is known of vulnerabilities: {_reason(errors)}"
    known = [
        f"{one['name']} {one['version']}: {bug['id']}"
        for one in report["dependencies"]
        for bug in one.get("vulns", ())
    ]
    skipped = [one["name"] for one in report["dependencies"] if "skip_reason" in one]
    if known:
        return 1, "known vulnerabilities: " + "; ".join(known)
    beside = f"; not looked up: {', '.join(skipped)}" if skipped else ""
    return 0, f"no known vulnerability in {len(report['dependencies']) - len(skipped)} packages{beside}"


def _reason(errors: str) -> str:
    words = ("connect", "resolve", "proxy", "timed out", "unavailable", "forbidden", "not found")
    if any(word in errors.lower() for word in words):
        return "no advisory service can be reached from here"
    return (errors.strip().splitlines() or ["pip-audit said nothing"])[-1][:200]


if __name__ == "__main__":
    sys.exit(main())
