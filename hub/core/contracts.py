"""The catalogue as contracts for others: JSON Schema of every kind, and AsyncAPI of what goes in and comes out."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from hub.core.catalogue import KINDS
from hub.core.catalogue.base import COUNTED, Kind
from hub.core.topics import EVENTS

Json = dict[str, Any]

DRAFT = "http://json-schema.org/draft-07/schema#"


def path(kind: Kind) -> str:
    """Where the schema of a kind stands below `schemas/` and below `/schemas/` of the gateway."""
    return f"events/{kind.type.removesuffix(f'.v{kind.version}')}/v{kind.version}.json"


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


def row(kind: Kind) -> Json:
    """One row of the catalogue for people and tools: who may publish it, and the cells of the routing matrix."""
    return {
        "code": kind.code,
        "type": kind.type,
        "nl": kind.nl,
        "en": kind.en,
        "publishers": sorted(kind.publishers),
        "receivers": {column.value: cell.level for column, cell in kind.cells.items() if cell is not COUNTED},
        "aggregates": sorted(column.value for column, cell in kind.cells.items() if cell is COUNTED),
        "privacy": kind.privacy(kind.example),
        "schema": f"/schemas/{path(kind)}",
    }


def catalogue() -> list[Json]:
    return [row(kind) for kind in KINDS.values()]


def asyncapi(version: str) -> Json:
    """AsyncAPI 3.0 of the events: received over HTTP or Kafka, sent as signed webhooks or read from a feed."""
    messages = {kind.type: _message(kind) for kind in KINDS.values()}
    published = [k for k in KINDS.values() if k.code.startswith("E")]
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
                "shown as '<5', as the routing matrix says",
                list(KINDS.values()),
            )
            | {"parameters": {"sink": {"description": "The sink of the subscription"}}},
        },
        "operations": {
            "receiveEvent": _operation("receive", "events", published),
            "sendDelivery": _operation("send", "deliveries", list(KINDS.values())),
        },
        "components": {"messages": messages},
        "x-internal-topics": list(EVENTS),
    }


def _channel(address: str, description: str, kinds: list[Kind]) -> Json:
    references = {k.type: {"$ref": f"#/components/messages/{k.type}"} for k in kinds}
    return {"address": address, "description": description, "messages": references}


def _operation(action: str, channel: str, kinds: list[Kind]) -> Json:
    references = [{"$ref": f"#/channels/{channel}/messages/{k.type}"} for k in kinds]
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}, "messages": references}


def _message(kind: Kind) -> Json:
    return {
        "name": kind.type,
        "title": kind.nl,
        "summary": f"{kind.code} {kind.en}",
        "contentType": "application/cloudevents+json",
        "payload": {
            "type": "object",
            "required": ["specversion", "id", "source", "type", "data"],
            "properties": {
                "specversion": {"const": "1.0"},
                "id": {"type": "string", "minLength": 1},
                "source": {"type": "string", "format": "uri-reference"},
                "type": {"const": kind.type},
                "subject": {"type": "string"},
                "time": {"type": "string", "format": "date-time"},
                "sequence": {"type": "string", "pattern": "^[0-9]+$"},
                "privacyclass": {"enum": ["G0", "G1", "P1", "P2"]},
                "data": {"$ref": f"./{path(kind)}"},
            },
        },
    }
