"""Pure: why a partner got an event or did not, from its journey (`GET /v1/journeys`) and the routing matrix."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from hub.core.catalogue.base import Kind
from hub.core.partners import Role
from hub.core.recheck import ROLES
from hub.core.routing import EVERYBODY

Journey = Mapping[str, Any]

SIDES = ("FROM", "TO", "OTH")
"""Columns that partners of many roles are in, by what they have to do with the matter."""

_OTHERS = frozenset({Role.PO, Role.SO_SBO, Role.VO, Role.VSO, Role.OPDC, Role.MBO, Role.HBO, Role.BOARD})
_ROLES = {**ROLES, "OTH": _OTHERS}

GOT = ("arrived",)
OPEN = ("waiting", "retry", "stopped", "undecided")
ENDED = ("dead", "withheld", "withdrawn")

_PLAIN = {"": "waiting", "delivered": "arrived"}
_ORDER = ("condition", "no-party", "counted")


class Verdict(NamedTuple):
    """`code` is one of `journeys_words.VERDICTS`; `reason` the journal's word for it and `status` the last answer of
    the receiver, where there is one; `column` of the matrix that it goes by."""

    code: str
    reason: str = ""
    column: str = ""
    subscription: str = ""
    status: str = ""
    attempts: int = 0
    removed: Sequence[str] = ()


class Row(NamedTuple):
    """Partners (ids) that stand alike."""

    partners: list[str]
    verdict: Verdict


class Standing:
    """How partners stand to one event. `roles` are those of every partner, by id."""

    def __init__(self, journey: Journey, kind: Kind | None, roles: Mapping[str, Sequence[str]]) -> None:
        self._journey = journey
        self._kind = kind
        self._roles = roles
        decided = [one for one in journey["moments"] if one["kind"] == "routed"]
        self._decided = bool(decided)
        self._told = {told["partner"]: told for one in decided for told in one.get("told", ())}
        self._withheld = {w["column"]: w["reason"] for one in decided for w in one.get("withheld", ())}

    def reached(self) -> list[Row]:
        """Who was meant to get it, one row per delivery."""
        rows = [Row([partner], one) for partner in self._told for one in self._of(partner)]
        known = {(row.partners[0], row.verdict.subscription) for row in rows}
        late = [d for d in self._journey["deliveries"] if (d["partner"], d["subscription"]) not in known]
        return [*rows, *(Row([one["partner"]], _course(one, {})) for one in late)]

    def others(self) -> list[Row]:
        """Who has a column of its own in the matrix for this kind and was not told, taken together by why not."""
        if not self._decided or EVERYBODY in self._withheld:
            return []
        alike: dict[Verdict, list[str]] = {}
        passed = {*self._told, self._journey["publisher"]}
        for partner, roles in self._roles.items():
            if partner not in passed and self._columns(roles, own=True):
                (verdict,) = self.of(partner)
                alike.setdefault(verdict, []).append(partner)
        for column in SIDES:
            if column in self._withheld:
                alike.setdefault(Verdict("condition", self._withheld[column], column), [])
        return [Row(partners, verdict) for verdict, partners in sorted(alike.items(), key=_place)]

    def of(self, partner: str) -> list[Verdict]:
        """At least one."""
        if partner in self._told:
            return self._of(partner)
        if partner == self._journey["publisher"]:
            return [Verdict("itself")]
        if not self._decided:
            return [_unused(self._journey)]
        if EVERYBODY in self._withheld:
            return [Verdict("nobody", self._withheld[EVERYBODY])]
        roles = self._roles.get(partner, ())
        columns = self._columns(roles, own=True) or self._columns(roles)
        found = [self._column(column) for column in columns]
        return [min(found, key=lambda one: _ORDER.index(one.code))] if found else [Verdict("never")]

    def _of(self, partner: str) -> list[Verdict]:
        told = self._told[partner]
        mine = [one for one in self._journey["deliveries"] if one["partner"] == partner]
        courses = [_course(one, told) for one in mine]
        known = {one.subscription for one in courses}
        courses += [
            Verdict("waiting", column=told["column"], subscription=id)
            for id in told.get("deliveries", {})
            if id not in known
        ]
        refused = [
            Verdict("not-covered", why, told["column"], id) for id, why in told.get("withheld", {}).items()
        ]
        return [*courses, *refused] or [Verdict("no-subscription", column=told["column"])]

    def _columns(self, roles: Iterable[str], own: bool = False) -> list[str]:
        """Columns of the kind that a partner with these roles can be in; `own`: by its role alone."""
        cells = self._kind.cells if self._kind else {}
        return [
            column.value
            for column in cells
            if not (own and column.value in SIDES) and not _ROLES[column.value].isdisjoint(roles)
        ]

    def _column(self, column: str) -> Verdict:
        if column in self._withheld:
            return Verdict("condition", self._withheld[column], column)
        levels = {one.value: cell.level for one, cell in self._kind.cells.items()} if self._kind else {}
        if levels.get(column) == "C":
            return Verdict("counted", column=column)
        return Verdict("no-party", column="" if column in SIDES else column)


def _course(one: Mapping[str, Any], told: Mapping[str, Any]) -> Verdict:
    arrived = "deliveredAt" in one or "pulledAt" in one
    code = "arrived" if arrived else _PLAIN.get(one["outcome"], one["outcome"])
    why = one["status"] if code == "withheld" else ""
    status = "" if arrived or why else one["status"]
    removed = tuple(one.get("removed", ()))
    column = told.get("column", "")
    return Verdict(code, why, column, one["subscription"], status, one["attempts"], removed)


def _unused(journey: Journey) -> Verdict:
    last = next(
        (one for one in reversed(journey["moments"]) if one["kind"] in ("repeat", "quarantined")), None
    )
    if journey["outcome"] == "refused":
        return Verdict("unused", "refused")
    if last is not None:
        return Verdict("unused", last.get("outcome") or "quarantined")
    return Verdict("undecided")


def _place(item: tuple[Verdict, list[str]]) -> tuple[int, str]:
    verdict = item[0]
    return _ORDER.index(verdict.code) if verdict.code in _ORDER else -1, verdict.column
