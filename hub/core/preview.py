"""What a subscription would bring its partner, before it is made: the example of every kind that the matrix may give
that partner, as routing itself would word it (domain.md D5, §2.9).

Nothing is looked up of any learner: which column a partner stands in follows from its roles alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from hub.core import recheck
from hub.core.case import Case
from hub.core.catalogue import KINDS
from hub.core.catalogue.base import Cell, Kind
from hub.core.delivery import from_record
from hub.core.event import Attribute, Event
from hub.core.partners import Partner, Role
from hub.core.policy import Policy
from hub.core.purposes import ALWAYS, GROUNDS, flow_of
from hub.core.routing import Decision, Telling, deliver
from hub.core.state import Fact, State
from hub.core.subscription import Subscription
from hub.core.topics import outbox

SOURCE = "urn:nld:oin:00000099000000000000:systeem:voorbeeld"
"""Whose the examples are."""
TIME = "2026-11-20T09:00:00Z"

FILTERED = "filtered"
"""Why a subscription does not bring what it does not ask for."""

SIDES = ("FROM", "TO")
NO_SIDE = frozenset(
    {
        *(Role.GEMEENTE, Role.LEERPLICHT, Role.DOORSTROOMPUNT, Role.BOARD, Role.JGZ),
        *(Role.PROCESREGISSEUR, Role.OPERATOR, Role.HUB, Role.FG),
    }
)
"""Roles that teach nobody and take nobody in, so that they are no side of a passage."""


class Sample(NamedTuple):
    """The example of a kind as a partner would get it by one column of the matrix, and JSON pointers of what was taken
    out of its data or renamed. `event` is None when the subscription would not bring it, `why` says by which rule."""

    column: str
    level: str
    event: Event | None = None
    removed: tuple[str, ...] = ()
    why: str = ""


class Offer(NamedTuple):
    """A kind that a partner may get, in each shape in which it may get it."""

    kind: Kind
    samples: tuple[Sample, ...]


def offers(partner: Partner, draft: Subscription, policy: Policy) -> Iterator[Offer]:
    """Every kind that `partner` may get, in the order of the catalogue. Columns that show the same are told once.
    `policy` is of a directory and subscriptions in which the partner and the draft stand."""
    for kind in KINDS.values():
        case = _case(kind, policy)
        found: dict[tuple[bytes, str], Sample] = {}
        for column, cell, _ in kind.told:
            if _fits(kind, column, cell, partner, case):
                sample = _sample(kind, column, cell, partner, draft, case)
                shown = sample.event.structured() if sample.event else b""
                found.setdefault((shown, sample.why), sample)
        if found:
            yield Offer(kind, tuple(found.values()))


def _case(kind: Kind, policy: Policy) -> Case:
    data = kind.example
    key = kind.key(data)
    attributes: dict[str, Attribute] = {
        "specversion": "1.0",
        "id": f"voorbeeld-{kind.code.lower()}",
        "source": SOURCE,
        "type": kind.type,
        "subject": key,
        "time": TIME,
        "datacontenttype": "application/json",
        "privacyclass": kind.privacy(data),
    }
    return Case(Fact(attributes, data, TIME[:10]), State(key), policy)


def _fits(kind: Kind, column: str, cell: Cell, partner: Partner, case: Case) -> bool:
    if "learner_id" not in kind.data.model_fields:
        return partner.id in (one.id for one in cell.who(case))
    # Whose turn it is hears of its own signal, whatever its role.
    if column in SIDES and flow_of(kind.type) != "signals":
        return any(_side(role, kind, column) for role in partner.roles if role not in NO_SIDE)
    return not recheck.ROLES[column].isdisjoint(partner.roles)


def _side(role: Role, kind: Kind, column: str) -> bool:
    """Whether the law gives a party with this role a part, at this side, in the flow of a kind."""
    flow = flow_of(kind.type)
    return flow == ALWAYS or any(
        role in one.roles and flow in one.flows and column in one.columns for one in GROUNDS.values()
    )


def _sample(kind: Kind, column: str, cell: Cell, partner: Partner, draft: Subscription, case: Case) -> Sample:
    telling = Telling(partner, column, cell.level, cell.reduce)
    records, told, withheld = deliver(kind, Decision((telling,), ()), case, 0)
    if withheld:
        return Sample(column, cell.level, why=withheld[0].reason)
    removed = told[0].removed
    for record in records:
        if record.topic == outbox(draft.id) and record.value is not None:
            event = from_record(record.key, record.value, record.headers).event()
            return Sample(column, cell.level, event, removed)
    return Sample(column, cell.level, removed=removed, why=told[0].withheld.get(draft.id, FILTERED))
