"""The form for a subscription: what it says in the words of the API, and what the API says of it beside the field that
it is about. Pure: the API alone judges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from hub.core.purposes import ALWAYS, FLOWS, GROUNDS, OPEN, flow_of
from hub.monitor.subscription_told import FAULTS, SINKS, Pair

Json = dict[str, Any]
Fields = Mapping[str, str]

KIND, PURPOSE = "kind.", "purpose."
"""How the boxes of kinds (by code) and purposes are named."""

_KEPT = ("source", "filters", "protocolsettings", "paused")
_ASKED = ("purpose", "basis", "signature", "batch")
"""Of `config`, what the form is about."""


class Wrong(NamedTuple):
    """What is wrong with a field, and what of it the API says that has no words here."""

    text: Pair
    detail: str = ""


class Option(NamedTuple):
    """A kind that may be chosen."""

    code: str
    type: str
    name: Pair


class Group(NamedTuple):
    flow: str
    options: list[Option]


def groups(kinds: Iterable[Json]) -> list[Group]:
    """Kinds that a preview names, by flow."""
    known = [(one["flow"], Option(one["code"], one["type"], (one["nl"], one["en"]))) for one in kinds]
    made = [Group(flow, [option for of, option in known if of == flow]) for flow in FLOWS]
    return [one for one in made if one.options]


def blank() -> Fields:
    return {"how": "webhook", "signature": "hmac", "size": "100", "seconds": "5", "basis": ""}


def filled(given: Json, options: Sequence[Option]) -> Fields:
    """The form of a subscription as the API shows it."""
    config, types = given.get("config", {}), given.get("types", [])
    batch = config.get("batch")
    fields = {
        **blank(),
        "how": "webhook" if given.get("sink") else "pull",
        "sink": given.get("sink") or "",
        "signature": config.get("signature", "hmac"),
        "basis": config.get("basis", ""),
        **{KIND + one.code: "on" for one in options if one.type in types},
        **{PURPOSE + flow: "on" for flow in config.get("purpose", ())},
    }
    if not types:
        fields["all"] = "on"
    if batch is not None:
        fields |= {
            "batch": "on",
            "size": str(batch.get("size", 100)),
            "seconds": str(batch.get("seconds", 0)),
        }
    return fields


def chosen(fields: Fields, options: Sequence[Option]) -> bool:
    """Whether anything is: a subscription to no kind would be one to all of them."""
    return "all" in fields or any(KIND + one.code in fields for one in options)


def body(fields: Fields, options: Sequence[Option], before: Json | None = None) -> Json:
    """What the API is asked for. `before` is the subscription that is changed: what the form does not ask stays."""
    before = before or {}
    offered = {one.type for one in options}
    others = [one for one in before.get("types", ()) if one not in offered]
    picked = [one.type for one in options if KIND + one.code in fields]
    types = [] if "all" in fields else [*picked, *others]
    config = {name: value for name, value in before.get("config", {}).items() if name not in _ASKED}
    made: Json = {name: before[name] for name in _KEPT if name in before}
    made |= {"types": types, "config": config | _why(fields, types)}
    if fields.get("how") == "webhook":
        made |= {"protocol": "HTTP", "sink": fields.get("sink", "").strip()}
        made["config"] |= _signing(fields, before) | _batching(fields)
    return made


def _why(fields: Fields, types: Sequence[str]) -> Json:
    ticked = [flow for flow in FLOWS if PURPOSE + flow in fields]
    basis = fields.get("basis", "")
    if not basis:
        return {"purpose": ticked} if ticked else {}
    ground = GROUNDS.get(basis)
    served = {flow_of(type) for type in types} or {*(ground.flows if ground else ()), *OPEN, ALWAYS}
    return {"basis": basis, "purpose": ticked or [flow for flow in FLOWS if flow in served]}


def _signing(fields: Fields, before: Json) -> Json:
    asked = fields.get("signature", "hmac")
    default = "signature" not in before.get("config", {}) and asked == "hmac"
    return {} if default else {"signature": asked}


def _batching(fields: Fields) -> Json:
    if "batch" not in fields:
        return {}
    return {"batch": {name: _number(fields.get(name, "")) for name in ("size", "seconds")}}


def _number(given: str) -> int | str:
    given = given.strip()
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 10 else given


def wrongs(errors: Iterable[Json], sent: Json, options: Sequence[Option]) -> dict[str, list[Wrong]]:
    """Faults of the API (`errors` of its problem) by field of the form; `form` for what is about none."""
    found: dict[str, list[Wrong]] = {}
    for one in errors:
        field, wrong = _wrong(str(one["pointer"]), str(one["code"]), str(one["detail"]), sent, options)
        at = found.setdefault(field, [])
        if wrong not in at:
            at.append(wrong)
    return found


def _wrong(pointer: str, code: str, detail: str, sent: Json, options: Sequence[Option]) -> tuple[str, Wrong]:
    top, _, rest = pointer.lstrip("/").partition("/")
    field = (
        _FIELDS.get(pointer)
        or _FIELDS.get(f"/{top}/{rest.partition('/')[0]}")
        or _FIELDS.get(f"/{top}", "form")
    )
    if code == "personal-data":
        return field, Wrong(FAULTS["personal-data"])
    if field == "sink":
        known = next((pair for begin, pair in SINKS.items() if detail.startswith(begin)), None)
        return field, Wrong(known) if known else Wrong(FAULTS["sink"], detail)
    if field == "kinds" and code == "purpose":
        return field, Wrong(FAULTS["kind"], _name(sent, rest, options))
    return field, Wrong(FAULTS[field]) if field in FAULTS else Wrong(FAULTS["form"], detail)


def _name(sent: Json, place: str, options: Sequence[Option]) -> str:
    types = sent.get("types", [])
    type = types[int(place)] if place.isdecimal() and int(place) < len(types) else ""
    return next((one.code for one in options if one.type == type), type)


_FIELDS = {
    "/sink": "sink",
    "/protocol": "sink",
    "/types": "kinds",
    "/config/purpose": "purpose",
    "/config/basis": "basis",
    "/config/signature": "signature",
    "/config/batch/size": "batch_size",
    "/config/batch/seconds": "batch_seconds",
    "/config/batch": "batch",
    "/config/mode": "batch",
    "/protocolsettings/headers": "headers",
}
