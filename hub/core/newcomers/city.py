"""Newcomers against the places of a city: the view, and the two clocks that follow from it (T01, T02)."""

from __future__ import annotations

from collections.abc import Iterator

from hub.core import calendar
from hub.core.gaps.gap import Gap, on, raised, role_org
from hub.core.newcomers.asks import Ask, Covered, asks, cover
from hub.core.newcomers.supplies import needs, starts, weighed
from hub.core.partners import Role
from hub.core.policy import Policy
from hub.core.state import State
from hub.core.views import Asked, Need, Places, Shortfall, SignalView, Start


class _City:
    """The contributions of one state, put against one another."""

    def __init__(self, state: State, *, whole: bool = True) -> None:
        given = [(slot, fact.data) for slot, fact in state.facts.items()]
        self.asks: list[Ask] = asks(given)
        placements = ((d["on"], d["ages"]) for _, d in given if d.get("kind") == "placed")
        self.covered: Covered = cover(self.asks, placements)
        self.starts: list[Start] = starts(data for _, data in given)
        self.asked: list[Asked] = []
        self.needs: list[Need] = []
        if whole:
            self.needs, self.asked = weighed(self.asks, self.starts)
        else:
            self.needs = needs(self.asks, self.starts, free=False)

    def short(self) -> list[list[Need]]:
        """The rows with a shortage of each area and sector, by day."""
        found: dict[tuple[str, str], list[Need]] = {}
        for row in self.needs:
            if row.short:
                found.setdefault((row.area, row.ages), []).append(row)
        return list(found.values())


def places_view(state: State) -> Places:
    """All demand of the city against all free places."""
    city = _City(state)
    return Places(
        city=state.key.removeprefix("places/"),
        demand=sum(ask.left for ask in city.asks),
        free=sum(start.free for start in city.starts),
        waiting=sum(ask.left for ask in city.asks if ask.clock),
        placed=city.covered.placed,
        timely=city.covered.timely,
        late=city.covered.late,
        days=city.covered.days,
        starts=city.starts,
        needs=city.needs,
        asked=city.asked,
        shortfalls=[
            Shortfall(first.area, first.ages, first.date, first.need, first.need - first.short, first.until)
            for first, *_ in city.short()
        ],
        signals=[
            SignalView(s.rule, s.severity, s.due, s.responsible, s.subject)
            for _, s in sorted(state.signals.items())
        ],
    )


def gaps(state: State, policy: Policy) -> Iterator[Gap]:
    """T01 and T02 of a city. The gemeente must act on both (domain.md §3.5)."""
    city, gemeente = _City(state, whole=False), role_org(policy, Role.GEMEENTE)
    yield from _unplaced(city.asks, gemeente, policy)
    for rows in city.short():
        yield from _shortage(rows, gemeente)


def _unplaced(asks: list[Ask], gemeente: str, policy: Policy) -> Iterator[Gap]:
    """T01: minors of a group who arrived and have no place: a month after their clock started, and when its three
    months have passed."""
    first: dict[str, Ask] = {}
    for ask in asks:
        if ask.left and ask.clock:
            first.setdefault(ask.slot, ask)
    for slot, ask in first.items():
        warned = calendar.add_days(ask.clock, policy.rules.arrival_warn_days)
        yield from raised("T01", slot, gemeente, "", on("warn", warned), on("breach", ask.by))


def _shortage(rows: list[Need], gemeente: str) -> Iterator[Gap]:
    """T02: told as soon as it is known, whatever the day on which it bites, until the last day of it."""
    first, last = rows[0], rows[-1]
    subject = f"places/{first.area}/{first.ages}"
    if gemeente:
        yield Gap(f"T02/{subject}", "T02", "warn", "", first.date, gemeente, subject, last.until)
