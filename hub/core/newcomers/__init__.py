"""Newcomers against places (domain.md F01, F02, T01, T02): the state `places/<city>` and what can be asked of it."""

from hub.core.newcomers.answer import answer
from hub.core.newcomers.city import gaps, places_view
from hub.core.newcomers.contributions import demand, placed, supply

__all__ = ["answer", "demand", "gaps", "placed", "places_view", "supply"]
