"""All pages of the hub, of a hub in which nothing happened yet."""

from __future__ import annotations

from typing import Any

from hub.core.contact import Act
from hub.core.flows import Flows
from hub.core.matrix import Matrix
from hub.monitor import troubles
from hub.monitor.figures import Naming
from hub.monitor.matrix import Lanes
from hub.monitor.page import Known, Reads
from hub.wiring.pages import Inside, pages
from tests.gateway_fakes import NOW


def reads(flows: Flows, matrix: Matrix) -> Reads:
    """What is always the same."""

    async def of_flows() -> Flows:
        return flows

    async def of_matrix() -> Matrix:
        return matrix

    return Reads(of_flows, of_matrix)


class NoTroubles:
    """Stands where `hub.wiring.troubles.Troubles` does."""

    def __init__(self) -> None:
        self.reading = troubles.Reading(NOW)
        self.done: list[Act] = []

    async def read(self) -> troubles.Reading:
        return self.reading

    async def acts(self, partner: str | None, before: int, limit: int) -> list[Act]:
        return [one for one in self.done if one.at < before and partner in (None, one.who)][:limit]


class Quiet:
    """Stands where `hub.wiring.pages.Aggregates` does."""

    def __init__(self, troubles: NoTroubles | None = None) -> None:
        self.troubles = troubles or NoTroubles()

    def naming(self) -> Naming:
        return Naming({}, str, str)

    @property
    def read(self) -> Reads:
        return reads(Flows(at=NOW, first_hour=NOW), Matrix(at=NOW, first_day=NOW))

    def known(self) -> Known:
        return Known(self.naming(), Lanes(str, str, lambda _: True, str, lambda _: 0))


def quiet_pages(inside: Inside, troubles: NoTroubles | None = None) -> list[Any]:
    return pages(Quiet(troubles), inside)  # type: ignore[arg-type]
