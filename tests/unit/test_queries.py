"""Rules and dashboards, before a Prometheus sees them."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest
import yaml

from tests import queries
from tests.queries import GRAFANA, PROMETHEUS

promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="Prometheus is not installed")


@promtool
@pytest.mark.parametrize(
    "arguments",
    [["check", "rules", "alerts.yml"], ["check", "config", "prometheus.yml"], ["test", "rules", "tests.yml"]],
)
def test_promtool_finds_nothing_wrong(arguments: list[str]) -> None:
    done = subprocess.run(["promtool", *arguments], cwd=PROMETHEUS, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_rule_is_seen_to_fire_in_the_tests_of_promtool() -> None:
    told = (PROMETHEUS / "tests.yml").read_text()
    given = (PROMETHEUS / "alerts.yml").read_text()
    assert [name for name, _ in queries.rules(given) if name not in told] == []


def test_every_rule_says_what_to_do() -> None:
    for group in yaml.safe_load((PROMETHEUS / "alerts.yml").read_text())["groups"]:
        for rule in group["rules"]:
            assert rule["annotations"].keys() == {"summary", "action"}, rule["alert"]
            assert rule["labels"]["severity"] in ("warning", "critical")


@pytest.mark.parametrize(("place", "query"), queries.every())
def test_no_query_names_a_label_that_its_metrics_do_not_have(place: str, query: str) -> None:
    assert queries.named(query) or "up" in query, place
    assert queries.labels(query) <= queries.known_labels(query)


def test_panels_stand_beside_each_other_and_every_dashboard_has_its_own_name() -> None:
    boards = [json.loads(path.read_text()) for path in GRAFANA.glob("*.json")]
    assert len({board["uid"] for board in boards}) == len(boards) == 3
    for board in boards:
        taken = set()
        for panel in board["panels"]:
            at = panel["gridPos"]
            cells = {
                (x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])
            }
            assert not cells & taken and at["x"] + at["w"] <= 24, panel["title"]
            taken |= cells


@pytest.mark.parametrize(
    ("query", "named", "labels"),
    [
        ('max by (a, b) (hub_x{c=~"d e", f!="g"}) > 3', {"hub_x"}, {"a", "b", "c", "f"}),
        ("rate(hub_x[5m]) / on (job) hub_y offset 1h or vector(0)", {"hub_x", "hub_y"}, {"job"}),
        ('absent(up{job="alerts"} == 1) unless time() - hub_z > 1e3', {"hub_z"}, {"job"}),
    ],
)
def test_what_a_query_names_is_found(query: str, named: set[str], labels: set[str]) -> None:
    assert queries.named(query) == named and queries.labels(query) == labels
