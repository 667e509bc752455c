"""The door: may this publisher say this, and is it said right? Every fault at once; nothing half admitted."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

import orjson
from pydantic import ValidationError

from hub.core import personal, profile, traces
from hub.core.catalogue import KINDS
from hub.core.catalogue.base import Data, Kind
from hub.core.event import Event, Fault, Rejected, with_attributes
from hub.core.pairwise import References, inward
from hub.core.partners import Partner, covers
from hub.core.purposes import flow_of
from hub.core.rules import Rules
from hub.core.topics import events_topic

_STRICTNESS: dict[str, int] = {"G0": 0, "A": 0, "G1": 1, "P1": 2, "P2": 3}


class Admitted(NamedTuple):
    """Ready for Kafka: `event` in canonical form with its privacy class, `topic`, `key` (its aggregate), and the
    profile faults that were let through as `warnings`."""

    event: Event
    topic: str
    key: bytes
    warnings: tuple[Fault, ...]


def door(
    rules: Rules, references: References | None = None
) -> Callable[[Event, Partner], Admitted | Rejected]:
    """`admit` under these rules, of events in which partners outside education may name learners by their own
    references."""
    off = rules.off()

    def admitted(event: Event, publisher: Partner) -> Admitted | Rejected:
        if references is not None:
            event = inward(event, publisher, rules, references)
        return admit(event, publisher, off)

    return admitted


def admit(event: Event, publisher: Partner, off: Collection[str] = ()) -> Admitted | Rejected:
    """Checks rights, data, privacy and profile of one event that is already a sound CloudEvent. `off` are the flows
    that are switched off."""
    kind = KINDS.get(event.type)
    wordy = list(_wordy(event))
    if kind is None:
        return Rejected((Fault("/type", "unknown-type", "not in the catalogue; see /schemas"), *wordy))
    denied = (*_switched(kind, off), *_rights(event, kind, publisher))
    data, wrong = _read(event, kind)
    wrong += [*wordy, *_too_open(event, kind, data), *_naming(event, data)]
    profiled = tuple(profile.check(event))
    if publisher.profile == "refuse":
        wrong += profiled
    if denied or wrong or data is None:
        return Rejected((*denied, *wrong), 403 if denied else 400)
    return _classified(with_data(event, data), kind, data, () if publisher.profile == "refuse" else profiled)


_CODE = re.compile(r"[A-Za-z0-9._~:/@+-]{1,128}")
_PLAIN = re.compile(r"[ -~]{1,500}")

ATTRIBUTES: dict[str, re.Pattern[str]] = {
    **dict.fromkeys(
        ("specversion", "type", "source", "time", "datacontenttype", "dataschema", "dataref"), _PLAIN
    ),
    **dict.fromkeys(("id", "subject", "correlationid", "causationid", "partitionkey"), _CODE),
    **dict.fromkeys(("sequence", "sequencetype", "privacyclass"), _CODE),
    **dict.fromkeys(("dataclassification", "dataregulation", "datacategory"), _CODE),
    "schoolyear": re.compile(r"20[0-9]{2}-20[0-9]{2}"),
    traces.ATTRIBUTE: traces.FORM,
    "tracestate": traces.STATE,
}
"""Context attributes that may come in, and what may stand in them. They reach every receiver as they are and stand in
keys, journals and logs, so there is no room for a sentence, nor for attributes that nobody looked at."""


def _wordy(event: Event) -> Iterator[Fault]:
    for name, value in event.attributes.items():
        allowed = ATTRIBUTES.get(name)
        if allowed is None:
            yield Fault(f"/{name}", "unknown-attribute", f"not known here; known are {', '.join(ATTRIBUTES)}")
        elif not allowed.fullmatch(str(value)):
            yield Fault(f"/{name}", "free-text", "must be a code in the form of that attribute, not a text")


def _naming(event: Event, data: Data | None) -> Iterator[Fault]:
    """Attributes stand in URLs, logs and journals, where no learner may be recognised. The subject alone may be a
    learner: it goes nowhere but to who is told of the event."""
    named = [data[name] for name in ("learnerId", "otherLearnerId") if name in data] if data else []
    if not named:
        return
    learners = [str(learner).replace("-", "") for learner in named]
    for name, value in event.attributes.items():
        bare = str(value).replace("-", "").lower()
        if name != "subject" and any(learner in bare for learner in learners):
            yield Fault(
                f"/{name}", "names-learner", "holds the learner id; use an id that says nothing of anybody"
            )


def with_data(event: Event, data: Data) -> Event:
    return Event(event.attributes, data)


def _switched(kind: Kind, off: Collection[str]) -> Iterator[Fault]:
    if (flow := flow_of(kind.type)) in off:
        yield Fault("/type", "flow-off", f"the hub takes nothing of this now: {flow} is switched off")


def _rights(event: Event, kind: Kind, publisher: Partner) -> Iterator[Fault]:
    """Bound to its sources, to the kinds its roles and its own list allow, and to its organisations."""
    if event.source not in publisher.sources:
        yield Fault("/source", "foreign-source", "this token may not publish for that source")
    if not kind.publishers & set(publisher.roles):
        yield Fault("/type", "not-your-type", f"{kind.code} may only be published by: {_names(kind)}")
    elif publisher.types and not any(covers(t, event.type) for t in publisher.types):
        yield Fault("/type", "not-your-type", "this token was not given this type")
    data = event.data if isinstance(event.data, dict) else {}
    yield from _rights_over(data, kind, publisher)


def _rights_over(data: Data, kind: Kind, publisher: Partner) -> Iterator[Fault]:
    """Rights that depend on what is said. `data` is as it came in: any shape."""
    if kind.publishers & set(publisher.roles) and (why := kind.rights(data, frozenset(publisher.roles))):
        yield Fault("/data", "not-your-type", why)
    if _corrected(data) not in (None, *publisher.sources):
        yield Fault(
            "/data/corrects/source",
            "foreign-correction",
            "only an event from a source of your own can be corrected",
        )
    for name in kind.orgs:
        ref = data.get(name)
        if isinstance(ref, str) and not publisher.owns(ref):
            yield Fault(f"/data/{name}", "foreign-organisation", "must be an organisation of the publisher")


def _corrected(data: Data) -> str | None:
    """Source of the event that this one corrects, if it names one."""
    corrects = data.get("corrects")
    source = corrects.get("source") if isinstance(corrects, dict) else None
    return source if isinstance(source, str) else None


def _names(kind: Kind) -> str:
    return ", ".join(sorted(kind.publishers))


def _read(event: Event, kind: Kind) -> tuple[Data | None, list[Fault]]:
    """Data in canonical form (lower-case UUIDs, ISO dates), or every fault in it."""
    try:
        raw = orjson.dumps(event.data)
    except TypeError:
        # Half a surrogate pair, a huge number or a thousand brackets: the codec said so already.
        return None, [Fault("/data", "json", "holds what JSON cannot carry on")]
    data, wrong = _modelled(raw, kind)
    return data, [*wrong, *personal.faults(event.data, mailboxes=kind.mailboxes)]


def _modelled(raw: bytes, kind: Kind) -> tuple[Data | None, list[Fault]]:
    try:
        model = kind.data.model_validate_json(raw)
    except ValidationError as error:
        return None, [
            _fault(e["loc"], e["type"], e["msg"])
            for e in error.errors(include_input=False, include_url=False)
        ]
    return model.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True), []


_WORDS = {
    "extra_forbidden": ("unknown-field", "not a field of this event; personal and free fields are refused"),
    "missing": ("missing", "is required"),
    "uuid_parsing": ("uuid", "must be a UUID"),
    "date_parsing": ("date", "must be a date that exists, as YYYY-MM-DD"),
    "date_from_datetime_parsing": ("date", "must be a date that exists, as YYYY-MM-DD"),
}


def _fault(loc: tuple[int | str, ...], type: str, message: str) -> Fault:
    """Pydantic messages name the limit, not what was sent, once its input is left out."""
    code, detail = _WORDS.get(type, (type.replace("_", "-"), message))
    return Fault("/data" + "".join(f"/{personal.escape(str(part))}" for part in loc), code, detail)


def _too_open(event: Event, kind: Kind, data: Data | None) -> Iterator[Fault]:
    """A publisher may call its event more sensitive than the catalogue does, never less."""
    given = event.attributes.get("privacyclass")
    if data is None or given is None:
        return
    real = kind.privacy(data)
    if _STRICTNESS.get(str(given), -1) < _STRICTNESS[real]:
        yield Fault("/privacyclass", "privacyclass", f"this event is {real}: say so or leave it out")


def _classified(event: Event, kind: Kind, data: Data, warnings: tuple[Fault, ...]) -> Admitted:
    stricter = str(event.attributes.get("privacyclass") or kind.privacy(data))
    stamped = with_attributes(event, {"privacyclass": stricter, "datacontenttype": "application/json"})
    return Admitted(stamped, events_topic(stricter), kind.key(data).encode(), warnings)
