"""The catalogue as contracts for others: JSON Schema of every kind, and AsyncAPI of what goes in and comes out."""

from __future__ import annotations

from inspect import cleandoc
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from hub.core import heartbeat
from hub.core.catalogue import KINDS
from hub.core.catalogue.base import COUNTED, Cell, Column, Kind, Reduction
from hub.core.catalogue.history import history
from hub.core.catalogue.words import COLUMNS, FIELDS
from hub.core.topics import EVENTS

Json = dict[str, Any]

DRAFT = "http://json-schema.org/draft-07/schema#"


HEARTBEAT_PATH = "events/nl.onderwijsloopbanen.hub.heartbeat/v1.json"


def path(kind: Kind) -> str:
    """Where the schema of a kind stands below `schemas/` and below `/schemas/` of the gateway."""
    return f"events/{kind.type.removesuffix(f'.v{kind.version}')}/v{kind.version}.json"


def heartbeat_schema() -> Json:
    """JSON Schema of the `data` of a heartbeat, which is of no kind: nobody publishes it and it stands in no feed."""
    made = heartbeat.Heartbeat.model_json_schema(schema_generator=GenerateJsonSchema)
    return {
        "$schema": DRAFT,
        "$id": f"/schemas/{HEARTBEAT_PATH}",
        "title": heartbeat.NL,
        "description": f"{heartbeat.EN}. {cleandoc(heartbeat.Heartbeat.__doc__ or '')}",
        **{name: value for name, value in made.items() if name not in ("title", "description")},
        "examples": [heartbeat.EXAMPLE],
    }


def schema(kind: Kind) -> Json:
    """JSON Schema of `data`, within what draft-07 and 2020-12 share, so that every tool reads it."""
    made = kind.data.model_json_schema(
        ref_template="#/definitions/{model}", schema_generator=GenerateJsonSchema
    )
    definitions = made.pop("$defs", None)
    made.pop("description", None)
    return {
        "$schema": DRAFT,
        "$id": f"/schemas/{path(kind)}",
        "title": kind.nl,
        "description": f"{kind.code} {kind.en}. {(kind.data.__doc__ or '').strip()}".strip(),
        **{name: value for name, value in made.items() if name != "title"},
        **({"definitions": definitions} if definitions else {}),
        "examples": [kind.example],
    }


NEVER = "–"


def row(kind: Kind) -> Json:
    """One row of the catalogue for people and tools: who may publish it, what it holds, who gets what of it."""
    return {
        "code": kind.code,
        "type": kind.type,
        "nl": kind.nl,
        "en": kind.en,
        "since": kind.since,
        "publishers": sorted(kind.publishers),
        "receivers": {column.value: cell.level for column, cell in kind.cells.items() if cell is not COUNTED},
        "aggregates": sorted(column.value for column, cell in kind.cells.items() if cell is COUNTED),
        "cells": [_cell(column, kind.cells[column]) for column in Column if column in kind.cells],
        "fields": fields(kind),
        "example": kind.example,
        "privacy": kind.privacy(kind.example),
        "schema": f"/schemas/{path(kind)}",
        "history": [change._asdict() for change in history(kind)],
    }


def _cell(column: Column, cell: Cell) -> Json:
    """A cell in words: to whom, on which condition, and what of it is seen."""
    nl, en = COLUMNS[column]
    shown = cell.reduce if isinstance(cell.reduce, Reduction) else None
    return {
        "column": column.value,
        "level": cell.level,
        "to": {"nl": nl, "en": en},
        "condition": {"nl": cell.nl, "en": cell.en},
        "reduction": {"nl": shown.nl if shown else "", "en": shown.en if shown else ""},
    }


def fields(kind: Kind) -> list[Json]:
    """Fields of `data`, in order: name, type in words, whether required, and what it means."""
    made = schema(kind)
    definitions = made.get("definitions", {})
    required = made.get("required", [])
    return [
        {
            "name": name,
            "type": _type(given, definitions),
            "required": name in required,
            "nl": FIELDS[name][0],
            "en": FIELDS[name][1],
        }
        for name, given in made["properties"].items()
    ]


