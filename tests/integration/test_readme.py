"""The README is run as it stands: its console blocks, in order, against a hub started as it says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.broker import ROOT
from tests.up import HUB, Up

BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)


@pytest.mark.kafka
def test_the_readme_examples_work_as_printed(tmp_path: Path) -> None:
    up = Up(tmp_path, HUB, HUB_PARTNERS="hub/demo/directory.yaml", HUB_SINK_ALLOW="127.0.0.0/8")
    up.start()
    try:
        up.wait_up()
        answers = _run(up, tmp_path)
    finally:
        up.end()
    created, published, rest = answers.split("HTTP/1.1 202", 1)[0], *_after(answers)
    assert '"secret":"whsec_' in created.replace(" ", "")
    assert '"journey"' in published
    assert "signature right" in rest and '"siteLabel": "GOO Stad 3"' in rest
    assert '"deliveryId"' in rest
    assert '"outcome":"delivered"' in rest.replace(" ", "")
    assert '"status":"active"' in rest.replace(" ", "")
    faults = next(json.loads(line) for line in rest.splitlines() if '"code":"foreign-source"' in line)
    assert {e["code"] for e in faults["errors"]} >= {"foreign-source", "not-your-type", "unknown-field"}
    assert "lines         active" in rest
    assert "aggregates    " in rest


def _after(answers: str) -> tuple[str, str]:
    published, _, rest = answers.split("HTTP/1.1 202", 1)[1].partition("number ")
    return published, "number " + rest


def _run(up: Up, folder: Path) -> str:
    script = "\n".join(BLOCK.findall((ROOT / "README.md").read_text()))
    script = script.replace("http://127.0.0.1:8080", f"http://127.0.0.1:{up.settings.port}")
    script = script.replace(". .venv/bin/activate", f"export PATH={Path(sys.executable).parent}:$PATH")
    for name in ("received.txt", "secret.txt", "subscription.json", "year.jsonl"):
        script = script.replace(name, str(folder / name))
    script = re.sub(r"\b9000\b", str(up.settings.port + 7), script)
    done = subprocess.run(
        ["bash", "-c", "set -e -o pipefail\nset -m\n" + _spaced(script)],
        cwd=ROOT,
        env={**os.environ, **up.environ},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _spaced(script: str) -> str:
    """Answers end without a newline; the test reads them line by line."""
    return re.sub(r"^(curl|sed|hub year)", r"echo; \1", script, flags=re.MULTILINE)
