"""Pure: one record of `hub.lines` becomes the rows that show how things stand now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from hub.core import state as states
from hub.core import views
from hub.core.line import ties
from hub.core.views import Group, Line, Offer, View

MakeView = Callable[[bytes, bytes], View | None]
"""Shows a stored state (aggregate key, state as `hub.core.state.dump` wrote it); None when there is nothing
to show."""

Row = dict[str, Any]


class Standing(NamedTuple):
    """All rows of one aggregate. Without `view` there is nothing to show, as of who was erased."""

    key: str
    view: Row | None = None
    relations: tuple[Row, ...] = ()
    signals: tuple[Row, ...] = ()


def standing(key: bytes, value: bytes | None, make: MakeView) -> Standing:
    """Raises what `make` raises, and msgspec.ValidationError, on a value that is no state."""
    name = key.decode()
    if value is None:
        return Standing(name)
    state, view = states.load(value), make(key, value)
    if view is None and not state.due:
        return Standing(name)
    hidden = isinstance(view, Line) and view.restricted
    return Standing(
        name,
        _view_row(name, state.due, view),
        tuple({"key": name, "org": org, "active": active} for org, active in _relations(view).items()),
        ()
        if hidden
        else tuple(_signal_row(name, signal, raised) for signal, raised in state.signals.items()),
    )


def _view_row(key: str, due: str, view: View | None) -> Row:
    return {
        "key": key,
        "kind": _kind(view),
        "status": view.status if isinstance(view, Line | Group) else "",
        "due": due,
        "as_of": view.as_of if isinstance(view, Line | Group | Offer) else "",
        "view": "" if view is None else views.dump(view).decode(),
    }


def _kind(view: View | None) -> str:
    return "" if view is None else str(view.__struct_config__.tag)


def _signal_row(key: str, name: str, raised: states.Raised) -> Row:
    return {
        "key": key,
        "name": name,
        "rule": raised.rule,
        "severity": raised.severity,
        "responsible": raised.responsible,
        "due": raised.due,
        "subject": raised.subject,
    }


def _relations(view: View | None) -> dict[str, bool]:
    """Every organisation the aggregate has to do with, and whether it still has: who still has may see a line, and
    nobody else but by its task (`hub.core.line.for_partner`)."""
    found: dict[str, bool] = {}
    for org, active in _ties(view):
        if org:
            found[org] = found.get(org, False) or active
    return found


def _ties(view: View | None) -> Iterator[tuple[str, bool]]:
    if isinstance(view, Offer):
        yield view.org, True
    elif isinstance(view, Line):
        yield from ((tie.org, tie.active) for tie in ties(view))
