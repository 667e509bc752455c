"""Signatures of Standard Webhooks 1.0.0, kind `v1`: HMAC-SHA256 with the secret of one subscription."""

from __future__ import annotations

import base64
import binascii
import hmac
from functools import lru_cache

PREFIX = "whsec_"


class BadSecret(ValueError):
    """The secret of a subscription is not `whsec_` and base64; the message never shows it."""


def sign(secret: str, id: str, timestamp: int, body: bytes) -> str:
    """Value of `webhook-signature` for one attempt at `timestamp` (seconds since 1970).

    Raises BadSecret: a delivery is never sent unsigned.
    """
    signed = b"%s.%d.%s" % (id.encode(), timestamp, body)
    digest = hmac.digest(_key(secret), signed, "sha256")
    return "v1," + base64.b64encode(digest).decode()


@lru_cache(maxsize=4096)
def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise BadSecret("the secret of the subscription is not base64") from None
    if not secret.startswith(PREFIX) or not key:
        raise BadSecret("the subscription has no whsec_ secret")
    return key
