"""Signals of the hub itself: H1 raised, H2 cleared (domain.md §2.8). Nobody else may publish them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from hub.core.catalogue.base import COUNTED, Case, Cell, Column, Data, Kind, Model, When, org, role
from hub.core.codes import Day, Opaque, OrgRef, Ref
from hub.core.partners import Role


class Signal(Model):
    """A gap rule (T01-T17). `subject` is the aggregate, `learnerId` stands there for signals about a learner."""

    signal_id: Ref
    rule: Annotated[str, Field(pattern="^T(0[1-9]|1[0-7])$")]
    subject: Opaque
    severity: Literal["info", "warn", "breach"]
    due_on: Day
    responsible: OrgRef
    learner_id: Ref | None = None


def rule_is(*rules: str) -> When:
    return lambda case: "" if case.data["rule"] in rules else "another rule"


def breached(*rules: str) -> When:
    """The supervisor hears of it only when the last term has passed."""

    def condition(case: Case) -> str:
        return rule_is(*rules)(case) or ("" if case.data["severity"] == "breach" else "not a breach")

    return condition


def about(data: Data) -> str:
    return f"learner/{data['learnerId']}" if "learnerId" in data else str(data["subject"])


_CELLS = {
    Column.GEM: Cell("F", role(Role.GEMEENTE), rule_is("T02")),
    Column.LP: Cell("F", role(Role.LEERPLICHT), breached("T04")),
    Column.DP: Cell("F", role(Role.DOORSTROOMPUNT), breached("T14")),
    Column.TC: Cell("F", role(Role.TAALCENTRUM), rule_is("T02")),
    Column.FROM: Cell("F", org("responsible")),
    Column.BRD: COUNTED,
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
        privacy=lambda data: "P1" if "learnerId" in data else "G1",
        example=_EXAMPLE,
        orgs=(),
        follow=follow,
    )


KINDS = (
    _kind("H1", "signal.raised", "Signaal gegeven", "Signal raised", follow=False),
    _kind("H2", "signal.cleared", "Signaal vervallen", "Signal cleared", follow=True),
)
