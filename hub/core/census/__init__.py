"""Aggregates M1-M15 (domain.md §3.6) and the small-cell rule (§3.7). Four steps, all pure:

`counts` says what one view adds, as keys `metric|period|name`; the read model keeps their sums. `tables` makes the
raw tables of a snapshot day of those sums. `publish` is the only way from a raw table to something that may be seen.
`figures` gives what was published its words.

A `period` is a school year (`2026-2027`: what happened in it, to date) or `standing` (what stands on the day). A `name`
is `measure/category` or `measure/category/category`; names of one measure are disjoint, so they may be added.
"""

from hub.core.census.counting import counts
from hub.core.census.metrics import METRICS, STANDING, Metric, following
from hub.core.census.publication import Raw, public, publish
from hub.core.census.tabulation import tables
from hub.core.census.wording import figures

__all__ = [
    "METRICS",
    "STANDING",
    "Metric",
    "Raw",
    "counts",
    "figures",
    "following",
    "public",
    "publish",
    "tables",
]
