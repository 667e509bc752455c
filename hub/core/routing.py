"""Who gets what of one fact: default deny (domain.md D5). The matrix itself stands in the catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from hub.core.catalogue.base import Case, Data, Kind, Reduce
from hub.core.delivery import Delivery, delivery_id, to_record
from hub.core.event import Event
from hub.core.journal import Told, Withheld
from hub.core.partners import Partner
from hub.core.personal import escape
from hub.core.records import Out


class Telling(NamedTuple):
    """One partner that gets the event, by which column of the matrix, and how reduced."""

    partner: Partner
    column: str
    level: str
    reduce: Reduce


class Decision(NamedTuple):
    tellings: tuple[Telling, ...]
    withheld: tuple[Withheld, ...]


def decide(kind: Kind, case: Case) -> Decision:
    """Partners that get this fact now and had not got it yet, and per column why others do not. Columns that only
    count, and those that never get anything, are the catalogue's and not repeated here.

    The publisher itself is never told its own event. Who matches several columns gets the fullest of them.
    """
    publisher = case.policy.directory.of_source(str(case.fact.attributes["source"]))
    done = {*case.fact.told, publisher.id if publisher else ""}
    had = set(case.state.receivers.get(kind.aggregate(case.data), ())) if kind.follow else set()
    found: dict[str, Telling] = {}
    withheld: list[Withheld] = []
    for column, cell in kind.told.items():
        why = cell.when(case)
        if why:
            withheld.append(Withheld(column, why))
            if not had:
                continue
        for partner in cell.who(case):
            if partner.id not in done and (not why or partner.id in had):
                _fullest(found, Telling(partner, column, cell.level, cell.reduce))
    return Decision(tuple(found.values()), tuple(withheld))


def _fullest(found: dict[str, Telling], telling: Telling) -> None:
    known = found.get(telling.partner.id)
    if known is None or (known.level == "R" and telling.level == "F"):
        found[telling.partner.id] = telling


def deliver(decision: Decision, case: Case, at: int) -> tuple[list[Out], tuple[Told, ...]]:
    """One outbox record per subscription of each partner that wants it, and what the journal says of them. `at` is
    the Kafka timestamp of the event that led to it, which may be a later one."""
    shown = _Reductions(case)
    attributes = case.fact.attributes
    source, id = str(attributes["source"]), str(attributes["id"])
    subject = str(attributes.get("subject") or case.state.key)
    out: list[Out] = []
    told: list[Told] = []
    for telling in decision.tellings:
        body, removed = shown.of(telling.reduce)
        deliveries: dict[str, str] = {}
        for subscription in case.policy.subscriptions(telling.partner.id):
            if subscription.wants(attributes):
                made = delivery_id(source, id, subscription.id)
                deliveries[subscription.id] = made
                out.append(to_record(subscription.id, Delivery(made, subject, at, body)))
        told.append(Told(telling.partner.id, telling.column, deliveries, removed))
    return out, tuple(told)


class _Reductions:
    """The bytes of one fact under each reduction, made once."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._made: dict[Reduce, tuple[bytes, tuple[str, ...]]] = {}

    def of(self, reduce: Reduce) -> tuple[bytes, tuple[str, ...]]:
        if reduce not in self._made:
            data = reduce(self._case.data, self._case)
            body = Event(self._case.fact.attributes, data).structured()
            self._made[reduce] = (body, tuple(changed(self._case.data, data)))
        return self._made[reduce]


def changed(before: Data, after: Data) -> Iterator[str]:
    """JSON pointers of what a reduction took away or altered."""
    if before is after:
        return
    for name, value in before.items():
        if name not in after or after[name] != value:
            yield f"/{escape(name)}"
