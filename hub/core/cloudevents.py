"""CloudEvents 1.0.2 codec for HTTP and Kafka (standards.md §2.1, §2.4): bytes to `Event | Rejected` and back.

Never raises on anything it is given, makes up nothing (no id, no time), and finds all faults at once. Only
JSON data is carried; `null` attributes count as absent, as the NL GOV guidelines demand.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, unquote_to_bytes

import orjson

from hub.core import attributes, strict_json
from hub.core.event import Attribute, Event, Fault, Rejected
from hub.core.personal import escape
from hub.core.records import Headers

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
MAX_EVENT = 64 * 1024
MAX_BATCH = 1024 * 1024
MAX_EVENTS = 100

_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SAFE = "".join(chr(c) for c in range(0x21, 0x7F) if chr(c) not in '"%')


class Draft(NamedTuple):
    """An event as far as it could be read.

    `event` holds only attributes that passed their own checks; it is sound only when there are no faults.
    """

    event: Event
    faults: tuple[Fault, ...] = ()
    status: int = 400

    def settle(self) -> Event | Rejected:
        return Rejected(self.faults, self.status) if self.faults else self.event


def read_http(
    content_type: str | None, headers: Mapping[str, str], body: bytes
) -> Event | Rejected | list[Event | Rejected]:
    """What one HTTP request carries; a list for a batch, which may be empty.

    A batch that cannot be read at all is one Rejected. Mode is decided by the content type alone.
    """
    drafts = draft_http(content_type, headers, body)
    return [draft.settle() for draft in drafts] if isinstance(drafts, list) else drafts.settle()


def read_kafka(headers: Headers, value: bytes | None) -> Event | Rejected:
    """What one Kafka record carries, structured or binary by its `content-type` header."""
    return draft_kafka(headers, value).settle()


def draft_http(content_type: str | None, headers: Mapping[str, str], body: bytes) -> Draft | list[Draft]:
    """As `read_http`, but keeps what was readable of a faulty event."""
    kind = (content_type or "").strip().lower()
    if kind.startswith("application/cloudevents-batch"):
        return _batch(content_type or "", body)
    if kind.startswith("application/cloudevents"):
        return _structured(content_type or "", body)
    given, faults = _from_http_headers(headers.items())
    size = len(body) + sum(len(name) + len(value) for name, value in headers.items() if _is_ce(name))
    return _binary(content_type, given, faults, body, size)


def draft_kafka(headers: Headers, value: bytes | None) -> Draft:
    """As `read_kafka`, but keeps what was readable of a faulty event."""
    texts, faults = _from_kafka_headers(headers)
    content_type = texts.pop("content-type", None)
    kind = (content_type or "").strip().lower()
    if value is None:
        return _refused(Fault("", "tombstone", "a record without a value carries no event"))
    if kind.startswith("application/cloudevents-batch"):
        return _refused(Fault("", "content-type", "Kafka carries one event per record, no batches"), 415)
    if kind.startswith("application/cloudevents"):
        return _structured(content_type or "", value)
    given = {name[3:]: text for name, text in texts.items()}
    size = len(value) + sum(len(name) + len(raw) for name, raw in headers if name.startswith("ce_"))
    return _binary(content_type, given, faults, value, size)


def to_http_binary(event: Event) -> tuple[dict[str, str], bytes]:
    """Headers and body of binary mode. Types are lost there: numbers and booleans come back as text."""
    given = dict(event.attributes)
    content_type = str(given.pop("datacontenttype", "application/json"))
    headers = {f"ce-{name}": quote(_plain(value), safe=_SAFE) for name, value in given.items()}
    if event.data is None:
        return headers, b""
    return {"content-type": content_type, **headers}, orjson.dumps(event.data)


def _plain(value: Attribute) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _refused(fault: Fault, status: int = 400) -> Draft:
    return Draft(Event({}), (fault,), status)


def _too_large(what: str, limit: int) -> Draft:
    return _refused(Fault("", "too-large", f"{what} may be at most {limit // 1024} KiB"), 413)


def _understood(content_type: str, wanted: str) -> bool:
    media, _, parameters = content_type.partition(";")
    return media.strip().lower() == wanted and attributes.is_utf8(parameters)


def _not_understood(wanted: str) -> Draft:
    return _refused(Fault("", "content-type", f"send Content-Type: {wanted}, in UTF-8"), 415)


def _batch(content_type: str, body: bytes) -> Draft | list[Draft]:
    if not _understood(content_type, BATCH):
        return _not_understood(BATCH)
    if len(body) > MAX_BATCH:
        return _too_large("a batch", MAX_BATCH)
    value, faults = strict_json.read(body)
    if not isinstance(value, list):
        return _refused((faults or [Fault("", "json", "a batch is a JSON array of events")])[0])
    if len(value) > MAX_EVENTS:
        return _refused(Fault("", "too-many", f"a batch holds at most {MAX_EVENTS} events"), 413)
    return [_member(one, i, faults) for i, one in enumerate(value)]


def _member(one: Any, index: int, faults: Iterable[Fault]) -> Draft:
    """One event of a batch, with the faults that the JSON reader found in it; pointers are into the event."""
    at = f"/{index}"
    own = [f._replace(pointer=f.pointer[len(at) :]) for f in faults if f"{f.pointer}/".startswith(f"{at}/")]
    if not own and len(orjson.dumps(one)) > MAX_EVENT:
        return _too_large("an event", MAX_EVENT)
    return _from_object(one, own)


def _structured(content_type: str, body: bytes) -> Draft:
    if not _understood(content_type, STRUCTURED):
        return _not_understood(STRUCTURED)
    if len(body) > MAX_EVENT:
        return _too_large("an event", MAX_EVENT)
    value, faults = strict_json.read(body)
    return Draft(Event({}), tuple(faults)) if value is None and faults else _from_object(value, faults)


def _from_object(value: Any, faults: list[Fault]) -> Draft:
    if not isinstance(value, dict):
        return _refused(Fault("", "json", "an event is a JSON object"))
    given = {name: member for name, member in value.items() if member is not None}
    data, encoded = given.pop("data", None), given.pop("data_base64", None)
    if encoded is not None:
        if data is not None:
            faults.append(Fault("/data_base64", "data-twice", "send data or data_base64, not both"))
        else:
            data, found = _from_base64(encoded)
            faults += found
    return _draft(given, data, faults)


def _from_base64(encoded: Any) -> tuple[Any, list[Fault]]:
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (TypeError, ValueError, binascii.Error):
        return None, [Fault("/data_base64", "base64", "must be a base64 text")]
    data, faults = strict_json.read(raw, "/data_base64")
    return data, faults


def _binary(
    content_type: str | None, given: dict[str, str], faults: list[Fault], body: bytes, size: int
) -> Draft:
    if not given and not faults:
        return _not_understood(STRUCTURED)
    if size > MAX_EVENT:
        return _too_large("an event", MAX_EVENT)
    if given.pop("datacontenttype", None) is not None:
        faults.append(
            Fault("/datacontenttype", "datacontenttype", "give it as Content-Type, not as an attribute")
        )
    if content_type is None and not body:
        return _draft(given, None, faults)
    if content_type is None or not attributes.is_json(content_type):
        fault = Fault(
            "/datacontenttype", "content-type", "data must be JSON in UTF-8, and Content-Type must say so"
        )
        return _draft(given, None, [*faults, fault])._replace(status=415)
    data, found = strict_json.read(body, "/data") if body else (None, [])
    return _draft({**given, "datacontenttype": content_type}, data, faults + found)


def _is_ce(name: str) -> bool:
    return name[:3].lower() == "ce-"


def _from_http_headers(headers: Iterable[tuple[str, str]]) -> tuple[dict[str, str], list[Fault]]:
    given: dict[str, str] = {}
    faults = []
    for name, value in headers:
        if not _is_ce(name):
            continue
        attribute, text = name[3:].lower(), _decoded(value)
        pointer = f"/{escape(attribute)}"
        if attribute in given:
            faults.append(Fault(pointer, "duplicate-key", "stands more than once; send it once"))
        elif text is None:
            faults.append(
                Fault(pointer, "header-encoding", "percent-encode the UTF-8 of what is not printable ASCII")
            )
        given[attribute] = text or ""
    return given, faults


def _decoded(value: str) -> str | None:
    """A header value after CloudEvents' decoding: quoted string first, then one round of percent-decoding."""
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = re.sub(r"\\(.)", r"\1", value[1:-1])
    if not value.isascii() or _LONE_PERCENT.search(value):
        return None
    try:
        return unquote_to_bytes(value).decode()
    except UnicodeDecodeError:
        return None


