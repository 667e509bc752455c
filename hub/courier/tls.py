"""Whom the hub trusts when it calls a receiver, and the client certificate by which it is known there (mTLS)."""

from __future__ import annotations

import hashlib
import secrets
import ssl
import tempfile
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
from cryptography.hazmat.primitives import serialization as pem

OWN = "hub"
"""In `protocolsettings.tls.certificate`: the certificate of the hub itself."""
CONTEXTS = 1024
"""Kept at most; to make one takes some milliseconds."""


class BadCertificate(ValueError):
    """A client certificate or its key cannot be used; the message shows nothing of them."""


class Contexts:
    """`ca` (PEM) is trusted beside the authorities that this system knows; `own` (PEM) holds the hub's certificate,
    with its chain, and key. Raises OSError for files that cannot be read or used.
    """

    def __init__(self, ca: Path | None = None, own: Path | None = None) -> None:
        self._ca = ca
        self.default = self._context()
        self._own = self._context() if own else None
        if self._own and own:
            self._own.load_cert_chain(own)
        self._made: OrderedDict[bytes, ssl.SSLContext] = OrderedDict()

    def of(self, settings: Mapping[str, Any]) -> ssl.SSLContext:
        """For `protocolsettings.tls`, opened. Raises BadCertificate."""
        if settings.get("certificate") == OWN:
            if self._own is None:
                raise BadCertificate("this hub has no certificate of its own")
            return self._own
        # The same text gives the same context, and so the same connections; the digest keeps no key in memory.
        name = hashlib.sha256(
            orjson.dumps([settings.get("certificate"), settings.get("privatekey")])
        ).digest()
        if name not in self._made:
            self._made[name] = self._with(str(settings.get("certificate")), str(settings.get("privatekey")))
        self._made.move_to_end(name)
        if len(self._made) > CONTEXTS:
            self._made.popitem(last=False)
        return self._made[name]

    def _with(self, certificate: str, key: str) -> ssl.SSLContext:
        context, password = self._context(), secrets.token_urlsafe(32)
        try:
            locked = pem.load_pem_private_key(key.encode(), None).private_bytes(
                pem.Encoding.PEM,
                pem.PrivateFormat.PKCS8,
                pem.BestAvailableEncryption(password.encode()),
            )
            # Python reads these from a file only: the key lies there for a moment, under a password nobody has.
            with tempfile.NamedTemporaryFile() as file:
                file.write(certificate.encode() + b"\n" + locked)
                file.flush()
                context.load_cert_chain(file.name, password=password)
        except (ValueError, TypeError, ssl.SSLError):
            raise BadCertificate("the client certificate or its key cannot be used") from None
        return context

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self._ca:
            context.load_verify_locations(self._ca)
        return context
