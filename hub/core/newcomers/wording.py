"""The sentences of the answer, Dutch first."""

from __future__ import annotations

from collections.abc import Callable

from hub.core.views import Asked, Need

_MONTHS = (
    ("januari", "January"),
    ("februari", "February"),
    ("maart", "March"),
    ("april", "April"),
    ("mei", "May"),
    ("juni", "June"),
    ("juli", "July"),
    ("augustus", "August"),
    ("september", "September"),
    ("oktober", "October"),
    ("november", "November"),
    ("december", "December"),
)
_AREAS = {
    "": ("Almere", "Almere"),
    "rest": ("de overige stadsdelen", "the other districts"),
    "outside": ("het gebied buiten Almere", "the area outside Almere"),
}
Sentence = tuple[str, str]
"""Dutch and English."""


def sentences(need: Need, exact: bool, k: int) -> dict[str, str]:
    """One row in words. Not `exact`: counts are rounded up, and one under k is not said."""
    most = ("", "") if exact else ("ten hoogste ", "at most ")
    if need.need < k and not exact:
        nl, en = _few(need, k)
    elif not need.known:
        nl, en = _unpublished(need, most)
    else:
        nl, en = _short(need, most) if need.short else _enough(need, most)
    return {"nl": nl, "en": en}


def coming(asked: Asked, exact: bool, k: int, name: Callable[[str], str]) -> dict[str, str]:
    """Who comes on one day in words, and which places they find; `name` says what an organisation is called."""
    if asked.need < k and not exact:
        nl, en = _few(asked, k)
        return {"nl": nl, "en": en}
    most = ("", "") if exact else ("ten hoogste ", "at most ")
    (nl, en), (on, day_) = _area(asked), day(asked.date)
    need = _count(asked.need, "kind", "kinderen"), _count(asked.need, "child", "children")
    found, places = _places(asked, 1 if exact else k, name)
    return {
        "nl": f"Vanaf {on} {most[0]}{need[0]} {asked.ages} in {nl}: {found}.",
        "en": f"From {day_} {most[1]}{need[1]} {asked.ages} in {en}: {places}.",
    }


def _places(asked: Asked, least: int, name: Callable[[str], str]) -> Sentence:
    """Fewer than `least` are not said."""
    if not asked.known:
        return "niemand heeft plaatsen gepubliceerd", "nobody has published places"
    parts = [
        (
            f"{nl} vanaf {day(seat.date)[0]}{_at('bij', name(seat.org))}",
            f"{en} from {day(seat.date)[1]}{_at('at', name(seat.org))}",
        )
        for seat in asked.seats
        for nl, en in [_seats(seat.count, least)]
    ]
    left = asked.need - sum(seat.count for seat in asked.seats)
    if left:
        left = -(-left // least) * least
        parts.append((f"voor {left} nog geen plaats", f"no place yet for {left}"))
    nl, en = (", ".join(part) for part in zip(*parts, strict=True))
    return nl, en


def _seats(count: int, least: int) -> Sentence:
    if count < least:
        return f"minder dan {least} plaatsen", f"fewer than {least} places"
    return _count(count, "plaats", "plaatsen"), _count(count, "place", "places")


def _at(word: str, name: str) -> str:
    return f" {word} {name}" if name else ""


def headline(needs: list[Need], exact: bool, k: int) -> dict[str, str]:
    """The first shortage, or that there is none."""
    first = min((n for n in needs if n.short), key=lambda n: (n.date, n.ages, n.area), default=None)
    if first:
        return sentences(first, exact, k)
    return {"nl": "Er zijn geen tekorten aan plaatsen bekend.", "en": "No shortage of places is known."}


def day(date: str) -> Sentence:
    """`2027-01-11` as `11 januari 2027` and `11 January 2027`."""
    nl, en = (f"{int(date[8:10])} {month} {date[:4]}" for month in _MONTHS[int(date[5:7]) - 1])
    return nl, en


def _few(need: Need | Asked, k: int) -> Sentence:
    nl, en = _area(need)
    return (
        f"In {nl} vragen minder dan {k} kinderen een plaats {need.ages}.",
        f"In {en} fewer than {k} children need a place in {need.ages}.",
    )


def _unpublished(need: Need, most: Sentence) -> Sentence:
    (nl, en), (since, from_) = _area(need), day(need.date)
    asks = "vraagt" if need.need == 1 else "vragen"
    asking = _count(need.need, "child needs", "children need")
    children = _count(need.need, "kind", "kinderen")
    return (
        f"Vanaf {since} {asks} {most[0]}{children} een plaats {need.ages} in {nl}; niemand heeft plaatsen "
        "gepubliceerd.",
        f"From {from_} {most[1]}{asking} a place in {need.ages} in {en}; nobody has published places.",
    )


def _enough(need: Need, most: Sentence) -> Sentence:
    (nl, en), (since, from_) = _area(need), day(need.date)
    children, kids = _count(need.need, "kind", "kinderen"), _count(need.need, "child", "children")
    return (
        f"Vanaf {since} zijn er genoeg plaatsen {need.ages} in {nl} voor {most[0]}{children}.",
        f"From {from_} there are enough places in {need.ages} in {en} for {most[1]}{kids}.",
    )


def _short(need: Need, most: Sentence) -> Sentence:
    (nl, en), (since, from_) = _area(need), day(need.date)
    until, till = (f", tot {day(need.until)[0]}", f", until {day(need.until)[1]}") if need.until else ("", "")
    lacks = "ontbreekt" if need.short == 1 else "ontbreken"
    lacking = _count(need.short, "place is", "places are")
    return (
        f"Vanaf {since} {lacks} {most[0]}{_count(need.short, 'plaats', 'plaatsen')} {need.ages} in {nl}{until}.",
        f"From {from_} {most[1]}{lacking} short in {need.ages} in {en}{till}.",
    )


def _area(need: Need | Asked) -> Sentence:
    return _AREAS.get(need.area, (need.area.capitalize(), need.area.capitalize()))


def _count(count: int, one: str, more: str) -> str:
    return f"{count} {one if count == 1 else more}"
