"""Pure: which entries of the journal tell of somebody's choice, and what of it may be shown."""

from __future__ import annotations

from typing import Any

from hub.core.journal import Arranged, Entry, Handled, Rekeyed, Replayed

Row = dict[str, Any]

_RIGHTS = {
    "access": "access-given",
    "erasure": "erasure-ordered",
    "restricted": "restriction-set",
    "lifted": "restriction-lifted",
}


def act(entry: Entry) -> Row | None:
    """The row of `acts` but for its key; None for what happened by itself."""
    said: tuple[str, str, str, str, int | None]
    match entry:
        case Replayed(change="ordered" | "stopped"):
            said = (entry.by, f"replay-{entry.change}", entry.subscription, entry.why, entry.count)
        case Rekeyed():
            said = (entry.by, "key-rotated", entry.subscription, "", None)
        case Arranged():
            said = (entry.by, f"subscription-{entry.change}", entry.subscription, "", None)
        case Handled():
            said = (entry.partner, _RIGHTS.get(entry.act, entry.act), "", "", None)
        case _:
            return None
    return {"at": entry.at, **dict(zip(("who", "what", "subscription", "why", "number"), said, strict=True))}
