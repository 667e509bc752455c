"""What one kind of event is: its data, who may publish it, where it is folded, and who gets what of it.

A kind is data: the gateway, processor, schemas and pages all read this table and know no kind by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from hub.core.case import Case
from hub.core.catalogue.model import Model
from hub.core.event import Event
from hub.core.identity import identity
from hub.core.partners import Partner, Role

Data = dict[str, Any]
PREFIX = "nl.onderwijsloopbanen."


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


Who = Callable[[Case], Iterable[Partner]]
When = Callable[[Case], str]
Reduce = Callable[[Data, Case], Data]
Minds = Callable[[Data, Case], bool]
"""Whether earlier data can reach more partners now that the event of the case came."""


def always(case: Case) -> str:
    """No condition. A condition answers "" when it holds, else why it does not."""
    return ""


def whole(data: Data, case: Case) -> Data:
    """Nothing taken away."""
    return data


def nobody(case: Case) -> tuple[Partner, ...]:
    """A cell whose partners are found through other columns."""
    return ()


@dataclass(frozen=True, eq=False, slots=True)
class Reduction:
    """A reduction with the words for it: `nl` and `en` say what is seen or not seen."""

    make: Reduce
    nl: str
    en: str

    def __call__(self, data: Data, case: Case) -> Data:
        return self.make(data, case)


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the matrix. `level` F, R or C as printed there; a missing cell means never.

    `who` finds the partners, `when` says why they get nothing now ("" = they do), `reduce` makes what they see. `nl`
    and `en` are the remark in the cell: the condition in a few words.
    """

    level: str
    who: Who = nobody
    when: When = always
    reduce: Reduce = whole
    nl: str = ""
    en: str = ""


COUNTED = Cell("C")
"""Only inside aggregates: never a delivery."""


def no_aggregate(data: Data) -> str:
    return ""


def learner(data: Data) -> str:
    return f"learner/{data['learnerId']}"


COMMON = ("learnerId", "occurredOn", "orgId", "basis", "corrects")
"""Fields of every event about a person that tell nothing of what happened."""

_IDS = (
    "requestId", "enrolmentId", "participationId", "handoverId", "supportId", "caseId", "certificateId", "onboardId",
    "signalId", "groupId", "offerId",
)  # fmt: skip


def nothing(case: Case) -> tuple[str, ...]:
    """It takes nothing back."""
    return ()


def keep(*names: str) -> Reduction:
    """Allow-list: only these fields of data pass."""
    kept = frozenset(names)
    listed = ", ".join(names)
    return Reduction(
        lambda data, case: {k: v for k, v in data.items() if k in kept}, f"alleen {listed}", f"only {listed}"
    )


def only(*names: str) -> Reduction:
    """Allow-list beside the common fields of an event about a person."""
    made = keep(*COMMON, *names)
    listed = ", ".join(names)
    return Reduction(made.make, f"alleen {listed}", f"only {listed}")


def drop(*names: str) -> Reduction:
    gone = frozenset(names)
    listed = ", ".join(names)
    return Reduction(
        lambda data, case: {k: v for k, v in data.items() if k not in gone},
        f"zonder {listed}",
        f"without {listed}",
    )


def worded(nl: str, en: str) -> Callable[[Reduce], Reduction]:
    """Gives a reduction of its own making the words for it."""
    return lambda make: Reduction(make, nl, en)


BARE = keep("learnerId", "occurredOn", "basis", "corrects", *_IDS)
"""That something changed, and nothing of what is new: for a partner that had the original and has no part in it now."""


def free(data: Data, roles: frozenset[Role]) -> str:
    """No rule about who may publish, beside the roles."""
    return ""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One row of the catalogue.

    `key` gives the aggregate (table key), `slot` the place of the fact in its state; with `by_each` every organisation
    has a word of its own there (`facts.ANCHORS` says whose counts; with `answers` who had the matter may still tell
    the sender what it did), with `history` every fact is kept, not the newest alone. `privacy` gives the class of one
    event. `older` tells whether newer facts make this one stale, `barred` why it cannot count any more (it is then
    quarantined). `wakes_on` lists types that can make an earlier event of this kind reach more partners; `minds` says
    when some of them can, on a line where nothing was put right, replaced or closed. With `follow` everyone who got an
    earlier event of the same aggregate gets this one too, also those it drops; whoever no cell finds any more sees what
    `notice` leaves.
    `withdraws` gives the matters (`aggregate`) that it takes back from whoever is told of it, "" for all of the line.
    `rights` tells why a publisher with these roles may not say this, "" if it may; `orgs` are fields that must name
    an organisation of the publisher. `since` is the release that first had the kind.
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
    minds: Mapping[str, Minds] = field(default_factory=dict)
    follow: bool = False
    history: bool = False
    by_each: bool = False
    answers: bool = False
    notice: Reduce = BARE
    withdraws: Callable[[Case], tuple[str, ...]] = nothing
    rights: Callable[[Data, frozenset[Role]], str] = free
    since: str = "0.1.0"
    type: str = field(init=False)
    told: tuple[tuple[str, Cell, When | None], ...] = field(init=False)
    """Columns that may find a partner of their own, with the condition of those that have one."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "type", f"{PREFIX}{self.name}.v{self.version}")
        object.__setattr__(self, "told", _told(self.cells))

    def place(self, event: Event) -> str:
        """The slot of one event."""
        slot = self.slot(event.data)
        if self.by_each:
            return f"{slot}@{event.data['orgId']}"
        return f"{slot}/{identity(event.source, event.id)[:12]}" if self.history else slot


def _told(cells: Mapping[Column, Cell]) -> tuple[tuple[str, Cell, When | None], ...]:
    own = ((column.value, cell) for column, cell in cells.items() if cell is not COUNTED)
    return tuple(
        (column, cell, None if cell.when is always else cell.when)
        for column, cell in own
        if cell.who is not nobody
    )


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


def by_type(**minds: Minds) -> dict[str, Minds]:
    """By type, named as `enrolment_started`."""
    return {f"{PREFIX}{name.replace('_', '.')}.v1": holds for name, holds in minds.items()}
