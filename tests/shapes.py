"""How one cell of the matrix lets an event be seen: each shape says what is wrong with a delivery, field by field."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

Data = dict[str, Any]
Shape = Callable[[Data, Data], list[str]]
"""Takes what was published and what was delivered; an empty list is a delivery as it should be."""
SMALL = 5


def full(original: Data, delivered: Data) -> list[str]:
    """F: all that was said, as it was said."""
    return [*_untrue(original, delivered), *_missing(original.keys(), delivered)]


def without(*names: str) -> Shape:
    """All but some fields that the page names."""

    def shape(original: Data, delivered: Data) -> list[str]:
        return [
            *_untrue(original, delivered),
            *_shown(names, delivered),
            *_missing(original.keys() - set(names), delivered),
        ]

    return shape


def part(*hidden: str, at_least: tuple[str, ...] = ()) -> Shape:
    """R where the page names what to hide, or nothing: never these fields, and nothing that was not said."""

    def shape(original: Data, delivered: Data) -> list[str]:
        return [
            *_untrue(original, delivered),
            *_shown(hidden, delivered),
            *_missing(set(at_least), delivered),
        ]

    return shape


def only(*names: str) -> Shape:
    """R where the page names what may be seen."""

    def shape(original: Data, delivered: Data) -> list[str]:
        return [*_untrue(original, delivered), *_shown(tuple(delivered.keys() - set(names)), delivered)]

    return shape


def counted(hidden: str, count: str) -> Shape:
    """A list of which only the length may be seen."""

    def shape(original: Data, delivered: Data) -> list[str]:
        rest = {k: v for k, v in delivered.items() if k != count}
        right = delivered.get(count) == len(original[hidden])
        return [
            *without(hidden)(original, rest),
            *([] if right else [f"{count} is not the length of {hidden}"]),
        ]

    return shape


def notice(original: Data, delivered: Data) -> list[str]:
    """That something changed, and nothing of what is new: for who has no part in it any more."""
    return only(*_named(original), "action", "reason")(original, delivered)


def closing(original: Data, delivered: Data) -> list[str]:
    """That a case was closed and when, and nothing of where the learner is now."""
    return only(*_named(original), "closedOn")(original, delivered)


def _named(original: Data) -> Iterator[str]:
    """What says which thing of which learner an event is about."""
    yield from ("occurredOn", "basis", "corrects")
    yield from (
        n for n in original if n.endswith(("Id", "Ref")) and n not in ("orgId", "dossierRef", "oppRef")
    )


def stub(original: Data, delivered: Data) -> list[str]:
    """1 Kind 1 Plan: that a plan exists, when it is looked at again, and whom to call (domain.md §2.6, E19)."""
    rest = {k: v for k, v in delivered.items() if k != "exists"}
    wrong = only("learnerId", "supportId", "occurredOn", "orgId", "basis", "reviewOn", "contactDesk")(
        original, rest
    )
    return wrong if delivered.get("exists") is True else [*wrong, "does not say that a plan exists"]


def outside(original: Data, delivered: Data) -> list[str]:
    """A group outside the narrow circle: no site label, no small cell, no child lost or made up."""
    plain = ("bands", "totalMinors", "area")
    said, seen = _but(original, plain), _but(delivered, plain)
    area = delivered.get("area", original.get("area")) == original.get("area")
    return [
        *_untrue(said, seen),
        *_shown(("siteLabel",), delivered),
        *_missing(said.keys() - {"siteLabel"}, delivered),
        *_small(original, delivered),
        *([] if area else ["area is another"]),
    ]


def bands_only(original: Data, delivered: Data) -> list[str]:
    return [
        *_untrue(_but(original, ("bands",)), _but(delivered, ("bands",))),
        *_shown(tuple(delivered.keys() - {"groupId", "bands"}), delivered),
        *_small(original, delivered),
    ]


def offered(original: Data, delivered: Data) -> list[str]:
    """A waiting list of one to four is shown as `<5`; none at all may be shown or not (domain.md §2.3, §3.7)."""
    said, seen = _but(original, ("waiting",)), _but(delivered, ("waiting",))
    waiting, shown = original.get("waiting"), delivered.get("waiting")
    few = isinstance(waiting, int) and 0 < waiting < SMALL
    right = shown == "<5" if few else shown == waiting or (waiting == 0 and shown == "<5")
    return [*full(said, seen), *([] if right else [f"waiting {waiting} is shown as {shown}"])]


def _small(original: Data, delivered: Data) -> Iterator[str]:
    shown = [b["count"] for b in delivered.get("bands", ())]
    for count in [*shown, delivered.get("totalMinors", 0)]:
        if isinstance(count, int) and 0 < count < SMALL:
            yield f"a cell of {count} is shown"
    total = sum(b["count"] for b in original.get("bands", ()))
    numbers = [n for n in shown if isinstance(n, int)]
    if "bands" in delivered and len(numbers) == len(shown) and sum(numbers) != total:
        yield "the bands do not add up"


def _but(data: Data, names: tuple[str, ...]) -> Data:
    return {k: v for k, v in data.items() if k not in names}


def _untrue(original: Data, delivered: Data) -> Iterator[str]:
    for name, value in delivered.items():
        if name not in original:
            yield f"{name} was never said"
        elif original[name] != value:
            yield f"{name} is another than was said"


def _shown(names: tuple[str, ...], delivered: Data) -> Iterator[str]:
    return (f"{name} is shown" for name in names if name in delivered)


def _missing(names: set[str] | Any, delivered: Data) -> Iterator[str]:
    return (f"{name} is missing" for name in sorted(names - delivered.keys()))
