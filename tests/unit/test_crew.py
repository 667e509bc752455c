"""Several processes of one part: each has its own name, folder and port, and the door knows them all."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from hub.local.children import ALARM, PARTS, Part, crew, port_of
from hub.local.folder import Folder
from hub.settings import Settings, read
from tests.gateway_fakes import Hub


def names(settings: Settings) -> list[str]:
    return [own.name(part) for part, own in crew(settings)]


def test_one_of_each_unless_more_are_asked_for() -> None:
    assert names(Settings()) == list(PARTS)
    many = names(Settings(processors=3, couriers=2))
    assert many == ["processor", "processor-2", "processor-3", "courier", "courier-2", "projector", "gateway"]


def test_the_alarm_runs_beside_them_when_it_has_somebody_to_tell() -> None:
    assert names(Settings(alert_webhook="https://example.nl/")) == [*PARTS, ALARM]


@pytest.mark.parametrize(("processors", "couriers"), [*itertools.product((1, 2, 5), (1, 2, 4))])
def test_no_two_processes_share_a_port(processors: int, couriers: int) -> None:
    alarmed = {"alert_webhook": "https://example.nl/"}
    settings = Settings(processors=processors, couriers=couriers, port=9999, metrics_port=8090, **alarmed)
    ports = [port_of(name, settings) for name in names(settings)]
    assert len(set(ports)) == len(ports) == processors + couriers + 3
    assert ports == [port_of(part, own) for part, own in crew(settings)], "the process itself finds the same"


def test_a_process_reads_from_its_environment_which_one_it_is(tmp_path: Path) -> None:
    for part, own in crew(Settings(processors=2, data=tmp_path)):
        made = Part(part, ["x"], own, Folder(tmp_path), {"HUB_WORKER": "7", "PATH": "/bin"})
        assert read(made._environ).name(part) == made.name
        assert made._environ["PATH"] == "/bin"


@pytest.mark.parametrize(("well", "status"), [(True, 200), (False, 503)])
async def test_the_door_tells_how_every_process_is(well: bool, status: int) -> None:
    from hub.gateway.app import build

    told = {
        "processor": {"ready": True, "reason": "ok", "port": 1},
        "processor-2": {"ready": well, "reason": "...", "port": 2},
    }

    async def parts() -> Any:
        return told

    hub = Hub()
    app = build(hub.gateway(), parts=parts, notes=[lambda: "60 records wait", lambda: ""])
    async with hub.client("beheer", app) as client:
        answer = await client.get("/parts")
        assert answer.status_code == status and answer.json() == told
        ready = await client.get("/readyz")
        assert ready.status_code == 200 and ready.json() == {"ready": True, "reason": "60 records wait"}
    async with hub.client("almere", app) as client:
        assert (await client.get("/parts")).status_code == 403
