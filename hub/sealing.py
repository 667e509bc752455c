"""The keys that seal what is secret in stored subscriptions (AES-256-GCM), in a file that only the hub may read.

The file holds one key per line in base64: the first seals, all of them open. So a key is rotated by putting a new one
above it, in the files of all machines, and sealing again (`hub secrets rotate`).
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.core.confidential import SEALED, Unsealable, changed
from hub.core.subscription import Subscription
from hub.errors import OperatorError

KEY_BYTES = 32
NONCE_BYTES = 12


class BadKeyFile(OperatorError):
    """The file with the keys cannot be used; the message says why in one line."""


class Keyring:
    """The keys of one file. It is read again when something was sealed with a key that was not in it, and before
    anything is sealed: keys that are rotated need no restart."""

    def __init__(self, path: Path) -> None:
        """Raises BadKeyFile."""
        self._path = path
        self._keys: dict[str, AESGCM] = {}
        self._first = ""
        self._read()

    @property
    def current(self) -> str:
        """Id of the key that seals."""
        return self._first

    def seal(self, given: Subscription) -> Subscription:
        """Every secret sealed that is not."""
        self._refresh()
        return changed(given, lambda at, text: text if text.startswith(SEALED) else self._seal(at, text))

    def open(self, given: Subscription) -> Subscription:
        """Every secret as it was given; one of before there were keys is not sealed. Raises Unsealable."""
        return changed(given, self._open)

    def reseal(self, given: Subscription) -> Subscription:
        """Every secret sealed with the first key. Raises Unsealable."""
        self._refresh()
        ours = f"{SEALED}{self._first}:"
        return changed(
            given, lambda at, text: text if text.startswith(ours) else self._seal(at, self._open(at, text))
        )

    def _seal(self, at: str, text: str) -> str:
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = nonce + self._keys[self._first].encrypt(nonce, text.encode(), at.encode())
        return f"{SEALED}{self._first}:{base64.b64encode(sealed).decode()}"

    def _open(self, at: str, text: str) -> str:
        if not text.startswith(SEALED):
            return text
        id, _, encoded = text.removeprefix(SEALED).partition(":")
        if id not in self._keys:
            self._refresh()
        try:
            sealed = base64.b64decode(encoded, validate=True)
            return self._keys[id].decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], at.encode()).decode()
        except (KeyError, InvalidTag, ValueError):
            raise Unsealable("a secret cannot be opened with the keys there are") from None

    def _refresh(self) -> None:
        """A file that went bad changes nothing for what runs."""
        with contextlib.suppress(BadKeyFile):
            self._read()

    def _read(self) -> None:
        """Keys that are gone from the file still open what this process holds."""
        try:
            keys = [base64.b64decode(line, validate=True) for line in self._path.read_text().split()]
        except (OSError, ValueError) as error:
            raise BadKeyFile(f"{self._path}: {getattr(error, 'strerror', None) or 'is not base64'}") from None
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise BadKeyFile(f"{self._path}: must hold keys of {KEY_BYTES} bytes in base64, one per line")
        self._first = _id(keys[0])
        self._keys |= {_id(key): AESGCM(key) for key in keys}


def make(path: Path) -> None:
    """Makes the file with one key, if it is not there; whoever starts at the same moment finds it whole."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = _draft(path, [_new()])
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()


def add(path: Path) -> None:
    """Puts a new key on top."""
    _draft(path, [_new(), *path.read_text().split()]).replace(path)


def trim(path: Path) -> None:
    """Leaves the first key and the one before it, when all is sealed with the first: what another process was writing
    meanwhile may still want the other."""
    _draft(path, path.read_text().split()[:2]).replace(path)


def _new() -> str:
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def _draft(path: Path, lines: list[str]) -> Path:
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with open(draft, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write("\n".join(lines) + "\n")
    return draft


def _id(key: bytes) -> str:
    return hashlib.sha256(b"id of a sealing key" + key).hexdigest()[:8]
