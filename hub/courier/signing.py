"""Signatures of Standard Webhooks 1.0.0: `v1` (HMAC-SHA256, a shared secret) and `v1a` (Ed25519, a public key)."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable, Iterable
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SHARED = "whsec_"
PRIVATE = "whsk_"


class BadSecret(ValueError):
    """A signing key of a subscription is neither `whsec_` nor `whsk_` with base64; the message never shows it."""


def signatures(secrets: Iterable[str], id: str, timestamp: int, body: bytes) -> str:
    """Value of `webhook-signature` for one attempt at `timestamp` (seconds since 1970): one signature per key.

    Raises BadSecret: a delivery is never sent unsigned.
    """
    signed = b"%s.%d.%s" % (id.encode(), timestamp, body)
    return " ".join(_signer(secret)(signed) for secret in secrets)


@lru_cache(maxsize=4096)
def _signer(secret: str) -> Callable[[bytes], str]:
    kind = next((one for one in (SHARED, PRIVATE) if secret.startswith(one)), None)
    if kind is None:
        raise BadSecret("the subscription has no whsec_ or whsk_ key")
    try:
        key = base64.b64decode(secret.removeprefix(kind), validate=True)
        private = Ed25519PrivateKey.from_private_bytes(key) if kind == PRIVATE else None
    except (binascii.Error, ValueError):
        raise BadSecret("the key of the subscription is not base64, or not as long as it should be") from None
    if not key:
        raise BadSecret("the key of the subscription is empty")
    if private is not None:
        return lambda signed: "v1a," + base64.b64encode(private.sign(signed)).decode()
    return lambda signed: "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
