"""The learning line 0-27 as people see it: whole (`view`), and as far as one partner may see it (`for_partner`)."""

from hub.core.line.shown import for_partner
from hub.core.line.ties import Tie, ties
from hub.core.line.whole import as_of, signals, view

__all__ = ["Tie", "as_of", "for_partner", "signals", "ties", "view"]
