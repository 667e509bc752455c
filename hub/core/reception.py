"""What happens at a door, HTTP or Kafka alike, to one thing that a publisher sent in."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID

import orjson

from hub.core import journal, persons, traces
from hub.core.admission import Admitted
from hub.core.catalogue import KINDS
from hub.core.cloudevents import Draft
from hub.core.event import Event, Fault, Rejected
from hub.core.partners import Partner
from hub.core.records import Count, Out
from hub.core.topics import QUARANTINE

Admit = Callable[[Event, Partner], Admitted | Rejected]

ALARMING = frozenset(
    {
        "foreign-source",
        "foreign-organisation",
        "foreign-correction",
        "not-your-type",
        "personal-data",
        "names-learner",
        "unknown-field",
        "unknown-attribute",
        "free-text",
        "unknown-publisher",
    }
)
"""Fault codes that count as security events (domain.md S15)."""

_INVENTED = frozenset(
    {
        "unknown-field",
        "unknown-attribute",
        "attribute-name",
        "attribute-type",
        "duplicate-key",
        "depth",
        "text",
    }
)
"""Fault codes whose pointer may end in a name that is not ours."""


class Received(NamedTuple):
    """`event` must be durable before the publisher hears that all is well; it is None when refused.

    `status` is the HTTP status, `faults` the reasons of a refusal or the warnings of an admission. `entry` belongs
    in the journal. Only sound attributes are in `source` and `id`.
    """

    source: str
    id: str
    status: int
    faults: tuple[Fault, ...]
    event: Out | None
    entry: Out
    counts: tuple[Count, ...]


class Context(NamedTuple):
    """Of what came in together: `via` is `http` or `kafka`, `at` milliseconds since 1970, `secret` the key of the marks
    of persons, `trace` the traceparent of the request, "" when it had none."""

    via: str
    at: int
    secret: bytes = b""
    trace: str = ""


def receive(draft: Draft, publisher: Partner, context: Context, admit: Admit) -> Received:
    """Admits or refuses."""
    draft = draft._replace(event=traces.traced(draft.event, context.trace))
    outcome = _judge(draft, publisher, admit)
    if isinstance(outcome, Admitted):
        return _accepted(outcome, publisher, context)
    return refuse(draft, outcome, publisher.id, context)


def refuse(draft: Draft, rejected: Rejected, publisher: str, context: Context) -> Received:
    """Whom it is about is noted too, as a mark: to look at what somebody sends is to process it."""
    given = draft.event.attributes
    source, id, type = (_unless_faulty(given.get(name), name, rejected) for name in ("source", "id", "type"))
    kind = KINDS.get(type)
    reasons = tuple(sorted({fault.code for fault in rejected.faults}))
    entry = journal.Refused(
        at=context.at,
        source=source,
        id=id,
        type=kind.type if kind else "",
        person=_person(draft.event.data, context.secret),
        trace=traces.given(str(given.get(traces.ATTRIBUTE, context.trace))),
        publisher=publisher,
        reasons=reasons,
        via=context.via,
    )
    counts = (
        Count("hub_events_total", (kind.code if kind else "unknown", publisher, "refused")),
        *(Count("hub_refusals_total", (reason, publisher)) for reason in reasons),
        *(Count("hub_security_total", (reason,)) for reason in reasons if reason in ALARMING),
    )
    return Received(source, id, rejected.status, rejected.faults, None, journal.record(entry), counts)


def _person(data: object, secret: bytes) -> str:
    """The mark of the learner in data as they came in: any shape."""
    given = data.get("learnerId") if isinstance(data, dict) else None
    try:
        return persons.of_learner(str(UUID(given)), secret) if isinstance(given, str) else ""
    except ValueError:
        return ""


def quarantine(refused: Received, where: str) -> Out:
    """What remains of a record that a Kafka publisher sent in vain: who, why and `where`, never what."""
    reasons = [{"pointer": _known_part(f), "code": f.code, "detail": f.detail} for f in refused.faults]
    told = {"source": refused.source, "id": refused.id, "where": where, "reasons": reasons}
    return Out(QUARANTINE, None, orjson.dumps(told))


def _known_part(fault: Fault) -> str:
    """The pointer without a name that the sender made up: a name can tell of a person as well as a value."""
    return fault.pointer.rpartition("/")[0] if fault.code in _INVENTED else fault.pointer


def _accepted(admitted: Admitted, publisher: Partner, context: Context) -> Received:
    event = admitted.event
    entry = journal.Accepted(
        at=context.at,
        source=event.source,
        id=event.id,
        type=event.type,
        person=persons.of_key(admitted.key.decode(), context.secret),
        trace=str(event.attributes.get(traces.ATTRIBUTE, "")),
        publisher=publisher.id,
        topic=admitted.topic,
        via=context.via,
        warnings=tuple(fault.code for fault in admitted.warnings),
        correlation=str(event.attributes.get("correlationid", "")),
    )
    out = Out(admitted.topic, admitted.key, event.structured(), CONTENT_TYPE)
    counts = (Count("hub_events_total", (KINDS[event.type].code, publisher.id, "accepted")),)
    return Received(event.source, event.id, 202, admitted.warnings, out, journal.record(entry), counts)


CONTENT_TYPE = (("content-type", b"application/cloudevents+json; charset=UTF-8"),)
"""Header of every structured event on Kafka (CloudEvents Kafka binding §3.3)."""


def _judge(draft: Draft, publisher: Partner, admit: Admit) -> Admitted | Rejected:
    if not draft.faults:
        return admit(draft.event, publisher)
    more = _more_faults(draft, publisher, admit)
    return Rejected((*draft.faults, *more), draft.status)


def _more_faults(draft: Draft, publisher: Partner, admit: Admit) -> tuple[Fault, ...]:
    """What admission would say besides, so that the sender hears everything at once."""
    if "type" not in draft.event.attributes:
        return ()
    blank = {"specversion": "1.0", "id": "-", "source": "-"}
    outcome = admit(Event({**blank, **draft.event.attributes}, draft.event.data), publisher)
    if isinstance(outcome, Admitted):
        return ()
    known = {_top(fault.pointer) for fault in draft.faults}
    if known & {"", "data_base64"}:
        known.add("data")
    return tuple(f for f in outcome.faults if _top(f.pointer) not in known or _deeper(f, draft.faults))


def _top(pointer: str) -> str:
    return pointer[1:].partition("/")[0]


def _deeper(fault: Fault, others: tuple[Fault, ...]) -> bool:
    """A fault inside data stands beside another one there, unless one of them is about the same spot."""
    return fault.pointer.startswith("/data/") and not any(
        f"{fault.pointer}/".startswith(f"{other.pointer}/") for other in others
    )


def _unless_faulty(value: object, name: str, rejected: Rejected) -> str:
    """An attribute as far as it may be kept: not when it was itself refused."""
    faulty = any(fault.pointer == f"/{name}" for fault in rejected.faults)
    return "" if value is None or faulty else str(value)
