"""The keys that seal secrets in tests that start a gateway or a courier of their own."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path

from hub import sealing
from hub.sealing import Keyring


def keyring(folder: Path) -> Keyring:
    sealing.make(folder / "secrets.key")
    return Keyring(folder / "secrets.key")


FOLDER = Path(tempfile.mkdtemp(prefix="hub-tests-keys-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
KEYS = keyring(FOLDER)
