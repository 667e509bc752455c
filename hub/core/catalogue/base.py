"""What one kind of event is: its data, who may publish it, where it is folded, and who gets what of it.

A kind is data: the gateway, processor, schemas and pages all read this table and know no kind by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from hub.core.codes import Basis, Day, Opaque, OrgRef, Ref
from hub.core.event import Event
from hub.core.journal import identity
from hub.core.partners import Partner, Role
from hub.core.policy import Policy
from hub.core.state import Fact, State

Data = dict[str, Any]
PREFIX = "nl.onderwijsloopbanen."


class Model(BaseModel):
    """Data of an event: camelCase on the wire, unknown fields refused, no coercion."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        alias_generator=to_camel,
        validate_by_name=False,
        validate_by_alias=True,
    )


class Corrects(Model):
    """The event that this one puts right."""

    source: Opaque
    id: Opaque


class PersonData(Model):
    """Common part of every event about a young person (domain.md §2.1). Codes, dates and ids only: no free text."""

    learner_id: Ref
    occurred_on: Day
    org_id: OrgRef = Field(description="The organisation that tells this; must belong to the publisher")
    basis: Basis
    corrects: Corrects | None = None


class Column(StrEnum):
    """Columns of the routing matrix, domain.md §2.9."""

    GEM = "GEM"
    LP = "LP"
    DP = "DP"
    TC = "TC"
    SWV = "SWV"
    FROM = "FROM"
    TO = "TO"
    BRD = "BRD"
    OTH = "OTH"
    OPV = "OPV"
    JGZ = "JGZ"
    PR = "PR"


@dataclass(frozen=True, slots=True)
class Case:
    """One fact, and everything a rule may look at to decide who gets it.

    `state` is the folded state with the fact in it; `standing` are the signals that stood before this event.
    """

    fact: Fact
    state: State
    policy: Policy
    standing: Mapping[str, Any] = field(default_factory=dict)

    @property
    def data(self) -> Data:
        return self.fact.data

    def partner(self, org: str | None) -> tuple[Partner, ...]:
        """The partner that runs an organisation, as a tuple of none or one."""
        found = self.policy.directory.of_org(org) if org else None
        return (found,) if found else ()

    def known(self, slot: str) -> Data | None:
        """Data of the newest fact in a slot of this aggregate."""
        fact = self.state.facts.get(slot)
        return fact.data if fact else None


Who = Callable[[Case], Iterable[Partner]]
When = Callable[[Case], str]
Reduce = Callable[[Data, Case], Data]


def always(case: Case) -> str:
    """No condition. A condition answers "" when it holds, else why it does not."""
    return ""


def whole(data: Data, case: Case) -> Data:
    """Nothing taken away."""
    return data


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the matrix. `level` F, R or C as printed there; a missing cell means never.

    `who` finds the partners, `when` says why they get nothing now ("" = they do), `reduce` makes what they see.
    """

    level: str
    who: Who = lambda case: ()
    when: When = always
    reduce: Reduce = whole


COUNTED = Cell("C")
"""Only inside aggregates: never a delivery."""


def no_aggregate(data: Data) -> str:
    return ""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One row of the catalogue.

    `key` gives the aggregate (table key), `slot` the place of the fact in its state; with `history` every fact of the
    slot is kept, not the newest alone. `privacy` gives the class of one event. `older` tells whether newer facts make
    this one stale, `barred` why it cannot count any more (it is then quarantined). `wakes_on` lists types that can make
    an earlier event of this kind reach more partners. With `follow` everyone who got an earlier event of the same
    aggregate gets this one too, also those it drops.
    """

    code: str
    name: str
    version: int = 1
    nl: str
    en: str
    data: type[Model]
    publishers: frozenset[Role]
    cells: Mapping[Column, Cell]
    key: Callable[[Data], str]
    slot: Callable[[Data], str]
    privacy: Callable[[Data], str]
    example: Data
    aggregate: Callable[[Data], str] = no_aggregate
    orgs: tuple[str, ...] = ("orgId",)
    mailboxes: frozenset[str] = frozenset()
    older: Callable[[Case], bool] = lambda case: False
    barred: Callable[[Case], str] = lambda case: ""
    wakes_on: frozenset[str] = frozenset()
    follow: bool = False
    history: bool = False

    @property
    def type(self) -> str:
        return f"{PREFIX}{self.name}.v{self.version}"

    def place(self, event: Event) -> str:
        """The slot of one event."""
        slot = self.slot(event.data)
        return f"{slot}/{identity(event.source, event.id)[:12]}" if self.history else slot

    @cached_property
    def told(self) -> Mapping[str, Cell]:
        """Columns that may get a delivery, by name."""
        return {column.value: cell for column, cell in self.cells.items() if cell is not COUNTED}


def learner(data: Data) -> str:
    return f"learner/{data['learnerId']}"


def keep(*names: str) -> Reduce:
    """Allow-list: only these fields of data pass."""
    return lambda data, case: {k: v for k, v in data.items() if k in names}


def drop(*names: str) -> Reduce:
    return lambda data, case: {k: v for k, v in data.items() if k not in names}


def role(*roles: Role) -> Who:
    """Every partner with one of these roles."""
    return lambda case: [p for r in roles for p in case.policy.directory.with_role(r)]


def org(name: str) -> Who:
    """The partner of the organisation named in a field of data."""
    return lambda case: case.partner(case.data.get(name))


def fixed(privacy: str) -> Callable[[Data], str]:
    return lambda data: privacy


def types(*names: str) -> frozenset[str]:
    return frozenset(f"{PREFIX}{name}.v1" for name in names)
