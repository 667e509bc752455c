"""The OpenAPI document: what the handlers cannot say themselves, and the Dutch API design rules (standards.md §5)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from hub.core.cloudevents import BATCH, STRUCTURED
from hub.core.numbers import STATES
from hub.gateway import access_form, options
from hub.gateway.limits import HIGHEST
from hub.gateway.openapi_security import secure
from hub.gateway.shell import API_VERSION

TITLE = "Almere onderwijshub"
DESCRIPTION = (
    "Koppelpunt van gebeurtenissen voor de partners van de Almeerse onderwijsagenda. "
    "Event hub for the partners of the Almere education agenda."
)
CONTACT = {
    "name": "Beheer onderwijshub",
    "email": "onderwijshub@example.nl",
    "url": "https://example.nl/onderwijshub",
}

_PROBLEM = {"$ref": "#/components/schemas/Problem"}
_MEANINGS = {
    400: "Something is wrong with the request; every fault is listed",
    401: "No token, or an unknown one",
    403: "Not allowed to you",
    404: "Not there, or not yours to see",
    409: "Cannot be done in the present state",
    413: "Too large",
    415: "Content type not understood",
    414: "The URL is too long",
    429: "You ask too much, or the hub has enough to process; nothing was done, try again after Retry-After seconds",
    431: "Too many headers, or too large",
    503: "Kafka does not confirm or answer, or too much is under way; try again after Retry-After seconds",
}


def _refusals(*codes: int) -> dict[int | str, dict[str, Any]]:
    content = {"application/problem+json": {"schema": _PROBLEM}}
    return {
        code: {"description": _MEANINGS[code], "content": content} for code in (400, 401, 403, 404, *codes)
    }


_ANYWHERE = (414, 415, 429, 431, 503)
"""What the door may answer whatever the route: it looks at these before the route does."""


def ok(description: str, example: object) -> dict[str, Any]:
    kind = "array" if isinstance(example, list) else "object"
    return {"description": description, "content": body({"type": kind}, example)}


def body(schema: dict[str, Any], example: object) -> dict[str, Any]:
    return {"application/json": {"schema": schema, "example": example}}


def operation(
    status: int, ok: dict[str, Any], *codes: int, body: dict[str, Any] | None = None
) -> dict[str, Any]:
    extra = {"requestBody": {"required": True, "content": body}} if body else {}
    return {"status_code": status, "responses": {status: ok, **_refusals(*codes)}, "openapi_extra": extra}


_EVENT = {"$ref": "#/components/schemas/CloudEvent"}
_SAMPLE_EVENT = {
    "specversion": "1.0",
    "type": "nl.onderwijsloopbanen.offer.published.v1",
    "source": "urn:nld:oin:00000099000000000001:systeem:opvangregister",
    "id": "6b0e3b0a-4a43-4a0e-9a50-0d6f1a3b2c4d",
    "time": "2026-11-21T09:12:44Z",
    "data": {},
}
_SAMPLE_RESULT = {
    "id": _SAMPLE_EVENT["id"],
    "source": _SAMPLE_EVENT["source"],
    "journey": "https://hub.example.nl/v1/journeys?source=urn%3Anld%3Aoin%3A00000099000000000001&id=6b0e3b0a",
    "warnings": [],
}
_SAMPLE_SUBSCRIPTION = {
    "id": "sub-0123456789ab",
    "url": "https://hub.example.nl/v1/subscriptions/sub-0123456789ab",
    "protocol": "HTTP",
    "sink": "https://las.example.nl/events",
    "types": ["nl.onderwijsloopbanen.handover.prepared.v1"],
    "filters": [{"prefix": {"subject": "handover/"}}],
    "config": {"mode": "structured"},
    "protocolsettings": {},
    "paused": False,
    "status": {
        "state": "backing-off",
        "reason": "last answer: 503",
        "at": "2026-11-21T09:12:44.000Z",
        "nextAt": "2026-11-21T09:17:44.000Z",
        "consentedAt": "2026-11-02T08:00:00.000Z",
    },
}
SUBSCRIPTION_BODY = body(
    {"$ref": "#/components/schemas/Subscription"},
    {k: _SAMPLE_SUBSCRIPTION[k] for k in ("protocol", "sink", "types", "filters", "config")},
)

INGEST: dict[str, Any] = operation(
    202,
    ok("Durable", _SAMPLE_RESULT),
    413,
    415,
    429,
    503,
    body={
        STRUCTURED: {"schema": _EVENT, "example": _SAMPLE_EVENT},
        BATCH: {"schema": {"type": "array", "maxItems": 100, "items": _EVENT}},
        "application/json": {
            "schema": {"description": "Data of a binary event; its attributes are ce- headers"}
        },
    },
) | {"dependencies": []}
INGEST["responses"][207] = ok(
    "Some events of a batch were accepted", {"results": [{"status": 202, **_SAMPLE_RESULT}]}
)
INGEST["openapi_extra"]["security"] = [{"HTTPBearer": []}]
HANDSHAKE: dict[str, Any] = operation(204, {"description": "WebHook-Allowed-Origin and -Rate"})
SUBSCRIPTIONS = operation(200, ok("Yours", [_SAMPLE_SUBSCRIPTION]))
SUBSCRIPTION = operation(200, ok("The subscription", _SAMPLE_SUBSCRIPTION), 503)
SUBSCRIPTION_DELETE = operation(200, ok("As it was", _SAMPLE_SUBSCRIPTION), 409, 503)
SUBSCRIPTION_WRITE = operation(
    200, ok("As it is now", _SAMPLE_SUBSCRIPTION), 413, 415, 503, body=SUBSCRIPTION_BODY
)
SUBSCRIBE = operation(
    201,
    ok("Made; the secret is shown this once", _SAMPLE_SUBSCRIPTION | {"secret": "whsec_..."}),
    409,
    413,
    415,
    503,
    body=SUBSCRIPTION_BODY,
)
SUBSCRIPTION_TEST = operation(202, ok("On its way", {"id": "...", "deliveryId": "..."}), 503)
FEED = operation(
    200,
    ok(
        "In order",
        {
            "events": [{"number": 1, "deliveryId": "...", "event": _SAMPLE_EVENT}],
            "next": 1,
            "first": 1,
            "last": 1,
        },
    ),
    503,
)
_SAMPLE_POSITION = {"number": 41, "first": 1, "last": 57}
POSITION = operation(200, ok("Acknowledged up to number", _SAMPLE_POSITION), 503)
POSITION_WRITE = operation(
    200,
    ok("As it is now", _SAMPLE_POSITION),
    413,
    415,
    503,
    body=body(
        {
            "type": "object",
            "required": ["number"],
            "additionalProperties": False,
            "properties": {"number": {"type": "integer", "minimum": 0, "maximum": HIGHEST}},
        },
        {"number": 41},
    ),
)
REPORT = operation(
    200,
    ok(
        "Each number in one state. " + "; ".join(f"{state}: {meaning}" for state, meaning in STATES.items()),
        {
            "subscription": "sub-0123456789ab",
            "from": 1,
            "to": 57,
            "first": 1,
            "last": 57,
            "acknowledged": 0,
            "complete": "2026-11-21T09:12:44.120Z",
            "states": {
                "delivered": {"count": 55, "ranges": [[1, 41], [44, 57]]},
                "withdrawn": {"count": 1, "ranges": [[42, 42]]},
                "dead": {"count": 1, "ranges": [[43, 43]]},
            },
        },
    ),
    503,
)
LINE = operation(200, ok("The line as you may see it", {"learnerId": "...", "status": "active"}), 503)
_LEARNER = "5f3e7c1a-9d42-4b7e-8f60-0f5be4c5a008"


def _about_learner(**more: Any) -> dict[str, Any]:
    properties = {"learnerId": {"type": "string", "format": "uuid"}, **more}
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "required": list(properties),
    }


_BY = {"enum": ["parent", "learner-16+", "controller", "retention"]}
ACCESS = operation(
    200,
    ok(
        "All that the hub holds", {"learnerId": _LEARNER, "at": "...", "lines": [], "told": [], "lookups": []}
    ),
    413,
    415,
    503,
    body=body(_about_learner(), {"learnerId": _LEARNER}),
)
ERASURE = operation(
    202,
    ok("Durable; done within a minute", {"learnerId": _LEARNER, "requestedBy": "parent"}),
    413,
    415,
    503,
    body=body(_about_learner(requestedBy=_BY), {"learnerId": _LEARNER, "requestedBy": "parent"}),
)
RESTRICTION = operation(
    202,
    ok("Durable; in force within seconds", {"learnerId": _LEARNER, "restricted": True}),
    413,
    415,
    503,
    body=body(_about_learner(restricted={"type": "boolean"}), {"learnerId": _LEARNER, "restricted": True}),
)
JOURNEY = operation(200, ok("What happened", {"source": "...", "id": "...", "moments": [], "deliveries": []}))
JOURNEYS = operation(
    200,
    ok(
        "What was found, newest first",
        {
            "journeys": [
                {
                    "at": "2026-11-21T09:12:44.000Z",
                    "source": "urn:nld:oin:00000099000000001000:systeem:opvangregister",
                    "id": "6b0e1f8a-3f55-4a3b-9a2f-0f5be4c5a0a1",
                    "type": "nl.onderwijsloopbanen.arrival-group.announced.v1",
                    "publisher": "gemeente-almere",
                    "outcome": "accepted",
                    "deliveries": [
                        {
                            "partner": "taalcentrum-almere",
                            "subscription": "inbox-taalcentrum-almere",
                            "outcome": "delivered",
                            "arrived": True,
                        }
                    ],
                }
            ],
            "next": None,
        },
    ),
)
PARTNERS = operation(
    200, ok("The directory", [{"id": "almere", "name": "Gemeente Almere", "roles": ["gemeente"]}])
)
FLOWS = operation(200, ok("Counts", {}))
_CELLS = [{"of": ["po"], "value": 2390}, {"of": ["vo", "mbo"], "value": 40}]
_METRIC = {"metric": "M1", "nl": "...", "en": "...", "next": "2027-04-01"}
_TABLE = {"period": "2026-2027", "on": "2027-03-01", "k": 5, "method": "pooled", "cells": _CELLS}
CENSUS = operation(
    200,
    ok("The metric as it was published; each cell counts its categories together", {**_METRIC, **_TABLE}),
)
WHOLE_CENSUS = operation(
    200,
    ok("Every metric, each with its periods", {"metrics": [{**_METRIC, "tables": [_TABLE]}]}),
)
NEWCOMERS = operation(200, ok("Need against places", {"city": "almere", "rows": []}))
SIGNALS = operation(
    200,
    ok(
        "Yours, oldest first",
        {
            "signals": [
                {"rule": "T06", "severity": "warn", "dueOn": "2027-06-11", "responsible": "brin:99XX02"},
            ]
        },
    ),
    503,
)
CATALOGUE = operation(
    200, ok("Every kind of event", [{"code": "E5", "type": "...", "receivers": {}, "history": []}])
)

_FAULT = {
    "type": "object",
    "required": ["pointer", "code", "detail"],
    "properties": {
        "pointer": {
            "type": "string",
            "description": "JSON pointer (RFC 6901) into the event, or the parameter",
        },
        "code": {"type": "string"},
        "detail": {"type": "string"},
    },
}
_SCHEMAS: dict[str, Any] = {
    "Problem": {
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string", "format": "uri"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "instance": {"type": "string", "format": "uri"},
            "code": {"type": "string"},
            "errors": {"type": "array", "items": _FAULT},
            "invalidParams": {"type": "array", "items": {"type": "object"}},
        },
    },
    "CloudEvent": {
        "type": "object",
        "description": "CloudEvents 1.0.2, JSON format; data as in /schemas/events/<type>",
        "required": ["specversion", "id", "source", "type"],
        "properties": {
            name: {"type": "string"}
            for name in (
                "specversion",
                "id",
                "source",
                "type",
                "subject",
                "datacontenttype",
                "dataschema",
                "sequence",
            )
        }
        | {"time": {"type": "string", "format": "date-time"}, "data": {"type": "object"}},
    },
    "Subscription": {
        "type": "object",
        "description": "Fields of the CloudEvents subscriptions API; sinkcredential and header values are write-only",
        "properties": {
            "protocol": {"type": "string", "enum": ["HTTP"]},
            "sink": {"type": "string", "format": "uri"},
            "source": {"type": "string"},
            "types": {"type": "array", "items": {"type": "string"}},
            "filters": {"type": "array", "items": {"type": "object"}},
            "config": options.SCHEMA,
            "protocolsettings": {
                "type": "object",
                "properties": {
                    "method": {"enum": ["POST"]},
                    "headers": {"type": "object", "additionalProperties": {"type": "string"}},
                    **access_form.SCHEMA,
                },
            },
            "sinkcredential": {"type": "object", "writeOnly": True},
            "paused": {"type": "boolean"},
        },
    },
}


def document(app: FastAPI, url: str) -> dict[str, Any]:
    """The OpenAPI 3.1 document of the app; the same for every start with the same `url`."""
    made = get_openapi(
        title=TITLE,
        version=API_VERSION,
        description=DESCRIPTION,
        routes=app.routes,
        servers=[{"url": url}],
        license_info={"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
    )
    made["info"]["contact"] = (
        CONTACT  # given above, FastAPI would want another package to check the e-mail address
    )
    components = made.setdefault("components", {})
    components["schemas"] = _SCHEMAS
    components["headers"] = {
        "API-Version": {"description": "Version of this API", "schema": {"type": "string"}}
    }
    secure(made)
    for operation in _operations(made):
        operation["responses"].pop("422", None)
        for code, answer in _refusals(*_ANYWHERE).items():
            if code in _ANYWHERE:
                operation["responses"].setdefault(str(code), answer)
        for answer in operation["responses"].values():
            answer.setdefault("headers", {})["API-Version"] = {"$ref": "#/components/headers/API-Version"}
    return made


def _operations(made: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in made["paths"].values():
        yield from path.values()
