"""Arrival groups and offers, as pure functions of facts."""

from __future__ import annotations

from hub.core import calendar
from hub.core.facts import Data
from hub.core.identity import sequence
from hub.core.line import as_of
from hub.core.rules import Rules
from hub.core.state import Fact, State
from hub.core.views import Band, Group, Offer, Wave


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
            (sequence(f.attributes) for f in state.facts.values() if not _beyond(f, cancelled)), default=0
        ),
        ignored=sum(_beyond(f, cancelled) for f in state.facts.values()),
        as_of=as_of(state),
    )
    found.status = "updated" if newest in updates else "announced"
    _with_arrival(found, waves, newest, rules)
    if cancelled:
        found.status, found.cancel_reason = "cancelled", cancelled.data["reason"]
        found.warn_on = found.breach_on = ""
    return found


def _known(state: State, *slots: str) -> list[Fact]:
    return [state.facts[slot] for slot in slots if slot in state.facts]


def _beyond(fact: Fact, cancelled: Fact | None) -> bool:
    return cancelled is not None and fact.rank() > cancelled.rank()


def _with_arrival(found: Group, waves: list[Fact], newest: Fact | None, rules: Rules) -> None:
    if not waves:
        return
    found.status, found.waves = "arrived", len(waves)
    found.arrived_on = min(f.data["arrivedOn"] for f in waves)
    found.arrivals = _arrivals(waves, newest, rules)
    found.clock_start = found.arrivals[0].clock_start
    found.breach_on = found.arrivals[0].breach_on
    found.warn_on = calendar.add_days(found.clock_start, rules.arrival_warn_days)


def _arrivals(waves: list[Fact], newest: Fact | None, rules: Rules) -> list[Wave]:
    """By the start of the clock. A full state that is newer than all waves tells how many are still there."""
    overtaken = newest is not None and all(f.rank() < newest.rank() for f in waves)
    left = {b["ageBand"]: b["count"] for b in newest.data["bands"]} if newest and overtaken else None
    ordered = sorted(waves, key=lambda f: (f.data["schoolClockStart"], f.data["arrivedOn"], f.rank()))
    return [_wave(fact.data, left, rules) for fact in ordered]


def _wave(data: Data, left: dict[str, int] | None, rules: Rules) -> Wave:
    breach = calendar.add_months(data["schoolClockStart"], rules.arrival_breach_months)
    wave = Wave(data["arrivedOn"], data["schoolClockStart"], breach)
    for band in data["bands"]:
        age, count = band["ageBand"], band["count"]
        if left is not None:
            count = min(count, left.get(age, 0))
            left[age] = left.get(age, 0) - count
        wave.bands.append(Band(age, count))
    return wave


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
        codes=data.get("supportCodes") or [],
        as_of=as_of(state),
    )
