"""All pages of the hub, of a hub in which nothing happened yet."""

from __future__ import annotations

from typing import Any

from hub.core.flows import Flows
from hub.core.matrix import Matrix
from hub.monitor.figures import Naming
from hub.monitor.matrix import Lanes
from hub.monitor.page import Known, Reading
from hub.wiring.pages import Inside, pages
from tests.gateway_fakes import NOW


class Quiet:
    """Stands where `hub.wiring.pages.Aggregates` does."""

    async def read(self) -> Reading:
        return Reading(Flows(at=NOW, first_hour=NOW), Matrix(at=NOW, first_day=NOW))

    def known(self) -> Known:
        return Known(Naming({}, str, str), Lanes(str, str, lambda _: True, str, lambda _: 0))


def quiet_pages(inside: Inside) -> list[Any]:
    return pages(Quiet(), inside)  # type: ignore[arg-type]
