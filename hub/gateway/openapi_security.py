"""What the OpenAPI document says of getting in: two kinds of bearer tokens, and the scope that each operation wants."""

from __future__ import annotations

from typing import Any

from hub.core.rights import WORDS, Scope
from hub.gateway.scopes import SCOPES

_BELOW = (
    f"{Scope.PUBLISH}:<prefix>",
    "alleen typen onder dat voorvoegsel / only types that are the prefix or stand below it",
)

SCHEMES: dict[str, Any] = {
    "hub": {
        "type": "http",
        "scheme": "bearer",
        "description": "Token that the operator of the hub handed out. It may be bound to scopes, sources, types and "
        "organisations, and ends by itself.",
    },
    "issuer": {
        "type": "oauth2",
        "description": "Access token (JWT) of an issuer that the operator trusts, after the Dutch assurance profile "
        "for OAuth 2.0: signed with PS256, ES256, EdDSA or RS256, with iss, aud, exp, jti and azp, for an hour at "
        "most. The client is known to the hub in the directory of partners.",
        "flows": {
            "clientCredentials": {
                "tokenUrl": "https://issuer.example.nl/token",
                "scopes": {
                    **{str(scope): f"{nl} / {en}" for scope, (nl, en) in WORDS.items()},
                    _BELOW[0]: _BELOW[1],
                },
            }
        },
    },
}


def secure(made: dict[str, Any]) -> None:
    """Writes into an OpenAPI document how each operation is opened."""
    made["components"]["securitySchemes"] = SCHEMES
    for path, operations in made["paths"].items():
        for method, operation in operations.items():
            if scope := SCOPES.get((method.upper(), path)):
                operation["security"] = [{name: [str(scope)]} for name in SCHEMES]
                _explain(operation["responses"], scope)


def _explain(responses: dict[str, Any], scope: Scope) -> None:
    challenge = {
        "description": "Bearer, and what is wrong (RFC 6750: invalid_token, insufficient_scope)",
        "schema": {"type": "string"},
    }
    responses["401"]["description"] = "No token, or none that holds here and now"
    responses["403"]["description"] = f"Not allowed to you, or your token is not for {scope}"
    for status in ("401", "403"):
        responses[status].setdefault("headers", {})["WWW-Authenticate"] = challenge
