"""Every query of the rules and dashboards, answered by a real Prometheus that scrapes a real hub."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from hub.local.children import ALARM, PARTS, port_of
from hub.local.ports import free_row
from tests import queries
from tests.broker import ROOT
from tests.mailbox import hook
from tests.queries import PROMETHEUS
from tests.up import HUB, Up

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("prometheus") is None, reason="Prometheus is not installed"),
]


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    secret = tmp_path / "alert.secret"
    secret.write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    with hook() as receiver:
        partners = str(ROOT / "hub" / "demo" / "directory.yaml")
        alarm = {"HUB_ALERT_WEBHOOK": receiver.url, "HUB_ALERT_SECRET_FILE": str(secret)}
        made = Up(tmp_path, HUB, HUB_PARTNERS=partners, **alarm)
        yield made
        made.clean()


class Scraper:
    """Prometheus with the files of deploy/prometheus, made hasty, and the ports of one hub as targets."""

    def __init__(self, up: Up, folder: Path) -> None:
        self._folder = folder
        self.url = f"http://127.0.0.1:{free_row(1)}"
        for name in ("prometheus.yml", "alerts.yml"):
            text = (PROMETHEUS / name).read_text()
            for slow in ("15s", "for: 1m", "for: 2m", "for: 5m"):
                text = text.replace(slow, "for: 1s" if "for" in slow else "1s")
            (folder / name).write_text(text)
        jobs = [one["labels"]["job"] for one in yaml.safe_load((PROMETHEUS / "targets.yml").read_text())]
        assert set(jobs) == {*PARTS, ALARM}
        targets = [
            {"targets": [f"127.0.0.1:{port_of(job, up.settings)}"], "labels": {"job": job}} for job in jobs
        ]
        (folder / "targets.yml").write_text(yaml.safe_dump(targets))

    @contextlib.contextmanager
    def running(self) -> Iterator[Scraper]:
        places = [
            f"--config.file={self._folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={self._folder / 'db'}",
        ]
        command = ["prometheus", *places, f"--web.listen-address={self.url.removeprefix('http://')}"]
        with (self._folder / "log").open("wb") as log:
            process = subprocess.Popen(command, stderr=log)
        try:
            yield self
        finally:
            process.terminate()
            process.wait(10)

    def ask(self, path: str, **query: str) -> Any:
        """The data of an answer; None while it starts: first nothing answers, then it says that it is not ready."""
        try:
            answer = httpx.get(f"{self.url}/api/v1/{path}", params=query)
        except httpx.TransportError:
            return None
        if answer.status_code == 503:
            return None
        told = answer.json()
        assert told["status"] == "success", (query, told)
        return told["data"]

    def seen(self) -> bool:
        """Whether all parts were scraped."""
        found = self.ask("query", query="up == 1")
        return found is not None and len(found["result"]) == len(PARTS) + 1

    def metrics(self) -> set[str]:
        """Names of all series that the parts may export, also of those without a sample yet."""
        names = set()
        for family, told in self.ask("metadata").items():
            more = ("_bucket", "_sum", "_count") if told[0]["type"] == "histogram" else ("",)
            names |= {family + suffix for suffix in more}
        return names

    def firing(self, alert: str) -> list[dict[str, str]]:
        found = self.ask("alerts")["alerts"]
        return [
            one["labels"] for one in found if one["labels"]["alertname"] == alert and one["state"] == "firing"
        ]


def test_every_query_is_answered_of_a_running_hub_and_a_part_that_is_killed_fires(
    up: Up, tmp_path: Path
) -> None:
    folder = tmp_path / "prometheus"
    folder.mkdir()
    up.start()
    up.wait_up()
    with Scraper(up, folder).running() as scraper:
        up.wait(scraper.seen)
        names = scraper.metrics()
        unknown = {
            place: missing for place, query in queries.every() if (missing := queries.named(query) - names)
        }
        assert not unknown
        assert "hub_no_such_total" not in names
        for _, query in queries.every():
            assert scraper.ask("query", query=query)["resultType"] in ("vector", "scalar")
        for query, value in (("sum(hub_ready)", "5"), ("min(hub_kafka_up)", "1"), ("count(up)", "5")):
            assert scraper.ask("query", query=query)["result"][0]["value"][1] == value
        assert not scraper.firing("HubPartDown") and not scraper.firing("HubAlarmDead")

        # A stopped supervisor starts nothing again.
        up.signal(signal.SIGSTOP)
        os.kill(up.pid("courier"), signal.SIGKILL)
        up.wait(lambda: bool(scraper.firing("HubPartDown")), 30)
        assert [one["job"] for one in scraper.firing("HubPartDown")] == ["courier"]
        os.kill(up.pid(ALARM), signal.SIGKILL)
        up.wait(lambda: bool(scraper.firing("HubAlarmDead")), 30)
        up.signal(signal.SIGCONT)
        up.wait(lambda: not scraper.firing("HubPartDown") and not scraper.firing("HubAlarmDead"), 60)
    assert up.end() == 0
