"""Arrival groups, offers, and newcomers against places (T02), as pure functions of facts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from hub.core.catalogue.base import Data
from hub.core.line import as_of, signals
from hub.core.policy import Rules
from hub.core.state import Fact, State
from hub.core.views import Band, Group, Offer, Places, Shortfall

SECTORS = {"po": ("4-5", "6-11"), "vo": ("12-15", "16-17")}
"""Which age bands need a place where (CL-AGEBAND, domain.md §2.2)."""

CITY = "places/almere"


def group_view(state: State, rules: Rules) -> Group:
    """An arrival group. Whatever claims to come after a cancellation is left out."""
    cancelled = state.facts.get("cancelled")
    updates = list(state.of("updated/").values())
    told = [f for f in (*_known(state, "announced"), *updates) if not _beyond(f, cancelled)]
    waves = [f for f in state.of("arrived/").values() if not _beyond(f, cancelled)]
    newest = max(told, key=Fact.rank, default=None)
    data = newest.data if newest else {}
    announced = state.facts.get("announced")
    found = Group(
        group_id=state.key.removeprefix("group/"),
        certainty=data.get("certainty", ""),
        site_kind=data.get("siteKind", ""),
        area=data.get("area", ""),
        expected_from=data.get("expectedFrom", ""),
        bands=[Band(b["ageBand"], b["count"]) for b in data.get("bands", [])],
        total=data.get("totalMinors", 0),
        announced_total=announced.data["totalMinors"] if announced else 0,
        sequence=max(
            (f.event().sequence for f in state.facts.values() if not _beyond(f, cancelled)), default=0
        ),
        ignored=sum(_beyond(f, cancelled) for f in state.facts.values()),
        as_of=as_of(state),
    )
    found.status = "updated" if newest in updates else "announced"
    _with_arrival(found, waves, rules)
    if cancelled:
        found.status, found.cancel_reason = "cancelled", cancelled.data["reason"]
        found.warn_on = found.breach_on = ""
    return found


def _known(state: State, *slots: str) -> list[Fact]:
    return [state.facts[slot] for slot in slots if slot in state.facts]


def _beyond(fact: Fact, cancelled: Fact | None) -> bool:
    return cancelled is not None and fact.rank() > cancelled.rank()


def _with_arrival(found: Group, waves: list[Fact], rules: Rules) -> None:
    if not waves:
        return
    found.status, found.waves = "arrived", len(waves)
    found.arrived_on = min(f.data["arrivedOn"] for f in waves)
    found.clock_start = min(f.data["schoolClockStart"] for f in waves)
    start = date.fromisoformat(found.clock_start)
    found.warn_on = (start + timedelta(days=rules.arrival_warn_days)).isoformat()
    found.breach_on = add_months(start, rules.arrival_breach_months).isoformat()


def add_months(day: date, months: int) -> date:
    """The same day so many months on; the last of the month where that day does not exist."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    first_of_next = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    return min(first_of_next - timedelta(days=1), date(year, month + 1, 1) + timedelta(days=day.day - 1))


def offer_view(state: State) -> Offer:
    data = state.facts["offer"].data if "offer" in state.facts else {}
    capacity, occupied = data.get("capacity", 0), data.get("occupied", 0)
    return Offer(
        offer_id=state.key.removeprefix("offer/"),
        kind=data.get("kind", ""),
        org=data.get("orgId", ""),
        area=data.get("area", ""),
        stage=data.get("stage", ""),
        age_band=data.get("ageBand", ""),
        capacity=capacity,
        occupied=occupied,
        waiting=data.get("waiting", 0),
        free=max(0, capacity - occupied),
        next_start=data.get("nextStart") or [data["validFrom"]] if data else [],
        valid_to=data.get("validTo", ""),
        as_of=as_of(state),
    )


def demand(group: Group) -> Data:
    """What a group asks of the city: children per sector from a date. Rumours and cancelled groups ask nothing."""
    counted = group.status != "cancelled" and group.certainty not in ("rumour", "")
    need = {sector: _sum(group.bands, ages) if counted else 0 for sector, ages in SECTORS.items()}
    return {"kind": "demand", "from": group.expected_from, "need": need}


def supply(offer: Offer) -> Data:
    """What an offer gives the city: free places per sector, from its first start."""
    if offer.kind != "places":
        return {"kind": "supply", "from": "", "places": {}}
    return {
        "kind": "supply",
        "from": min(offer.next_start),
        "places": dict.fromkeys(_sectors(offer), offer.free),
    }


def _sectors(offer: Offer) -> Iterable[str]:
    if offer.age_band:
        return [s for s, ages in SECTORS.items() if offer.age_band in ages]
    stage = (
        "po" if offer.stage in ("po", "sbo", "so") else "vo" if offer.stage in ("vo", "vso", "pro") else ""
    )
    return [stage] if stage else list(SECTORS)


def _sum(bands: Iterable[Band], ages: tuple[str, ...]) -> int:
    return sum(b.count for b in bands if b.age_band in ages)


def places_view(state: State) -> Places:
    """All demand of the city against all free places."""
    given = [f.data for f in state.facts.values()]
    asked = [d for d in given if d["kind"] == "demand"]
    free = [d for d in given if d["kind"] == "supply"]
    return Places(
        city=state.key.removeprefix("places/"),
        demand=sum(sum(d["need"].values()) for d in asked),
        free=sum(sum(d["places"].values()) for d in free),
        shortfalls=[s for sector in SECTORS for s in _shortfalls(sector, state)],
        signals=signals(state),
    )


def _shortfalls(sector: str, state: State) -> Iterable[Shortfall]:
    """T02: children expected before the first start after a group's coming, against places free by that start.

    A sector for which nobody published places is unknown, not full.
    """
    given = state.facts.items()
    supplies = [f.data for _, f in given if f.data["kind"] == "supply" and sector in f.data["places"]]
    asked = {slot: f.data for slot, f in given if f.data["kind"] == "demand" and f.data["need"].get(sector)}
    for slot, one in sorted(asked.items()) if supplies else ():
        start = _first_start(supplies, one["from"])
        need = sum(d["need"][sector] for d in asked.values() if d["from"] <= start)
        free = sum(d["places"][sector] for d in supplies if d["from"] <= start)
        if need > free:
            yield Shortfall(slot.removeprefix("group/"), sector, start, need, free)


def _first_start(supplies: list[dict[str, Any]], day: str) -> str:
    starts: list[str] = sorted(d["from"] for d in supplies)
    return next((s for s in starts if s >= day), max(starts[-1], day))
