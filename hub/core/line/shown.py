"""A line as one partner may see it (domain.md §3.6): what is left out leaves no trace, not even in dates or status."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hub.core import life
from hub.core.line import regions, transfers
from hub.core.line.parties import Sight
from hub.core.line.rows import latest
from hub.core.partners import Partner
from hub.core.rules import Rules
from hub.core.views import Certificate, Enrolment, Line, Participation, Placement, Transfer

NOTE = (
    "Deze weergave toont alleen wat uw organisatie mag zien; dossiers en zaken van andere partijen ontbreken. / "
    "This view shows only what your organisation may see; dossiers and cases of other parties are not in it."
)

Shown = dict[str, Any]

_ROWS = (
    "enrolments", "participations", "placements", "transfers", "returns", "advice", "tlvs", "supports", "reviews",
    "absences", "progress", "certificates",
)  # fmt: skip


def for_partner(line: Line, partner: Partner, rules: Rules | None = None) -> Shown | None:
    """The line as one partner may see it; None without an active relation, and while it is restricted.

    Rows of class P2 appear only for the parties of that row; nothing tells that others exist. Of enrolments and
    participations elsewhere only where, what and from when to when. Who has to do with a case alone (support, TLV,
    absence, a breach) sees of the rest only where the learner is enrolled.
    """
    rules = rules or Rules()
    sight = Sight(line, partner, rules)
    if line.restricted or not (sight.school or sight.case):
        return None
    seen = sight.line()
    return {
        "learnerId": seen.learner_id,
        "status": _status(seen),
        "asOf": latest(row.at for name in _ROWS for row in getattr(seen, name)),
        "enrolments": [_enrolment(e, sight) for e in seen.enrolments],
        "participations": [_participation(p, sight) for p in seen.participations],
        "placements": [_placement(p, sight) for p in seen.placements],
        "transfers": [_transfer(t, rules) for t in seen.transfers],
        "returns": _rows(seen.returns),
        "advice": _rows(seen.advice),
        "tlvs": _rows(seen.tlvs),
        "supports": _rows(seen.supports),
        "reviews": _rows(seen.reviews),
        "absences": _rows(seen.absences),
        "progress": _rows(seen.progress),
        "certificates": [_certificate(c, sight) for c in seen.certificates],
        "signals": [_row(s, "subject") for s in seen.signals],
        "note": NOTE,
    }


def _status(seen: Line) -> str:
    """By what this partner sees alone. That an enrolment ended is a gap only where a signal says so: the next one may
    be one that it does not see."""
    if regions.on_the_way(seen):
        return "in-transition"
    return "gap" if any(s.rule == "T04" for s in seen.signals) else "active"


def _enrolment(row: Enrolment, sight: Sight) -> Shown:
    return _row(row, "id") if sight.own(row.org) else _part(row, ("org", "stage", "start", "end", "primary"))


def _participation(row: Participation, sight: Sight) -> Shown:
    return _row(row) if sight.attends(row) else _part(row, ("id", "kind", "org", "start", "end"))


def _placement(row: Placement, sight: Sight) -> Shown:
    """Its place among the choices tells that there are others."""
    return _row(row) if sight.own(row.asked_by) else _row(row, "rank")


def _certificate(row: Certificate, sight: Sight) -> Shown:
    """The issuer hears what each decided, the others who recognised it."""
    return _row(row) if sight.own(row.issuer) else _row(row, "effects")


def _transfer(row: Transfer, rules: Rules) -> Shown:
    return _row(row) | _next(row, rules)


def _next(row: Transfer, rules: Rules) -> Shown:
    """What is to be done next and, where there is a date for it, by when."""
    action, due = _action(row, rules)
    return {name: given for name, given in (("nextAction", action), ("dueOn", due)) if given}


def _action(row: Transfer, rules: Rules) -> tuple[str, str]:
    if row.state in ("incomplete", "wrong-recipient"):
        return ("prepare-again" if row.state == "incomplete" else "withdraw"), ""
    if row.state not in transfers.OPEN:
        return "", ""
    if not row.acknowledged_on:
        return "acknowledge", row.ack_by
    if row.state == "warm-initial-held":
        return "warm-follow-up", _follow_up(row, rules)
    return "warm-initial", row.planned_start


def _follow_up(row: Transfer, rules: Rules) -> str:
    """The day in the first school year by which the follow-up must have been held (T08)."""
    return f"{life.school_year(row.planned_start)[:4]}-{rules.calendar.follow_up_by}"


def _rows(rows: Iterable[Any]) -> list[Shown]:
    return [_row(row) for row in rows]


def _row(value: Any, *hidden: str) -> Shown:
    """Fields of a row with something in them."""
    return _part(value, [n for n in value.__struct_fields__ if n not in ("privacy", "at", *hidden)])


def _part(value: Any, names: Iterable[str]) -> Shown:
    found = ((name, getattr(value, name)) for name in names)
    return {
        _camel(name): given for name, given in found if given not in ("", [], {}) and not _unset(name, given)
    }


def _unset(name: str, given: Any) -> bool:
    """Level 0 of support is a level; of mbo, and of a choice, there is none."""
    return given == 0 and name in ("mbo_level", "rank")


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.title() for part in rest)
