"""Pure: what the attempts at a delivery make of its dead letter."""

from __future__ import annotations

from typing import Any

from hub.core.dead_letters import cause
from hub.core.journal import DEAD, WITHDRAWN, Attempted

Row = dict[str, Any]


def lettered(before: Row | None, event: str, entry: Attempted) -> Row | None:
    """The row of `dead_letters` after this attempt at a delivery, given the one before it; None as long as there is
    none. What ended does not begin again by an older entry; what was taken back never does."""
    if before is None:
        return _letter(event, entry) if entry.outcome == DEAD else None
    if entry.at < max(before["at"], before["ended_at"] or 0) or before["state"] == WITHDRAWN:
        return before
    match entry.outcome:
        case "dead":
            return _letter(event, entry)
        case "withdrawn":
            return {**before, "state": WITHDRAWN, "ended_at": entry.at}
        case "delivered":
            return {**before, "state": "replayed", "ended_at": entry.at, "replay": entry.replay}
        case _:
            return before


def _letter(event: str, entry: Attempted) -> Row:
    return {
        "delivery": entry.delivery,
        "event": event,
        "partner": entry.partner,
        "subscription": entry.subscription,
        "number": entry.number,
        "type": entry.type,
        "cause": cause(entry.status),
        "status": entry.status,
        "said": entry.said,
        "attempts": entry.attempt,
        "at": entry.at,
        "state": "open",
        "replay": entry.replay,
        "ended_at": None,
    }
