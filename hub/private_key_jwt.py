"""How a client proves who it is to an issuer: an assertion signed with its own key (RFC 7523, NL GOV OAuth profile)."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SECONDS = 60
LEAST_BITS = 2048


class ClientKey:
    """A private key and its public half as a JWK, named by its thumbprint (RFC 7638).

    Raises ValueError for anything but PEM, without a password, of RSA from 2048 bits (PS256) or P-256 (ES256).
    """

    def __init__(self, pem: bytes) -> None:
        try:
            key = load_pem_private_key(pem, None)
        except (TypeError, ValueError):
            raise ValueError("no private key in PEM without a password") from None
        self.public: dict[str, Any]
        if isinstance(key, RSAPrivateKey) and key.key_size >= LEAST_BITS:
            self.algorithm, self.public = "PS256", RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
        elif isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1):
            self.algorithm, self.public = "ES256", ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
        else:
            raise ValueError("a key for RSA from 2048 bits or for P-256 is needed")
        self._key = key
        self.id = _thumbprint(self.public)
        self.public |= {"kid": self.id, "alg": self.algorithm, "use": "sig"}

    def sign(self, claims: dict[str, Any], type: str = "JWT") -> str:
        return jwt.encode(claims, self._key, self.algorithm, {"kid": self.id, "typ": type})

    def assertion(self, client: str, audience: str, now: int) -> str:
        """For one request at the token endpoint `audience`; `now` is in seconds since 1970."""
        once = secrets.token_urlsafe(32)
        named = {"iss": client, "sub": client, "aud": audience, "jti": once}
        return self.sign({**named, "iat": now, "exp": now + SECONDS})

    def form(self, client: str, audience: str, now: int) -> dict[str, str]:
        """The fields by which a token request carries it."""
        assertion = self.assertion(client, audience, now)
        return {
            "client_id": client,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion,
        }


def _thumbprint(jwk: dict[str, Any]) -> str:
    members = {name: jwk[name] for name in ("crv", "e", "kty", "n", "x", "y") if name in jwk}
    canonical = json.dumps(members, sort_keys=True, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(hashlib.sha256(canonical).digest()).rstrip(b"=").decode()
