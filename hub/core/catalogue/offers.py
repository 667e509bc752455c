"""Offers and places: E5 (domain.md §2.3). Open to every partner."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from hub.core import cells
from hub.core.case import Case
from hub.core.catalogue.base import Cell, Column, Data, Kind, fixed, role, worded
from hub.core.catalogue.model import Model
from hub.core.codes import AgeBand, Area, Code, CodeSystem, Count, Day, OrgRef, Ref, Sector, Stage
from hub.core.partners import Role

INSTITUTIONS = frozenset(Role) - {Role.PROCESREGISSEUR, Role.OPERATOR, Role.FG, Role.HUB}


class Offer(Model):
    """Places or another offer of an institution: no person in it."""

    offer_id: Ref
    kind: Literal["places", "language", "sop", "lob", "module", "contribution-cap", "crisis"]
    org_id: OrgRef
    area: Area | None = None
    stage: Stage | None = None
    valid_from: Day
    valid_to: Day | None = None
    capacity: Count | None = None
    occupied: Count | None = None
    waiting: Count | None = None
    next_start: Annotated[list[Day], Field(max_length=20)] | None = None
    age_band: AgeBand | None = None
    level: Annotated[str, Field(pattern="^[a-z0-9-]{1,20}$")] | None = None
    sector: Sector | None = None
    code: Code | None = None
    code_system: CodeSystem | None = None
    support_codes: (
        Annotated[list[Annotated[str, Field(pattern="^[a-z0-9-]{1,40}$")]], Field(max_length=100)] | None
    ) = None
    amount_eur: Annotated[Decimal, Field(ge=0, le=100_000, decimal_places=2, strict=False)] | None = None
    reason_code: Literal["staff-shortage", "building", "growth", "other"] | None = None


@worded("wachtlijst van 1-4 als <5", "a waiting list of 1-4 as <5")
def few_hidden(data: Data, case: Case) -> Data:
    """A waiting list of 1-4 is shown as `<5`."""
    k = case.policy.rules.small_cell
    return {**data, "waiting": f"<{k}"} if cells.is_small(data.get("waiting", 0), k) else data


_COLUMNS = {
    Column.GEM: (Role.GEMEENTE,),
    Column.LP: (Role.LEERPLICHT,),
    Column.DP: (Role.DOORSTROOMPUNT,),
    Column.TC: (Role.TAALCENTRUM,),
    Column.SWV: (Role.SWV,),
    Column.FROM: (),
    Column.TO: (),
    Column.BRD: (Role.BOARD,),
    Column.OTH: (Role.PO, Role.SO_SBO, Role.VO, Role.VSO, Role.OPDC, Role.MBO, Role.HBO),
    Column.OPV: (Role.OPVANG,),
    Column.JGZ: (Role.JGZ, Role.JEUGDHULP),
    Column.PR: (Role.PROCESREGISSEUR,),
}

KINDS: tuple[Kind, ...] = (
    Kind(
        code="E5",
        name="offer.published",
        nl="Aanbod of plaatsen gepubliceerd",
        en="Offer or places published",
        data=Offer,
        publishers=INSTITUTIONS,
        cells={column: Cell("F", role(*roles), reduce=few_hidden) for column, roles in _COLUMNS.items()},
        key=lambda data: f"offer/{data['offerId']}",
        slot=lambda data: "offer",
        aggregate=lambda data: "offer",
        privacy=fixed("G0"),
        example={
            "offerId": "7a1c8f34-2b11-4d7a-8a52-9b5be4c5a005",
            "kind": "places",
            "orgId": "brin:99XX90",
            "stage": "po",
            "validFrom": "2026-11-21",
            "capacity": 40,
            "occupied": 0,
            "waiting": 0,
            "nextStart": ["2027-01-11"],
        },
    ),
)
