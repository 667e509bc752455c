"""What the hub is made of is written down, and looked up."""

from __future__ import annotations

import json
import re
from pathlib import Path

from packaging.utils import canonicalize_name

from tests import audit, sbom
from tests.broker import ROOT

PINS = {
    canonicalize_name(name): version
    for name, _, version in (line.partition("==") for line in audit.PINS.read_text().split())
}


def test_the_bill_names_every_package_that_the_hub_runs_on_in_its_pinned_version(tmp_path: Path) -> None:
    out = tmp_path / "hub.cdx.json"
    sbom.write(out)
    text = out.read_text()
    bill = json.loads(text)
    listed = {canonicalize_name(one["name"]): one["version"] for one in bill["components"]}
    assert bill["metadata"]["component"]["name"] == sbom.NAME
    assert listed == sbom.runtime()
    assert listed.items() <= PINS.items()
    direct = re.findall(
        r'^    "([A-Za-z0-9-]+)(?:\[\w+\])?==',
        (ROOT / "pyproject.toml").read_text().split("optional")[0],
        re.M,
    )
    assert {canonicalize_name(name) for name in direct} <= listed.keys()
    assert "pytest" not in listed and "starlette" in listed and str(ROOT) not in text


def test_a_known_vulnerability_fails_the_check() -> None:
    report = {
        "dependencies": [
            {"name": "a", "version": "1", "vulns": [{"id": "PYSEC-1"}]},
            {"name": "b", "version": "2", "vulns": []},
        ]
    }
    assert audit.verdict(json.dumps(report), "") == (1, "known vulnerabilities: a 1: PYSEC-1")
    report["dependencies"] = report["dependencies"][1:]
    assert audit.verdict(json.dumps(report), "") == (0, "no known vulnerability in 1 packages")


def test_an_audit_that_was_not_done_says_so() -> None:
    nothing = json.dumps({"dependencies": [{"name": "a", "skip_reason": "not found"}]})
    for output, errors in (("", "ConnectionError: could not resolve host"), (nothing, "")):
        code, told = audit.verdict(output, errors)
        assert code == 0 and told.startswith("NOT DONE")
