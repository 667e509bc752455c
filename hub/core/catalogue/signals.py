"""Signals of the hub itself: H1 raised, H2 cleared (domain.md §2.8). Nobody else may publish them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from hub.core.case import Case
from hub.core.catalogue.base import COUNTED, Cell, Column, Data, Kind, When, Who, org, role, whole
from hub.core.catalogue.model import Model
from hub.core.codes import Day, Opaque, OrgRef, Ref
from hub.core.partners import Partner, Role


class Signal(Model):
    """A gap rule (T01-T17). `subject` is the aggregate, `learnerId` stands there for signals about a learner."""

    signal_id: Ref
    rule: Annotated[str, Field(pattern="^T(0[1-9]|1[0-7])$")]
    subject: Opaque
    severity: Literal["info", "warn", "breach"]
    due_on: Day
    responsible: OrgRef
    learner_id: Ref | None = None


SENSITIVE = frozenset({"T07", "T08", "T09", "T10", "T11", "T15", "T16"})
"""Rules whose very name tells of support, absence or newcomer status: P2."""

CITY = frozenset({"T02"})
"""Rules that are the Taalcentrum's own, whoever is responsible besides."""


def supervised_by(supervisor: Role) -> When:
    """The supervisor hears of it only when the last term has passed."""

    def condition(case: Case) -> str:
        if case.policy.rules.supervisors.get(case.data["rule"]) != supervisor:
            return "supervised by another"
        return "" if case.data["severity"] == "breach" else "not a breach"

    return condition


def taalcentrum(case: Case) -> tuple[Partner, ...]:
    """The shortage of places (T02) concerns every Taalcentrum; anything else only the one that is responsible."""
    if case.data["rule"] in CITY:
        return case.policy.directory.with_role(Role.TAALCENTRUM)
    return tuple(p for p in case.partner(case.data["responsible"]) if p.has(Role.TAALCENTRUM))


def responsible(*roles: Role) -> Who:
    """The responsible organisation, if it has one of these roles."""
    return lambda case: [p for p in case.partner(case.data["responsible"]) if p.has(*roles)]


def about(data: Data) -> str:
    return f"learner/{data['learnerId']}" if "learnerId" in data else str(data["subject"])


def signal_class(data: Data) -> str:
    if "learnerId" not in data:
        return "G1"
    return "P2" if data["rule"] in SENSITIVE else "P1"


def _supervisor(supervisor: Role) -> Cell:
    return Cell("F", role(supervisor), supervised_by(supervisor), nl="bij overschrijding", en="breach")


_CELLS = {
    Column.GEM: COUNTED,
    Column.LP: _supervisor(Role.LEERPLICHT),
    Column.DP: _supervisor(Role.DOORSTROOMPUNT),
    Column.TC: Cell("F", taalcentrum, nl="eigen", en="own"),
    Column.SWV: _supervisor(Role.SWV),
    Column.FROM: Cell("F", org("responsible"), nl="eigen", en="own"),
    Column.TO: Cell("F", nl="eigen, als verantwoordelijke", en="own"),
    Column.BRD: COUNTED,
    Column.OPV: Cell("F", responsible(Role.OPVANG), nl="eigen", en="own"),
    Column.PR: COUNTED,
}
_EXAMPLE = {
    "signalId": "f6a8b0c2-5791-4a0d-8b4c-0f5be4c5a0e1",
    "rule": "T04",
    "subject": "enrolment/b2c4e6a8-1357-4c9b-8d0f-0f5be4c5a081",
    "severity": "warn",
    "dueOn": "2027-02-21",
    "responsible": "brin:00YY01",
    "learnerId": "5f3e7c1a-9d42-4b7e-8f60-0f5be4c5a008",
}


def _kind(code: str, name: str, nl: str, en: str, *, follow: bool) -> Kind:
    return Kind(
        code=code,
        name=name,
        nl=nl,
        en=en,
        data=Signal,
        publishers=frozenset({Role.HUB}),
        cells=_CELLS,
        key=about,
        slot=lambda data: f"signal/{data['signalId']}",
        aggregate=lambda data: f"signal/{data['signalId']}",
        privacy=signal_class,
        example=_EXAMPLE,
        orgs=(),
        follow=follow,
        notice=whole,
    )


KINDS: tuple[Kind, ...] = (
    _kind("H1", "signal.raised", "Signaal gegeven", "Signal raised", follow=False),
    _kind("H2", "signal.cleared", "Signaal vervallen", "Signal cleared", follow=True),
)
