"""The routing matrix of domain.md §2.9 read anew, from the page and not from the code: who may ever get what, and how.

`grants` reads the row of one event: each cell as the partners it names and the shape in which they may see the event.
`allowed` bounds from above who receives, `owed` from below, and `judge` looks at one delivery field by field. Columns
marked C (only inside aggregates) name nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from hub.core.partners import Role
from tests import city, rows_case, rows_line
from tests.grants import ROLE, Grant, Grants
from tests.history import History
from tests.sayings import SLOT, Data, Said, doubtful, outsider, runs, slot, thing
from tests.shapes import bands_only, full, notice, offered, outside


def grants(code: str, data: Data, history: History) -> Iterable[Grant]:
    if history.after_closing(code, data) or _unheard(code, data, history):
        return
    yield from _ROWS[code](data, history)
    yield from _changed(code, data, history)


def _unheard(code: str, data: Data, history: History) -> bool:
    """Who is no party to a matter is told on to nobody. If it ever had something of it, it may answer."""
    told = [f for f in history.facts if f.code == code and f.data == data] or [Said(code, data)]
    if history.sure:
        return any(doubtful(f, history.facts) for f in told)
    had = code in SLOT and history.had.get(thing(code, data), set()) & runs([data["orgId"]])
    return not had and all(outsider(f, history.facts) for f in told)


def _changed(code: str, data: Data, history: History) -> Grants:
    """Who had what this event corrects, or an earlier word on the same, hears that it changed: no more than that."""
    had = set[str]()
    if code in SLOT:
        had |= history.had.get(("slot", *slot(Said(code, data))), set())
    if corrects := data.get("corrects"):
        wrong = (corrects["source"], corrects["id"])
        known = any((f.source, f.id) == wrong for f in history.facts)
        had |= history.had.get(("event", *wrong), set()) if known else set()
        yield from _corrected(code, data, history)
    yield Grant("had what is changed", had, notice, must="corrects" in data)


def _corrected(code: str, data: Data, history: History) -> Grants:
    """Who had an earlier word on the same may see what it should have been, in the shape in which it saw that."""
    for earlier in (f for f in history.facts if f.code == code and f.data != data):
        if slot(earlier) == slot(Said(code, data)):
            had = history.had.get(("event", earlier.source, earlier.id), set())
            for grant in _ROWS[code](earlier.data, history):
                yield grant._replace(partners=grant.partners & had, must=False)


def allowed(code: str, data: Data, history: History) -> set[str]:
    """Ids of every partner that may get this event, before the publisher itself is taken out."""
    return set[str]().union(*(g.partners for g in grants(code, data, history._replace(sure=False))))


def owed(code: str, data: Data, history: History) -> set[str]:
    """Ids of the partners that must get it, before the publisher itself is taken out."""
    found = grants(code, data, history._replace(sure=True))
    return set[str]().union(*(g.partners for g in found if g.must))


def judge(code: str, partner: str, original: Data, delivered: Data, history: History) -> list[str]:
    """What is wrong with one delivery. Whoever is several things to a learner may see it as any one of them."""
    fitting = [g for g in grants(code, original, history._replace(sure=False)) if partner in g.partners]
    if not fitting:
        return [f"{code} may not reach {partner}"]
    wrong = [
        [f"{code} to {partner} as {g.column}: {w}" for w in g.shape(original, delivered)] for g in fitting
    ]
    return min(wrong, key=len)


def _group(data: Data, history: History) -> Grants:
    """`certainty` rumour: taalcentrum and gemeente only. Who had the group hears of changes."""
    had = history.had.get(("group", data["groupId"]), set())
    narrow = ROLE(Role.GEMEENTE, Role.TAALCENTRUM)
    if data.get("certainty") != "rumour":
        narrow |= ROLE(Role.LEERPLICHT)
        reached = ROLE(Role.SWV, Role.BOARD)
        count = {b["ageBand"]: b["count"] for b in data["bands"]}
        reached |= ROLE(Role.MBO) if count.get("16-17", 0) + count.get("18-26", 0) >= 5 else set()
        reached |= ROLE(Role.OPVANG) if count.get("0-3", 0) >= 5 else set()
        yield Grant("SWV BRD OTH OPV", reached, outside)
        yield Grant("JGZ", ROLE(Role.JGZ), bands_only)
    yield Grant("GEM LP TC", narrow, full)
    wide = ROLE(Role.GEMEENTE, Role.LEERPLICHT, Role.TAALCENTRUM)
    yield Grant("had it: narrow", had & wide, full, must=False)
    yield Grant("had it: JGZ", had & ROLE(Role.JGZ), bands_only, must=False)
    yield Grant("had it", had - wide - ROLE(Role.JGZ), outside, must=False)


def _cancelled(data: Data, history: History) -> Grants:
    yield Grant("who ever had it", history.had.get(("group", data["groupId"]), set()), full)


def _offer(_: Data, __: History) -> Grants:
    yield Grant("all", set(city.BY_ID), offered)


_ROWS: dict[str, Callable[[Data, History], Grants]] = {
    **dict.fromkeys(("E1", "E2", "E4"), _group),
    "E3": _cancelled,
    "E5": _offer,
    **rows_line.ROWS,
    **rows_case.ROWS,
}
