"""Pure: what rows of the read model count for, and how that changes when they do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from hub.core import views
from hub.core.views import View

CountView = Callable[[View], Mapping[str, int]]
"""What one view adds to which cells of the census."""


def difference(before: Mapping[str, str], after: Mapping[str, str], count: CountView) -> dict[str, int]:
    """What the cells change by, none of them zero, when the rows of `before` become those of `after`.

    Both hold views as `hub.core.views.dump` wrote them, by aggregate key; an empty text is a row without a view.
    """
    moved: Counter[str] = Counter()
    for key in before.keys() | after.keys():
        old, new = before.get(key, ""), after.get(key, "")
        if old != new:
            moved.subtract(_counted(old, count))
            moved.update(_counted(new, count))
    return {cell: n for cell, n in moved.items() if n}


def _counted(view: str, count: CountView) -> Mapping[str, int]:
    return count(views.load(view)) if view else {}
