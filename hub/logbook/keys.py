"""The key with which the seals of the journal are signed."""

from __future__ import annotations

import base64
from collections.abc import Callable

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from hub.core.seals import Seal, Sign
from hub.errors import OperatorError


class BadKey(OperatorError):
    """A key that cannot be used."""


def make() -> bytes:
    """A new key, drawn now (PEM, PKCS #8)."""
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public(pem: bytes) -> bytes:
    """The public half (PEM): whoever has it can check every seal and make none. Raises BadKey."""
    return _private(pem).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def signer(pem: bytes) -> Sign:
    """Raises BadKey. Ed25519 draws nothing: the same seal gets the same signature again."""
    key = _private(pem)
    return lambda data: base64.b64encode(key.sign(data)).decode()


def checker(pem: bytes) -> Callable[[Seal], bool]:
    """Tells whether a seal was signed by the owner of this public key. Raises BadKey."""
    try:
        key = load_pem_public_key(pem)
    except ValueError:
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise BadKey("the key to check the journal with must be an Ed25519 public key in PEM")

    def genuine(seal: Seal) -> bool:
        try:
            key.verify(base64.b64decode(seal.signature), seal.signed)
        except (InvalidSignature, ValueError):
            return False
        return True

    return genuine


def _private(pem: bytes) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise BadKey(
            "HUB_SEAL_KEY: the key of the journal must be an Ed25519 private key in PEM, without a password"
        )
    return key
