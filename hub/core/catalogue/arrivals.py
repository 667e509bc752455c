"""Arrival groups of newcomers: E1-E4 (domain.md §2.3)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from hub.core import cells
from hub.core.case import Case
from hub.core.catalogue.base import COUNTED, Cell, Column, Data, Kind, keep, role, whole, worded
from hub.core.catalogue.model import Model
from hub.core.codes import AgeBand, Area, Count, Day, Desk, Label, Language, Ref, Site
from hub.core.partners import Role

SMALL = 5


class BandCount(Model):
    age_band: AgeBand
    count: Count


class LanguageShare(Model):
    lang: Language
    share: Literal["few", "half", "most"] | None = None


Bands = Annotated[list[BandCount], Field(min_length=1, max_length=6)]


class Group(Model):
    """Full state of an arrival group: headcounts per age band, never a person."""

    group_id: Ref
    site_kind: Site
    site_label: Label | None = None
    area: Area
    expected_from: Day
    expected_to: Day | None = None
    stay_months: Annotated[int, Field(ge=0, le=240)] | None = None
    certainty: Literal["rumour", "requested", "decided", "confirmed"]
    bands: Bands
    total_minors: Count
    languages: Annotated[list[LanguageShare], Field(max_length=30)] | None = None
    needs_places_by: Day | None = None
    contact_desk: Desk

    @model_validator(mode="after")
    def _adds_up(self) -> Group:
        ages = [b.age_band for b in self.bands]
        if len(set(ages)) != len(ages):
            raise ValueError("each age band may stand once in bands")
        if sum(b.count for b in self.bands if b.age_band != "18-26") != self.total_minors:
            raise ValueError("totalMinors must be the sum of the bands under 18")
        return self


GroupField = Literal[
    "siteKind", "siteLabel", "area", "expectedFrom", "expectedTo", "stayMonths", "certainty", "bands",
    "totalMinors", "languages", "needsPlacesBy", "contactDesk",
]  # fmt: skip


class GroupUpdated(Group):
    """The full new state, and what changed."""

    changed: Annotated[list[GroupField], Field(min_length=1, max_length=15)]
    reason: Literal["size", "date", "site", "age-mix", "correction"]


class GroupCancelled(Model):
    group_id: Ref
    reason: Literal["relocated", "contract-ended", "not-needed", "error"]


class GroupArrived(Model):
    """One wave of arrival. `schoolClockStart` starts the three months of T01."""

    group_id: Ref
    arrived_on: Day
    bands: Bands
    school_clock_start: Day
    wave: Annotated[int, Field(ge=1, le=50)] | None = None


def group(data: Data) -> str:
    return f"group/{data['groupId']}"


def sensitive_when_small(data: Data) -> str:
    """A group with a cell under 5 is personal data (domain.md D7)."""
    return "P2" if cells.smallest(data.get("bands", []), SMALL) else "G1"


@worded("zonder locatie, kleine groepen samengevoegd", "without site, small cells merged")
def outside(data: Data, case: Case) -> Data:
    """For whoever is not in the narrow circle: no site label, small cells merged, no area for a tiny group."""
    k = case.policy.rules.small_cell
    shown = {name: value for name, value in data.items() if name != "siteLabel"}
    if "bands" in data:
        shown["bands"] = cells.merge(data["bands"], k)
    if "totalMinors" in data:
        shown["totalMinors"] = cells.total(_minors(data), k)
    if any(cells.spans(band, 18) for band in shown.get("bands", ())):
        shown.pop("totalMinors", None)  # taken from the sum of the bands, it would tell how many are adult
    if cells.is_small(sum(b["count"] for b in data.get("bands", [])), k) and data.get("area") != "outside":
        shown.pop("area", None)
    return shown


@worded("alleen leeftijdsgroepen", "age bands only")
def bands_only(data: Data, case: Case) -> Data:
    return keep("groupId", "bands")(outside(data, case), case)


def _minors(data: Data) -> list[Data]:
    return [b for b in data["bands"] if b["ageBand"] != "18-26"]


def firm(case: Case) -> str:
    """A rumour stays with taalcentrum and gemeente."""
    return "a rumour goes to gemeente and taalcentrum only" if case.data.get("certainty") == "rumour" else ""


def old_enough(case: Case) -> str:
    """mbo hears of groups with enough young people of 16 and over to be no small cell."""
    k = case.policy.rules.small_cell
    grown = sum(b["count"] for b in case.data.get("bands", []) if b["ageBand"] in ("16-17", "18-26"))
    return firm(case) or ("" if grown >= k else "no cell of 16 and over that may be shown")


def has_toddlers(case: Case) -> str:
    k = case.policy.rules.small_cell
    young = sum(b["count"] for b in case.data.get("bands", []) if b["ageBand"] == "0-3")
    return firm(case) or ("" if young >= k else "no cell of 0-3 that may be shown")


def told_before(case: Case) -> str:
    """A cancellation goes to whoever heard of the group, and to nobody else."""
    return "only for who heard of the group before"


FULL_STATES = ("announced", "updated", "cancelled")
"""Slots of facts that each tell all there is to know of a group."""


def overtaken(case: Case) -> bool:
    """Whether a newer full state of the group is known, so that this one would mislead."""
    rank = case.fact.rank()
    told = (f for slot, f in case.state.facts.items() if slot.split("/")[0] in FULL_STATES)
    return any(f.rank() > rank for f in told)


def arrival_is_old(case: Case) -> bool:
    """An arrival is overtaken by a cancellation only: an update does not undo it."""
    cancelled = case.state.facts.get("cancelled")
    return cancelled is not None and cancelled.rank() > case.fact.rank()


def after_cancellation(case: Case) -> str:
    """Cancelled is the end: what claims to come later is not believed (domain.md §3.2)."""
    cancelled = case.state.facts.get("cancelled")
    return "after-cancellation" if cancelled is not None and case.fact.rank() > cancelled.rank() else ""


_CELLS = {
    Column.GEM: Cell("F", role(Role.GEMEENTE)),
    Column.LP: Cell("F", role(Role.LEERPLICHT), firm),
    Column.TC: Cell("F", role(Role.TAALCENTRUM)),
    Column.SWV: Cell("R", role(Role.SWV), firm, outside),
    Column.BRD: Cell("R", role(Role.BOARD), firm, outside),
    Column.OTH: Cell("R", role(Role.MBO), old_enough, outside),
    Column.OPV: Cell("R", role(Role.OPVANG), has_toddlers, outside),
    Column.JGZ: Cell("R", role(Role.JGZ), firm, bands_only, nl="leeftijdsgroepen", en="bands"),
    Column.PR: COUNTED,
}
_CANCEL_CELLS = {
    column: cell if cell is COUNTED else Cell(cell.level, cell.who, told_before, whole)
    for column, cell in _CELLS.items()
}

_STATE = {
    "groupId": "0d1f9c3e-5a0b-4c6e-9d53-0f5be4c5a001",
    "siteKind": "ukraine",
    "siteLabel": "GOO Stad 3",
    "area": "stad",
    "expectedFrom": "2026-12-01",
    "certainty": "decided",
    "bands": [
        {"ageBand": "4-5", "count": 14},
        {"ageBand": "6-11", "count": 38},
        {"ageBand": "12-15", "count": 22},
    ],
    "totalMinors": 74,
    "languages": [{"lang": "uk", "share": "most"}],
    "contactDesk": "opvang-onderwijs",
}
_MAILBOX = frozenset({"/data/contactDesk"})
_PUBLISHERS = frozenset({Role.GEMEENTE})

KINDS: tuple[Kind, ...] = (
    Kind(
        code="E1",
        name="arrival-group.announced",
        nl="Nieuwkomersgroep aangekondigd",
        en="Newcomer group announced",
        data=Group,
        publishers=_PUBLISHERS,
        cells=_CELLS,
        key=group,
        slot=lambda data: "announced",
        aggregate=lambda data: "group",
        privacy=sensitive_when_small,
        example=_STATE,
        orgs=(),
        mailboxes=_MAILBOX,
        older=overtaken,
        barred=after_cancellation,
    ),
    Kind(
        code="E2",
        name="arrival-group.updated",
        nl="Nieuwkomersgroep bijgewerkt",
        en="Newcomer group updated",
        data=GroupUpdated,
        publishers=_PUBLISHERS,
        cells=_CELLS,
        key=group,
        slot=lambda data: "updated",
        history=True,
        aggregate=lambda data: "group",
        privacy=sensitive_when_small,
        example={**_STATE, "changed": ["expectedFrom"], "reason": "date", "expectedFrom": "2026-12-22"},
        orgs=(),
        mailboxes=_MAILBOX,
        older=overtaken,
        barred=after_cancellation,
        follow=True,
        notice=bands_only,
    ),
    Kind(
        code="E3",
        name="arrival-group.cancelled",
        nl="Nieuwkomersgroep geannuleerd",
        en="Newcomer group cancelled",
        data=GroupCancelled,
        publishers=_PUBLISHERS,
        cells=_CANCEL_CELLS,
        key=group,
        slot=lambda data: "cancelled",
        aggregate=lambda data: "group",
        privacy=lambda data: "G1",
        example={"groupId": _STATE["groupId"], "reason": "relocated"},
        orgs=(),
        follow=True,
        notice=whole,
    ),
    Kind(
        code="E4",
        name="arrival-group.arrived",
        nl="Nieuwkomersgroep aangekomen",
        en="Newcomer group arrived",
        data=GroupArrived,
        publishers=_PUBLISHERS,
        cells=_CELLS,
        key=group,
        slot=lambda data: f"arrived/{data.get('wave', 1)}",
        aggregate=lambda data: "group",
        privacy=sensitive_when_small,
        example={
            "groupId": _STATE["groupId"],
            "arrivedOn": "2026-12-03",
            "schoolClockStart": "2026-12-03",
            "bands": _STATE["bands"],
        },
        orgs=(),
        older=arrival_is_old,
        barred=after_cancellation,
        follow=True,
        notice=bands_only,
    ),
)
