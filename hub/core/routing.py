"""Who gets what of one fact: default deny (domain.md D5). The matrix itself stands in the catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from hub.core import withdrawal
from hub.core.case import Case
from hub.core.catalogue.base import Kind, Reduce
from hub.core.delivery import Delivery, delivery_id, to_record
from hub.core.event import Event
from hub.core.journal import Told, Withheld
from hub.core.pairwise import IDS, masked
from hub.core.partners import PARTIES, Partner
from hub.core.personal import escape
from hub.core.purposes import HAD
from hub.core.records import Out
from hub.core.state import Fact

EVERYBODY = "*"
_NONE = frozenset[str]()
NO_SIDE = "an organisation of that kind is no side of a matter"
_SIDES = ("FROM", "TO")
"""Columns whose partners are found by the organisations that events name. Of what is about a learner they are told only
who can be a side of that; a signal about a group may well be for the municipality."""


class Telling(NamedTuple):
    """One partner that gets the event, by which column of the matrix, and how reduced."""

    partner: Partner
    column: str
    level: str
    reduce: Reduce


class Decision(NamedTuple):
    tellings: tuple[Telling, ...]
    withheld: tuple[Withheld, ...]


def shut(reason: str) -> Decision:
    """Nobody is told, whatever the matrix says."""
    return Decision((), (Withheld(EVERYBODY, reason),))


def held(decision: Decision, kind: Kind, case: Case) -> Decision:
    """What of a decision goes out while the line is restricted: what takes back, to whom it takes something from."""
    if not kind.withdraws(case):
        return shut("held back for now")
    had = {id for ids in case.state.receivers.values() for id in ids}
    return decision._replace(tellings=tuple(one for one in decision.tellings if one.partner.id in had))


def decide(kind: Kind, case: Case, replaced: Fact | None = None) -> Decision:
    """Partners that get this fact now and had not got it yet, and per column why others do not. Columns that only
    count, and those that never get anything, are the catalogue's and not repeated here.

    The publisher itself is never told its own event. Who matches several columns gets the fullest of them. A change,
    correction or withdrawal also reaches everyone who had what it changes: whom no column finds any more gets a
    notice of it, with nothing of what is new. `replaced` is the fact that this one took the place of.
    """
    publisher = case.policy.directory.of_source(str(case.fact.attributes["source"]))
    done = {*case.fact.told, publisher.id if publisher else ""}
    corrects = "corrects" in case.data
    had = _had(kind, case, replaced) if kind.follow or corrects else _NONE
    corrected = _corrected(case) if corrects else _NONE
    found: dict[str, Telling] = {}
    withheld: list[Withheld] = []
    outside: dict[str, str] = {}
    sides = _SIDES if case.data.get("learnerId") else ()
    for column, cell, when in kind.told:
        why = when(case) if when else ""
        if why:
            withheld.append(Withheld(column, why))
            if not had:
                continue
        for partner in cell.who(case):
            id = partner.id
            if column in sides and PARTIES.isdisjoint(partner.roles):
                outside[id] = column
            elif id not in done and (not why or id in had):
                known = found.get(id)
                if known is None or (known.level == "R" and cell.level == "F"):
                    found[id] = Telling(partner, column, cell.level, cell.reduce)
    withheld += [Withheld(outside[id], NO_SIDE) for id in outside if id not in found]
    if had or corrected:
        for id in sorted((had | corrected) - found.keys() - done):
            left = case.policy.directory.get(id)
            if left is not None:
                found[id] = Telling(left, HAD, "R", kind.notice)
    return Decision(tuple(found.values()), tuple(withheld))


def _had(kind: Kind, case: Case, replaced: Fact | None) -> set[str]:
    """Who got what this event stands in place of: for kinds that follow, anything of its aggregate; for a correction,
    the fact that it replaces. They get it in the shape that they had, whatever has changed since."""
    had = set(case.state.receivers.get(kind.aggregate(case.data), ())) if kind.follow else set()
    if replaced is not None and "corrects" in case.data:
        had.update(replaced.told)
    return had


def _corrected(case: Case) -> set[str]:
    """Who got the very event that this one corrects, also one about something else."""
    corrects = case.data["corrects"]
    named = (corrects["source"], corrects["id"])
    facts = case.state.facts.values()
    return {id for f in facts if (f.attributes["source"], f.attributes["id"]) == named for id in f.told}


def deliver(
    kind: Kind, decision: Decision, case: Case, at: int
) -> tuple[list[Out], tuple[Told, ...], tuple[Withheld, ...]]:
    """One outbox record per subscription of each partner that wants it, and what the journal says: who was told, and
    which columns gave nothing after all, as no subscription of the partner has a purpose and basis for it. `at` is the
    Kafka timestamp of the event that led to it, which may be a later one."""
    shown: dict[Reduce, tuple[bytes, tuple[str, ...]]] = {}
    matter, back = kind.aggregate(case.data), kind.withdraws(case)
    attributes = case.fact.attributes
    source, id = str(attributes["source"]), str(attributes["id"])
    plain = _named(case.state.key, str(attributes.get("subject") or case.state.key), matter, back)
    out: list[Out] = []
    told: list[Told] = []
    withheld: list[Withheld] = []
    for telling in decision.tellings:
        reduce = telling.reduce
        if reduce not in shown:
            shown[reduce] = _reduced(case, reduce)
        body, removed = shown[reduce]
        named = plain
        if (alias := case.policy.alias(telling.partner.id)) and case.state.key.startswith("learner/"):
            learners = _learners(case)
            body, removed = masked(body, learners, alias), (*removed, *_renamed(case, removed))
            key, subject = (
                masked(text.encode(), learners, alias) for text in (case.state.key, plain.subject)
            )
            named = _named(key.decode(), subject.decode(), matter, back)
        deliveries: dict[str, str] = {}
        kept: dict[str, str] = {}
        for subscription in case.policy.subscriptions(telling.partner.id):
            # Any outbox of who had something may hold it, whatever its subscription filters or is for.
            if not back and not subscription.wants(attributes):
                continue
            if not back and (why := subscription.uncovered(kind.type, telling.column)):
                kept[subscription.id] = why
                continue
            made = delivery_id(source, id, subscription.id)
            deliveries[subscription.id] = made
            made_of = Delivery(made, named.subject, at, body, named.about, named.withdraws, telling.column)
            out.append(to_record(subscription.id, made_of))
        if kept and not deliveries:
            withheld.append(Withheld(telling.column, min(kept.values())))
        else:
            told.append(Told(telling.partner.id, telling.column, deliveries, removed, kept))
    return out, tuple(told), tuple(withheld)


class _Named(NamedTuple):
    """How a delivery is named in an outbox: what must not tell a partner of a learner what its body does not."""

    subject: str
    about: tuple[str, ...]
    withdraws: tuple[str, ...]


def _named(key: str, subject: str, matter: str, back: tuple[str, ...]) -> _Named:
    withdraws = tuple(withdrawal.mark(key, one) for one in back)
    return _Named(subject, withdrawal.about(key, matter, withdraws), withdraws)


def _learners(case: Case) -> list[str]:
    """Whom an event names: of which learner it is, and with which other one it says that it is the same."""
    named = [case.state.key.removeprefix("learner/")]
    return [*named, *(case.data[name] for name in IDS if case.data.get(name) not in (None, *named))]


def _renamed(case: Case, removed: tuple[str, ...]) -> Iterator[str]:
    return (f"/{name}" for name in IDS if name in case.data and f"/{name}" not in removed)


def _reduced(case: Case, reduce: Reduce) -> tuple[bytes, tuple[str, ...]]:
    """The bytes of a fact under a reduction, and what that took away."""
    data = reduce(case.data, case)
    body = Event(case.fact.attributes, data).structured()
    return body, () if data is case.data else tuple(changed(case.data, data))


def changed(before: object, after: object, at: str = "") -> Iterator[str]:
    """JSON pointers of what a reduction took away or altered, each as deep as the two are alike; items of an array of
    another length cannot be told apart, so then the array is named."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name, value in before.items():
            pointer = f"{at}/{escape(name)}"
            if name in after:
                yield from changed(value, after[name], pointer)
            else:
                yield pointer
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for place, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from changed(one, other, f"{at}/{place}")
    elif before != after:
        yield at
