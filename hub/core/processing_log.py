"""The journal as a log of processing after Logboek Dataverwerkingen: a span per person and action.

All ids follow from what the journal says, so that the same entry exported again is the same span. A span holds what
the standard names and nothing besides; of a person only the mark (`hub.core.persons`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

from hub.core import processing, traces
from hub.core.catalogue import KINDS
from hub.core.identity import identity
from hub.core.journal import (
    Accepted,
    Attempted,
    Entry,
    Handled,
    Pulled,
    Quarantined,
    Read,
    Refused,
    Repeat,
    Routed,
    Shown,
    Signal,
    load,
)
from hub.core.processing import RIGHTS
from hub.core.records import Record
from hub.core.traces import Trace, span

OK, ERROR = 1, 2
"""Status codes of OTLP: the action came to its end, or it failed."""

ID_TYPE = "pseudoniem-hub"
"""Type of the mark of a person: only the hub can link it."""


class Span(NamedTuple):
    """One action on the data of one person. `start` and `end` are milliseconds since 1970; `called_by` the source that
    asked for it from outside, "" when the hub acted by itself."""

    trace: str
    id: str
    parent: str
    name: str
    start: int
    end: int
    status: int
    activity: str
    person: str
    called_by: str = ""

    def attributes(self, source: str) -> dict[str, str]:
        """As the standard names them. `source` is the CloudEvents source of the hub."""
        made = {
            "dpl.core.processing_activity_id": f"{source}:verwerking:{self.activity}",
            "dpl.core.data_subject_id": self.person,
            "dpl.core.data_subject_id_type": ID_TYPE,
        }
        return made | {"dpl.core.foreign_operation.processor": self.called_by} if self.called_by else made


class _Action(NamedTuple):
    """What an entry says was done: `id` of the span, its `parent` within the trace of the event, in `words`."""

    id: str
    parent: str
    words: str
    status: int = OK
    took: int = 0
    called_by: str = ""


def spans(record: Record) -> list[Span]:
    """Those of one record of the journal; none when it is about no person. Raises msgspec.ValidationError on a record
    that is no entry."""
    raw = record.value or b""
    entry = load(raw)
    made = hashlib.blake2b(raw, digest_size=24).hexdigest()
    if entry.person:
        trace, own = _trace(entry, made), made[32:]
        return [_span(entry, trace, entry.person, one) for one in _actions(entry, trace, own)]
    if not isinstance(entry, Shown | Pulled | Read):
        return []
    trace, kinds = _trace(entry, made), () if isinstance(entry, Read) else entry.kinds
    found = []
    for place, person in enumerate(entry.persons):
        if person:
            done = _Action(span(made, str(place)), trace.parent, _words(entry))
            made_of = _span(entry, trace, person, done)
            activity = processing.of_code(kinds[place]) if kinds else processing.LOOKUP
            found.append(made_of._replace(activity=activity.id))
    return found


def _trace(entry: Entry, made: str) -> Trace:
    """Of the event that an entry is about; what is about none has a trace of its own unless it came with one."""
    found = traces.of(entry.trace, entry.source, entry.id)
    return found if entry.id or entry.trace else Trace(made[:32])


def _span(entry: Entry, trace: Trace, person: str, done: _Action) -> Span:
    return Span(
        trace.id,
        done.id,
        done.parent,
        done.words,
        entry.at - done.took,
        entry.at,
        done.status,
        (RIGHTS if isinstance(entry, Handled) else processing.of_type(entry.type)).id,
        person,
        done.called_by,
    )


def _actions(entry: Entry, trace: Trace, own: str) -> Iterator[_Action]:
    """`own` is a span id that follows from the whole entry."""
    named = identity(entry.source, entry.id)
    entered = span(named, "accepted")
    caller = entry.source if trace.parent else ""
    words = _words(entry)
    match entry:
        case Accepted():
            yield _Action(entered, trace.parent, words, called_by=caller)
        case Refused():
            yield _Action(own, trace.parent, words, ERROR, called_by=caller)
        case Routed():
            parent = "" if entry.publisher == "hub" else entered
            yield _Action(own, parent, words)
            for told in entry.told:
                for delivery in told.deliveries.values():
                    # The span under which the receiver gets it (`traces.of_delivery`), however often it is sent.
                    yield _Action(span(delivery), own, f"{_TOLD} {told.partner}: {_kind(entry.type)}")
        case Attempted():
            failed = entry.outcome in ("retry", "dead", "stopped")
            yield _Action(own, span(entry.delivery), words, ERROR if failed else OK, entry.took)
        case Quarantined():
            yield _Action(own, entered, words, ERROR)
        case Repeat() | Signal():
            yield _Action(own, entered if isinstance(entry, Repeat) else "", words)
        case _:
            yield _Action(own, trace.parent, words)


_TOLD = "Bestemd voor"
_TRIED = {
    "delivered": "Afgeleverd bij",
    "retry": "Niet afgeleverd, wordt herhaald, bij",
    "dead": "Geweigerd door",
    "stopped": "Niet meer aangeboden aan",
    "withdrawn": "Ingetrokken voor aflevering bij",
    "withheld": "Niet meer toegestaan aan",
}


_HANDLED = {
    "access": "Inzage gegeven",
    "erasure": "Wissing opgedragen",
    "restricted": "Beperking opgedragen",
    "lifted": "Beperking opgeheven",
}


def _words(entry: Entry) -> str:
    """What was done, for people: codes and names of organisations only."""
    match entry:
        case Accepted():
            what = f"Ontvangen van {entry.publisher}"
        case Refused():
            what = f"Geweigerd van {entry.publisher}"
        case Routed():
            what = "Opnieuw beoordeeld wie het aangaat" if entry.again else "Beoordeeld wie het aangaat"
        case Repeat():
            what = f"Niet doorgegeven ({entry.outcome})"
        case Quarantined():
            what = f"Apart gezet ({entry.reason})"
        case Attempted():
            what = f"{_TRIED.get(entry.outcome, entry.outcome)} {entry.partner}"
        case Shown():
            return f"Getoond aan {entry.partner}"
        case Pulled():
            return f"Opgehaald door {entry.partner}"
        case Read():
            return f"Leerlijn ingezien door {entry.partner} ({entry.purpose})"
        case Handled():
            return f"{_HANDLED.get(entry.act, entry.act)} door {entry.partner}"
        case Signal():
            what = f"Signaal {entry.rule} {'gegeven' if entry.change == 'raised' else 'opgeheven'}"
        case _:
            what = str(entry.__struct_config__.tag)
    return f"{what}: {_kind(entry.type)}" if entry.type else what


def _kind(type: str) -> str:
    kind = KINDS.get(type)
    return kind.nl if kind else "onbekende soort"