def _from_kafka_headers(headers: Headers) -> tuple[dict[str, str], list[Fault]]:
    """Texts of `content-type` and of every `ce_` header."""
    given: dict[str, str] = {}
    faults = []
    for name, raw in headers:
        if name.lower() == "content-type":
            given["content-type"] = raw.decode("latin-1")
        elif name.startswith("ce_"):
            pointer = f"/{escape(name[3:])}"
            if name in given:
                faults.append(Fault(pointer, "duplicate-key", "stands more than once; send it once"))
            given[name], sound = _utf8(raw)
            if not sound:
                faults.append(Fault(pointer, "text", "must be UTF-8"))
    return given, faults


def _utf8(raw: bytes) -> tuple[str, bool]:
    try:
        return raw.decode(), True
    except UnicodeDecodeError:
        return "", False


def _draft(given: Mapping[str, Any], data: Any, faults: list[Fault]) -> Draft:
    """Checks every attribute; those with a fault of their own are left out of the event."""
    bad = {fault.pointer for fault in faults}
    sound: dict[str, Attribute] = {}
    found = [Fault(f"/{name}", "required", "is missing") for name in attributes.REQUIRED if name not in given]
    for name, value in given.items():
        pointer = f"/{escape(name)}"
        if pointer in bad or any(p.startswith(f"{pointer}/") for p in bad):
            continue
        code, detail = attributes.wrong(name, value)
        if code:
            found.append(Fault(pointer, code, detail))
        else:
            sound[name] = value
    return Draft(Event(sound, data), (*found, *faults))
