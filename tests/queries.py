"""What the rules for Prometheus and the dashboards for Grafana ask, read from deploy/."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import yaml
from prometheus_client.metrics import MetricWrapperBase

from hub.telemetry import metrics
from tests.broker import ROOT

PROMETHEUS = ROOT / "deploy" / "prometheus"
GRAFANA = ROOT / "deploy" / "grafana"
OWN = {"up", "ALERTS"}
"""Series that Prometheus itself makes."""
TARGET = {"job", "instance", "le"}
"""Labels that every series may have."""
_VALUES = re.compile(r"label_values\((?P<name>\w+), (?P<label>\w+)\)")
_QUOTED = re.compile(r'"[^"]*"')
_GROUPED = re.compile(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)")
_MATCHED = re.compile(r"\{([^}]*)\}")
_NAME = re.compile(r"\b[a-zA-Z_:][\w:]*\b(?!\s*\()")
_WORDS = {"or", "and", "unless", "offset", "bool"}


def rules(text: str) -> Iterator[tuple[str, str]]:
    """Names and expressions of the rules in a file."""
    for group in yaml.safe_load(text)["groups"]:
        yield from ((rule["alert"], rule["expr"]) for rule in group["rules"])


def panels(path: Path) -> Iterator[tuple[str, str]]:
    """Titles and expressions of the panels of a dashboard, and of its variables; each variable stands for anything."""
    board = json.loads(path.read_text())
    for panel in board["panels"]:
        for target in panel["targets"]:
            yield panel["title"], re.sub(r"\$\w+", ".*", target["expr"])
    for variable in board["templating"]["list"]:
        if found := _VALUES.fullmatch(variable["query"]):
            yield variable["name"], f"count by ({found['label']}) ({found['name']})"


def every() -> list[tuple[str, str]]:
    """All that is asked, with where it stands."""
    asked = [(f"rule {name}", query) for name, query in rules((PROMETHEUS / "alerts.yml").read_text())]
    for path in sorted(GRAFANA.glob("*.json")):
        asked += ((f"{path.name}: {title}", query) for title, query in panels(path))
    return asked


def named(query: str) -> set[str]:
    """Metrics that a query names."""
    bare = _GROUPED.sub(" ", _MATCHED.sub(" ", _QUOTED.sub('""', query)))
    return set(_NAME.findall(re.sub(r"\[[^]]*\]", " ", bare))) - _WORDS - OWN


def labels(query: str) -> set[str]:
    """Labels that a query matches or groups by."""
    plain = _QUOTED.sub('""', query)
    told = [
        part for found in (*_MATCHED.findall(plain), *_GROUPED.findall(plain)) for part in found.split(",")
    ]
    return {part.partition("=")[0].strip(" !") for part in told if part.strip()}


def known_labels(query: str) -> set[str]:
    """Labels that the metrics of a query were declared with."""
    found = set(TARGET)
    for made in vars(metrics).values():
        if isinstance(made, MetricWrapperBase) and any(name.startswith(made._name) for name in named(query)):
            found |= set(made._labelnames)
    return found
