"""What the OpenAPI document says of signing keys and their rotation."""

from __future__ import annotations

from hub.gateway.openapi import body, ok, operation

KEYS = operation(
    200,
    ok(
        "Public keys, newest first",
        {
            "keys": [
                {
                    "kty": "OKP",
                    "crv": "Ed25519",
                    "use": "sig",
                    "kid": "...",
                    "x": "...",
                    "webhook": "whpk_...",
                }
            ]
        },
    ),
)
ROTATE = operation(
    200,
    ok(
        "Signed with a new key from now on; the secret is shown this once",
        {
            "id": "sub-0123456789ab",
            "secret": "whsec_...",
            "retiring": [{"until": "2026-11-22T09:12:44.000Z"}],
        },
    ),
    409,
    413,
    415,
    503,
)
ROTATE["openapi_extra"]["requestBody"] = {
    "content": body(
        {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "overlap": {
                    "description": "Hours in which keys before the new one sign too",
                    "type": "number",
                    "minimum": 0,
                    "maximum": 168,
                    "default": 24,
                }
            },
        },
        {"overlap": 24},
    )
}
