"""Pure: the health of the hub as a metric (M14, domain.md §3.6): of messages and partners, of no person."""

from __future__ import annotations

from itertools import groupby

from hub.core.flows import DeliveryFlow, Flows
from hub.core.views import Cell
from hub.monitor.figures import Figures
from hub.monitor.shown import Shown, total


def health(flows: Flows, given: Figures) -> list[Cell]:
    """`flows` as they are, and what may be seen of them. `oldest-undelivered` is in seconds, `partners-unread` counts
    partners for whom something lies ready that nobody ever took; what may be about persons is a range."""
    stopped = sum(row.state in ("stopped", "refused", "expired") for row in given.deliveries)
    late = sum(row.state in ("late", "stuck", "breaker-open") for row in given.deliveries)
    unread = sum(_unread(list(own)) for _, own in groupby(flows.deliveries, key=lambda flow: flow.partner))
    return [
        Cell(["oldest-undelivered"], (given.oldest or 0) // 1000),
        Cell(["waiting"], _text(total([row.open for row in given.deliveries]))),
        Cell(["quarantined"], _text(total([row.times for row in given.quarantined]))),
        Cell(["refused"], _text(given.refused)),
        Cell(["partners-late"], late),
        Cell(["partners-stopped"], stopped),
        Cell(["partners-unread"], unread),
    ]


def _unread(flows: list[DeliveryFlow]) -> bool:
    """Whether a partner that has no webhook was given something, and took nothing."""
    return not any(flow.push or flow.pulled for flow in flows) and any(flow.routed for flow in flows)


def _text(shown: Shown) -> int | str:
    return shown.low if shown.exact else f"{shown.low}-{shown.high}"
