"""What the hub publishes of its counts: H3 (domain.md §2.8). Nothing in it is smaller than the small-cell rule lets."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from hub.core.catalogue.base import Cell, Column, Kind, fixed, role
from hub.core.catalogue.model import Model
from hub.core.codes import Day
from hub.core.partners import Role

CENSUS = "census/almere"
"""Key of the one aggregate that holds what was published."""

Category = Annotated[str, Field(pattern=r"^[A-Za-z0-9<>:._+/-]{1,80}$")]


class PublishedCell(Model):
    """One number: `of` names the categories that it counts together; a text is a band such as `1-4`."""

    of: Annotated[list[Category], Field(max_length=100)]
    value: int | Annotated[str, Field(pattern=r"^(<?[0-9]{1,6}|[0-9]{1,6}-[0-9]{1,6}|[0-9]{1,6}\+)$")]


class AggregatePublished(Model):
    metric: Annotated[str, Field(pattern=r"^M([1-9]|1[0-5])([.-][a-z0-9-]{1,40})?$")]
    period: Annotated[str, Field(pattern=r"^([0-9]{4}-[0-9]{4}|standing)$")]
    on: Day
    k: Annotated[int, Field(ge=1, le=1000)]
    method: Literal["pooled", "banded", "rounded"]
    cells: Annotated[list[PublishedCell], Field(max_length=5000, default_factory=list)]


_COLUMNS = {
    Column.GEM: Role.GEMEENTE,
    Column.LP: Role.LEERPLICHT,
    Column.DP: Role.DOORSTROOMPUNT,
    Column.TC: Role.TAALCENTRUM,
    Column.SWV: Role.SWV,
    Column.BRD: Role.BOARD,
    Column.PR: Role.PROCESREGISSEUR,
}

KINDS: tuple[Kind, ...] = (
    Kind(
        code="H3",
        name="aggregate.published",
        since="0.2.0",
        nl="Telling gepubliceerd",
        en="Aggregate published",
        data=AggregatePublished,
        publishers=frozenset({Role.HUB}),
        cells={column: Cell("F", role(given)) for column, given in _COLUMNS.items()},
        key=lambda data: CENSUS,
        slot=lambda data: f"published/{data['metric']}/{data['period']}",
        aggregate=lambda data: f"published/{data['metric']}",
        privacy=fixed("A"),
        example={
            "metric": "M10",
            "period": "standing",
            "on": "2027-03-01",
            "k": 10,
            "method": "rounded",
            "cells": [
                {"of": ["open/lrv/1-3"], "value": 30},
                {"of": ["open/lrv/0-1", "open/lrv/3-6"], "value": 20},
            ],
        },
        orgs=(),
    ),
)
