"""What a partner may write in a subscription, and how one is shown (CloudEvents subscriptions API, standards.md §2.3).

Both spellings of the fields are read: lower case (CNCF) and camelCase (VNG). Pure.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Collection, Iterator, Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import msgspec

from hub.core import attributes, personal, purposes
from hub.core.confidential import SEALED
from hub.core.event import Fault, moment
from hub.core.subscription import Status, Subscription, check_filters, stands
from hub.gateway import access_form, options
from hub.gateway.access_form import Reach

HIDDEN = "***"
"""Stands for the value of a header in answers; sent back, it means: keep the value you have."""

_READ_ONLY = frozenset(
    {
        *("id", "url", "partner", "created", "status", "events", "secret", "domain", "subscriberreference"),
        *("keys", "publickey", "retiring"),
    }
)
_FIELDS = frozenset(
    {
        "source",
        "types",
        "config",
        "filters",
        "sink",
        "sinkcredential",
        "protocol",
        "protocolsettings",
        "paused",
    }
)
_SETTINGS = frozenset({"method", "headers", "authorization", "tls"})
_TYPE = re.compile(r"[A-Za-z0-9._-]{1,200}")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[\x20-\x7e]*")
_OURS = re.compile(
    r"(ce-|webhook-|hub-).*|connection|content-.*|expect|host|keep-alive|te|trailer|transfer-encoding|upgrade"
)


def read(
    given: object, base: Subscription, reach: Reach, roles: Collection[str] = ()
) -> Subscription | list[Fault]:
    """`base` with everything that a partner with these roles may choose replaced by what `given` says; or all that is
    wrong with it."""
    if not isinstance(given, dict):
        return [Fault("", "json", "a subscription is a JSON object")]
    fields = {name.lower(): value for name, value in given.items() if value is not None}
    faults = [*_names(given), *_check(fields, base, reach), *_claimed(fields, roles)]
    if faults:
        return faults
    return msgspec.structs.replace(
        base,
        sink=fields.get("sink"),
        types=tuple(fields.get("types", ())),
        source=fields.get("source"),
        filters=tuple(fields.get("filters", ())),
        config=fields.get("config", {}),
        protocolsettings=_settings(fields, base),
        paused=fields.get("paused", base.paused),
    )


def show(given: Subscription, status: Status, url: str) -> dict[str, Any]:
    """Without what is write-only: keys, the values of headers, and what else is secret."""
    own = f"{url}/v1/subscriptions/{given.id}"
    settings = {**given.protocolsettings, **access_form.show(given.protocolsettings)}
    if headers := settings.get("headers"):
        settings["headers"] = dict.fromkeys(headers, HIDDEN)
    shown = {
        "id": given.id,
        "url": own,
        "protocol": "HTTP",
        "sink": given.sink,
        "source": given.source,
        "types": list(given.types),
        "filters": list(given.filters),
        "config": given.config,
        "protocolsettings": settings,
        "paused": given.paused,
        "events": f"{own}/events",
        "keys": f"{own}/keys" if given.secret else None,
        "publicKey": given.public or None,
        "retiring": [{"until": moment(one.until)} for one in given.retiring] or None,
        "created": moment(given.created) if given.created else None,
        "status": _shown_status(given, status),
    }
    return {name: value for name, value in shown.items() if value is not None}


_HELD = {
    "pull": "no sink: read it from the address in events",
    "paused": "you paused it: POST to _resume to go on",
}


def _shown_status(given: Subscription, status: Status) -> dict[str, Any]:
    """What the courier knows, unless the partner itself holds everything back."""
    state = stands(given, status)
    if state in _HELD:
        return {"state": state, "reason": _HELD[state]}
    moments = {"at": status.at, "nextAt": status.next_at, "consentedAt": status.consented}
    known = {name: moment(at) for name, at in moments.items() if at}
    rate = {"allowedRate": status.allowed_rate} if status.allowed_rate else {}
    return {"state": state, "reason": status.reason, **known, **rate}


def _names(given: Mapping[str, Any]) -> Iterator[Fault]:
    seen = set()
    for name in given:
        lower = name.lower()
        if lower in seen:
            yield Fault(f"/{lower}", "duplicate-key", "stands there in two spellings; send it once")
        elif lower not in _FIELDS | _READ_ONLY:
            yield Fault(
                "", "unknown-field", f"there is a field that a subscription has not; known: {_known()}"
            )
        seen.add(lower)


def _known() -> str:
    return ", ".join(sorted(_FIELDS))


def _check(fields: Mapping[str, Any], base: Subscription, reach: Reach) -> Iterator[Fault]:
    yield from _protocol(fields)
    yield from _sink(fields.get("sink"), reach)
    yield from _source(fields.get("source"))
    yield from _types(fields.get("types", []))
    yield from check_filters(fields.get("filters", []))
    yield from options.check(fields.get("config", {}))
    yield from _protocol_settings(fields.get("protocolsettings", {}), fields.get("sink"), base, reach)
    yield from _credential(fields.get("sinkcredential"))
    yield from _personal(fields)
    if not isinstance(fields.get("paused", False), bool):
        yield Fault("/paused", "type", "must be true or false")


def _claimed(fields: Mapping[str, Any], roles: Collection[str]) -> Iterator[Fault]:
    config, types = fields.get("config", {}), fields.get("types", [])
    if isinstance(config, dict):
        sound = isinstance(types, list) and all(map(_is_type, types))
        yield from purposes.claimed(config, types if sound else (), roles)


def _protocol(fields: Mapping[str, Any]) -> Iterator[Fault]:
    if "protocol" not in fields and "sink" not in fields:
        return
    if fields.get("protocol") != "HTTP":
        yield Fault("/protocol", "protocol", "must be HTTP, in capitals; Kafka and others are not offered")


def _sink(sink: object, reach: Reach) -> Iterator[Fault]:
    if sink is not None and (reason := reach.refusal(sink)):
        yield Fault("/sink", "sink", reason)


def _source(source: object) -> Iterator[Fault]:
    if source is not None and (not isinstance(source, str) or attributes.wrong("source", source)[0]):
        yield Fault("/source", "source", "must be a CloudEvents source, a URI reference")


def _types(types: object) -> Iterator[Fault]:
    if not isinstance(types, list) or len(types) > 100 or not all(map(_is_type, types)):
        yield Fault("/types", "types", "must be an array of at most 100 event types")


def _is_type(given: object) -> bool:
    return isinstance(given, str) and _TYPE.fullmatch(given) is not None


def _personal(fields: Mapping[str, Any]) -> Iterator[Fault]:
    """What stands in a subscription is shown, logged and stored; filters see to themselves, as a dry run needs that."""
    yield from personal.faults(fields.get("types"), "/types")
    sink = fields.get("sink")
    if isinstance(sink, str) and personal.looks_personal(_named(sink)):
        yield Fault("/sink", "personal-data", "looks like a number or address of a person; take it out")


def _named(sink: str) -> str:
    """What a sink says beside the network address, whose digits mean nothing."""
    try:
        parts = urlsplit(sink)
        host = parts.hostname or ""
    except ValueError:
        return sink
    return f"{'' if _is_address(host) else host} {parts.path} {parts.query}"


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _protocol_settings(settings: object, sink: object, base: Subscription, reach: Reach) -> Iterator[Fault]:
    at = "/protocolsettings"
    if not isinstance(settings, dict) or set(settings) - _SETTINGS:
        yield Fault(at, "protocolsettings", f"may hold {', '.join(sorted(_SETTINGS))} only")
        return
    yield from access_form.check(settings, base.protocolsettings, reach)
    if settings.get("method", "POST") != "POST":
        yield Fault(f"{at}/method", "protocolsettings", "must be POST")
    headers = settings.get("headers", {})
    if (
        not isinstance(headers, dict)
        or len(headers) > 20
        or not all(_sendable(n, v) for n, v in headers.items())
    ):
        yield Fault(
            f"{at}/headers", "protocolsettings", "must be at most 20 headers, none of the hub's own, in ASCII"
        )
        return
    if settings.get("authorization") and any(name.lower() == "authorization" for name in headers):
        yield Fault(
            f"{at}/headers", "protocolsettings", "Authorization is what authorization is for: give one"
        )
    if HIDDEN in headers.values() and isinstance(sink, str) and not _same_place(sink, base.sink):
        # Else whoever may change the address could have the values sent to an address of its own.
        yield Fault(
            f"{at}/headers", "protocolsettings", "values are not kept for another host: send them again"
        )


def _same_place(sink: str, before: str | None) -> bool:
    try:
        new, old = urlsplit(sink), urlsplit(before or "")
    except ValueError:
        return False
    return (new.scheme, new.netloc.lower()) == (old.scheme, old.netloc.lower())


def _sendable(name: str, value: object) -> bool:
    if not isinstance(value, str) or len(value) > 4096 or _OURS.fullmatch(name.lower()):
        return False
    if value.startswith(SEALED):
        return False
    return bool(_HEADER_NAME.fullmatch(name) and _HEADER_VALUE.fullmatch(value))


_PARTS = {"ACCESSTOKEN": ("accesstoken",), "PLAIN": ("identifier", "secret")}


def _credential(given: object) -> Iterator[Fault]:
    if given is None:
        return
    parts = _lower(given) if isinstance(given, dict) else {}
    needed = _PARTS.get(str(parts.get("credentialtype")))
    if needed is None:
        yield Fault("/sinkcredential", "sinkcredential", "credentialtype must be ACCESSTOKEN or PLAIN")
    elif not all(
        isinstance(parts.get(n), str) and _HEADER_VALUE.fullmatch(parts[n]) and parts[n] for n in needed
    ):
        yield Fault("/sinkcredential", "sinkcredential", f"needs {' and '.join(needed)}, in ASCII")


def _settings(fields: Mapping[str, Any], base: Subscription) -> dict[str, Any]:
    """Settings as they are kept: hidden header values filled in again, the credential as a header."""
    given = fields.get("protocolsettings", {})
    settings = {n: value for n, value in given.items() if value is not None and n in ("method", "headers")}
    settings |= access_form.read(given, base.protocolsettings)
    before = base.protocolsettings.get("headers", {})
    headers = {n: before.get(n, v) if v == HIDDEN else v for n, v in settings.get("headers", {}).items()}
    if credential := fields.get("sinkcredential"):
        headers = {n: v for n, v in headers.items() if n.lower() != "authorization"}
        headers["Authorization"] = _authorization(_lower(credential))
    return settings | {"headers": headers} if headers else settings


def _authorization(parts: Mapping[str, Any]) -> str:
    if parts["credentialtype"] == "ACCESSTOKEN":
        return f"Bearer {parts['accesstoken']}"
    return "Basic " + base64.b64encode(f"{parts['identifier']}:{parts['secret']}".encode()).decode()


def _lower(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name.lower(): value for name, value in given.items()}
