"""The running summary, as text. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from hub.demo.watch import Waiting

SHOWN = 4
"""Partners named per line; the rest is counted."""


class Figures(NamedTuple):
    """`seconds` since the start of the story, `rate` events per second in the last interval. Counts are those of this
    run; `open` is all that waits now."""

    seconds: float
    today: date
    published: int
    refused: int
    delivered: int
    duplicates: int
    rate: float
    open: int


def line(now: Figures) -> str:
    return (
        f"{now.seconds:5.0f} s  {now.today:%d-%m-%Y}  published {now.published:5}  refused {now.refused:3}  "
        f"delivered {now.delivered:6}  open {now.open:4}  duplicates {now.duplicates:3}  {now.rate:5.1f} events/s"
    )


def waiting(given: Iterable[Waiting], now_ms: int, remarks: Mapping[str, str]) -> str:
    """Who waits for what, longest first; `remarks` says of a partner what is known to be wrong with it."""
    told = [_one(w, now_ms, remarks.get(w.partner, "")) for w in given]
    more = f" and {len(told) - SHOWN} more" if len(told) > SHOWN else ""
    return "         waiting: " + ", ".join(told[:SHOWN]) + more if told else ""


def _one(waiting: Waiting, now_ms: int, remark: str) -> str:
    age = max(0.0, (now_ms - waiting.oldest) / 1000)
    return f"{waiting.partner} {waiting.deliveries} (oldest {age:.1f} s{', ' + remark if remark else ''})"
