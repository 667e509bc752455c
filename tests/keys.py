"""The keys that seal secrets in tests that start a gateway or a courier of their own."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hub import sealing
from hub.sealing import Keyring


def keyring(folder: Path) -> Keyring:
    sealing.make(folder / "secrets.key")
    return Keyring(folder / "secrets.key")


with tempfile.TemporaryDirectory() as _folder:
    KEYS = keyring(Path(_folder))