def _type(given: Json, definitions: Json) -> str:
    if "$ref" in given:
        return _type(definitions[given["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in given:
        kinds = [_type(one, definitions) for one in given["anyOf"] if one.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    if "enum" in given or "const" in given:
        return "code: " + " ".join(str(value) for value in given.get("enum", [given.get("const")]))
    if given.get("type") == "array":
        return f"list of {_type(given['items'], definitions)}"
    if given.get("type") == "object":
        return "{" + ", ".join(given.get("properties", {})) + "}"
    if "brin:" in given.get("pattern", ""):
        return "organisation"
    return str(given.get("format") or given.get("type", "text")).replace("string", "text")


def matrix() -> dict[str, dict[str, str]]:
    """The routing matrix of domain.md §2.9: code to column to level with its remark, such as `R(newcomer/moved)`;
    `–` is never."""
    return {
        kind.code: {column.value: _printed(kind.cells.get(column)) for column in Column}
        for kind in KINDS.values()
    }


def _printed(cell: Cell | None) -> str:
    if cell is None:
        return NEVER
    return f"{cell.level}({cell.en})" if cell.en else cell.level


def catalogue() -> list[Json]:
    return [row(kind) for kind in KINDS.values()]


def asyncapi(version: str) -> Json:
    """AsyncAPI 3.0 of the events: received over HTTP or Kafka, sent as signed webhooks or read from a feed."""
    messages = {kind.type: _message(kind) for kind in KINDS.values()}
    beat = _described(heartbeat.TYPE, heartbeat.NL, heartbeat.EN, HEARTBEAT_PATH)
    published = [kind.type for kind in KINDS.values() if kind.code.startswith("E")]
    sent = [*KINDS, heartbeat.TYPE]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Almere onderwijshub",
            "version": version,
            "description": "Gebeurtenissen tussen de partners van de Almeerse onderwijsagenda. / "
            "Events between the partners of the Almeerse onderwijsagenda.",
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": {
            "events": _channel(
                "/v1/events", "What publishers send (HTTP, or Kafka topic ingress.<partner>)", published
            ),
            "deliveries": _channel(
                "{sink}",
                "What subscribers get: a signed webhook, or the pull feed. Fields may be left out and small counts "
                "shown as '<5', as the routing matrix says. A heartbeat is in no feed",
                sent,
            )
            | {"parameters": {"sink": {"description": "The sink of the subscription"}}},
        },
        "operations": {
            "receiveEvent": _operation("receive", "events", published),
            "sendDelivery": _operation("send", "deliveries", sent),
        },
        "components": {"messages": messages | {heartbeat.TYPE: beat}},
        "x-internal-topics": list(EVENTS),
    }


def _channel(address: str, description: str, types: list[str]) -> Json:
    references = {type: {"$ref": f"#/components/messages/{type}"} for type in types}
    return {"address": address, "description": description, "messages": references}


def _operation(action: str, channel: str, types: list[str]) -> Json:
    references = [{"$ref": f"#/channels/{channel}/messages/{type}"} for type in types]
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}, "messages": references}


def _message(kind: Kind) -> Json:
    return _described(kind.type, kind.nl, f"{kind.code} {kind.en}", path(kind))


def _described(type: str, title: str, summary: str, path: str) -> Json:
    return {
        "name": type,
        "title": title,
        "summary": summary,
        "contentType": "application/cloudevents+json",
        "payload": {
            "type": "object",
            "required": ["specversion", "id", "source", "type", "data"],
            "properties": {
                "specversion": {"const": "1.0"},
                "id": {"type": "string", "minLength": 1},
                "source": {"type": "string", "format": "uri-reference"},
                "type": {"const": type},
                "subject": {"type": "string"},
                "time": {"type": "string", "format": "date-time"},
                "sequence": {"type": "string", "pattern": "^[0-9]+$"},
                "privacyclass": {"enum": ["G0", "G1", "P1", "P2", "A"]},
                "data": {"$ref": f"./{path}"},
            },
        },
    }
