"""What the OpenAPI document says of dead letters, replays, previews and dry runs."""

from __future__ import annotations

from hub.core.dead_letters import CAUSES
from hub.core.redelivery import ANY, PACE, PACE_MOST, WHY
from hub.gateway.openapi import SUBSCRIPTION_BODY, body, ok, operation

DAYS = 28
"""So long a delivery is kept for."""

_REPLAY = {
    "id": "rp-0123456789abcdef",
    "subscription": "sub-0123456789ab",
    "state": "running",
    "selectedBy": ["cause"],
    "total": 120,
    "done": 41,
    "left": 79,
    "delivered": 40,
    "failed": 0,
    "withdrawn": 1,
    "gone": 0,
    "live": 0,
    "pace": PACE,
    "by": "taalcentrum-almere",
    "why": {"code": "endpoint-mended", **WHY["endpoint-mended"]._asdict()},
    "ordered": "2026-11-21T09:12:44.120Z",
    "started": "2026-11-21T09:12:45.003Z",
}
_COUNT = {
    "dryRun": True,
    "total": 120,
    "toSend": 118,
    "withdrawn": 2,
    "gone": 0,
    "first": 17,
    "last": 912,
    "pace": PACE,
    "minutes": 1,
}
_NUMBER = {"type": "integer", "minimum": 1}
_MOMENT = {"type": "string", "format": "date-time"}
_ORDER = body(
    {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "from": _NUMBER,
            "to": _NUMBER,
            "since": _MOMENT,
            "until": _MOMENT,
            "cause": {"enum": [ANY, *CAUSES]},
            "subject": {"type": "string", "maxLength": 500},
            "pace": {**_NUMBER, "maximum": PACE_MOST, "default": PACE, "description": "Requests per minute"},
            "why": {"enum": list(WHY)},
            "dryRun": {"type": "boolean", "default": True},
        },
    },
    {"cause": "server", "why": "processing-mended", "dryRun": False},
)

REPLAY = operation(
    202, ok("Started, or started before by the same order", _REPLAY), 409, 413, 415, 503, body=_ORDER
)
REPLAY["responses"][200] = ok("What such a replay would be about; nothing was started", _COUNT)
REPLAYS = operation(200, ok("Newest first", [_REPLAY]))
REPLAY_ONE = operation(200, ok("How far it has got", _REPLAY))
REPLAY_STOP = operation(200, ok("As it stands", _REPLAY | {"state": "stopped"}), 503)

DRY_RUN = operation(
    200,
    ok(
        "What would pass",
        {
            "from": 1,
            "to": 912,
            "complete": True,
            "events": 912,
            "passes": 31,
            "now": 912,
            "types": [
                {"type": "nl.onderwijsloopbanen.offer.published.v1", "events": 31, "passes": 31, "now": 31}
            ],
            "samples": [
                {"number": 4, "id": "6b0e3b0a-4a43", "type": "nl.onderwijsloopbanen.offer.published.v1"}
            ],
        },
    ),
    413,
    415,
    503,
    body=body(
        {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "filters": {"type": "array", "items": {"type": "object"}},
                "types": {"type": "array", "items": {"type": "string"}},
                "source": {"type": "string"},
                "days": {
                    **_NUMBER,
                    "maximum": DAYS,
                    "default": DAYS,
                    "description": "Of the last so many days",
                },
            },
        },
        {"types": ["nl.onderwijsloopbanen.offer.published.v1"], "days": 7},
    ),
)
_OFFER = "nl.onderwijsloopbanen.offer.published.v1"
PREVIEW = operation(
    200,
    ok(
        "What it would bring",
        {
            "kinds": [
                {
                    "code": "E5",
                    "type": _OFFER,
                    "nl": "Aanbod/plaatsen gepubliceerd",
                    "en": "Offer or places published",
                    "flow": "offers",
                    "samples": [
                        {"column": "TC", "level": "F", "event": {"specversion": "1.0", "type": _OFFER}}
                    ],
                }
            ],
            "bases": ["WPO-OKR", "NONE"],
        },
    ),
    413,
    415,
    body=SUBSCRIPTION_BODY,
)
DEAD_LETTERS = operation(
    200,
    ok(
        "Groups, or with subscription and cause the letters of one",
        {
            "state": "open",
            "groups": [
                {
                    "partner": "taalcentrum-almere",
                    "subscription": "sub-0123456789ab",
                    "cause": "server",
                    "count": 3,
                    "first": "2026-11-21T09:12:44.120Z",
                    "last": "2026-11-21T10:02:01.800Z",
                    "advice": CAUSES["server"]._asdict(),
                    "letters": "https://hub.example.nl/v1/dead-letters?subscription=sub-0123456789ab&cause=server",
                }
            ],
        },
    ),
    503,
)
