"""Pairwise references of learners: what stands for a learner id where a partner outside education is told of one.

A reference is the id under AES-256 with a key of that partner, derived (HKDF) from the key of the installation. Nothing
is stored: whoever has the key reads a reference back, and nobody else can tell which learner it is, or whether two
partners speak of the same one.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from functools import lru_cache
from uuid import UUID

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hub.settings import Settings, SettingsError

NAME = "pairwise.key"
LEAST = 32
"""Bytes that a key has at least."""

REMEMBERED = 65_536
"""References that a process keeps at hand."""


class References:
    """The same key gives the same references, in every process. A reference is a UUID of version 8 where the learner id
    is one of version 4, as it should be.

    The cipher permutes all 128-bit blocks, so it is applied until the result is a UUID of the same version and variant
    again (cycle walking, some 64 times): so each id has one reference, and each reference one id.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._ciphers = lru_cache(1024)(self._cipher)
        self.outward = lru_cache(REMEMBERED)(self._outward)
        self.inward = lru_cache(REMEMBERED)(self._inward)

    def _outward(self, partner: str, learner: str) -> str:
        encrypt, _ = self._ciphers(partner)
        return str(UUID(bytes=_renamed(_walked(encrypt, UUID(learner).bytes))))

    def _inward(self, partner: str, reference: str) -> str:
        _, decrypt = self._ciphers(partner)
        return str(UUID(bytes=_walked(decrypt, _renamed(UUID(reference).bytes))))

    def _cipher(self, partner: str) -> tuple[CipherContext, CipherContext]:
        derived = HKDF(hashes.SHA256(), 32, salt=None, info=b"onderwijshub pairwise " + partner.encode())
        # One block at a time, each of another learner: a mode that chains them would have nothing to chain.
        cipher = Cipher(algorithms.AES(derived.derive(self._key)), modes.ECB())
        return cipher.encryptor(), cipher.decryptor()


def _walked(cipher: CipherContext, block: bytes) -> bytes:
    version, variant = block[6] & 0xF0, block[8] & 0xC0
    while True:
        block = cipher.update(block)
        if block[6] & 0xF0 == version and block[8] & 0xC0 == variant:
            return block


def _renamed(block: bytes) -> bytes:
    """Version 4 becomes 8, and 8 becomes 4: what is drawn is told from what is derived."""
    if block[6] >> 4 not in (4, 8) or block[8] & 0xC0 != 0x80:
        return block
    return block[:6] + bytes((block[6] ^ 0xC0,)) + block[7:]


def references(settings: Settings) -> References:
    """By the key in the file of `HUB_PAIRWISE_KEY`, or in the data folder, where it is made once.

    Raises SettingsError when the file cannot be used.
    """
    if settings.pairwise_key is None:
        return References(_own(settings))
    try:
        key = settings.pairwise_key.read_bytes()
    except OSError as error:
        raise SettingsError(f"HUB_PAIRWISE_KEY: cannot be read: {error}") from None
    if len(key) < LEAST:
        raise SettingsError(f"HUB_PAIRWISE_KEY: {settings.pairwise_key}: must hold at least {LEAST} bytes")
    return References(key)


def _own(settings: Settings) -> bytes:
    """Several parts may be the first to ask: the file appears whole, and none of them makes another."""
    path = settings.data / NAME
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        made = path.with_name(f"{NAME}.{secrets.token_hex(8)}")
        made.touch(0o600, exist_ok=False)
        made.write_bytes(secrets.token_bytes(LEAST))
        with contextlib.suppress(FileExistsError):
            os.link(made, path)
        made.unlink()
    return path.read_bytes()
